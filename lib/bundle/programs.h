// The programs whose working decides whether a system can be used and repaired.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/elf/library.h"
#include "lib/fs/root.h"

namespace rescue {

// Those of them that the root has, as "/usr/bin/bash": shells, the basic commands, init, login, ssh, package managers.
std::vector<std::string> key_programs(const Root& root);

// The first key program of the root that is dynamic and can be read: it tells machine and loader path of the system.
// Null where there is none.
std::unique_ptr<elf::Library> sample_program(const Root& root);

}  // namespace rescue
