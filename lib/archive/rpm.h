// RPM packages as far as a payload needs it: where it begins, and whose it is. For package.cc.
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/archive/package.h"
#include "lib/base/error.h"

namespace rescue::rpm {

inline constexpr std::string_view magic = "\xed\xab\xee\xdb";

// Reads lead and headers: gives the offset of the payload, and fills in name, version and architecture.
Result<uint64_t> read_headers(int fd, uint64_t file_size, std::string_view path, PackageInfo& info);

}  // namespace rescue::rpm
