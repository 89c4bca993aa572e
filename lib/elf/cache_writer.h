// Writes /etc/ld.so.cache byte for byte as glibc's ldconfig does, in each of its formats (handbook sections 5.1
// to 5.3).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/elf/cache_style.h"

namespace rescue::elf {

struct CacheLine {
  std::string soname;
  std::string path;
  int32_t flags = 0;
  uint32_t os_version = 0;
  uint64_t legacy_hwcap = 0;  // the bits of haswell/ and the like
  std::string hwcaps;         // the glibc-hwcaps subdirectory, or empty
  uint32_t isa_level = 0;     // of a library in such a one
};

// The bytes of the cache. `lines` may be in any order; where the loader's order leaves two of them equal, they keep
// the one given. `hwcaps` are the names of all glibc-hwcaps subdirectories seen, with or without a library in them.
std::string write_cache(std::vector<CacheLine> lines, const std::set<std::string>& hwcaps, const CacheStyle& style);

}  // namespace rescue::elf
