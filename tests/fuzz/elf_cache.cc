// Fuzzes the reader of ld.so.cache: any bytes give a cache whose entries can all be used, or an error.
#include <cstdlib>

#include "lib/elf/cache.h"

namespace {

void expect(bool fine) {
  if (!fine)
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue::elf;
  const auto cache = Cache::parse(std::string(reinterpret_cast<const char*>(data), size), "fuzz");
  if (!cache)
    return 0;
  expect(cache->entries().size() <= size / 12);
  const std::vector<std::string> hwcaps = {"x86-64-v3", "x86-64-v2"};
  // A search per entry; in a sorted cache each finds its name. Bounded, for entries are small and may be many.
  size_t asked = 0;
  for (const CacheEntry& entry : cache->entries()) {
    if (++asked > 64)
      break;
    expect(compare_library_names(entry.name, entry.name) == 0);
    (void)cache->find(entry.name, {.flags = entry.flags, .hwcaps = hwcaps, .legacy_hwcaps = ~uint64_t{0}});
  }
  return 0;
}
