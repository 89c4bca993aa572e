// Fuzzes the probing of disks: whatever a disk holds, it is told or it is nothing.
#include <cstdlib>

#include "lib/sys/superblock.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  TextDisk disk({reinterpret_cast<const char*>(data), size});
  const auto block = probe_superblock(disk);
  if (!block || (*block && (*block)->type().empty()))
    std::abort();
  if (!probe_partitions(disk))
    std::abort();
  return 0;
}
