// Where the kit is: everything that belongs to it is found from its own executable, so that it can lie anywhere.
#pragma once

#include <string>
#include <string_view>

namespace rescue {

// The path of `relative` within the kit ("etc/trusted.pub"), that is beside the directory that holds the executable.
// Needs no /proc. Empty where the executable cannot be found any more.
std::string kit_path(std::string_view relative);

}  // namespace rescue
