#include "lib/text/line_diff.h"

#include <algorithm>
#include <string>

#include "lib/text/scan.h"

namespace rescue {
namespace {

using Space = LineDiffOptions::Space;
using Index = int64_t;

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// A line as it counts, where not all of it does.
void normalize(std::string_view line, const LineDiffOptions& options, std::string& out) {
  out.clear();
  const bool expand = options.space == Space::tabs || options.space == Space::tabs_and_trailing;
  if (options.space >= Space::trailing && line.ends_with('\n'))
    line.remove_suffix(1);
  size_t column = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (is_space(c) && c != '\n') {
      if (options.space == Space::all)
        continue;
      if (options.space == Space::change) {
        if (i == 0 || !is_space(line[i - 1]))
          out += ' ';
        continue;
      }
      if (expand && c == '\t') {
        const size_t next = options.tab_size - column % options.tab_size;
        out.append(next, ' ');
        column += next;
        continue;
      }
    }
    column = c == '\b' && column > 0 ? column - 1 : c == '\r' ? 0 : column + 1;
    out += options.ignore_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  if (options.space >= Space::trailing)
    while (!out.empty() && is_space(out.back()))
      out.pop_back();
}

uint64_t hash_of(std::string_view text) {
  uint64_t hash = text.size();
  for (const char c : text) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3ULL;
    hash ^= hash >> 31;
  }
  return hash;
}

// Gives equal lines the same number, from 1 on.
class Classes {
 public:
  explicit Classes(const LineDiffOptions& options) : opt_(options), table_(1024, 0) {}

  uint32_t number_of(std::string_view line) {
    std::string_view text = line;
    if (opt_.ignore_case || opt_.space != Space::exact) {
      normalize(line, opt_, made_);
      text = made_;
    }
    const uint64_t hash = hash_of(text);
    const size_t mask = table_.size() - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      if (table_[i] == 0) {
        known_.push_back({hash, std::string(text)});
        table_[i] = static_cast<uint32_t>(known_.size());
        if (known_.size() * 2 > table_.size())
          grow();
        return static_cast<uint32_t>(known_.size());
      }
      const Known& known = known_[table_[i] - 1];
      if (known.hash == hash && known.text == text)
        return table_[i];
    }
  }

  size_t count() const { return known_.size() + 1; }

 private:
  struct Known {
    uint64_t hash;
    std::string text;
  };

  void grow() {
    table_.assign(table_.size() * 2, 0);
    const size_t mask = table_.size() - 1;
    for (size_t k = 0; k < known_.size(); ++k) {
      size_t i = known_[k].hash & mask;
      while (table_[i] != 0)
        i = (i + 1) & mask;
      table_[i] = static_cast<uint32_t>(k + 1);
    }
  }

  const LineDiffOptions& opt_;
  std::vector<Known> known_;
  std::vector<uint32_t> table_;
  std::string made_;
};

struct Side {
  std::vector<uint32_t> classes;  // of the lines between what both texts begin and end with
  std::vector<char> flags;        // changed or not; with one more on both ends
  std::vector<uint32_t> kept;     // classes of the lines that take part in the search
  std::vector<size_t> places;     // and where these are

  char* changed() { return flags.data() + 1; }
};

class Comparison {
 public:
  Comparison(const LineDiffOptions& options, Side (&sides)[2], size_t class_count) : opt_(options), sides_(sides) {
    discard(class_count);
    const size_t diagonals = sides_[0].kept.size() + sides_[1].kept.size() + 3;
    memory_.resize(2 * diagonals);
    forward_ = memory_.data() + sides_[1].kept.size() + 1;
    backward_ = forward_ + diagonals;
    limit_ = 1;
    for (size_t rest = diagonals; rest != 0; rest >>= 2)
      limit_ <<= 1;
    limit_ = std::max<Index>(limit_, 4096);
    compare(0, static_cast<Index>(sides_[0].kept.size()), 0, static_cast<Index>(sides_[1].kept.size()), opt_.minimal);
    if (opt_.shift)
      shift();
  }

 private:
  struct Partition {
    Index x = 0;
    Index y = 0;
    bool low_minimal = true;
    bool high_minimal = true;
  };

  bool equal(Index x, Index y) const {
    return sides_[0].kept[static_cast<size_t>(x)] == sides_[1].kept[static_cast<size_t>(y)];
  }

  void note(int side, Index place) { sides_[side].changed()[sides_[side].places[static_cast<size_t>(place)]] = 1; }

  // --- what takes no part in the search

  // Lines that the other text has none of are changed for certain. Lines that it has many of are left out where they
  // stand among such.
  void discard(size_t class_count) {
    std::vector<uint32_t> counts[2];
    for (int f = 0; f < 2; ++f) {
      counts[f].resize(class_count);
      for (const uint32_t c : sides_[f].classes)
        ++counts[f][c];
    }
    for (int f = 0; f < 2; ++f) {
      const std::vector<uint32_t>& classes = sides_[f].classes;
      std::vector<char> marks(classes.size() + 1);
      size_t many = 5;
      for (size_t rest = classes.size() / 64; (rest >>= 2) > 0;)
        many *= 2;
      for (size_t i = 0; i < classes.size(); ++i) {
        const uint32_t matches = counts[1 - f][classes[i]];
        marks[i] = matches == 0 ? 1 : matches > many ? 2 : 0;
      }
      settle(marks.data(), classes.size());
      for (size_t i = 0; i < classes.size(); ++i) {
        if (opt_.minimal || marks[i] == 0) {
          sides_[f].kept.push_back(classes[i]);
          sides_[f].places.push_back(i);
        } else {
          sides_[f].changed()[i] = 1;
        }
      }
    }
  }

