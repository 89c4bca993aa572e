// How diff shows what differs: normal, unified and context hunks, ed and RCS scripts, two columns.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/io.h"
#include "lib/text/line_diff.h"
#include "lib/text/regex.h"

namespace rescue {

enum class DiffStyle : uint8_t { normal, unified, context, ed, forward_ed, rcs, columns, groups };

struct DiffFormat {
  DiffStyle style = DiffStyle::normal;
  size_t context = 3;
  bool expand_tabs = false;
  bool initial_tab = false;
  size_t tab_size = 8;
  bool suppress_blank_empty = false;
  size_t width = 130;
  bool left_column = false;
  bool suppress_common = false;
  bool ignore_blank_lines = false;
  Regex* ignored = nullptr;   // lines that it matches make no difference
  Regex* function = nullptr;  // lines to be shown above hunks
  LineDiffOptions compare;
  std::optional<std::string> line_formats[3];   // of old, new and common lines, where the style is groups
  std::optional<std::string> group_formats[4];  // of old, new, common and changed ones
  bool color = false;
  std::string palette[4] = {"1", "36", "31", "32"};  // what colours a DiffColor
};

enum class DiffColor : uint8_t { header, numbers, old, fresh, none };

// Fills in what was not said of lines and groups.
void settle_groups(DiffFormat& format);

// One of the two sides: what its header says, and its lines.
struct DiffSide {
  std::string header;  // name, tab, time; or a label
  std::vector<std::string_view> lines;
};

class DiffPrinter {
 public:
  DiffPrinter(const DiffFormat& format, const DiffSide& before, const DiffSide& after, Output& out)
      : opt_(format), a_(before), b_(after), out_(out) {}

  // Prints what differs; false where nothing does. `preamble` is printed before it.
  bool print(std::string_view preamble);

  // Whether anything differs that counts.
  bool differs();

 private:
  struct Change : LineChange {
    bool ignored = false;
  };

  void find();
  bool is_ignored(const LineChange& change) const;
  bool is_trivial(std::string_view line) const;
  void print_normal();
  void print_ed(bool forward);
  void print_rcs();
  void print_columns();
  void print_groups();
  void color(DiffColor color);
  void print_hunks();
  size_t hunk_end(size_t first) const;
  void print_unified(std::span<const Change> hunk);
  void print_context(std::span<const Change> hunk);
  void print_side(std::span<const Change> hunk, size_t from, size_t to, bool old);
  void print_line(std::string_view prefix, std::string_view line, DiffColor shown = DiffColor::none);
  void print_text(std::string_view text, size_t column);
  std::string function_above(size_t line);
  void put_columns(const std::string_view* left, char sign, const std::string_view* right);
  size_t put_half(std::string_view line, size_t column, size_t limit);
  size_t tab_to(size_t from, size_t to);

  const DiffFormat& opt_;
  const DiffSide& a_;
  const DiffSide& b_;
  Output& out_;
  std::vector<Change> changes_;
  bool found_ = false;
  DiffColor color_ = DiffColor::none;
  size_t function_from_ = 0;  // where the search for a function's line ended last
  std::string function_;
};

}  // namespace rescue
