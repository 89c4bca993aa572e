// zip archives, read from their directory at the end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/source.h"
#include "lib/base/error.h"

namespace rescue {

struct ZipMember {
  std::string name;
  uint16_t method = 0;
  uint16_t flags = 0;
  uint32_t crc = 0;
  uint64_t packed = 0;
  uint64_t size = 0;
  uint64_t header = 0;  // where its own header is
  int64_t mtime = 0;    // from the extended field where there is one, else local time to two seconds
  uint32_t mode = 0;    // as in struct stat; 0 where the maker says nothing of it
  bool has_owner = false;
  uint32_t uid = 0;
  uint32_t gid = 0;

  bool is_directory() const { return name.ends_with('/'); }
  bool is_encrypted() const { return (flags & 1) != 0; }
};

namespace zip {
constexpr uint16_t stored = 0;
constexpr uint16_t deflated = 8;
constexpr uint16_t bzip2 = 12;
constexpr uint16_t zstd = 93;
constexpr uint16_t xz = 95;
}  // namespace zip

struct ZipArchive {
  std::vector<ZipMember> members;
  std::string comment;
  uint64_t before = 0;  // bytes before it: a program that unpacks itself, say
};

// The directory of the archive in `fd`. What is damaged is an error (status bad_data).
Result<ZipArchive> read_zip(int fd, std::string_view path);

// What a member holds, decompressed; its size and sum are checked when it has been read to its end. Encrypted members,
// and those compressed in a way that is not known, are errors.
Result<std::unique_ptr<Source>> open_zip_member(int fd, std::string_view path, const ZipMember& member);

}  // namespace rescue
