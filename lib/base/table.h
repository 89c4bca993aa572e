// A table for people, with chosen columns; the same for shells and as JSON.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/io.h"

namespace rescue {

struct TableColumn {
  enum class Kind : uint8_t { text, number, flag };  // all but texts stand to the right
  char name[13];
  Kind kind;
};

struct TableStyle {
  bool no_headings = false;
  bool raw = false;  // one blank between the columns, and no more
};

class Table {
 public:
  // All columns that there are; `shown` are those that are printed.
  Table(std::span<const TableColumn> known, std::string_view shown) : known_(known) { (void)choose(shown); }

  // Shows these columns: their names, in capitals or not, with commas between.
  Result<> choose(std::string_view list);
  void choose_all();
  // A value for each known column; 0 and 1 for a flag.
  void add(std::vector<std::string> values) { rows_.push_back(std::move(values)); }
  bool empty() const { return rows_.empty(); }

  void print(Output& out, TableStyle style) const;
  void print_json(Output& out, std::string_view name) const;

 private:
  std::span<const TableColumn> known_;
  std::vector<size_t> shown_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace rescue
