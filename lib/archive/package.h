// Packages as a stream of entries: Debian's, RPMs, and plain tar and cpio archives, each with any compression.
//
// Scripts are never run. Of an RPM's header only its identity is read so far: its cpio payload gives every file owner
// 0, and not the names, digests, capabilities and ghosts of the header; nor are stripped payloads (files of 4 GiB and
// more, format 6) read yet.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "lib/archive/entry.h"
#include "lib/archive/source.h"
#include "lib/base/error.h"

namespace rescue {

enum class PackageKind : uint8_t { deb, rpm, archive };

// What a package says of itself. Of rpm packages name, version and architecture alone; of plain archives nothing.
struct PackageInfo {
  PackageKind kind = PackageKind::archive;
  std::string name;
  std::string version;
  std::string architecture;
  std::map<std::string, std::string, std::less<>> fields;   // deb: control, continuation lines joined by newlines
  std::map<std::string, std::string, std::less<>> md5sums;  // deb: path without a leading "./" -> 32 hex digits
};

class PackageReader : public EntryReader {
 public:
  // Reads `fd`, which must be a file that can be read at any offset and stays the caller's; `path` names it in
  // errors. Damage gives errors of status bad_data.
  static Result<std::unique_ptr<PackageReader>> open(int fd, std::string_view path, EntryLimits limits = {});

  const PackageInfo& info() const { return info_; }
  Result<const Entry*> next() override { return entries_->next(); }
  Result<std::string_view> read() override { return entries_->read(); }

  PackageReader() = default;  // for open()

 private:
  PackageInfo info_;
  std::unique_ptr<EntryReader> entries_;
};

// The decompressed bytes of `input`, whatever of gzip, bzip2, xz, lzma and zstd it is in, or as they are.
Result<std::unique_ptr<Source>> decompress(std::unique_ptr<Source> input, EntryLimits limits);

}  // namespace rescue
