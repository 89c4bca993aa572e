// Where a path's file system is mounted, found without /proc.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

// The highest directory above `path` (or itself) that is on the same device.
Result<std::string> mount_point_of(const std::string& path);

}  // namespace rescue
