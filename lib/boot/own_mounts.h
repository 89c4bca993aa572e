// The file systems that a system's own fstab names, as far as a repair touches them: /usr, /var, /opt, /boot.
#pragma once

#include <string>
#include <vector>

#include "lib/boot/listener.h"

namespace rescue {

// Mounts them at their places in the root, which is mounted at `root`: never outside of it, wherever its links lead.
// What is mounted already is left alone. `say` is told what could not be. Where they are now, in the order in which
// they were mounted.
std::vector<std::string> mount_own_file_systems(const std::string& root, bool read_only, Listener say);

}  // namespace rescue
