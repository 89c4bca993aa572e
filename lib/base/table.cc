#include "lib/base/table.h"

#include <algorithm>

#include "lib/base/json.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

// Only letters differ in this bit.
std::string in_other_case(std::string_view name, bool capital) {
  std::string text(name);
  for (char& c : text)
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
      c = static_cast<char>(capital ? c & ~0x20 : c | 0x20);
  return text;
}

}  // namespace

Result<> Table::choose(std::string_view list) {
  shown_.clear();
  for (const std::string_view word : split(list, ',')) {
    const std::string name = in_other_case(word, true);
    const auto column = std::ranges::find_if(known_, [&](const TableColumn& c) { return name == c.name; });
    if (column == known_.end())
      return with_status(fail("unknown column", word, "is none").error(), Status::failed);
    shown_.push_back(static_cast<size_t>(column - known_.begin()));
  }
  return {};
}

void Table::choose_all() {
  shown_.clear();
  for (size_t i = 0; i < known_.size(); ++i)
    shown_.push_back(i);
}

void Table::print(Output& out, TableStyle style) const {
  std::vector<size_t> widths(known_.size());
  for (size_t i = 0; i < widths.size() && !style.raw; ++i) {
    widths[i] = std::string_view(known_[i].name).size();
    for (const auto& row : rows_)
      widths[i] = std::max(widths[i], row[i].size());
  }
  // The line of headings is row -1.
  for (size_t row = style.no_headings ? 0 : static_cast<size_t>(-1); row != rows_.size(); ++row) {
    for (const size_t& column : shown_) {
      const std::string_view cell =
          row == static_cast<size_t>(-1) ? std::string_view(known_[column].name) : rows_[row][column];
      const std::string pad(widths[column] > cell.size() ? widths[column] - cell.size() : 0, ' ');
      const bool right = known_[column].kind != TableColumn::Kind::text;
      const bool last = &column == &shown_.back();
      out.put(right ? pad : "", cell, right || last ? "" : pad, last ? '\n' : ' ');
    }
  }
}

void Table::print_json(Output& out, std::string_view name) const {
  JsonWriter json(out);
  json.begin_object();
  json.key(name).begin_array();
  for (const auto& row : rows_) {
    json.begin_object();
    for (const size_t column : shown_) {
      const std::string& cell = row[column];
      json.key(in_other_case(known_[column].name, false));
      if (known_[column].kind == TableColumn::Kind::flag)
        json.value(cell == "1");
      else if (const auto number = to_number<uint64_t>(cell);
               number && known_[column].kind == TableColumn::Kind::number)
        json.value(*number);
      else if (cell.empty())
        json.null();
      else
        json.value(cell);
    }
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.finish();
}

}  // namespace rescue
