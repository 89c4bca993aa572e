// What ldconfig learns from a library: its soname, its kind, and what the notes say. Read as glibc's does it, faults
// and all: elf::Image is stricter, reads more than is asked here, and would leave out files that ldconfig takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/elf/cache_style.h"

namespace rescue::elf {

struct LibraryHead {
  std::optional<std::string> soname;  // DT_SONAME
  int32_t flags = 0;                  // as the cache marks the library
  uint32_t os_version = 0;            // of the ABI note; read where the style writes it
  uint32_t isa_level = 0;             // the greatest x86-64 level it asks for, counted from 0
};

// Nothing for a file that is passed over in silence (a linker script, a program, another byte order); an error for
// one that ldconfig complains of.
Result<std::optional<LibraryHead>> read_library_head(int fd, uint64_t size, std::string_view path,
                                                     const CacheStyle& style);
Result<std::optional<LibraryHead>> parse_library_head(std::string_view bytes, std::string_view path,
                                                      const CacheStyle& style);

}  // namespace rescue::elf
