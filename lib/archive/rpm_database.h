// The databases in which rpm keeps the header of each installed package, in all the forms that it had: SQLite
// (rpmdb.sqlite), ndb (Packages.db), a Berkeley DB hash (Packages).
//
// Read page by page by ourselves: for reading alone none of their libraries is needed, and a database that is damaged
// in one place still gives what is elsewhere in it. Nothing is ever written, locked or recovered.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace rescue::rpm {

class Database {
 public:
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  virtual ~Database() = default;

  // Reads `fd`, a file that can be read at any offset and stays the caller's, as does `log`: the write-ahead log that
  // lies beside an SQLite database (NAME-wal), or -1. `path` names it in errors, which have status bad_data.
  static Result<std::unique_ptr<Database>> open(int fd, std::string_view path, int log = -1);

  // Where all headers are, in no certain order. What could not be read is in faults(), for people.
  virtual std::vector<uint64_t> headers() = 0;
  const std::vector<std::string>& faults() const { return faults_; }

  // The header there, as Header::parse takes it.
  virtual Result<std::string> read(uint64_t header) = 0;

 protected:
  Database(int fd, uint64_t size, std::string_view path) : fd_(fd), size_(size), path_(path) {}

  std::unexpected<Error> bad(std::string_view detail) const;
  // `length` bytes from `offset`, or an error where the file has fewer.
  Result<std::string> bytes_at(uint64_t offset, uint64_t length) const;

  int fd_;
  uint64_t size_;
  std::string path_;
  std::vector<std::string> faults_;
};

// Those of one kind; for open().
Result<std::unique_ptr<Database>> open_sqlite(int fd, uint64_t size, std::string_view path, int log);
Result<std::unique_ptr<Database>> open_ndb(int fd, uint64_t size, std::string_view path);
Result<std::unique_ptr<Database>> open_bdb(int fd, uint64_t size, std::string_view path);

inline constexpr std::string_view sqlite_magic("SQLite format 3\0", 16);
inline constexpr std::string_view ndb_magic = "RpmP";

// Whether a file that begins with these bytes is a Berkeley DB hash.
bool looks_like_bdb(std::string_view start);

// More than this no header may have (rpm's own limit).
inline constexpr uint64_t largest_header = 256 << 20;

}  // namespace rescue::rpm
