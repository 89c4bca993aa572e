// Reads /etc/ld.so.cache in each format that ldconfig ever wrote: old, new, and new behind old ("compat").
//
// All of it is checked when it is read: after that, every entry's name and path are good views. Entries keep the
// order of the file, because the loader finds them by halving it, and a mis-sorted cache loses libraries there.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/error.h"

namespace rescue::elf {

struct CacheEntry {
  int32_t flags = 0;
  std::string_view name;  // soname
  std::string_view path;
  uint32_t os_version = 0;
  uint64_t hwcap = 0;

  // Entries for a glibc-hwcaps subdirectory carry its number in the list of names instead of a bit mask.
  static constexpr uint64_t named_bit = uint64_t{1} << 62;
  bool is_named() const { return (hwcap & named_bit) != 0; }
  uint32_t name_index() const { return static_cast<uint32_t>(hwcap); }
};

enum class CacheFormat : uint8_t { old_format, compat, new_format };

// What decides among the entries of one name.
struct CacheWish {
  int32_t flags = 0;                         // the architecture's mark
  bool any_elf = false;                      // i386 takes entries marked 1 as well
  std::span<const std::string> hwcaps = {};  // usable glibc-hwcaps subdirectories, best first
  uint64_t legacy_hwcaps = 0;                // usable bits of the older kind
};

class Cache {
 public:
  // Takes the file's bytes over. Both byte orders are read; byte_order() says which it is.
  static Result<Cache> parse(std::string bytes, std::string_view path);

  CacheFormat format() const { return format_; }
  std::endian byte_order() const { return order_; }
  // The mark of the byte order, 0 where an old ldconfig left it out.
  uint8_t order_mark() const { return order_mark_; }
  const std::vector<CacheEntry>& entries() const { return entries_; }
  // The glibc-hwcaps subdirectories that named entries point into.
  const std::vector<std::string_view>& hwcaps() const { return hwcaps_; }
  // Which ldconfig wrote it, "" before 2.33.
  std::string_view generator() const { return generator_; }

  // The path that the loader would try for `name`.
  std::optional<std::string_view> find(std::string_view name, const CacheWish& wish) const;

 private:
  Result<> read_old(Bytes file);
  Result<> read_new(Bytes file, uint64_t start);
  Result<> read_extension(Bytes file, uint64_t offset);
  Result<> add_entry(Bytes strings, Bytes entry, bool is_new);

  std::vector<char> bytes_;  // a vector's bytes stay where they are when it is moved
  CacheFormat format_ = CacheFormat::new_format;
  std::endian order_ = std::endian::little;
  uint8_t order_mark_ = 0;
  std::vector<CacheEntry> entries_;
  std::vector<std::string_view> hwcaps_;
  std::string_view generator_;
};

// The loader's order of library names: runs of digits count as numbers, a digit is greater than anything else.
int compare_library_names(std::string_view a, std::string_view b);

}  // namespace rescue::elf
