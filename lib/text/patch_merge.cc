#include "lib/text/patch_merge.h"

#include <algorithm>
#include <span>

#include "lib/base/text.h"
#include "lib/text/line_diff.h"

namespace rescue::patch {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// As -l compares: any run of blanks is like any other, and those at the end do not count.
bool similar(std::string_view a, std::string_view b) {
  const auto strip = [](std::string_view text) {
    while (!text.empty() && (is_blank(text.back()) || text.back() == '\n'))
      text.remove_suffix(1);
    return text;
  };
  a = strip(a);
  b = strip(b);
  while (!a.empty() && !b.empty()) {
    if (is_blank(a[0]) && is_blank(b[0])) {
      while (!a.empty() && is_blank(a[0]))
        a.remove_prefix(1);
      while (!b.empty() && is_blank(b[0]))
        b.remove_prefix(1);
      continue;
    }
    if (a[0] != b[0])
      return false;
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.empty() && b.empty();
}

using Texts = std::vector<std::string_view>;
using Index = int64_t;

struct Fit {
  Index changes = 0;
  Index length = -1;  // lines of the file that are taken for the old text; -1 where none can be
};

// How like the old text the lines from `at` on are: the least changes that make it of some of them, and the most lines
// for which these are enough (Myers' greedy search). There have to be `least` of them, and as many have to be the same;
// how many of these may be others grows with `at`, as in GNU's. Nothing is found with more than `most` changes.
Fit fit_at(const Texts& old, const Progress& to, Index at, Index least, Index most) {
  const auto x_end = static_cast<Index>(old.size());
  const Index y_end = static_cast<Index>(to.lines.size()) - at;
  Fit fit;
  if (least > y_end)
    return fit;
  std::vector<Index> row(static_cast<size_t>(2 * most + 3), -1);
  Index* const farthest = row.data() + most + 1;
  farthest[1] = 0;
  Index low = 0;
  Index high = 0;
  for (Index changes = 0; changes <= most && fit.length < 0; ++changes) {
    fit.changes = changes;
    for (Index d = high; d >= low; d -= 2) {
      Index x = std::max(farthest[d + 1], farthest[d - 1] + 1);
      Index y = x - d;
      for (; x < x_end && y < y_end && to.has(static_cast<size_t>(at + y), old[static_cast<size_t>(x)]); ++x)
        ++y;
      farthest[d] = x;
      if (x == x_end && y >= least && x + y - changes >= 2 * (least - at - 1))
        fit.length = std::max(fit.length, y);
    }
    low += low > -y_end ? -1 : 1;
    high += high < x_end ? 1 : -1;
  }
  return fit;
}

class Merger {
 public:
  Merger(const Hunk& hunk, MergeStyle style, bool tell_merged, Progress& to)
      : hunk_(hunk), style_(style), tell_merged_(tell_merged), to_(to) {
    for (const Line& line : hunk.lines) {
      if (line.kind != '+') {
        old_.push_back(line.text);
        hunk_old_ += line.kind;
      }
      if (line.kind != '-') {
        fresh_.push_back(line.text);
        hunk_new_ += line.kind;
      }
    }
    hunk_old_ += end;
    hunk_new_ += end;
  }

  MergeReport merge(size_t where) {
    size_t count = old_.size();
    if (where == 0)
      where = locate(count);
    to_.copy_until(where - 1);
    compare(count);
    while (hunk_old_[at_.old] != end || hunk_new_[at_.fresh] != end)
      if (const Place from = at_; !step())
        conflict(from);
    return std::move(report_);
  }

 private:
  static constexpr char end = '=';  // behind the last mark

  // How far we are in the hunk's old and new text, and in the lines of the file that are taken for the old one.
  struct Place {
    size_t old = 0;
    size_t fresh = 0;
    size_t in = 0;
  };

  bool hunk_changes() const { return hunk_old_[at_.old] == '-' || hunk_new_[at_.fresh] == '+'; }
  bool file_changes() const { return file_old_[at_.old] == '-' || file_new_[at_.in] == '+'; }

  size_t locate(size_t& count) const;
  void compare(size_t count);
  bool step();
  bool take_change();
  void conflict(Place from);

  // Copies lines of the file that stand for themselves.
  void keep(size_t count) { to_.copy_until(to_.done + count); }
  void tell(std::string_view what, size_t count) {
    report_.add(what, static_cast<Index>(to_.done) + 1 + to_.out_offset, count);
  }
  void put(const Texts& lines, size_t from, size_t until) {
    for (; from < until; ++from)
      to_.put(lines[from]);
  }

  const Hunk& hunk_;
  MergeStyle style_;
  bool tell_merged_;
  Progress& to_;
  Texts old_, fresh_;
  // A mark for each line: of the old text what the hunk and the file took away ('-'), of the two new ones what each put
  // in ('+'); others are the same everywhere.
  std::string hunk_old_, hunk_new_, file_old_, file_new_;
  Place at_;
  MergeReport report_;
};

// The place with the fewest changes that is nearest to where the hunk says. As many lines as the context has may be
// others.
size_t Merger::locate(size_t& count) const {
  const auto length = static_cast<Index>(old_.size());
  const auto total = static_cast<Index>(to_.lines.size());
  const Index guess = static_cast<Index>(hunk_.old_at) + (length == 0 ? 1 : 0) + to_.in_offset;
  const Index context = std::ranges::count(hunk_old_, ' ');
  const auto prefix = hunk_.prefix(), suffix = hunk_.suffix();
  // With less context before it than behind, it belongs to the start of the file; the other way round, to the end.
  const Index down = prefix < suffix && hunk_.old_at <= 1 ? 0 : total - length + context + 1 - guess;
  const Index up = guess - static_cast<Index>(to_.done) - 1;
  Index where = guess;
  Fit best{2 * context + 1, 0};
  Index least = length - context;
  const auto look = [&](Index at) {
    const Fit fit = fit_at(old_, to_, at - 1, prefix > suffix ? total - at + 1 : least, best.changes - 1);
    if (fit.length > best.length) {
      best = fit;
      least = fit.length;
      where = at;
    }
  };
  for (Index offset = std::max<Index>(0, -down); context > 0 && best.changes > 0 && offset <= std::max(up, down);
       ++offset) {
    if (offset <= down)
      look(guess + offset);
    if (offset > 0 && offset <= up && best.changes > 0)
      look(guess - offset);
  }
  count = static_cast<size_t>(best.length);
  return static_cast<size_t>(std::max(where, static_cast<Index>(to_.done) + 1));
}

void Merger::compare(size_t count) {
  const size_t from = std::min(to_.done, to_.lines.size());
  count = std::min(count, to_.lines.size() - from);
  file_old_.assign(old_.size(), ' ');
  file_new_.assign(count, ' ');
  const LineDiffOptions how{.space = to_.ignore_blanks ? LineDiffOptions::Space::change : LineDiffOptions::Space::exact,
                            .minimal = true,
                            .shift = false};
  for (const LineChange& change : compare_lines(old_, std::span(to_.lines).subspan(from, count), how)) {
    std::fill_n(file_old_.begin() + static_cast<Index>(change.old_at), change.old_count, '-');
    std::fill_n(file_new_.begin() + static_cast<Index>(change.new_at), change.new_count, '+');
  }
  file_old_ += end;
  file_new_ += end;
}

// One part that at most one side changed; false where both did.
bool Merger::step() {
  if (hunk_changes())
    return take_change();
  if (file_old_[at_.old] == '-') {
    while (hunk_old_[at_.old] == ' ' && file_old_[at_.old] == '-' && hunk_new_[at_.fresh] != '+') {
      ++at_.old;
      ++at_.fresh;
    }
    return !hunk_changes();
  }
  if (file_new_[at_.in] != '+') {
    ++at_.old;
    ++at_.fresh;
  }
  ++at_.in;
  keep(1);
  return true;
}

bool Merger::take_change() {
  const Place from = at_;
  for (; hunk_old_[at_.old] == '-'; ++at_.old, ++at_.in)
    if (file_changes())
      return false;
  if (file_changes())
    return false;
  while (hunk_new_[at_.fresh] == '+')
    ++at_.fresh;
  const size_t added = at_.fresh - from.fresh;
  if (tell_merged_)
    tell("merged", added);
  to_.done += at_.old - from.old;
  to_.out_offset += static_cast<Index>(added);
  put(fresh_, from.fresh, at_.fresh);
  return true;
}

// Both texts from there on, up to where all three are the same again.
void Merger::conflict(Place from) {
  while (hunk_changes() || file_changes()) {
    if (hunk_old_[at_.old] == '-') {
      while (file_new_[at_.in] == '+')
        ++at_.in;
      at_.in += file_old_[at_.old++] == ' ' ? 1 : 0;
    } else if (file_old_[at_.old] == '-') {
      while (hunk_new_[at_.fresh] == '+')
        ++at_.fresh;
      at_.fresh += hunk_old_[at_.old++] == ' ' ? 1 : 0;
    } else {
      ++(hunk_new_[at_.fresh] == '+' ? at_.fresh : at_.in);
    }
  }
  size_t ours = at_.in - from.in;
  size_t theirs = at_.fresh - from.fresh;
  // What both begin and end with is no part of the conflict.
  const bool short_form = style_ == MergeStyle::merge;
  size_t prefix = 0;
  while (prefix < std::min(ours, theirs) && to_.has(to_.done + prefix, fresh_[from.fresh + prefix]))
    ++prefix;
  if (prefix == ours && prefix == theirs) {
    tell("already applied", prefix);
    return keep(prefix);
  }
  if (!short_form)
    prefix = 0;
  keep(prefix);
  from.fresh += prefix;
  ours -= prefix;
  theirs -= prefix;
  size_t suffix = 0;
  for (; short_form && ours > 0 && theirs > 0 && to_.has(to_.done + ours - 1, fresh_[from.fresh + theirs - 1]);
       ++suffix) {
    --ours;
    --theirs;
  }
  const size_t added = 3 + theirs + (short_form ? 0 : 1 + at_.old - from.old);
  tell("NOT MERGED", added + ours);
  report_.conflict = true;
  to_.put("<<<<<<<\n");
  keep(ours);
  if (!short_form) {
    to_.put("|||||||\n");
    put(old_, from.old, at_.old);
  }
  to_.put("=======\n");
  put(fresh_, from.fresh, from.fresh + theirs);
  to_.put(">>>>>>>\n");
  to_.out_offset += static_cast<Index>(added);
  keep(suffix);
}

}  // namespace

bool Progress::has(size_t index, std::string_view text) const {
  return index < lines.size() && (lines[index] == text || (ignore_blanks && similar(lines[index], text)));
}

void Progress::copy_until(size_t end) {
  while (done < std::min(end, lines.size()))
    put(lines[done++]);
  done = std::max(done, end);
}

void Progress::put(std::string_view line) {
  if (!out.empty() && !out.ends_with('\n'))
    out += '\n';
  out += line;
}

void MergeReport::add(std::string_view what, int64_t at, size_t count) {
  const bool again = last == what;
  text += str(text.empty() ? "" : again ? "," : ", ", again ? "" : what, again ? "" : " at ", at);
  last = what;
  if (count > 1)
    text += str('-', at + static_cast<int64_t>(count) - 1);
}

MergeReport merge_hunk(const Hunk& hunk, size_t where, MergeStyle style, bool tell_merged, Progress& to) {
  return Merger(hunk, style, tell_merged, to).merge(where);
}

}  // namespace rescue::patch
