// Laying out names in columns, as `ls` does.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace rescue {

struct Columns {
  size_t rows = 0;
  std::vector<size_t> widths;  // of each column, with the two blanks after all but the last
};

// The most columns in which items of these widths fit into a line. `down` fills column after column, else row after
// row.
Columns fit_columns(std::span<const size_t> widths, size_t line_width, bool down);

}  // namespace rescue
