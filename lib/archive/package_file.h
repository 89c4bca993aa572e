// What RPM and Debian packages have in common before anything of them is read.
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

// The size of the package in `fd`; an error where that is no regular file, for a package is read from several places.
Result<uint64_t> package_file_size(int fd, std::string_view path);

}  // namespace rescue
