// Packages as a stream of entries: Debian's, RPMs, and plain tar and cpio archives, each with any compression.
//
// Scripts are never run.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "lib/archive/entry.h"
#include "lib/archive/path_patterns.h"
#include "lib/archive/rpm.h"
#include "lib/archive/source.h"
#include "lib/base/error.h"

namespace rescue {

enum class PackageKind : uint8_t { deb, rpm, archive };

using TextsByName = std::map<std::string, std::string, std::less<>>;

// What a package says of itself. Plain archives say nothing.
struct PackageInfo {
  PackageKind kind = PackageKind::archive;
  std::string name;
  std::string version;
  std::string architecture;
  TextsByName fields;         // deb: control, continuation lines joined by newlines
  TextsByName md5sums;        // deb: path without a leading "./" -> 32 hex digits
  TextsByName control_files;  // deb: what its control archive holds, scripts and all
};

namespace rpm {
class PayloadReader;
}

class PackageReader : public EntryReader {
 public:
  // Reads `fd`, which must be a file that can be read at any offset and stays the caller's; `path` names it in
  // errors. With `patterns`, which must outlive the reader, only what they want is handed out. Damage gives errors of
  // status bad_data.
  static Result<std::unique_ptr<PackageReader>> open(int fd, std::string_view path, EntryLimits limits = {},
                                                     PathPatterns* patterns = nullptr);
  ~PackageReader() override;

  const PackageInfo& info() const { return info_; }
  Result<const Entry*> next() override;
  Result<std::string_view> read() override { return entries_->read(); }

  // Of an RPM: the package, and what its header says of the file that an entry is; null for others.
  const rpm::Package* rpm() const { return rpm_.get(); }
  const rpm::File* rpm_file(std::string_view entry_path) const;

 private:
  PackageReader(std::string_view path, PathPatterns* patterns);
  Result<> open_rpm(int fd, const EntryLimits& limits);
  Result<> open_other(int fd, uint64_t size, bool is_deb, const EntryLimits& limits);

  std::string path_;
  PathPatterns* patterns_;
  PackageInfo info_;
  std::unique_ptr<rpm::Package> rpm_;
  std::unique_ptr<EntryReader> entries_;
  rpm::PayloadReader* payload_ = nullptr;
};

// The decompressed bytes of `input`, whatever of gzip, bzip2, xz, lzma and zstd it is in, or as they are. Without
// `sums`, those of an .xz may be left unchecked.
Result<std::unique_ptr<Source>> decompress(std::unique_ptr<Source> input, EntryLimits limits, bool sums = true);

}  // namespace rescue