  // Those with mark 2 stay discarded only in the midst of those with 1.
  static void settle(char* marks, size_t end) {
    for (size_t i = 0; i < end; ++i) {
      if (marks[i] == 2)
        marks[i] = 0;
      if (marks[i] == 0)
        continue;
      size_t j = i;
      size_t provisional = 0;
      for (; j < end && marks[j] != 0; ++j)
        provisional += marks[j] == 2 ? 1 : 0;
      while (j > i && marks[j - 1] == 2) {
        marks[--j] = 0;
        --provisional;
      }
      const size_t length = j - i;
      if (provisional * 4 > length) {
        while (j > i)
          if (marks[--j] == 2)
            marks[j] = 0;
        continue;
      }
      settle_run(marks + i, length);
      i += length - 1;
    }
  }

  static void settle_run(char* run, size_t length) {
    size_t minimum = 1;
    for (size_t rest = length >> 2; (rest >>= 2) > 0;)
      minimum <<= 1;
    ++minimum;
    // As many in a row as that stay.
    size_t row = 0;
    for (size_t j = 0; j < length; ++j) {
      if (run[j] != 2) {
        row = 0;
      } else if (minimum == ++row) {
        j -= row;  // from the start of these again; the loop adds one
      } else if (minimum < row) {
        run[j] = 0;
      }
    }
    // Up to three certain ones in a row, from either end.
    for (const bool backwards : {false, true}) {
      row = 0;
      for (size_t j = 0; j < length; ++j) {
        char& mark = run[backwards ? length - 1 - j : j];
        if (j >= 8 && mark == 1)
          break;
        row = mark == 1 ? row + 1 : 0;
        if (mark == 2)
          mark = 0;
        if (row == 3)
          break;
      }
    }
  }

  // --- the search

  void compare(Index x, Index x_end, Index y, Index y_end, bool minimal) {
    while (true) {
      for (; x < x_end && y < y_end && equal(x, y); ++x)
        ++y;
      for (; x < x_end && y < y_end && equal(x_end - 1, y_end - 1); --x_end)
        --y_end;
      if (x == x_end) {
        for (; y < y_end; ++y)
          note(1, y);
        return;
      }
      if (y == y_end) {
        for (; x < x_end; ++x)
          note(0, x);
        return;
      }
      const Partition middle = find_middle(x, x_end, y, y_end, minimal);
      compare(x, middle.x, y, middle.y, middle.low_minimal);
      x = middle.x;
      y = middle.y;
      minimal = middle.high_minimal;
    }
  }

  // Where two searches meet, from the beginning and from the end.
  Partition find_middle(Index x_begin, Index x_end, Index y_begin, Index y_end, bool minimal) {
    Index* const fd = forward_;
    Index* const bd = backward_;
    const Index d_min = x_begin - y_end;
    const Index d_max = x_end - y_begin;
    const Index f_middle = x_begin - y_begin;
    const Index b_middle = x_end - y_end;
    Index f_min = f_middle;
    Index f_max = f_middle;
    Index b_min = b_middle;
    Index b_max = b_middle;
    const bool odd = ((f_middle - b_middle) & 1) != 0;
    fd[f_middle] = x_begin;
    bd[b_middle] = x_end;
    for (Index cost = 1;; ++cost) {
      f_min > d_min ? fd[--f_min - 1] = -1 : ++f_min;
      f_max < d_max ? fd[++f_max + 1] = -1 : --f_max;
      for (Index d = f_max; d >= f_min; d -= 2) {
        Index x = fd[d - 1] < fd[d + 1] ? fd[d + 1] : fd[d - 1] + 1;
        Index y = x - d;
        for (; x < x_end && y < y_end && equal(x, y); ++x)
          ++y;
        fd[d] = x;
        if (odd && b_min <= d && d <= b_max && bd[d] <= x)
          return {x, y};
      }
      b_min > d_min ? bd[--b_min - 1] = INT64_MAX : ++b_min;
      b_max < d_max ? bd[++b_max + 1] = INT64_MAX : --b_max;
      for (Index d = b_max; d >= b_min; d -= 2) {
        Index x = bd[d - 1] < bd[d + 1] ? bd[d - 1] : bd[d + 1] - 1;
        Index y = x - d;
        for (; x_begin < x && y_begin < y && equal(x - 1, y - 1); --x)
          --y;
        bd[d] = x;
        if (!odd && f_min <= d && d <= f_max && x <= fd[d])
          return {x, y};
      }
      if (!minimal && cost >= limit_)
        return give_up(x_begin, x_end, y_begin, y_end, f_min, f_max, b_min, b_max);
    }
  }

