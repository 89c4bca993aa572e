// diff's --ifdef and its --*-format: the common lines too, by what the user says of each group of lines.
#include <algorithm>

#include "lib/text/diff_print.h"
#include "lib/text/number_format.h"

namespace rescue {

namespace {

// Lines of the two sides, from and to, counted from 0.
struct Group {
  size_t begin[2];
  size_t end[2];
};

// The number that a letter stands for: small for the first side, large for the second.
std::optional<size_t> value_of(char letter, const Group& group) {
  const bool second = letter >= 'A' && letter <= 'Z';
  const size_t begin = group.begin[second ? 1 : 0];
  const size_t end = group.end[second ? 1 : 0];
  switch (letter | 0x20) {
    case 'e': return begin;
    case 'f': return begin + 1;
    case 'l': return end;
    case 'm': return end + 1;
    case 'n': return end - begin;
    default: return std::nullopt;
  }
}

// [-]WIDTH[.PRECISION]{doxX} and the letter of a number; nothing is taken where it is none.
bool put_number(std::string_view& format, const Group& group, bool line, Output& out) {
  size_t at = std::min(format.find_first_not_of('-'), format.size());
  at = std::min(format.find_first_not_of("0123456789", at), format.size());
  if (at < format.size() && format[at] == '.')
    at = std::min(format.find_first_not_of("0123456789", at + 1), format.size());
  if (at + 1 >= format.size() || !std::string_view("doxX").contains(format[at]) || at > 20)
    return false;
  const char letter = format[at + 1];
  const auto value =
      line ? (letter == 'n' ? std::optional(group.begin[0] + 1) : std::nullopt) : value_of(letter, group);
  if (!value)
    return false;
  const std::string spec = str('%', format.substr(0, at), 'l', format[at]);
  out.put(format_number(spec.c_str(), *value));
  format.remove_prefix(at + 2);
  return true;
}

// c'C' or c'\OOO'.
bool put_character(std::string_view& format, Output& out) {
  if (!format.starts_with("c'"))
    return false;
  const size_t end = format.find('\'', 3);
  if (end == std::string_view::npos)
    return false;
  const std::string_view text = format.substr(2, end - 2);
  const auto code = text.starts_with('\\') ? to_number<uint8_t>(text.substr(1), 8) : std::nullopt;
  if (!code && text.size() != 1)
    return false;
  out.put(code ? static_cast<char>(*code) : text[0]);
  format.remove_prefix(end + 1);
  return true;
}

}  // namespace

// Prints groups and what is in them.
struct DiffGroups {
  const DiffFormat& opt;
  const DiffSide& a;
  const DiffSide& b;
  Output& out;

  void print_lines(const std::string& format, const DiffSide& side, size_t begin, size_t end) const {
    for (size_t i = begin; i < end; ++i) {
      const std::string_view line = side.lines[i];
      for (std::string_view rest = format; !rest.empty();) {
        const char c = rest[0];
        rest.remove_prefix(1);
        if (c != '%' || rest.empty()) {
          out.put(c);
        } else if (rest[0] == '%') {
          out.put('%');
          rest.remove_prefix(1);
        } else if (rest[0] == 'l' || rest[0] == 'L') {
          const bool bare = rest[0] == 'l' && line.ends_with('\n');
          put_text(line.substr(0, line.size() - (bare ? 1 : 0)));
          rest.remove_prefix(1);
        } else if (!put_number(rest, {{i, i}, {i, i}}, true, out) && !put_character(rest, out)) {
          out.put('%');
        }
      }
    }
  }

  void put_text(std::string_view text) const {
    size_t column = 0;
    for (const char c : text) {
      const size_t blanks = c == '\t' && opt.expand_tabs ? opt.tab_size - column % opt.tab_size : 0;
      out.put(blanks > 0 ? std::string(blanks, ' ') : std::string(1, c));
      column += std::max<size_t>(blanks, 1);
    }
  }

  // Up to one of `ends`, which is taken too.
  void print(std::string_view& format, const Group& group, std::string_view ends, bool silent) const {
    std::string nothing;
    Output dropped(nothing);
    const DiffGroups quiet{opt, a, b, dropped};
    const DiffGroups& to = silent ? quiet : *this;
    while (!format.empty()) {
      const char c = format[0];
      format.remove_prefix(1);
      if (ends.contains(c))
        return;
      if (c != '%' || format.empty())
        to.out.put(c);
      else
        to.directive(format, group, silent);
    }
  }

  void directive(std::string_view& format, const Group& group, bool silent) const {
    const char letter = format[0];
    if (letter == '(' && condition(format, group, silent))
      return;
    if (put_number(format, group, false, out) || put_character(format, out))
      return;
    if (!std::string_view("%<>=").contains(letter)) {
      out.put('%');
      return;
    }
    format.remove_prefix(1);
    if (letter == '%')
      out.put('%');
    else if (!silent)
      print_lines(*opt.line_formats[letter == '<'   ? 0
                                    : letter == '>' ? 1
                                                    : 2],
                  letter == '>' ? b : a, group.begin[letter == '>' ? 1 : 0], group.end[letter == '>' ? 1 : 0]);
  }

  // (A=B?T:E)
  bool condition(std::string_view& format, const Group& group, bool silent) const {
    std::string_view rest = format.substr(1);
    std::optional<size_t> values[2];
    for (const size_t i : {0U, 1U}) {
      const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
      values[i] = digits > 0     ? to_number<size_t>(rest.substr(0, digits))
                  : rest.empty() ? std::nullopt
                                 : value_of(rest[0], group);
      rest.remove_prefix(std::min(rest.size(), std::max<size_t>(digits, 1)));
      if (!values[i] || !rest.starts_with(i == 0 ? '=' : '?'))
        return false;
      rest.remove_prefix(1);
    }
    const bool holds = *values[0] == *values[1];
    print(rest, group, ":", silent || !holds);
    print(rest, group, ")", silent || holds);
    format = rest;
    return true;
  }
};

void DiffPrinter::print_groups() {
  const DiffGroups groups{opt_, a_, b_, out_};
  size_t a = 0;
  size_t b = 0;
  const auto print = [&](size_t which, size_t a_end, size_t b_end) {
    std::string_view format = *opt_.group_formats[which];
    if (a < a_end || b < b_end)
      groups.print(format, {{a, b}, {a_end, b_end}}, "", false);
    a = a_end;
    b = b_end;
  };
  for (const Change& change : changes_) {
    if (change.ignored)
      continue;
    print(2, change.old_at, change.new_at);
    print(change.new_count == 0   ? 0
          : change.old_count == 0 ? 1
                                  : 3,
          change.old_at + change.old_count, change.new_at + change.new_count);
  }
  print(2, a_.lines.size(), b_.lines.size());
}

void settle_groups(DiffFormat& format) {
  auto& groups = format.group_formats;
  for (auto& line : format.line_formats)
    if (!line)
      line = "%l\n";
  for (const size_t i : {0U, 1U})
    if (!groups[i])
      groups[i] = groups[3] ? *groups[3] : i == 0 ? "%<" : "%>";
  if (!groups[2])
    groups[2] = "%=";
  if (!groups[3])
    groups[3] = *groups[0] + *groups[1];
}

}  // namespace rescue
