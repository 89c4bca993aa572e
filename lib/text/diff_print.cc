#include "lib/text/diff_print.h"

#include <algorithm>

#include "lib/base/utf8.h"

namespace rescue {
namespace {

using Space = LineDiffOptions::Space;

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view body(std::string_view line) {
  return line.ends_with('\n') ? line.substr(0, line.size() - 1) : line;
}

// "3,5" or "3": lines from `at`, counted from 0; where there are none, the one before.
std::string range(size_t at, size_t count) {
  return count > 1 ? str(at + 1, ',', at + count) : str(at + count);
}

}  // namespace

void DiffPrinter::find() {
  if (found_)
    return;
  found_ = true;
  for (const LineChange& change : compare_lines(a_.lines, b_.lines, opt_.compare)) {
    changes_.push_back({change});
    changes_.back().ignored = is_ignored(change);
  }
}

// Empty, as far as what is ignored of white space goes, or matched by -I.
bool DiffPrinter::is_trivial(std::string_view line) const {
  line = body(line);
  if (opt_.ignored != nullptr && opt_.ignored->matches(line))
    return true;
  if (!opt_.ignore_blank_lines)
    return false;
  const Space space = opt_.compare.space;
  if (space >= Space::change)
    while (!line.empty() && is_space(line[0]))
      line.remove_prefix(1);
  if (space >= Space::trailing)
    while (!line.empty() && is_space(line.back()))
      line.remove_suffix(1);
  return line.empty();
}

bool DiffPrinter::is_ignored(const LineChange& change) const {
  if (!opt_.ignore_blank_lines && opt_.ignored == nullptr)
    return false;
  for (size_t i = 0; i < change.old_count; ++i)
    if (!is_trivial(a_.lines[change.old_at + i]))
      return false;
  for (size_t i = 0; i < change.new_count; ++i)
    if (!is_trivial(b_.lines[change.new_at + i]))
      return false;
  return true;
}

bool DiffPrinter::differs() {
  find();
  return std::ranges::any_of(changes_, [](const Change& change) { return !change.ignored; });
}

bool DiffPrinter::print(std::string_view preamble) {
  const bool differ = differs();
  if (!differ && opt_.style != DiffStyle::columns && opt_.style != DiffStyle::groups)
    return false;
  out_.write(preamble);
  switch (opt_.style) {
    case DiffStyle::normal: print_normal(); break;
    case DiffStyle::ed: print_ed(false); break;
    case DiffStyle::forward_ed: print_ed(true); break;
    case DiffStyle::rcs: print_rcs(); break;
    case DiffStyle::columns: print_columns(); break;
    case DiffStyle::groups: print_groups(); break;
    case DiffStyle::unified:
    case DiffStyle::context: print_hunks(); break;
  }
  color(DiffColor::none);
  return differ;
}

void DiffPrinter::color(DiffColor color) {
  if (!opt_.color || color == color_)
    return;
  color_ = color;
  out_.put("\033[", color == DiffColor::none ? std::string_view("0") : opt_.palette[static_cast<size_t>(color)], 'm');
}

// --- lines

void DiffPrinter::print_line(std::string_view prefix, std::string_view line, DiffColor shown) {
  color(shown);
  const std::string_view text = body(line);
  if (text.empty() && opt_.suppress_blank_empty)
    while (prefix.ends_with(' '))
      prefix.remove_suffix(1);
  out_.write(prefix);
  // The tab takes the place of the blank that lines stand behind.
  if (opt_.initial_tab && !(text.empty() && opt_.suppress_blank_empty))
    out_.put('\t');
  if (opt_.expand_tabs)
    print_text(text, 0);
  else
    out_.write(text);
  color(DiffColor::none);
  out_.put('\n');
  if (!line.ends_with('\n'))
    out_.put("\\ No newline at end of file\n");
}

void DiffPrinter::print_text(std::string_view text, size_t column) {
  for (const char c : text) {
    if (c != '\t') {
      out_.put(c);
      column = c == '\r' ? 0 : c == '\b' ? column - std::min<size_t>(column, 1) : column + 1;
      continue;
    }
    const size_t blanks = opt_.tab_size - column % opt_.tab_size;
    out_.write(std::string(blanks, ' '));
    column += blanks;
  }
}

// --- normal

void DiffPrinter::print_normal() {
  for (const Change& change : changes_) {
    if (change.ignored)
      continue;
    const char letter = change.old_count == 0 ? 'a' : change.new_count == 0 ? 'd' : 'c';
    color(DiffColor::numbers);
    out_.put(range(change.old_at, change.old_count), letter, range(change.new_at, change.new_count));
    color(DiffColor::none);
    out_.put('\n');
    const std::string_view less = opt_.initial_tab ? "<" : "< ";
    const std::string_view more = opt_.initial_tab ? ">" : "> ";
    for (size_t i = 0; i < change.old_count; ++i)
      print_line(less, a_.lines[change.old_at + i], DiffColor::old);
    if (letter == 'c')
      out_.put("---\n");
    for (size_t i = 0; i < change.new_count; ++i)
      print_line(more, b_.lines[change.new_at + i], DiffColor::fresh);
  }
}

// --- scripts

void DiffPrinter::print_ed(bool forward) {
  for (size_t n = 0; n < changes_.size(); ++n) {
    // From the end to the beginning, so that no command moves what another one is about.
    const Change& change = changes_[forward ? n : changes_.size() - 1 - n];
    if (change.ignored)
      continue;
    const char letter = change.old_count == 0 ? 'a' : change.new_count == 0 ? 'd' : 'c';
    if (forward) {
      std::string lines = range(change.old_at, change.old_count);
      std::ranges::replace(lines, ',', ' ');
      out_.put(letter, lines, '\n');
    } else {
      out_.put(range(change.old_at, change.old_count), letter, '\n');
    }
    if (letter == 'd')
      continue;
    bool inserting = true;
    for (size_t i = 0; i < change.new_count; ++i) {
      const std::string_view line = body(b_.lines[change.new_at + i]);
      if (!inserting) {
        out_.put("a\n");
        inserting = true;
      }
      // A single dot would end the text.
      if (line == "." && !forward) {
        out_.put("..\n.\ns/.//\n");
        inserting = false;
      } else {
        out_.put(line, '\n');
      }
    }
    if (inserting)
      out_.put(".\n");
  }
}

void DiffPrinter::print_rcs() {
  for (const Change& change : changes_) {
    if (change.ignored)
      continue;
    if (change.old_count > 0)
      out_.put('d', change.old_at + 1, ' ', change.old_count, '\n');
    if (change.new_count == 0)
      continue;
    out_.put('a', change.old_at + change.old_count, ' ', change.new_count, '\n');
    for (size_t i = 0; i < change.new_count; ++i)
      out_.write(b_.lines[change.new_at + i]);
  }
}

// --- hunks

void DiffPrinter::print_hunks() {
  const bool unified = opt_.style == DiffStyle::unified;
  for (const bool second : {false, true}) {
    color(DiffColor::header);
    out_.put(unified ? (second ? "+++ " : "--- ") : second ? "--- " : "*** ", second ? b_.header : a_.header);
    color(DiffColor::none);
    out_.put('\n');
  }
  for (size_t first = 0; first < changes_.size();) {
    const size_t end = hunk_end(first);
    const auto hunk = std::span(changes_).subspan(first, end - first);
    first = end;
    if (std::ranges::all_of(hunk, [](const Change& change) { return change.ignored; }))
      continue;
    if (unified)
      print_unified(hunk);
    else
      print_context(hunk);
  }
}

// Changes whose context would touch are one hunk.
size_t DiffPrinter::hunk_end(size_t first) const {
  const size_t both = opt_.context > SIZE_MAX / 4 ? SIZE_MAX : 2 * opt_.context + 1;
  size_t at = first;
  for (; at + 1 < changes_.size(); ++at) {
    const size_t gap = changes_[at + 1].old_at - (changes_[at].old_at + changes_[at].old_count);
    const size_t least = changes_[at + 1].ignored ? opt_.context : both;
    if (gap >= least)
      break;
  }
  return at + 1;
}

std::string DiffPrinter::function_above(size_t line) {
  if (opt_.function == nullptr)
    return {};
  for (size_t i = line; i-- > function_from_;) {
    const std::string_view text = body(a_.lines[i]);
    if (!opt_.function->matches(text))
      continue;
    function_ = text;
    break;
  }
  function_from_ = std::max(function_from_, line);
  if (function_.empty())
    return {};
  std::string shown(std::string_view(function_).substr(std::min(function_.find_first_not_of(" \t"), function_.size())));
  shown.resize(std::min<size_t>(shown.size(), 40));
  while (!shown.empty() && is_space(shown.back()))
    shown.pop_back();
  return ' ' + shown;
}

void DiffPrinter::print_unified(std::span<const Change> hunk) {
  const size_t before = std::min({opt_.context, hunk.front().old_at, hunk.front().new_at});
  const size_t a_begin = hunk.front().old_at - before;
  const size_t b_begin = hunk.front().new_at - before;
  const size_t a_last = hunk.back().old_at + hunk.back().old_count;
  const size_t b_last = hunk.back().new_at + hunk.back().new_count;
  const size_t a_end = a_last + std::min(opt_.context, a_.lines.size() - a_last);
  const size_t b_end = b_last + std::min(opt_.context, b_.lines.size() - b_last);
  const auto numbers = [](size_t begin, size_t end) {
    return end == begin ? str(begin, ",0") : end - begin == 1 ? str(begin + 1) : str(begin + 1, ',', end - begin);
  };
  color(DiffColor::numbers);
  out_.put("@@ -", numbers(a_begin, a_end), " +", numbers(b_begin, b_end), " @@");
  color(DiffColor::none);
  out_.put(function_above(a_begin), '\n');
  size_t at = a_begin;
  const std::string_view same = opt_.initial_tab ? "" : " ";
  const auto common = [&](size_t end) {
    for (; at < end; ++at)
      print_line(same, a_.lines[at]);
  };
  for (const Change& change : hunk) {
    common(change.old_at);
    for (; at < change.old_at + change.old_count; ++at)
      print_line("-", a_.lines[at], DiffColor::old);
    for (size_t i = 0; i < change.new_count; ++i)
      print_line("+", b_.lines[change.new_at + i], DiffColor::fresh);
  }
  common(a_end);
}

void DiffPrinter::print_context(std::span<const Change> hunk) {
  const size_t a_begin = hunk.front().old_at - std::min(opt_.context, hunk.front().old_at);
  const size_t b_begin = hunk.front().new_at - std::min(opt_.context, hunk.front().new_at);
  const size_t a_last = hunk.back().old_at + hunk.back().old_count;
  const size_t b_last = hunk.back().new_at + hunk.back().new_count;
  const size_t a_end = a_last + std::min(opt_.context, a_.lines.size() - a_last);
  const size_t b_end = b_last + std::min(opt_.context, b_.lines.size() - b_last);
  bool deletes = false;
  bool inserts = false;
  for (const Change& change : hunk) {
    deletes = deletes || change.old_count > 0;
    inserts = inserts || change.new_count > 0;
  }
  const auto put_numbers = [&](std::string_view mark, size_t begin, size_t end) {
    color(DiffColor::numbers);
    out_.put(mark.substr(0, 3), ' ', range(begin, end - begin), ' ', mark);
    color(DiffColor::none);
    out_.put('\n');
  };
  out_.put("***************", function_above(a_begin), '\n');
  put_numbers("****", a_begin, a_end);
  if (deletes)
    print_side(hunk, a_begin, a_end, true);
  put_numbers("----", b_begin, b_end);
  if (inserts)
    print_side(hunk, b_begin, b_end, false);
}

void DiffPrinter::print_side(std::span<const Change> hunk, size_t from, size_t to, bool old) {
  const std::vector<std::string_view>& lines = old ? a_.lines : b_.lines;
  const auto put = [&](char sign, std::string_view line) {
    const char prefix[] = {sign, ' ', '\0'};
    std::string_view shown = prefix;
    if (opt_.initial_tab)
      shown = sign == ' ' ? "" : shown.substr(0, 1);
    print_line(shown, line, old ? DiffColor::old : DiffColor::fresh);
  };
  size_t at = from;
  for (const Change& change : hunk) {
    const size_t begin = old ? change.old_at : change.new_at;
    const size_t count = old ? change.old_count : change.new_count;
    for (; at < begin; ++at)
      put(' ', lines[at]);
    const bool both = change.old_count > 0 && change.new_count > 0;
    for (; at < begin + count; ++at)
      put(both ? '!' : old ? '-' : '+', lines[at]);
  }
  for (; at < to; ++at)
    put(' ', lines[at]);
}

// --- two columns

size_t DiffPrinter::tab_to(size_t from, size_t to) {
  if (!opt_.expand_tabs)
    for (size_t tab = from + opt_.tab_size - from % opt_.tab_size; tab <= to; tab += opt_.tab_size) {
      out_.put('\t');
      from = tab;
    }
  for (; from < to; ++from)
    out_.put(' ');
  return to;
}

// As much of a line as there is room for; gives the column that it ends in.
size_t DiffPrinter::put_half(std::string_view line, size_t indent, size_t limit) {
  std::string_view text = body(line);
  size_t shown = 0;   // where the terminal is
  size_t wanted = 0;  // where the text would be without a limit
  while (!text.empty()) {
    const Character c = first_character(text);
    const std::string_view one = text.substr(0, c.length);
    text.remove_prefix(c.length);
    if (one == "\t") {
      const size_t blanks = opt_.tab_size - wanted % opt_.tab_size;
      if (wanted == shown) {
        const size_t stop = shown + blanks;
        if (opt_.expand_tabs) {
          for (; shown < std::min(stop, limit); ++shown)
            out_.put(' ');
        } else if (stop < limit) {
          shown = stop;
          out_.put('\t');
        }
      }
      wanted += blanks;
      continue;
    }
    if (one == "\r") {
      out_.put('\r');
      tab_to(0, indent);
      shown = wanted = 0;
      continue;
    }
    const int width = c.valid ? width_of(c.code) : 0;
    if (width <= 0) {
      if (wanted < limit)
        out_.write(one);
      continue;
    }
    wanted += static_cast<size_t>(width);
    if (wanted <= limit) {
      shown = wanted;
      out_.write(one);
    }
  }
  return shown;
}

void DiffPrinter::put_columns(const std::string_view* left, char sign, const std::string_view* right) {
  const size_t tab = opt_.expand_tabs ? 1 : opt_.tab_size;
  const size_t gutter = tab + 3;
  const size_t middle = (opt_.width >> 1) + (gutter >> 1) + (opt_.width & gutter & 1);
  const size_t offset = middle - middle % tab;
  const size_t half = std::min(offset < 3 ? 0 : offset - 3, opt_.width < offset ? 0 : opt_.width - offset);
  const size_t second = half > 0 ? offset : opt_.width;
  size_t column = 0;
  bool newline = false;
  color(sign == '<' ? DiffColor::old : sign == '>' ? DiffColor::fresh : DiffColor::none);
  if (left != nullptr) {
    newline = left->ends_with('\n');
    column = put_half(*left, 0, half);
  }
  if (sign != ' ') {
    column = tab_to(column, (half + second - 1) / 2) + 1;
    if (sign == '|' && newline != right->ends_with('\n'))
      sign = newline ? '/' : '\\';
    out_.put(sign);
  }
  if (right != nullptr) {
    newline = newline || right->ends_with('\n');
    if (!right->starts_with('\n')) {
      column = tab_to(column, second);
      put_half(*right, column, half);
    }
  }
  if (newline)
    out_.put('\n');
}

void DiffPrinter::print_columns() {
  size_t a = 0;
  size_t b = 0;
  const auto common = [&](size_t end) {
    for (; a < end; ++a, ++b) {
      if (opt_.suppress_common)
        continue;
      if (opt_.left_column)
        put_columns(&a_.lines[a], '(', nullptr);
      else
        put_columns(&a_.lines[a], ' ', &b_.lines[b]);
    }
  };
  for (const Change& change : changes_) {
    common(change.old_at);
    for (size_t i = 0; i < std::max(change.old_count, change.new_count); ++i) {
      const bool has_left = i < change.old_count;
      const bool has_right = i < change.new_count;
      const char sign = has_left && has_right ? '|' : has_left ? '<' : '>';
      put_columns(has_left ? &a_.lines[a++] : nullptr, sign, has_right ? &b_.lines[b++] : nullptr);
    }
  }
  common(a_.lines.size());
}

}  // namespace rescue
