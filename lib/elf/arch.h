// The architectures that glibc serves: where the kernel finds the loader, and how ld.so.cache marks their libraries.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

#include "lib/elf/image.h"

namespace rescue::elf {

struct Arch {
  std::string_view name;         // "x86_64", as a bundle's ARCH has it
  std::string_view interpreter;  // PT_INTERP of its programs
  std::string_view triplet;      // Debian's multiarch directory
  std::string_view base;         // the oldest symbol version: "2.2.5" for GLIBC_2.2.5
  std::string_view lib64;        // where other distributions keep its libraries: "lib64", "lib"
  uint16_t machine;              // EM_*
  bool is64;
  std::endian order;
  uint32_t flags_mask;  // e_flags & flags_mask == flags_value tells ABIs of one machine apart
  uint32_t flags_value;
  int32_t cache_flags;  // ld.so.cache's mark
};

std::span<const Arch> architectures();

// The architecture of a file, or null for one that glibc has no row for here.
const Arch* architecture_of(const Image& image);

// By name, or null.
const Arch* architecture_named(std::string_view name);

// "x86-64", "AArch64": for people; "machine 99" has no name here and gives "".
std::string_view machine_name(uint16_t machine);

}  // namespace rescue::elf
