#include "lib/text/patch_file.h"

#include <algorithm>
#include <optional>

#include "lib/base/text.h"
#include "lib/text/line_diff.h"

namespace rescue::patch {
namespace {

constexpr size_t npos = std::string_view::npos;

std::string_view body(std::string_view line) {
  if (line.ends_with('\n'))
    line.remove_suffix(1);
  return line;
}

std::optional<size_t> take_number(std::string_view& text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9')
    ++digits;
  const auto value = to_number<size_t>(text.substr(0, digits));
  if (!value || *value > SIZE_MAX / 4)
    return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix))
    return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "3", "3,5": the first and the second number; the second is the first where it is not given.
struct Range {
  size_t first = 0;
  size_t second = 0;
  bool has_second = false;
};

std::optional<Range> take_range(std::string_view& text) {
  const auto first = take_number(text);
  if (!first)
    return std::nullopt;
  Range range{*first, *first, false};
  if (take(text, ",")) {
    const auto second = take_number(text);
    if (!second)
      return std::nullopt;
    range.second = *second;
    range.has_second = true;
  }
  return range;
}

class Parser {
 public:
  Parser(std::string_view text, Form form) : lines_(lines_of(text)), form_(form) {}

  Result<Parsed> parse() {
    Parsed parsed;
    while (at_ < lines_.size()) {
      const Form form = form_here();
      if (form == Form::unknown) {
        remember(lines_[at_]);
        ++at_;
        continue;
      }
      if (form == Form::ed)
        return fail("", "", "this is a script for ed, which is not applied: make the patch with diff -u");
      FilePatch file = std::move(next_);
      next_ = {};
      file.form = form;
      file.begin = begin_ == npos ? at_ : begin_;
      file.line = at_ + 1;
      begin_ = npos;
      while (at_ < lines_.size() && form_here() == form && !(has_header() && !file.hunks.empty()))
        file.hunks.push_back(TRY(hunk(form)));
      file.end = at_;
      parsed.files.push_back(std::move(file));
    }
    parsed.garbage_only = parsed.files.empty() && !lines_.empty();
    return parsed;
  }

 private:
  bool has_header() const {
    return !next_.old_name.path.empty() || !next_.new_name.path.empty() || !next_.index.empty();
  }

  // The form of the hunk that begins here, if one does.
  Form form_here() const {
    const std::string_view line = lines_[at_];
    const auto wanted = [&](Form form) { return form_ == Form::unknown || form_ == form; };
    if (line.starts_with("@@ -") && wanted(Form::unified))
      return Form::unified;
    if (line.starts_with("***************") && at_ + 1 < lines_.size() && lines_[at_ + 1].starts_with("*** ") &&
        wanted(Form::context))
      return Form::context;
    if (line.empty() || line[0] < '0' || line[0] > '9')
      return Form::unknown;
    std::string_view rest = body(line);
    if (!take_range(rest) || rest.empty() || !std::string_view("acd").contains(rest[0]))
      return Form::unknown;
    const char letter = rest[0];
    rest.remove_prefix(1);
    const std::string_view next = at_ + 1 < lines_.size() ? lines_[at_ + 1] : std::string_view();
    if (rest.empty() && wanted(Form::ed) && (letter == 'd' || !next.empty()))
      return Form::ed;
    if (wanted(Form::normal) && take_range(rest) && rest.empty() && (next.starts_with("< ") || next.starts_with("> ")))
      return Form::normal;
    return Form::unknown;
  }

  static Name name_of(std::string_view text) {
    text = body(text);
    if (text.ends_with('\r'))
      text.remove_suffix(1);
    Name name;
    if (text.starts_with('"')) {
      // Quoted as in C.
      size_t i = 1;
      for (; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
          name.path += text[i];
          continue;
        }
        const char c = text[++i];
        if (c >= '0' && c <= '3' && i + 2 < text.size()) {
          name.path += static_cast<char>(to_number<unsigned>(text.substr(i, 3), 8).value_or('?'));
          i += 2;
        } else {
          constexpr std::string_view letters = "abfnrtv";
          constexpr std::string_view values = "\a\b\f\n\r\t\v";
          const size_t which = letters.find(c);
          name.path += which == npos ? c : values[which];
        }
      }
      name.rest = text.substr(std::min(i + 1, text.size()));
    } else {
      const size_t end = std::min(text.find('\t'), text.size());
      name.path = text.substr(0, end);
      name.rest = text.substr(end);
    }
    name.is_missing = name.path == "/dev/null" || name.rest.starts_with("\t1970-01-01 ") ||
                      name.rest.starts_with("\tThu Jan  1 0") || name.rest.starts_with("\t1969-12-31 ");
    return name;
  }

