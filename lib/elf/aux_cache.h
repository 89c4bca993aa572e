// What glibc's ldconfig remembers of the libraries that it has seen, in /var/cache/ldconfig/aux-cache: read, so that
// the headers of those need not be read again. It is never written: the padding of its records is whatever memory held.
//
// Handbook section 5: a record answers for a file of the same inode, device, size and time of change. A file that is
// damaged in any way is as good as none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "lib/elf/cache_style.h"
#include "lib/elf/library_head.h"
#include "lib/fs/root.h"

namespace rescue::elf {

class AuxCache {
 public:
  AuxCache() = default;
  static AuxCache of(const Root& root, const CacheStyle& style);
  static AuxCache parse(std::string_view bytes, const CacheStyle& style);

  bool empty() const { return records_.empty(); }
  std::optional<LibraryHead> find(const struct stat& info) const;

 private:
  struct Record {
    uint64_t inode, changed, size, device;
    LibraryHead head;
  };
  std::vector<Record> records_;  // by inode
};

}  // namespace rescue::elf
