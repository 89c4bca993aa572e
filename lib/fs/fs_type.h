// Names of file systems by their magic numbers, as statfs(2) gives them.
#pragma once

#include <cstdint>
#include <string_view>

namespace rescue {

// "ext2/ext3", "tmpfs" and so on; empty where it is none that we know.
std::string_view file_system_name(uint32_t magic);

}  // namespace rescue