  // A line before hunks: it may be part of a header.
  void remember(std::string_view line) {
    std::string_view rest = line;
    if (begin_ == npos)
      begin_ = at_;
    if (take(rest, "--- ")) {
      // The second line of a context patch's header, or the first of a unified one's.
      if (stars_) {
        next_.new_name = name_of(rest);
        stars_ = false;
      } else {
        next_.old_name = name_of(rest);
      }
    } else if (take(rest, "+++ ")) {
      next_.new_name = name_of(rest);
    } else if (take(rest, "*** ") && !line.starts_with("*** ***")) {
      next_.old_name = name_of(rest);
      stars_ = true;
    } else if (take(rest, "Index:")) {
      next_.index = trim(body(rest));
    }
  }

  std::unexpected<Error> malformed(size_t at) const {
    return fail("", "", "malformed patch at line ", at + 1, ": ",
                at < lines_.size() ? printable(body(lines_[at])) : "the patch ends");
  }

  Result<Hunk> hunk(Form form) {
    return form == Form::unified ? unified() : form == Form::context ? context() : normal();
  }

  bool says_no_newline() const { return at_ < lines_.size() && lines_[at_].starts_with("\\ "); }

  // Takes a line's newline away where the next line says so.
  void settle_newline(std::vector<Line>& lines) {
    if (!says_no_newline())
      return;
    ++at_;
    if (!lines.empty())
      lines.back().text = body(lines.back().text);
  }

  Result<Hunk> unified() {
    std::string_view rest = body(lines_[at_]);
    Hunk hunk;
    (void)take(rest, "@@ -");
    const auto before = take_range(rest);
    if (!before || !take(rest, " +"))
      return malformed(at_);
    const auto after = take_range(rest);
    if (!after || !take(rest, " @@"))
      return malformed(at_);
    hunk.old_at = before->first;
    hunk.old_count = before->has_second ? before->second : 1;
    hunk.new_at = after->first;
    hunk.new_count = after->has_second ? after->second : 1;
    hunk.heading = rest;
    ++at_;
    size_t old_left = hunk.old_count;
    size_t new_left = hunk.new_count;
    while (old_left > 0 || new_left > 0) {
      if (at_ >= lines_.size())
        return malformed(at_);
      const std::string_view line = lines_[at_];
      // Editors take the blank off empty lines.
      const char kind = line == "\n" || line[0] == '\t' ? ' ' : line[0];
      const bool old = kind == ' ' || kind == '-';
      const bool fresh = kind == ' ' || kind == '+';
      if ((!old && !fresh) || (old && old_left == 0) || (fresh && new_left == 0))
        return malformed(at_);
      old_left -= old ? 1 : 0;
      new_left -= fresh ? 1 : 0;
      hunk.lines.push_back({kind, line == "\n" || line[0] == '\t' ? line : line.substr(1)});
      ++at_;
      settle_newline(hunk.lines);
    }
    return hunk;
  }

  // One half of a context hunk.
  Result<std::vector<Line>> half(size_t count, char sign) {
    std::vector<Line> lines;
    while (lines.size() < count && at_ < lines_.size()) {
      const std::string_view line = lines_[at_];
      const char kind = line == "\n" ? ' ' : line[0];
      const bool fits = kind == ' ' || kind == '!' || kind == sign;
      if (!fits || (line.size() > 1 && line != "\n" && line[1] != ' ' && line[1] != '\t'))
        break;
      const std::string_view text = line.size() > 2 && line[1] == ' ' ? line.substr(2)
                                    : line.size() > 2                 ? line.substr(1)
                                                                      : "\n";
      lines.push_back({kind == ' ' ? ' ' : sign, text});
      ++at_;
      settle_newline(lines);
    }
    if (lines.size() != count && !lines.empty())
      return malformed(at_);
    return lines;
  }

  static size_t count_of(const Range& range) {
    if (!range.has_second)
      return range.first == 0 ? 0 : 1;
    return range.second < range.first ? 0 : range.second - range.first + 1;
  }

  Result<Hunk> context() {
    Hunk hunk;
    hunk.heading = body(lines_[at_]).substr(15);
    ++at_;
    std::string_view rest = body(lines_[at_]);
    (void)take(rest, "*** ");
    const auto before = take_range(rest);
    if (!before || !take(rest, " ****"))
      return malformed(at_);
    ++at_;
    hunk.old_at = before->first;
    hunk.old_count = count_of(*before);
    std::vector<Line> old = TRY(half(hunk.old_count, '-'));
    rest = at_ < lines_.size() ? body(lines_[at_]) : std::string_view();
    const size_t middle = at_;
    if (!take(rest, "--- "))
      return malformed(middle);
    const auto after = take_range(rest);
    if (!after || !take(rest, " ----"))
      return malformed(middle);
    ++at_;
    hunk.new_at = after->first;
    hunk.new_count = count_of(*after);
    std::vector<Line> fresh = TRY(half(hunk.new_count, '+'));
    return join(std::move(hunk), old, fresh, middle);
  }

