#include "lib/base/large_memory.h"

#include <cstdint>

#include <sys/mman.h>

namespace rescue {

namespace {

// Of the architectures that matter; a large page begins at a multiple of its size.
constexpr size_t large_page = size_t{2} << 20;

}  // namespace

LargeMemory::LargeMemory(size_t size) {
  if (size == 0 || size > SIZE_MAX / 2)
    return;
  const size_t room = size + large_page;
  void* const start = ::mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED)
    return;
  (void)::madvise(start, room, MADV_HUGEPAGE);
  mapping_ = {static_cast<char*>(start), room};
  const size_t past = reinterpret_cast<uintptr_t>(start) % large_page;
  bytes_ = mapping_.subspan(past == 0 ? 0 : large_page - past, size);
}

LargeMemory& LargeMemory::operator=(LargeMemory&& other) noexcept {
  std::swap(mapping_, other.mapping_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

LargeMemory::~LargeMemory() {
  if (!mapping_.empty())
    ::munmap(mapping_.data(), mapping_.size());
}

}  // namespace rescue