  // The farthest that either search has come.
  Partition give_up(Index x_begin, Index x_end, Index y_begin, Index y_end, Index f_min, Index f_max, Index b_min,
                    Index b_max) const {
    Index f_best = -1;
    Index f_x = 0;
    for (Index d = f_max; d >= f_min; d -= 2) {
      Index x = std::min(forward_[d], x_end);
      Index y = x - d;
      if (y_end < y) {
        x = y_end + d;
        y = y_end;
      }
      if (f_best < x + y) {
        f_best = x + y;
        f_x = x;
      }
    }
    Index b_best = INT64_MAX;
    Index b_x = 0;
    for (Index d = b_max; d >= b_min; d -= 2) {
      Index x = std::max(x_begin, backward_[d]);
      Index y = x - d;
      if (y < y_begin) {
        x = y_begin + d;
        y = y_begin;
      }
      if (x + y < b_best) {
        b_best = x + y;
        b_x = x;
      }
    }
    if ((x_end + y_end) - b_best < f_best - (x_begin + y_begin))
      return {f_x, f_best - f_x, true, false};
    return {b_x, b_best - b_x, false, true};
  }

  // --- where there is a choice

  // Moves runs of changes as far down as equal lines allow, and together where they meet.
  void shift() {
    for (int f = 0; f < 2; ++f)
      shift_side(sides_[f], sides_[1 - f]);
  }

  static void shift_side(Side& side, Side& other_side) {
    char* const changed = side.changed();
    char* const other = other_side.changed();
    const std::vector<uint32_t>& classes = side.classes;
    const auto same = [&](Index a, Index b) {
      return classes[static_cast<size_t>(a)] == classes[static_cast<size_t>(b)];
    };
    const auto end = static_cast<Index>(classes.size());
    Index i = 0;
    Index j = 0;
    while (true) {
      for (; i < end && changed[i] == 0; ++i)
        while (other[j++] != 0) {
        }
      if (i == end)
        return;
      Index start = i;
      while (changed[++i] != 0) {
      }
      while (other[j] != 0)
        ++j;
      Index length = 0;
      Index corresponding = 0;
      do {
        length = i - start;
        while (start > 0 && same(start - 1, i - 1)) {
          changed[--start] = 1;
          changed[--i] = 0;
          while (changed[start - 1] != 0)
            --start;
          while (other[--j] != 0) {
          }
        }
        corresponding = other[j - 1] != 0 ? i : end;
        while (i != end && same(start, i)) {
          changed[start++] = 0;
          changed[i++] = 1;
          while (changed[i] != 0)
            ++i;
          while (other[++j] != 0)
            corresponding = i;
        }
      } while (length != i - start);
      while (corresponding < i) {
        changed[--start] = 1;
        changed[--i] = 0;
        while (other[--j] != 0) {
        }
      }
    }
  }

  const LineDiffOptions& opt_;
  Side (&sides_)[2];
  std::vector<Index> memory_;
  Index* forward_ = nullptr;
  Index* backward_ = nullptr;
  Index limit_ = 0;
};

}  // namespace

std::vector<LineChange> compare_lines(std::span<const std::string_view> before, std::span<const std::string_view> after,
                                      const LineDiffOptions& options) {
  const size_t least = std::min(before.size(), after.size());
  size_t prefix = 0;
  while (prefix < least && before[prefix] == after[prefix])
    ++prefix;
  if (prefix == before.size() && prefix == after.size())
    return {};
  prefix -= std::min(prefix, options.horizon);
  size_t suffix = 0;
  while (suffix < least - prefix && before[before.size() - 1 - suffix] == after[after.size() - 1 - suffix])
    ++suffix;
  suffix -= std::min(suffix, options.horizon);
  Side sides[2];
  Classes classes(options);
  const auto fill = [&](Side& side, std::span<const std::string_view> lines) {
    for (const std::string_view line : lines.subspan(prefix, lines.size() - suffix - prefix))
      side.classes.push_back(classes.number_of(line));
    side.flags.resize(side.classes.size() + 2);
  };
  fill(sides[0], before);
  fill(sides[1], after);
  const Comparison comparison(options, sides, classes.count());
  std::vector<LineChange> changes;
  size_t i = 0;
  size_t j = 0;
  while (i < sides[0].classes.size() || j < sides[1].classes.size()) {
    const size_t i_start = i;
    const size_t j_start = j;
    while (sides[0].changed()[i] != 0)
      ++i;
    while (sides[1].changed()[j] != 0)
      ++j;
    if (i > i_start || j > j_start)
      changes.push_back({prefix + i_start, i - i_start, prefix + j_start, j - j_start});
    ++i;
    ++j;
  }
  return changes;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  lines.reserve(count_byte(text, '\n') + 1);
  while (!text.empty()) {
    const char* const end = text.data() + text.size();
    const char* const newline = find_byte(text.data(), end, '\n');
    const auto length = static_cast<size_t>(newline - text.data()) + (newline == end ? 0 : 1);
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

}  // namespace rescue
