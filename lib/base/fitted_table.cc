#include "lib/base/fitted_table.h"

#include <algorithm>
#include <span>
#include <utility>

#include "lib/base/utf8.h"

namespace rescue {

FittedTable::FittedTable(std::vector<FittedColumn> columns, std::vector<FittedLine> lines, size_t marks)
    : columns_(std::move(columns)), lines_(std::move(lines)), marks_(marks), widths_(columns_.size()) {}

// What it needs, where words that are more than twice as long as most do not count.
void FittedTable::measure(size_t i) {
  const FittedColumn& column = columns_[i];
  const size_t marks = column.has_tree ? marks_ : 0;
  Width& width = widths_[i];
  size_t sum = marks;
  width.width = 0;
  width.least = column.name.size();
  for (const FittedLine& line : lines_) {
    size_t length = 0;
    for (const std::string& text : line.cells[i])
      length = std::max(length, display_width(text) - marks);
    width.most = std::max(width.most, length + marks);
    if (width.average != 0 && length > width.average * 2)
      continue;
    sum += length;
    width.width = std::max(width.width, length);
    width.tree = std::max(width.tree, column.has_tree ? line.tree_width : 0);
  }
  width.width += marks;
  if (const size_t average = sum / lines_.size(); column.is_uneven && width.average == 0 && width.most > average * 2)
    width.average = average;
  const auto wish = static_cast<size_t>(std::max<int8_t>(column.wish, 0));
  if (width.width < width.least)
    width.width = width.least;
  else if (width.width < wish && width.least < wish)
    width.width = wish;
}

size_t FittedTable::whole_width() const {
  size_t sum = widths_.size() - 1;
  for (const Width& width : widths_)
    sum += width.width;
  return sum;
}

// Takes a column each from those that may be cut, in turn, until the line is short enough or none is left.
void FittedTable::shorten(size_t line_width) {
  size_t whole = whole_width();
  for (unsigned stage = 1; whole > line_width && stage <= 3;) {
    const size_t before = whole;
    for (size_t i = 0; i < widths_.size() && whole > line_width; ++i) {
      Width& width = widths_[i];
      const FittedColumn& column = columns_[i];
      const bool is_share = column.wish < 0;
      const size_t share = is_share ? line_width * static_cast<size_t>(-column.wish) / 100 : 0;
      if (width.hidden || width.width == width.least || width.width == 0 || (column.has_tree && whole <= width.tree))
        continue;
      if (stage == 1 ? !column.is_cut || !is_share || width.width < share : stage == 2 ? !column.is_cut : !is_share)
        continue;
      --whole;
      width.hidden = --width.width == 0;
    }
    stage += whole == before ? 1 : 0;
  }
}

void FittedTable::fit(size_t line_width) {
  for (size_t i = 0; i < widths_.size() && whole_width() > line_width; ++i)
    if (widths_[i].average != 0)
      measure(i);
  for (Width& width : widths_)
    if (const size_t whole = whole_width(); width.average != 0 && whole < line_width)
      width.width += std::min(line_width - whole, width.most - std::min(width.most, width.width));
  shorten(line_width);
}

void FittedTable::print(Output& out, size_t line_width, bool headings) {
  for (size_t i = 0; i < widths_.size(); ++i)
    measure(i);
  if (line_width != 0)
    fit(line_width);
  if (headings) {
    FittedLine line;
    for (const FittedColumn& column : columns_)
      line.cells.push_back({std::string(column.has_tree ? marks_ : 0, ' ') + column.name});
    print_line(out, line);
  }
  for (const FittedLine& line : lines_)
    print_line(out, line);
}

bool FittedTable::is_last(size_t i) const {
  return std::ranges::all_of(std::span(widths_).subspan(i + 1), [](const Width& width) { return width.hidden; });
}

// As much of it as a column takes that may be cut.
std::string_view FittedTable::fitting(std::string_view text, size_t i) const {
  size_t end = 0;
  for (size_t room = widths_[i].width; end < text.size();) {
    const Character c = first_character(text.substr(end));
    const auto width = static_cast<size_t>(std::max(width_of(c.code), 0));
    if (width > room)
      break;
    room -= width;
    end += c.length;
  }
  return text.substr(0, end);
}

void FittedTable::put_pad(Output& out, size_t length, size_t i) const {
  out.put(std::string(widths_[i].width - std::min(length, widths_[i].width), ' '));
}

// Whether a column has more to say: one before `next` below this part of the line, another in it, if it is not the
// first.
bool FittedTable::is_pending(const FittedLine& line, size_t part, size_t next) const {
  for (size_t i = 0; i < columns_.size(); ++i)
    if (const size_t more = i < next ? part + 1 : part; more > 0 && line.cells[i].size() > more)
      return true;
  return false;
}

// In a further line: blanks, or the tree that goes on.
void FittedTable::print_empty(Output& out, const FittedLine& line, size_t i, bool pending) const {
  size_t length = 0;
  if (columns_[i].has_tree) {
    const std::string_view on = pending ? line.on_from : std::string_view();
    out.put(line.below, on);
    length = display_width(line.below) + display_width(on);
  }
  if (is_last(i))
    return;
  put_pad(out, length, i);
  out.put(' ');
}

void FittedTable::print_cell(Output& out, const FittedLine& line, size_t i, size_t part) const {
  const std::string_view whole = line.cells[i][part];
  const bool is_right = columns_[i].is_right;
  const bool last = is_last(i);
  const std::string_view text = columns_[i].is_cut ? fitting(whole, i) : whole;
  const size_t length = display_width(text);
  if (is_right && !text.empty())
    put_pad(out, length, i);
  out.put(text);
  if (last)
    return;
  if (!is_right || text.empty())
    put_pad(out, length, i);
  if (length <= widths_[i].width) {
    out.put(' ');
    return;
  }
  // It takes the room of the next ones, which stand below.
  out.put('\n');
  for (size_t before = 0; before <= i; ++before)
    print_empty(out, line, before, is_pending(line, part, i + 1));
}

void FittedTable::print_line(Output& out, const FittedLine& line) const {
  size_t count = 1;
  for (const auto& cell : line.cells)
    count = std::max(count, cell.size());
  for (size_t part = 0; part < count; ++part) {
    for (size_t i = 0; i < line.cells.size(); ++i)
      if (widths_[i].hidden)
        continue;
      else if (part == 0 || part < line.cells[i].size())
        print_cell(out, line, i, part);
      else
        print_empty(out, line, i, is_pending(line, part, i));
    out.put('\n');
  }
}

}  // namespace rescue
