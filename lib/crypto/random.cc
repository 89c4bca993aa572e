#include "lib/crypto/random.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/fd.h"

namespace rescue {

namespace {

constexpr const char* device = "/dev/urandom";

Result<> read_device(std::span<uint8_t> buffer) {
  const auto fd = open_file(device, O_RDONLY);
  if (!fd)
    return fail("get random numbers", device,
                "neither getrandom(2) nor this device is there; mount /dev, or: mknod /dev/urandom c 1 9");
  const std::span text(reinterpret_cast<char*>(buffer.data()), buffer.size());
  if (TRY(read_full(fd->get(), text, device)) < buffer.size())
    return fail("get random numbers", device, "ended too early; is it the device?");
  return {};
}

}  // namespace

Result<> random_bytes(std::span<uint8_t> buffer) {
  // By number and not by name: the C library's getrandom() may be newer than the headers, the kernel older.
  while (!buffer.empty()) {
    const long count = ::syscall(SYS_getrandom, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return read_device(buffer);
    buffer = buffer.subspan(static_cast<size_t>(count));
  }
  return {};
}

}  // namespace rescue
