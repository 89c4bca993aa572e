#include "lib/elf/library_dirs.h"

#include <algorithm>
#include <array>
#include <utility>

#include <dirent.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/fs/directory.h"

namespace rescue::elf {

namespace {

using Bit = std::pair<std::string_view, unsigned>;

constexpr std::array<Bit, 7> x86_bits = {{
    {"sse2", 0},
    {"x86_64", 1},
    {"avx512_1", 2},
    {"i586", 48},
    {"i686", 49},
    {"haswell", 50},
    {"xeon_phi", 51},
}};

}  // namespace

std::optional<unsigned> legacy_hwcap_bit(const CacheStyle& style, std::string_view name) {
  if (name == "tls")
    return 63;
  if (style.is_x86()) {
    const auto* found = std::ranges::find(x86_bits, name, &Bit::first);
    return found != x86_bits.end() ? std::optional(found->second) : std::nullopt;
  }
  if (style.arch->machine == EM_AARCH64 && name == "atomics")
    return 8;
  return std::nullopt;
}

uint64_t legacy_hwcaps_of(const CacheStyle& style, std::string_view path) {
  uint64_t bits = 0;
  for (size_t slash = path.rfind('/'); slash != std::string_view::npos; slash = path.rfind('/')) {
    const auto bit = legacy_hwcap_bit(style, path.substr(slash + 1));
    if (!bit)
      break;
    bits += uint64_t{1} << *bit;
    path = path.substr(0, slash);
  }
  return bits;
}

std::string LibraryDirs::absolute(std::string_view path) const {
  return path.starts_with('/') ? std::string(path) : str(working_dir_, '/', path);
}

bool LibraryDirs::push(LibraryDir dir, bool remark) {
  const auto known = std::ranges::find_if(
      dirs_, [&](const LibraryDir& other) { return other.device == dir.device && other.inode == dir.inode; });
  if (known == dirs_.end()) {
    dirs_.push_back(std::move(dir));
    return true;
  }
  known->flags = dir.flags;
  if (remark)
    remarks_.push_back(str(dir.path, ": is named more than once, in ", dir.from, " line ", dir.line, " and in ",
                           known->from, " line ", known->line));
  return false;
}

void LibraryDirs::add(std::string_view path, std::string_view from, unsigned line, int32_t flags) {
  const auto found = root_.find_existing(absolute(path));
  if (!found) {
    remarks_.push_back(message(found.error()));
    return;
  }
  LibraryDir dir{std::string(path),  found->path,       {}, std::string(from), line, flags,
                 found->info.st_dev, found->info.st_ino};
  const LibraryDir parent = dir;
  if (push(std::move(dir), true) && style_.named_hwcaps)
    add_named(parent);
}

void LibraryDirs::add_named(const LibraryDir& parent) {
  const std::string base = str(parent.path, "/glibc-hwcaps");
  const std::string shown = root_.shown(base);
  const auto fd = root_.open_dir(absolute(base));
  if (!fd)
    return;
  DirectoryReader reader(fd->get(), shown);
  while (reader.next().value_or(false)) {
    const std::string name(reader.name());
    // The loader's list of names is divided by colons.
    if (name.starts_with('.') || reader.type() == DT_REG || name.find(':') != std::string::npos)
      continue;
    const std::string path = str(base, '/', name);
    const auto found = root_.find_existing(absolute(path));
    if (!found || !S_ISDIR(found->info.st_mode))
      continue;
    hwcaps_.insert(name);
    push({path, found->path, name, parent.from, parent.line, parent.flags, found->info.st_dev, found->info.st_ino},
         false);
  }
}

void LibraryDirs::add_legacy(const LibraryDir& parent, const std::string& name) {
  const std::string path = str(parent.path, '/', name);
  const auto found = root_.find_existing(absolute(path));
  if (!found || !S_ISDIR(found->info.st_mode))
    return;
  LibraryDir dir{path, found->path, {}, parent.from, parent.line, parent.flags, found->info.st_dev, found->info.st_ino};
  push(std::move(dir), false);
}

}  // namespace rescue::elf
