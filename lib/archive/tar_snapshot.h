// What tar -g knows of the directories that it saw the last time: GNU tar's snapshot file, in its format 2.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

class TarSnapshot {
 public:
  struct Time {
    int64_t seconds = 0;
    uint32_t nanoseconds = 0;
  };
  struct Directory {
    Time mtime;
    uint64_t device = 0;
    uint64_t inode = 0;
    std::string contents;  // "Yname\0Nname\0Dname\0", sorted
    bool nfs = false;
  };

  // Reads it; an empty file is that of a first time. What is damaged is an error.
  static Result<TarSnapshot> parse(std::string_view bytes, std::string_view path);
  std::string text() const;

  Time start;  // when the archive was begun
  std::map<std::string, Directory, std::less<>> directories;
  bool first = true;
};

}  // namespace rescue
