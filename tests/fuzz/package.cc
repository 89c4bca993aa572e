// Fuzzes the readers of packages: ar, control files, RPM headers, the payload behind each way of compression.
#include <cstdlib>

#include <sys/mman.h>
#include <unistd.h>

#include "lib/archive/package.h"
#include "lib/base/fd.h"

namespace rescue { namespace {

void read_package(int fd) {
  constexpr EntryLimits limits = {.entries = 1000, .entry_size = 1 << 20, .total_size = 4 << 20, .text = 4096};
  const auto package = PackageReader::open(fd, "fuzz", limits);
  if (!package)
    return;
  while (true) {
    const auto entry = (*package)->next();
    if (!entry || *entry == nullptr)
      return;
    const uint64_t size = (*entry)->size;
    const auto data = read_all(**package, limits.entry_size);
    if (data && data->size() != size)
      std::abort();
  }
}

}}  // namespace rescue

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  const UniqueFd fd(::memfd_create("package", MFD_CLOEXEC));
  if (!fd || !write_all(fd.get(), {reinterpret_cast<const char*>(data), size}, "fuzz"))
    std::abort();
  read_package(fd.get());
  return 0;
}
