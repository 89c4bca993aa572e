// Finding the broken system's root file system from an initramfs.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/boot/kernel_line.h"

namespace rescue {

struct FoundRoot {
  std::string device;
  std::string type;
  std::string why;  // "root=UUID=..." or "it has /etc/os-release"
};

// Tells what goes on, for the console.
class Listener {
 public:
  // `f` must outlive it.
  template <typename F>
  Listener(const F& f)  // NOLINT(google-explicit-constructor)
      : data_(&f), call_([](const void* data, std::string_view text) { (*static_cast<const F*>(data))(text); }) {}
  void operator()(std::string_view text) const { call_(data_, text); }

 private:
  const void* data_;
  void (*call_)(const void*, std::string_view);
};

// Loads what this machine's hardware needs, waits for the disks to appear, and mounts the root read-only at `target`:
// the one that `root=` of the kernel line names (a device, UUID, LABEL, PARTUUID or PARTLABEL), with `rootfstype=` and
// `rootflags=`; where that is not given or is not there, the first disk that has /etc/os-release.
Result<FoundRoot> mount_broken_root(const KernelLine& line, const std::string& target, Listener say);

}  // namespace rescue
