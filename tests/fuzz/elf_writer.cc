// Fuzzes what ldconfig learns from a library and remembers of it, and the writer of the cache: what it learns is
// written in every format and reads back the same.
#include <cstdlib>

#include "lib/elf/aux_cache.h"
#include "lib/elf/cache.h"
#include "lib/elf/cache_writer.h"
#include "lib/elf/library_head.h"

namespace {

using namespace rescue::elf;

void expect(bool fine) {
  if (!fine)
    std::abort();
}

void check(std::vector<CacheLine> lines, const CacheStyle& style) {
  const size_t count = lines.size();
  const auto cache = Cache::parse(write_cache(std::move(lines), {"a", "unused"}, style), "fuzz");
  expect(cache.has_value());
  expect(cache->format() == style.format);
  expect(cache->entries().size() == count);
  for (size_t i = 1; i < count; ++i)
    expect(compare_library_names(cache->entries()[i - 1].name, cache->entries()[i].name) >= 0);
  for (const CacheEntry& entry : cache->entries())
    expect(entry.path.ends_with(entry.name));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4)
    return 0;
  constexpr std::string_view versions[] = {"2.17", "2.31", "2.36", "2.41"};
  CacheStyle style = style_of_version(architectures()[data[0] % architectures().size()], versions[data[1] % 4], "");
  style.format = static_cast<CacheFormat>(data[2] % 3);
  const std::string_view rest(reinterpret_cast<const char*>(data) + 4, size - 4);
  // Nothing is found that the bytes do not hold.
  const struct stat info{};
  if (const auto known = AuxCache::parse(rest, style).find(info); known && known->soname)
    expect(rest.contains(*known->soname));
  std::vector<CacheLine> lines;
  if (const auto head = parse_library_head(rest, "fuzz", style); head && *head) {
    expect(!(*head)->soname || (*head)->soname->find('\0') == std::string::npos);
    lines.push_back({(*head)->soname.value_or("x"), "/lib/" + (*head)->soname.value_or("x"), (*head)->flags,
                     (*head)->os_version, 0, style.named_hwcaps ? "a" : "", (*head)->isa_level});
  }
  // The old format leaves entries with hwcaps out.
  if (style.format == CacheFormat::old_format)
    lines.clear();
  for (size_t at = 0; at < rest.size() && lines.size() < 64;) {
    const size_t end = std::min(rest.find('\0', at), rest.size());
    const std::string name(rest.substr(at, end - at));
    lines.push_back({name, "/lib/" + name, static_cast<int32_t>(at % 3), 0, 0, "", 0});
    at = end + 1;
  }
  if (style.format == CacheFormat::old_format && !style.named_hwcaps && lines.size() % 2 == 1)
    lines.pop_back();  // glibc's own does not read back then: see cache_writer.cc
  check(std::move(lines), style);
  return 0;
}
