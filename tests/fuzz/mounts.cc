// Fuzzes the readers of mountinfo, fstab and mount options.
#include <cstdlib>

#include "lib/sys/mounts.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Mount& mount : parse_mountinfo(text))
    if (mount.target.size() > size)
      std::abort();
  for (const FstabEntry& entry : parse_fstab(text)) {
    MountOptions options;
    add_mount_options(options, entry.options);
    if (entry.source.empty() || options.data.size() > entry.options.size())
      std::abort();
  }
  return 0;
}
