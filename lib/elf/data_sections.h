// Where a file keeps what is loaded into memory, by its section headers: what `strings -d` looks at.
#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/bytes.h"

namespace rescue::elf {

struct Region {
  uint64_t offset = 0;
  uint64_t size = 0;
};

// Where the section headers are, as the first bytes of the file say. An error where it is no ELF file, or has none.
struct SectionTable {
  uint64_t offset = 0;
  uint64_t entry_size = 0;
  uint64_t count = 0;
  bool wide = false;  // 64 bits
  std::endian order = std::endian::little;

  uint64_t size() const { return entry_size * count; }
};
constexpr size_t header_size = 64;
Result<SectionTable> section_table(const Bytes& header);

// The regions of the sections that are loaded and have content, in the order of the headers; `table` is those headers.
Result<std::vector<Region>> data_sections(const Bytes& table, const SectionTable& where);

}  // namespace rescue::elf
