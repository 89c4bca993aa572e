// What the programs and libraries of a root ask of its libraries: the version names in their DT_VERNEED.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/fs/root.h"

namespace rescue::elf {

// By soname, then by version name: the path of one file of the root that needs it. Weak needs, whose absence is only
// a warning to the loader, are left out.
using NeededVersions = std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>>;

// Reads every program and library below the directories for programs and libraries of the root (handbook 3): bin,
// sbin, lib*, libexec and the same below usr. What cannot be read needs nothing. Kernel modules and firmware are
// passed over, and so are files that their name says are data, and those of `but_not`, paths without links in them.
NeededVersions versions_needed(const Root& root, const std::set<std::string>& but_not = {});

}  // namespace rescue::elf
