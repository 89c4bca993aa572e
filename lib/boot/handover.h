// Handing the machine over to the system that it belongs to.
#pragma once

#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/fs/root.h"

namespace rescue {

// The program that boots the root: `asked` (of the kernel line), or the first that is there and executable of those
// that the kernel would try. As a path within the root.
Result<std::string> find_init(const Root& root, const std::string& asked);

// Makes the mount point `new_root` the root of this process, moves /dev, /proc, /sys and /run there, and removes what
// the initramfs holds, for it is memory. PID 1 only, from an initramfs only.
Result<> switch_root(const std::string& new_root);

// The same without removing and without demanding an initramfs, for the applet.
struct SwitchChecks {
  bool need_initramfs = true;
  bool remove_old = true;
};
Result<> switch_root(const std::string& new_root, const SwitchChecks& checks);

}  // namespace rescue
