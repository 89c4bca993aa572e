#include "lib/elf/cache.h"

#include <algorithm>

namespace rescue::elf {

namespace {

constexpr std::string_view old_magic = "ld.so-1.7.0";
constexpr std::string_view new_magic = "glibc-ld.so.cache";
constexpr std::string_view new_version = "1.1";
constexpr uint64_t old_header = 16, old_entry = 12, new_header = 48, new_entry = 24;
constexpr uint32_t extension_magic = 0xeaa42174;
constexpr uint32_t tag_generator = 0, tag_hwcaps = 1;

bool has_new_magic(Bytes file, uint64_t offset) {
  const auto head = file.slice(offset, new_magic.size() + new_version.size(), "");
  return head && head->text().starts_with(new_magic) && head->text().ends_with(new_version);
}

// Old caches and some new ones do not say their byte order: the one in which the count fits is it.
std::endian guess_order(Bytes file, uint64_t offset, uint64_t entry_size) {
  const auto count = file.with_order(std::endian::little).read<uint32_t>(offset, "");
  return count && *count <= file.size() / entry_size ? std::endian::little : std::endian::big;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes the number at the start of `text`, as the loader does: 32 bits, leading zeros and all.
uint32_t take_number(std::string_view& text) {
  uint32_t number = 0;
  while (!text.empty() && is_digit(text[0])) {
    number = number * 10 + static_cast<uint32_t>(text[0] - '0');
    text.remove_prefix(1);
  }
  return number;
}

// Better is lower; nothing when the entry cannot be used.
std::optional<size_t> rank(const CacheEntry& entry, const CacheWish& wish, const std::vector<std::string_view>& names) {
  const size_t plain = wish.hwcaps.size();
  if (!entry.is_named())
    return (entry.hwcap & ~wish.legacy_hwcaps) == 0 ? std::optional(plain) : std::nullopt;
  if (entry.name_index() >= names.size())
    return std::nullopt;
  const auto found = std::ranges::find(wish.hwcaps, names[entry.name_index()]);
  return found != wish.hwcaps.end() ? std::optional<size_t>(found - wish.hwcaps.begin()) : std::nullopt;
}

}  // namespace

Result<> Cache::add_entry(Bytes strings, Bytes entry, bool is_new) {
  constexpr std::string_view what = "cache entry";
  CacheEntry made;
  made.flags = TRY(entry.read<int32_t>(0, what));
  made.name = TRY(strings.c_string(TRY(entry.read<uint32_t>(4, what)), "library name"));
  made.path = TRY(strings.c_string(TRY(entry.read<uint32_t>(8, what)), "library path"));
  if (is_new) {
    made.os_version = TRY(entry.read<uint32_t>(12, what));
    made.hwcap = TRY(entry.read<uint64_t>(16, what));
  }
  entries_.push_back(made);
  return {};
}

Result<> Cache::read_old(Bytes file) {
  constexpr std::string_view what = "cache entries";
  order_ = guess_order(file, 12, old_entry);
  file = file.with_order(order_);
  const uint64_t count = TRY(file.read<uint32_t>(12, what));
  const Bytes table = TRY(file.slice(old_header, count * old_entry, what));
  const uint64_t end = old_header + table.size();
  // The new format stands behind the old entries where there is one, and has everything that they have.
  const uint64_t start = (end + 7) / 8 * 8;
  if (has_new_magic(file, start)) {
    format_ = CacheFormat::compat;
    return read_new(file, start);
  }
  format_ = CacheFormat::old_format;
  const Bytes strings = TRY(file.from(end, what));
  entries_.reserve(count);
  for (uint64_t i = 0; i < count; ++i)
    TRY(add_entry(strings, TRY(table.slice(i * old_entry, old_entry, what)), false));
  return {};
}

Result<> Cache::read_new(Bytes file, uint64_t start) {
  constexpr std::string_view what = "cache entries";
  const Bytes header = TRY(file.slice(start, new_header, "cache header"));
  order_mark_ = TRY(header.read<uint8_t>(28, what)) & 3;
  if (order_mark_ == 1)
    return corrupt("cache header", file.path(), "is marked as invalid");
  order_ = order_mark_ == 2   ? std::endian::little
           : order_mark_ == 3 ? std::endian::big
                              : guess_order(file, start + 20, new_entry);
  file = file.with_order(order_);
  const uint64_t count = TRY(file.read<uint32_t>(start + 20, what));
  const uint64_t strings_size = TRY(file.read<uint32_t>(start + 24, what));
  const Bytes table = TRY(file.slice(start + new_header, count * new_entry, what));
  // Names are counted from the start of this header. None may reach past the string table.
  const Bytes strings = TRY(file.slice(start, new_header + table.size() + strings_size, "cache strings"));
  entries_.reserve(count);
  for (uint64_t i = 0; i < count; ++i)
    TRY(add_entry(strings, TRY(table.slice(i * new_entry, new_entry, what)), true));
  const uint64_t extension = TRY(file.read<uint32_t>(start + 32, what));
  return extension != 0 ? read_extension(file, extension) : Result<>{};
}

Result<> Cache::read_extension(Bytes file, uint64_t offset) {
  constexpr std::string_view what = "cache extension";
  const uint32_t magic = TRY(file.read<uint32_t>(offset, what));
  if (offset % 4 != 0 || magic != extension_magic)
    return corrupt(what, file.path(), "is not where the header says");
  const uint64_t count = TRY(file.read<uint32_t>(offset + 4, what));
  const Bytes table = TRY(file.slice(offset + 8, count * 16, what));
  for (uint64_t at = 0; at < table.size(); at += 16) {
    const auto tag = TRY(table.read<uint32_t>(at, what));
    const Bytes part =
        TRY(file.slice(TRY(table.read<uint32_t>(at + 8, what)), TRY(table.read<uint32_t>(at + 12, what)), what));
    if (tag == tag_generator)
      generator_ = part.text();
    if (tag != tag_hwcaps)
      continue;
    hwcaps_.clear();
    for (uint64_t i = 0; part.size() - i >= 4; i += 4)
      hwcaps_.push_back(TRY(file.c_string(TRY(part.read<uint32_t>(i, what)), "hwcaps name")));
  }
  return {};
}

Result<Cache> Cache::parse(std::string bytes, std::string_view path) {
  Cache cache;
  cache.bytes_.assign(bytes.begin(), bytes.end());
  const Bytes file(std::string_view(cache.bytes_.data(), cache.bytes_.size()), path);
  if (file.text().starts_with(old_magic))
    TRY(cache.read_old(file));
  else if (has_new_magic(file, 0))
    TRY(cache.read_new(file, 0));
  else
    return corrupt("read cache", path, file.empty() ? "is empty" : "is not a library cache");
  return cache;
}

std::optional<std::string_view> Cache::find(std::string_view name, const CacheWish& wish) const {
  // The same halving as the loader's, so that what it misses in a mis-sorted cache is missed here.
  size_t left = 0, right = entries_.size();
  size_t hit = right;
  while (left < right) {
    const size_t middle = left + (right - left) / 2;
    const int order = compare_library_names(name, entries_[middle].name);
    if (order == 0) {
      hit = middle;
      break;
    }
    if (order < 0)
      left = middle + 1;  // greater names come first
    else
      right = middle;
  }
  if (hit == entries_.size())
    return std::nullopt;
  while (hit > 0 && compare_library_names(name, entries_[hit - 1].name) == 0)
    --hit;
  const CacheEntry* best = nullptr;
  size_t best_rank = 0;
  for (; hit < entries_.size() && compare_library_names(name, entries_[hit].name) == 0; ++hit) {
    const CacheEntry& entry = entries_[hit];
    if (entry.flags != wish.flags && !(wish.any_elf && entry.flags == 1))
      continue;
    const auto its_rank = rank(entry, wish, hwcaps_);
    if (its_rank && (best == nullptr || *its_rank < best_rank)) {
      best = &entry;
      best_rank = *its_rank;
    }
  }
  return best != nullptr ? std::optional(best->path) : std::nullopt;
}

int compare_library_names(std::string_view a, std::string_view b) {
  // What both begin with decides nothing, apart from a number that goes on behind it.
  size_t same = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same])
    ++same;
  while (same > 0 && is_digit(a[same - 1]))
    --same;
  a.remove_prefix(same);
  b.remove_prefix(same);
  while (!a.empty()) {
    if (b.empty())
      return 1;
    if (is_digit(a[0]) && is_digit(b[0])) {
      const uint32_t x = take_number(a), y = take_number(b);
      // The difference of signed numbers, as the loader has it.
      if (x != y)
        return static_cast<int32_t>(x) < static_cast<int32_t>(y) ? -1 : 1;
      continue;
    }
    if (is_digit(a[0]) != is_digit(b[0]))
      return is_digit(a[0]) ? 1 : -1;
    if (a[0] != b[0])
      return static_cast<signed char>(a[0]) < static_cast<signed char>(b[0]) ? -1 : 1;
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return b.empty() ? 0 : -1;
}

}  // namespace rescue::elf
