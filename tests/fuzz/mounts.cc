// Fuzzes the readers of mountinfo, fstab, mount options and the kernel's messages.
#include <cstdlib>

#include "lib/sys/kernel_log.h"
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
  for (const KernelMessage& message : parse_syslog_buffer(text))
    if (message.level > 7 || message.facility >= std::size(kernel_facilities))
      std::abort();
  if (const auto message = parse_kmsg_record(text); message && message->facility >= std::size(kernel_facilities))
    std::abort();
  return 0;
}
