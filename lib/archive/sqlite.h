// SQLite databases (https://www.sqlite.org/fileformat.html), as far as the rows of a table can be read without an
// index: the B-tree of its pages, the overflow pages of long rows, and what is in a write-ahead log.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/error.h"

namespace rescue {

class SqliteFile {
 public:
  // Reads `fd`, which stays the caller's; `log` is its write-ahead log (NAME-wal), or -1. Of the log counts what was
  // committed. Errors have status bad_data.
  static Result<SqliteFile> open(int fd, uint64_t size, std::string_view path, int log);

  // The page at which the B-tree of the table begins; nothing where there is no such table.
  Result<std::optional<uint32_t>> find_table(std::string_view name) const;

  // A row: the page and the number of its cell there.
  struct Row {
    uint32_t page = 0;
    uint16_t cell = 0;
  };
  // All rows of the tree. What cannot be read is told in `faults`, and the rest is given.
  std::vector<Row> rows(uint32_t tree, std::vector<std::string>& faults) const;
  // Its record: the values of its columns behind a header that says what they are.
  Result<std::string> record(Row row) const;
  // A column of a record, as the bytes of a text or a blob, or an integer; empty where it is null.
  struct Value {
    std::string_view bytes;
    int64_t number = 0;
  };
  Result<Value> column(std::string_view record, size_t index) const;

  // How many pages the log adds or replaces.
  size_t pages_in_log() const { return log_pages_.size(); }

 private:
  struct Tree;
  SqliteFile(int fd, std::string_view path, int log) : fd_(fd), path_(path), log_(log) {}
  Result<> read_head();
  Result<> read_log();
  Result<std::string> page(uint32_t number) const;
  Result<> walk(uint32_t number, Tree& tree, int depth) const;
  Result<std::string> payload(const Bytes& page, uint64_t at) const;
  std::unexpected<Error> bad(std::string_view detail) const;

  int fd_;
  std::string path_;
  int log_;
  uint32_t page_size_ = 0;
  uint32_t usable_ = 0;  // of a page
  uint32_t pages_ = 0;
  std::map<uint32_t, uint64_t> log_pages_;  // number -> offset in the log
};

}  // namespace rescue
