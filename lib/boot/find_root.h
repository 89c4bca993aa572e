// Finding the broken system's root file system from an initramfs.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/boot/kernel_line.h"
#include "lib/boot/listener.h"
#include "lib/boot/volumes.h"

namespace rescue {

struct FoundRoot {
  std::string device;
  std::string type;
  std::string why;  // "root=UUID=..." or "it has /etc/os-release"
};

// Loads what this machine's hardware needs, waits for the disks to appear, and mounts the root read-only at `target`:
// the one that `root=` of the kernel line names (a device, UUID, LABEL, PARTUUID or PARTLABEL), with `rootfstype=` and
// `rootflags=`; where that is not given or is not there, the first disk that has /etc/os-release.
// Logical volumes are made usable for that.
Result<FoundRoot> mount_broken_root(const KernelLine& line, const std::string& target, LogicalVolumes& volumes,
                                    Listener say);

}  // namespace rescue
