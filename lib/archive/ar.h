// ar archives: of object files, and the outer shape of Debian packages. Names longer than a header has room for are
// understood in GNU's way and in BSD's, and written in GNU's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/sink.h"
#include "lib/base/error.h"

namespace rescue {

struct ArMember {
  std::string name;
  int64_t mtime = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t mode = 0100644;
  uint64_t offset = 0;  // of its content in the file
  uint64_t size = 0;
};

inline constexpr std::string_view ar_magic = "!<arch>\n";
inline constexpr uint64_t ar_header_size = 60;

// The members of the archive in `fd`, in order, without the tables of symbols and of long names. Only headers are read.
// What is damaged or cut off is an error (status bad_data).
Result<std::vector<ArMember>> read_ar(int fd, std::string_view path);

// The header of a member, and the table of the long names among those of `members` (empty where there are none).
std::string ar_header(const ArMember& member, std::optional<uint64_t> long_name_at);
std::string ar_long_names(const std::vector<ArMember>& members, std::vector<std::optional<uint64_t>>& places);

}  // namespace rescue
