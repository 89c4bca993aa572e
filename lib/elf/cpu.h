// What the running processor can do, as far as the loader chooses directories by it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/elf/arch.h"
#include "lib/elf/glibc.h"

namespace rescue::elf {

// What decides which subdirectories of library directories are looked into.
struct Hwcaps {
  std::vector<std::string> named;   // glibc-hwcaps/NAME, best first
  std::vector<std::string> legacy;  // tls, haswell, ...: every combination of them is a directory, up to 2.36
  std::string platform;             // $PLATFORM
  uint64_t legacy_bits = 0;         // the same for ld.so.cache

  bool operator==(const Hwcaps&) const = default;
};

// For programs of `arch` (null if unknown) under a loader that knows what `facts` say, on this processor. For
// another architecture than this machine's: the least that its processors have.
Hwcaps usable_hwcaps(const Arch* arch, const LoaderFacts& facts);

// The x86-64 level of this processor, 1 to 4; 0 on another machine.
int x86_level();

}  // namespace rescue::elf
