// Fuzzes the reader of ld.so.conf: each line says something, and stands where it says.
#include <algorithm>
#include <cstdlib>

#include "lib/elf/ld_so_conf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue::elf;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line_count = static_cast<size_t>(std::ranges::count(text, '\n')) + 1;
  unsigned last = 0;
  for (const ConfLine& line : parse_ld_so_conf(text)) {
    if (line.text.empty() || line.number < last || line.number > line_count ||
        line.text.find_first_of(std::string_view("\n#\0", 3)) != std::string::npos)
      std::abort();
    last = line.number;
    if (trim_directory(line.text).ends_with('/'))
      std::abort();
  }
  return 0;
}
