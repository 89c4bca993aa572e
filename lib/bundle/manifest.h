// The list of all that a bundle holds: its member `.rescue/manifest.mtree`, in the form of mtree(5).
//
// We read it ourselves: libarchive's reader opens the real paths that a manifest names.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/error.h"

namespace rescue {

// What an entry of a bundle is. (EntryType, of lib/archive, has all that an archive may hold.)
enum class EntryKind : uint8_t { file, dir, link };

// How much depends on a file (handbook: minimal closures). Restored in this order when space is short.
enum class Tier : uint8_t {
  loader,    // T0: the loader, libc, the links that lead to them
  login,     // T1: the rest of the family, and what a login needs
  packages,  // T2: what the package manager needs
  rest,      // T3
};

using Sha256Digest = std::array<uint8_t, 32>;

// Whether a file is the administrator's to change: as its path says (text in /etc), or as its package says.
enum class ConfigMark : uint8_t { by_path, no, yes };

struct ManifestEntry {
  std::string path;  // "usr/lib/x86_64-linux-gnu/libc.so.6": no leading slash, no `.` or `..`
  EntryKind type = EntryKind::file;
  Tier tier = Tier::rest;
  uint32_t mode = 0;  // permission bits, with set-id and sticky
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint64_t size = 0;   // of a file, bytes
  uint32_t nlink = 1;  // of a file: how many names of the bundle share it
  // The recipe names this file as one that may run with more rights than its caller's: set-id bits in its mode, or
  // file capabilities in its extended attributes. `tags=setid` says so.
  bool privileged = false;
  ConfigMark config = ConfigMark::by_path;  // these two are of packages, and not in the text
  std::string_view successor;               // ending of the name under which new configuration is put beside the old
  std::string link;                         // target text of a link
  Sha256Digest sha256{};                    // of a file
};

// Whether a bundle may hold such a name or link text: UTF-8 without control characters, for it is shown on terminals
// and goes into line-based files.
bool is_bundle_name(std::string_view name);

struct Manifest {
  std::vector<ManifestEntry> entries;  // a directory before what is in it

  // Reads the text; the view's path names the bundle in errors. Refuses what has no place in a bundle: absolute
  // paths, `..`, devices, duplicates, an entry below a file or a link, sizes whose sum overflows, an entry whose
  // parent directory is not listed, set-id files that are not tagged as meant by the recipe.
  static Result<Manifest> parse(const Bytes& text);

  std::string print() const;

  const ManifestEntry* find(std::string_view path) const;  // entries need not be sorted
  uint64_t total_size() const;
};

}  // namespace rescue
