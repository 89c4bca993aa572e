#include "lib/base/columns.h"

#include <algorithm>

namespace rescue {

namespace {

// A name of one character and the gap after it.
constexpr size_t min_column_width = 3;

Columns layout(std::span<const size_t> widths, size_t count, bool down) {
  Columns columns;
  columns.rows = (widths.size() + count - 1) / count;
  columns.widths.assign(count, min_column_width);
  for (size_t i = 0; i < widths.size(); ++i) {
    const size_t column = down ? i / columns.rows : i % count;
    const size_t gap = column + 1 == count ? 0 : 2;
    columns.widths[column] = std::max(columns.widths[column], widths[i] + gap);
  }
  return columns;
}

// Columns of the least width always fit, for no more of them were tried, and the last one has no gap.
bool fits(const Columns& columns, size_t line_width) {
  size_t total = 0;
  for (const size_t width : columns.widths)
    total += width;
  return total < line_width || total == columns.widths.size() * min_column_width;
}

}  // namespace

Columns fit_columns(std::span<const size_t> widths, size_t line_width, bool down) {
  const size_t most = std::min((line_width + min_column_width - 1) / min_column_width, widths.size());
  for (size_t count = most; count > 1; --count)
    if (Columns columns = layout(widths, count, down); fits(columns, line_width))
      return columns;
  return layout(widths, 1, down);
}

}  // namespace rescue
