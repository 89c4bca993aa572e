// Which files running processes have mapped.
#pragma once

#include <optional>
#include <set>

#include <sys/types.h>

namespace rescue {

// The inode numbers of all files that any process has mapped, whatever device they are on: file systems made of
// others (overlayfs, btrfs) show other devices there than stat does. Nothing where /proc is not mounted, or not all
// of it may be read.
std::optional<std::set<ino_t>> mapped_inodes();

}  // namespace rescue
