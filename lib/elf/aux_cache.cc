#include "lib/elf/aux_cache.h"

#include <algorithm>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/sort.h"

namespace rescue::elf {

namespace {

constexpr std::string_view path = "/var/cache/ldconfig/aux-cache";
constexpr uint64_t longest = 16 << 20;
constexpr uint64_t head_size = 32;
constexpr uint64_t record_size = 48;

}  // namespace

AuxCache AuxCache::of(const Root& root, const CacheStyle& style) {
  const auto bytes = root.read_file(path, longest);
  return bytes ? parse(*bytes, style) : AuxCache();
}

AuxCache AuxCache::parse(std::string_view text, const CacheStyle& style) {
  // With the kernel that a library needs it went out of use: glibc 2.36 has the second kind.
  const bool old = style.os_versions;
  if (text.size() < head_size || !text.starts_with(old ? "glibc-ld.so.auxcache-1.0" : "glibc-ld.so.auxcache-2.0"))
    return {};
  const Bytes bytes(text, path, style.arch->order);
  const auto number = [&](uint64_t at) { return bytes.read<uint32_t>(at, "").value_or(0); };
  const auto word = [&](uint64_t at) { return bytes.read<uint64_t>(at, "").value_or(0); };
  const uint64_t count = number(24);
  const uint64_t strings = head_size + count * record_size;
  if (strings > text.size() || number(28) != text.size() - strings)
    return {};
  AuxCache cache;
  cache.records_.reserve(count);
  for (uint64_t at = head_size; at < strings; at += record_size) {
    Record record{word(at), word(at + 8), word(at + 16), word(at + 24), {}};
    record.head.flags = static_cast<int32_t>(number(at + 32));
    if (old)
      record.head.os_version = number(at + 40);
    if (style.named_hwcaps)
      record.head.isa_level = number(at + (old ? 44 : 40));
    if (const uint64_t name = number(at + 36); name != 0) {
      auto soname = bytes.c_string(strings + name, "");
      if (!soname)
        return {};
      record.head.soname = *std::move(soname);
    }
    cache.records_.push_back(std::move(record));
  }
  rescue::sort(cache.records_, {}, &Record::inode);
  return cache;
}

std::optional<LibraryHead> AuxCache::find(const struct stat& info) const {
  for (auto record = std::ranges::lower_bound(records_, info.st_ino, {}, &Record::inode);
       record != records_.end() && record->inode == info.st_ino; ++record)
    if (record->changed == static_cast<uint64_t>(info.st_ctime) && record->device == info.st_dev &&
        record->size == static_cast<uint64_t>(info.st_size))
      return record->head;
  return std::nullopt;
}

}  // namespace rescue::elf
