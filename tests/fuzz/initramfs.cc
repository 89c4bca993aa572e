// Fuzzes the reader of initramfs images: where their archives begin, and what is in them.
#include <cstdlib>

#include <sys/mman.h>
#include <unistd.h>

#include "lib/archive/initramfs.h"
#include "lib/base/fd.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  const UniqueFd fd(::memfd_create("image", MFD_CLOEXEC));
  if (!fd || !write_all(fd.get(), {reinterpret_cast<const char*>(data), size}, "fuzz"))
    std::abort();
  constexpr EntryLimits limits = {.entries = 1000, .entry_size = 1 << 20, .total_size = 4 << 20, .text = 4096};
  const auto image = InitramfsReader::open(fd.get(), "fuzz", limits);
  if (!image)
    return 0;
  while (true) {
    const auto entry = (*image)->next();
    if (!entry || *entry == nullptr)
      return 0;
    const uint64_t expected = (*entry)->size;
    const auto content = read_all(**image, limits.entry_size);
    if (content && content->size() != expected)
      std::abort();
  }
}
