// libFuzzer: the section headers of ELF files.
#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/elf/data_sections.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  const Bytes file(std::span(data, size), "fuzz");
  const auto where = elf::section_table(file);
  if (!where)
    return 0;
  const auto table = file.from(where->offset, "section headers");
  if (table)
    (void)elf::data_sections(*table, *where);
  return 0;
}
