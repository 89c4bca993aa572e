// The directories that ldconfig looks into, each once, in its order.
//
// A directory that is reached by two names is known by its inode, and the first name wins: that is the one in the
// cache. glibc-hwcaps subdirectories come right behind theirs; those of the older kind (haswell/) are found while
// their parent is read, and come last.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "lib/elf/cache_style.h"
#include "lib/fs/root.h"

namespace rescue::elf {

struct LibraryDir {
  std::string path;    // as it was spelt: what the cache will say
  std::string found;   // the same without links, within the root
  std::string hwcaps;  // name of the glibc-hwcaps subdirectory
  std::string from;
  unsigned line = 0;
  int32_t flags = 1;  // of libraries that do not tell theirs: 3 where the configuration says `=libc6`
  dev_t device = 0;
  ino_t inode = 0;
};

class LibraryDirs {
 public:
  LibraryDirs(const Root& root, const CacheStyle& style, std::string_view working_dir)
      : root_(root), style_(style), working_dir_(working_dir) {}

  // Adds the directory and its glibc-hwcaps subdirectories. One that is absent or known already is remarked on.
  void add(std::string_view path, std::string_view from, unsigned line, int32_t flags = 1);
  // Adds a subdirectory of `parent` that was found while reading it. `parent` may be one of all().
  void add_legacy(const LibraryDir& parent, const std::string& name);

  const std::vector<LibraryDir>& all() const { return dirs_; }
  // All glibc-hwcaps subdirectories, also those in which nothing is: the string table has their names.
  const std::set<std::string>& hwcaps() const { return hwcaps_; }
  std::vector<std::string>& remarks() { return remarks_; }

 private:
  bool push(LibraryDir dir, bool remark);
  void add_named(const LibraryDir& parent);
  std::string absolute(std::string_view path) const;

  const Root& root_;
  const CacheStyle& style_;
  std::string working_dir_;
  std::vector<LibraryDir> dirs_;
  std::set<std::string> hwcaps_;
  std::vector<std::string> remarks_;
};

// The bit of a subdirectory of the older kind; nothing for other names.
std::optional<unsigned> legacy_hwcap_bit(const CacheStyle& style, std::string_view name);

// The bits of all such names at the end of a path, summed up as ldconfig does.
uint64_t legacy_hwcaps_of(const CacheStyle& style, std::string_view path);

}  // namespace rescue::elf
