// Makes small ld.so.cache files for the tests, in the old and in the new format.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/elf/cache.h"
#include "tests/elf/builder.h"

namespace rescue::elf::test {

constexpr int32_t x86_64 = 0x0303, i386 = 0x0003;

struct CacheLine {
  std::string name, path;
  int32_t flags = x86_64;
  uint64_t hwcap = 0;
};

// Entries must come in the loader's order, greatest name first.
inline std::string new_cache(const std::vector<CacheLine>& entries, const std::vector<std::string>& hwcaps = {},
                             std::endian order = std::endian::little, uint8_t mark = 2, uint64_t start = 0) {
  Writer out(order), strings(order);
  const uint64_t strings_at = 48 + 24 * entries.size();
  const auto string = [&](const std::string& text) {
    const uint64_t place = strings_at + strings.size();
    strings.text(text);
    strings.number(0, 1);
    return place;
  };
  Writer table(order);
  for (const CacheLine& entry : entries) {
    table.number(static_cast<uint32_t>(entry.flags), 4);
    table.number(string(entry.name), 4);
    table.number(string(entry.path), 4);
    table.number(0, 4);
    table.number(entry.hwcap, 8);
  }
  Writer names(order);
  for (const std::string& name : hwcaps)
    names.number(start + string(name), 4);
  const std::string generator = "ldconfig (test) stable release version 2.36";
  const uint64_t extension = (start + strings_at + strings.size() + 3) / 4 * 4;
  out.text("glibc-ld.so.cache1.1");
  out.number(entries.size(), 4);
  out.number(strings.size(), 4);
  out.number(mark, 1);
  out.number(0, 3);
  out.number(hwcaps.empty() ? 0 : extension, 4);
  out.text(std::string(12, '\0'));
  out.text(table.take());
  out.text(strings.take());
  if (hwcaps.empty())
    return out.take();
  out.align(4);
  const uint64_t parts = extension + 8 + 32;
  out.number(0xeaa42174, 4);
  out.number(2, 4);
  for (const uint64_t field : {uint64_t{0}, uint64_t{0}, parts + names.size(), uint64_t{generator.size()}})
    out.number(field, 4);
  for (const uint64_t field : {uint64_t{1}, uint64_t{0}, parts, uint64_t{names.size()}})
    out.number(field, 4);
  out.text(names.take());
  out.text(generator);
  return out.take();
}

inline std::string old_cache(const std::vector<CacheLine>& entries) {
  Writer table(std::endian::little), strings(std::endian::little);
  for (const CacheLine& entry : entries) {
    table.number(static_cast<uint32_t>(entry.flags), 4);
    table.number(strings.size(), 4);
    table.number(strings.size() + entry.name.size() + 1, 4);
    strings.text(entry.name + '\0' + entry.path + '\0');
  }
  Writer out(std::endian::little);
  out.text(std::string_view("ld.so-1.7.0\0", 12));
  out.number(entries.size(), 4);
  return out.take() + table.take() + strings.take();
}

inline const std::vector<CacheLine>& sample_lines() {
  static const std::vector<CacheLine> lines = {
      {"libz.so.1", "/lib/libz.so.1"}, {"libfoo.so.10", "/lib/libfoo.so.10"},   {"libfoo.so.9", "/opt/libfoo.so.9"},
      {"libc.so.6", "/lib/libc.so.6"}, {"libc.so.6", "/lib32/libc.so.6", i386},
  };
  return lines;
}

}  // namespace rescue::elf::test
