// What glibc's ldconfig would do to a root: the bytes of the new /etc/ld.so.cache, and the soname links that it would
// make, point elsewhere or remove. Computed without changing anything, so that a restore can put the result in place
// through its own journal, and byte for byte what the root's own ldconfig would write (handbook section 5).
//
// Nothing of the root is run. The headers of each library are read, where ldconfig's own memory of it is not asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/elf/cache_style.h"
#include "lib/fs/root.h"

namespace rescue::elf {

struct CacheOptions {
  std::string conf = "/etc/ld.so.conf";  // both are paths of the root
  std::string cache = "/etc/ld.so.cache";
  std::string working_dir = "/";         // what relative names above and below stand in
  std::vector<std::string> directories;  // looked at before those of `conf`
  bool only_given = false;               // `directories` alone: neither `conf` nor what the loader has built in
  bool make_links = true;                // where not, the cache is as if they had been made
  bool use_aux_cache = false;            // believe what glibc's ldconfig remembers of a library that is as it was
  bool compare = true;                   // whether `cache_changes` is of interest
  std::optional<CacheFormat> format;     // in place of the one that the root's ldconfig writes
};

// A soname link that must change. The path is one of the root, without links in it and without a leading slash.
struct LinkChange {
  std::string path;
  std::string target;  // empty: a link that leads nowhere, to be removed

  bool removes() const { return target.empty(); }
};

// What was found in one directory, in ldconfig's order.
struct ScannedDirectory {
  struct Entry {
    std::string soname;
    std::string file;
    bool changes = false;  // the link is to be made, or to be pointed here
    bool skipped = false;  // it should be, and something that is no link stands there
    bool is_link = false;  // the file is a link itself, so that none is made to it
  };
  std::string path;    // as it was spelt
  std::string hwcaps;  // the glibc-hwcaps subdirectory's name
  uint64_t legacy_hwcaps = 0;
  std::string from;  // the file that named it, or "<builtin>", "<cmdline>"
  unsigned line = 0;
  std::vector<Entry> entries;
};

struct CachePlan {
  std::string cache_path;             // where the cache belongs, without links: "etc/ld.so.cache"
  std::string bytes;                  // of the new cache
  bool cache_changes = false;         // the file there is another one, or none
  std::vector<LinkChange> links;      // in the order in which they are to be made
  std::vector<std::string> warnings;  // for people, what ldconfig prints without being asked: "/lib/x.so: is empty"
  std::vector<std::string> remarks;   // what it says with -v only: directories that are absent or named twice
  std::vector<ScannedDirectory> directories;

  bool changes_nothing() const { return !cache_changes && links.empty(); }
};

// An error only when the root itself cannot be read; a bad library is a warning, as it is to ldconfig. Where the root
// tells nothing about its glibc at all (no libc, loader, ldconfig or cache that could be read), it is an error too:
// a cache that was guessed is worse than none.
Result<CachePlan> plan_cache(const Root& root, const CacheOptions& options = {});

// The soname link of one library alone: `links`, `warnings` and one directory are filled.
Result<CachePlan> plan_link(const Root& root, std::string_view path);

// Makes the links, then writes the cache to a temporary file beside it, syncs it and renames it into place. The
// directories are synced. For the applet: a restore does the same through its journal.
Result<> apply_links(const Root& root, const CachePlan& plan);
Result<> apply_cache(const Root& root, const CachePlan& plan);

}  // namespace rescue::elf
