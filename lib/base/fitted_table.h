// A table that is laid out for lines of a width, as util-linux lays out trees: columns are cut down until a line fits,
// and where that is not enough, what is too long breaks it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/io.h"

namespace rescue {

struct FittedColumn {
  std::string name;
  int8_t wish = 0;  // how wide it would be with less in it; or the share of a line, -25 for a quarter, that it keeps
  bool is_right = false;   // stands to the right
  bool is_cut = false;     // its words are cut where it is cut down, and else stay whole
  bool is_uneven = false;  // words that are more than twice as long as most do not make it wider than a line allows
  bool has_tree = false;   // its words begin with the art of a tree
};

struct FittedLine {
  std::vector<std::vector<std::string>> cells;  // of each column, of which each may have further lines
  size_t tree_width = 0;                        // of the art
  std::string below;                            // stands for it in further lines
  std::string_view on_from;                     // also before these, where the cells of the line go on
};

class FittedTable {
 public:
  // The first `marks` columns of the art are the same in all lines.
  FittedTable(std::vector<FittedColumn> columns, std::vector<FittedLine> lines, size_t marks);

  // For lines of that many columns; 0 for what it takes.
  void print(Output& out, size_t line_width, bool headings);

 private:
  // How wide a column is laid out, and what is known of what it holds.
  struct Width {
    size_t width = 0;
    size_t least = 0;
    size_t most = 0;
    size_t tree = 0;
    size_t average = 0;  // of words, where one is more than twice as long
    bool hidden = false;
  };

  void measure(size_t i);
  size_t whole_width() const;
  void shorten(size_t line_width);
  void fit(size_t line_width);
  bool is_last(size_t i) const;
  std::string_view fitting(std::string_view text, size_t i) const;
  void put_pad(Output& out, size_t length, size_t i) const;
  bool is_pending(const FittedLine& line, size_t part, size_t next) const;
  void print_empty(Output& out, const FittedLine& line, size_t i, bool pending) const;
  void print_cell(Output& out, const FittedLine& line, size_t i, size_t part) const;
  void print_line(Output& out, const FittedLine& line) const;

  std::vector<FittedColumn> columns_;
  std::vector<FittedLine> lines_;
  size_t marks_;
  std::vector<Width> widths_;
};

}  // namespace rescue
