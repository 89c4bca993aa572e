// Which glibc a file belongs to, read from its bytes alone: nothing of the system is ever run to find out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/elf/image.h"

namespace rescue::elf {

// The banner that libc, the loader and ldconfig carry:
// "GNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36."
struct Banner {
  std::string program;  // "GNU C Library", "ld.so", "ldconfig"
  std::string package;  // what stands in the parenthesis: "Debian GLIBC 2.36-9+deb12u14", "GNU libc", or nothing
  std::string release;  // "stable"
  std::string version;  // "2.36"
};

std::optional<Banner> find_banner(std::string_view bytes);

enum class VersionSource : uint8_t {
  banner,
  file_name,      // "ld-2.31.so"
  version_names,  // the newest that it defines: the true release may be newer, a loader's by far
};

struct GlibcVersion {
  std::string version;  // "2.36"
  std::string package;  // as in the banner, or empty
  VersionSource source = VersionSource::banner;
};

// The version of a libc or loader (or any other file with a banner). Nothing for a file that is neither.
// `path` should have no link in its last component: its name is the second thing looked at.
Result<std::optional<GlibcVersion>> glibc_version(int fd, const Image& image, std::string_view path);

// Whether `soname` is one of those that are built and installed as one with libc.so.6 (handbook 2.1), the loader
// among them.
bool is_glibc_soname(std::string_view soname);
bool is_libc_soname(std::string_view soname);
bool is_loader_soname(std::string_view soname);

// Less than, equal, greater: numbers between dots are compared as numbers, so that 2.9 < 2.10.
int compare_versions(std::string_view a, std::string_view b);

// The "2.34" of "GLIBC_2.34"; nothing for GLIBC_PRIVATE, GLIBC_ABI_* and names of other libraries.
std::string_view glibc_release_in(std::string_view version_name);

// The newest GLIBC_x.y that the file asks of the family; empty if it asks for none.
std::string newest_glibc_needed(const Image& image);

// What a loader file says about how it searches.
struct LoaderFacts {
  std::vector<std::string> default_dirs;  // in its order, without closing slash; empty if none were found
  std::vector<std::string> hwcaps;        // glibc-hwcaps subdirectories it knows, best first; since 2.33
  bool glibc_hwcaps = false;              // it looks into glibc-hwcaps/ at all
  bool legacy_hwcaps = false;             // it looks into tls/, haswell/ and the like; until 2.36
  std::string lib;                        // what $LIB stands for: "lib/x86_64-linux-gnu", "lib64"
};

Result<LoaderFacts> read_loader_facts(int fd, const Image& image, std::string_view path);
LoaderFacts loader_facts_in(std::string_view bytes);

// The directories alone.
std::vector<std::string> search_dirs_in(std::string_view bytes);

}  // namespace rescue::elf
