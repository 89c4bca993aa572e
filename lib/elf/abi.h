// Inside the Resolver: what all programs of one loader share, and the names and libraries that they meet.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/elf/arch.h"
#include "lib/elf/cache.h"
#include "lib/elf/cpu.h"
#include "lib/elf/glibc.h"
#include "lib/elf/library.h"
#include "lib/elf/search.h"

namespace rescue::elf {

// A name that something needs. What it leads to is found once, for all that look without a path of their own.
// `epoch` and `object` say whether, and as what, it is loaded in the closure that is being made.
struct Name {
  std::string text;
  std::optional<Hit> common;  // by the cache and the default directories
  std::optional<Hit> plain;   // the same behind LD_LIBRARY_PATH
  uint64_t epoch = 0;
  uint32_t object = 0;
};

// A library in the eyes of one loader, with its names looked up.
struct Node {
  struct Need {
    Name* library;
    const VersionNeed* versions;
    const Library* known_good = nullptr;  // has all of the versions
  };

  const Library* file = nullptr;
  Name* soname = nullptr;
  std::vector<Name*> needed;
  std::vector<Name*> auxiliary;
  std::vector<Need> needs;
  // Of an own DT_RPATH that counts, and of DT_RUNPATH: by the directory from which the library was loaded where
  // $ORIGIN makes that a difference, else under "".
  struct Paths {
    std::vector<Directory*> rpath, runpath;
  };
  TextMap<Paths> paths;
  bool no_default_dirs = false;
  uint64_t epoch = 0;
  uint32_t object = 0;
};

struct Abi {
  const Arch* arch = nullptr;
  bool is64 = false;
  std::endian order = std::endian::little;
  uint16_t machine = 0;
  uint32_t flags = 0;
  bool is_musl = false;

  Hit loader;
  LoaderFacts facts;
  Hwcaps hwcaps;
  std::vector<std::string> subdirectories;  // in every directory, before the directory itself
  std::vector<Directory*> default_dirs;

  TextMap<std::unique_ptr<Name>> names;
  std::map<const Library*, std::unique_ptr<Node>> nodes;
  std::map<const Directory*, std::vector<Directory*>> layers;

  Name& name(std::string_view text);
  CacheWish cache_wish() const;
};

// Why the loader would not take `library` as a dependency: nothing if it does.
struct Verdict {
  enum class Kind : uint8_t { taken, passed_over, stops } kind = Kind::taken;
  std::optional<Error> error;
};
Verdict judge(const Abi& abi, const Library& library, std::string_view shown);

// Why the file cannot be run or loaded at all, whoever asks: damaged or cut short.
std::optional<Error> damage_of(const Library& library, std::string_view shown);

// The subdirectories that the older and newer kinds of hwcaps make, in the loader's order.
std::vector<std::string> hwcaps_subdirectories(const LoaderFacts& facts, const Hwcaps& hwcaps);

// Where a loader that cannot be read would look: the directories of the distributions for its architecture.
std::vector<std::string> likely_default_dirs(const Arch* arch);

// `$ORIGIN`, `$LIB`, `$PLATFORM`, with or without braces, replaced. `origin` has no closing slash.
std::string expand_tokens(std::string_view text, std::string_view origin, const Abi& abi);

}  // namespace rescue::elf
