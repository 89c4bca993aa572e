// Mounting: file systems of disks and of image files, with the type found out where none is given.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/fd.h"
#include "lib/sys/mounts.h"

namespace rescue {

struct MountRequest {
  std::string source;  // a device, a tag of one (UUID=...), an image file, "none"
  std::string target;
  std::string type;  // "" or "auto": found out
  MountOptions options;
};

struct MountDone {
  std::string source;  // the device that was mounted in the end
  std::string type;
  bool read_only = false;  // asked for or not
};

// Mounts; a regular file is put behind a loop device. A disk that cannot be written is mounted read-only instead,
// unless `rw` was asked for by remount. The module of the type is loaded by the kernel, or by `load_type`.
Result<MountDone> mount_file_system(const MountRequest& request);

// The types to try for a source: the given one (or several, with commas), else what its superblock says, else all
// that the kernel knows of disks.
Result<std::vector<std::string>> candidate_types(const std::string& source, std::string_view type);

// Only mount(2), with the error named.
Result<> mount_once(const std::string& source, const std::string& target, const std::string& type, unsigned long flags,
                    const std::string& data);

// What a mount of one of the kernel's own file systems came to: mounted, or there already.
Result<> mount_kernel_file_system(const std::string& type, const std::string& target, unsigned long flags,
                                  const std::string& data);

struct LoopRequest {
  std::string file;
  std::string device;  // "" for the first that is free
  uint64_t offset = 0;
  uint64_t size_limit = 0;
  bool read_only = false;
  bool partitions = false;
  bool direct_io = false;
  unsigned sector_size = 0;
  bool clear_at_end = false;  // the kernel frees it when it is unmounted
};

struct Loop {
  std::string device;
  UniqueFd fd;  // until this is closed a device that frees itself stays
};

Result<Loop> attach_loop(const LoopRequest& request);
Result<> detach_loop(const std::string& device);

// The first free loop device.
Result<std::string> free_loop();

}  // namespace rescue