  // Puts the halves together; one that is left out has the same context as the other.
  Result<Hunk> join(Hunk hunk, const std::vector<Line>& old, const std::vector<Line>& fresh, size_t where) const {
    const auto is_context = [](const Line& line) { return line.kind == ' '; };
    const auto only_context = [&](const std::vector<Line>& lines) {
      std::vector<Line> kept;
      std::ranges::copy_if(lines, std::back_inserter(kept), is_context);
      return kept;
    };
    const std::vector<Line> a = old.empty() && hunk.old_count > 0 ? only_context(fresh) : old;
    const std::vector<Line> b = fresh.empty() && hunk.new_count > 0 ? only_context(old) : fresh;
    if (a.size() != hunk.old_count || b.size() != hunk.new_count)
      return malformed(where);
    size_t i = 0;
    size_t j = 0;
    while (i < a.size() || j < b.size()) {
      while (i < a.size() && !is_context(a[i]))
        hunk.lines.push_back(a[i++]);
      while (j < b.size() && !is_context(b[j]))
        hunk.lines.push_back(b[j++]);
      const bool both = i < a.size() && j < b.size();
      if (both && is_context(a[i]) && is_context(b[j])) {
        hunk.lines.push_back(a[i]);
        ++i;
        ++j;
      } else if (!both && (i < a.size() || j < b.size())) {
        return malformed(where);
      }
    }
    return hunk;
  }

  Result<Hunk> normal() {
    const size_t start = at_;
    std::string_view rest = body(lines_[at_++]);
    Hunk hunk;
    const Range before = *take_range(rest);
    const char letter = rest[0];
    rest.remove_prefix(1);
    const Range after = *take_range(rest);
    hunk.old_at = before.first;
    hunk.new_at = after.first;
    if (before.second < before.first || after.second < after.first)
      return malformed(start);
    hunk.old_count = letter == 'a' ? 0 : before.second - before.first + 1;
    hunk.new_count = letter == 'd' ? 0 : after.second - after.first + 1;
    const auto take_lines = [&](size_t count, char sign, char kind) -> Result<> {
      for (; count > 0; --count) {
        if (at_ >= lines_.size() || lines_[at_].size() < 2 || lines_[at_][0] != sign)
          return malformed(at_);
        hunk.lines.push_back({kind, lines_[at_].substr(2)});
        ++at_;
        settle_newline(hunk.lines);
      }
      return {};
    };
    TRY(take_lines(hunk.old_count, '<', '-'));
    if (letter == 'c') {
      if (at_ >= lines_.size() || !lines_[at_].starts_with("---"))
        return malformed(at_);
      ++at_;
    }
    TRY(take_lines(hunk.new_count, '>', '+'));
    return hunk;
  }

  std::vector<std::string_view> lines_;
  Form form_;
  size_t at_ = 0;
  FilePatch next_;       // what the header says of what comes next
  size_t begin_ = npos;  // the first line that belongs to no hunk yet
  bool stars_ = false;   // the line before began with ***
};

}  // namespace

size_t Hunk::prefix() const {
  const auto first = std::ranges::find_if(lines, [](const Line& line) { return line.kind != ' '; });
  return static_cast<size_t>(first - lines.begin());
}

size_t Hunk::suffix() const {
  size_t count = 0;
  while (count < lines.size() && lines[lines.size() - 1 - count].kind == ' ')
    ++count;
  return count;
}

void Hunk::reverse() {
  std::swap(old_at, new_at);
  std::swap(old_count, new_count);
  for (Line& line : lines)
    line.kind = line.kind == '-' ? '+' : line.kind == '+' ? '-' : ' ';
  // What is taken out comes before what is put in.
  std::vector<Line> sorted, put_in;
  const auto flush = [&] {
    for (const Line& line : put_in)
      sorted.push_back(line);
    put_in.clear();
  };
  for (const Line& line : lines) {
    if (line.kind == ' ')
      flush();
    (line.kind == '+' ? put_in : sorted).push_back(line);
  }
  flush();
  lines = std::move(sorted);
}

void FilePatch::reverse() {
  std::swap(old_name, new_name);
  for (Hunk& hunk : hunks)
    hunk.reverse();
}

Result<Parsed> parse(std::string_view text, Form form) {
  return Parser(text, form).parse();
}

}  // namespace rescue::patch
