// What a bundle says of itself: its member `.rescue/info`, `KEY=value` lines in the manner of os-release(5).
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/error.h"

namespace rescue {

// Version names by the soname of the library that defines them: "libc.so.6" -> {"GLIBC_2.2.5", ...}.
using VersionNames = std::map<std::string, std::set<std::string, std::less<>>, std::less<>>;

// In place of an architecture, where nothing in it is for one alone.
inline constexpr std::string_view any_arch = "any";

// A package that a bundle was made from.
struct SourcePackage {
  std::string name;
  std::string version;
  std::string sha256;  // of the package file, hex; empty where only its installed files were at hand
};

struct BundleInfo {
  std::string name;     // "glibc"
  std::string version;  // "2.36"
  std::string arch;     // as uname -m says: "x86_64", "aarch64"
  std::string os_id;    // of os-release; empty where unknown
  std::string os_version_id;
  std::string interp;         // the PT_INTERP path that its programs name
  std::string glibc_version;  // "2.36"
  std::string glibc_build;    // the words of its builder in libc: "Debian GLIBC 2.36-9+deb12u14"
  std::string libc_build_id;  // hex
  std::string isa;            // "x86-64-v2": what its libc asks of the processor; empty for the baseline
  std::string source;         // "root" or "packages"
  std::vector<SourcePackage> packages;
  VersionNames provides;   // what its libraries define
  VersionNames requires_;  // what the programs of the root that it was made from need of them

  // Reads the text of `.rescue/info`; the view's path names the bundle in errors. Unknown keys are passed over, so
  // that a later format can add some; another FORMAT than 1 is an error.
  static Result<BundleInfo> parse(const Bytes& text);

  // The text; the same information gives the same bytes.
  std::string print() const;
};

}  // namespace rescue
