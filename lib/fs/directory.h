// Reading a directory by its descriptor, in large pieces.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "lib/base/error.h"

namespace rescue {

// Room for reading one directory after another: to ask the system for it each time costs as much as the reading.
class DirectoryRoom {
 public:
  std::span<char> get() {
    if (!bytes_)
      bytes_ = std::make_unique_for_overwrite<char[]>(size);
    return {bytes_.get(), size};
  }

 private:
  static constexpr size_t size = 32768;
  std::unique_ptr<char[]> bytes_;
};

class DirectoryReader {
 public:
  // Reads from the descriptor's place on; `path` names it in errors. Both must outlive the reader.
  DirectoryReader(int fd, std::string_view path);
  // The same with the caller's own room; 4 KiB at the least.
  DirectoryReader(int fd, std::string_view path, std::span<char> room) : fd_(fd), path_(path), room_(room) {}

  // Goes to the next entry; false at the end. `.` and `..` are among the entries.
  Result<bool> next();

  // Of the current entry, until the next call of next(). The name ends with a zero byte.
  std::string_view name() const { return name_; }
  const char* c_name() const { return name_.data(); }
  uint8_t type() const { return type_; }  // DT_REG..., DT_UNKNOWN where the file system does not say

 private:
  static constexpr size_t buffer_size = 65536;

  int fd_;
  std::string_view path_;
  std::unique_ptr<char[]> buffer_;
  std::span<char> room_;
  size_t used_ = 0;
  size_t at_ = 0;
  std::string_view name_;
  uint8_t type_ = 0;
};

// Makes the directories that lie above `path` and are not there.
Result<> make_parents(const std::string& path, mode_t mode);

inline bool is_dot_or_dot_dot(std::string_view name) {
  return name == "." || name == "..";
}

}  // namespace rescue
