// The list of files in an RPM header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/rpm_header.h"
#include "lib/base/error.h"

namespace rescue::rpm {

// Bits of File::flags, as rpm's rpmfiles.h has them.
enum FileFlag : uint32_t {
  file_config = 1,
  file_doc = 2,
  file_missing_ok = 8,
  file_no_replace = 16,
  file_spec = 32,
  file_ghost = 64,
  file_license = 128,
  file_readme = 256,
  file_artifact = 4096,
};

// One file that a package owns. Texts are the header's, whose memory must outlive this.
struct File {
  std::string path;  // "/usr/lib64/libc.so.6"; of a source package a bare name
  uint64_t size = 0;
  uint32_t mode = 0;  // with the type, as in st_mode
  uint32_t mtime = 0;
  uint32_t rdev = 0;  // 16 bits: major * 256 + minor
  uint32_t flags = 0;
  uint32_t color = 0;         // 1: 32 bits, 2: 64 bits
  uint32_t verify_flags = 0;  // what of it the packager wants to be checked
  uint32_t device = 0;        // with the inode: names of one file have both in common
  uint32_t inode = 0;
  std::string_view digest;  // hexadecimal; empty for what is no regular file
  std::string_view link;    // target of a symbolic link
  std::string_view user;
  std::string_view group;
  std::string_view capabilities;  // "cap_net_raw=ep"
};

// Fails where lists that belong together are not of one length.
Result<std::vector<File>> read_files(const Header& header, std::string_view path);

// The paths alone.
Result<std::vector<std::string>> read_file_names(const Header& header, std::string_view path);

// By which digest the files are described, as OpenPGP numbers them; 1 (MD5) where an old package does not say it.
uint64_t file_digest_algorithm(const Header& header);

}  // namespace rescue::rpm
