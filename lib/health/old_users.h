// The processes that go on with libraries which are no longer in their place.
#pragma once

#include <string>
#include <string_view>

#include "lib/fs/root.h"

namespace rescue {

// "3 processes still use the deleted libraries of before: sshd (812), ..."; empty where there is none, or where no proc
// file system tells. Those of other roots (containers) do not count.
std::string users_of_deleted_libraries(const Root& root, std::string_view proc = "/proc");

}  // namespace rescue
