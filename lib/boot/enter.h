// Working inside a root: its file systems mounted, a command run in it, everything detached afterwards.
//
// All is done in a mount namespace and a process namespace of its own, so that nothing stays behind, however it ends:
// when this process is killed, the kernel ends what runs inside and detaches what was mounted.
#pragma once

#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/boot/listener.h"

namespace rescue {

struct EnterRequest {
  std::string root;                  // a directory, a device, or UUID=..., LABEL=...
  std::vector<std::string> command;  // none for a shell
  bool read_only = false;            // mount the device so
  bool own_file_systems = true;      // /usr, /boot... of its fstab
};

// Runs the command and gives its status: 126 if it could not be run, 127 if it is not there. `say` is told what could
// not be mounted.
Result<int> run_inside(const EnterRequest& request, Listener say);

}  // namespace rescue
