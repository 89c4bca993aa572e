// The version of the kit, given by the build.
#pragma once

#include <string_view>

namespace rescue {

constexpr std::string_view version = RESCUE_VERSION;

}  // namespace rescue
