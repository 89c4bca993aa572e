// Looks through one directory as ldconfig does: which file answers to which soname, and which links that takes.
#pragma once

#include <string>
#include <vector>

#include "lib/elf/aux_cache.h"
#include "lib/elf/cache_plan.h"
#include "lib/elf/cache_writer.h"
#include "lib/elf/library_dirs.h"
#include "lib/fs/root.h"

namespace rescue::elf {

struct ScanResult {
  std::vector<ScannedDirectory::Entry> entries;  // in ldconfig's order, which is that of the directory, backwards
  std::vector<CacheLine> lines;
  std::vector<LinkChange> links;
  std::vector<std::string> subdirs;  // of the older hwcaps kind
  std::vector<std::string> warnings;
  std::vector<std::string> remarks;
};

// `assumed` has the links that are planned already: other directories may point at them. Files in `known` are not read.
// An error when the directory cannot be read.
Result<ScanResult> scan_directory(const Root& root, const LibraryDir& dir, const CacheStyle& style, bool make_links,
                                  const AssumedLinks& assumed, const AuxCache& known);

// The link for one file alone, as `ldconfig -l` makes it.
Result<ScanResult> scan_file(const Root& root, const LibraryDir& dir, const std::string& name, const CacheStyle& style);

}  // namespace rescue::elf
