// What a shell command prints.
#pragma once

#include <string>

#include "lib/base/error.h"

namespace rescue {

// Runs the command with /bin/sh, or the kit's own shell where the system has none that can be started, and catches its
// standard output. How it ended is not looked at.
Result<std::string> output_of(const std::string& command);

}  // namespace rescue
