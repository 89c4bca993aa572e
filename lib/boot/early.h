// The kernel's own file systems, which everything else of a boot stands on.
#pragma once

#include <string>
#include <vector>

#include "lib/base/error.h"

namespace rescue {

// Mounts what is missing of /proc, /sys, /dev, /dev/pts and /run. What could not be is returned, one line each; a
// root that lacks the places is no reason to stop.
std::vector<std::string> mount_kernel_file_systems();

// Whether this is an initramfs: a root that is memory, which the kernel unpacked.
bool runs_from_initramfs();

}  // namespace rescue
