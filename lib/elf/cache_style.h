// How the ldconfig of a root writes its cache: that depends on its version and on who built it, and is told from the
// bytes of ldconfig, libc and the loader, and from the cache that is there. Nothing is run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/elf/arch.h"
#include "lib/elf/cache.h"
#include "lib/elf/format.h"
#include "lib/fs/root.h"

namespace rescue::elf {

struct CacheStyle {
  const Arch* arch = nullptr;  // of the ldconfig, never null where a style was found
  CacheFormat format = CacheFormat::new_format;
  uint8_t order_mark = 0;          // 2 little endian, 3 big, 0 where it was not written yet
  std::string generator;           // "ldconfig (Debian GLIBC 2.36-9) stable release version 2.36"; empty before 2.33
  bool named_hwcaps = true;        // glibc-hwcaps/, an extension section and shared strings: 2.33 and later
  bool legacy_hwcaps = false;      // tls/, haswell/ and the like: before 2.37
  bool os_versions = false;        // the ABI note's kernel is written: before 2.36
  bool old_libcs = false;          // i386 libraries that name no libc are marked as any ELF: before 2.37
  bool skips_temporaries = false;  // names with `;`, *.dpkg-new, *.dpkg-tmp: 2.39 and later
  bool keeps_loader_link = false;  // Debian's leaves the link to the loader alone while it leads anywhere
  std::vector<std::string> default_dirs;  // scanned after those of ld.so.conf

  bool is_x86() const { return arch->machine == EM_X86_64 || arch->machine == EM_386; }
  bool is_arm() const { return arch->machine == EM_AARCH64 || arch->machine == EM_ARM; }
};

// An error when the root tells nothing at all.
Result<CacheStyle> cache_style(const Root& root, std::string_view cache_path = "/etc/ld.so.cache");

// The same from a version, as far as it decides: for tests, and the base of the above.
CacheStyle style_of_version(const Arch& arch, std::string_view version, std::string_view package);

}  // namespace rescue::elf
