// Fuzzes the reading of whole bundles. The first byte says what the rest is: the bundle file itself, or the tar
// within it, which is then put into a zstd frame of uncompressed blocks: no fuzzer guesses a compressed stream.
#include <cstdlib>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/bundle/reader.h"

namespace rescue { namespace {

// RFC 8878, 3.1.1: a frame without checksum, window of 2 MiB, blocks of type 0.
std::string frame_of(std::string_view bytes) {
  constexpr size_t block = 100000;
  std::string frame("\x28\xb5\x2f\xfd\x00\x58", 6);
  do {
    const std::string_view piece = bytes.substr(0, block);
    bytes.remove_prefix(piece.size());
    const size_t header = piece.size() << 3 | (bytes.empty() ? 1 : 0);
    for (const int shift : {0, 8, 16})
      frame += static_cast<char>(header >> shift);
    frame += piece;
  } while (!bytes.empty());
  return frame;
}

struct Counter : MemberSink {
  uint64_t bytes = 0;
  Result<bool> begin(const ManifestEntry&, const MemberExtras&) override { return true; }
  Result<> data(std::span<const char> piece) override {
    bytes += piece.size();
    return {};
  }
  Result<> end() override { return {}; }
};

void read(std::string_view file) {
  static const int fd = ::memfd_create("fuzz", MFD_CLOEXEC);
  if (::ftruncate(fd, 0) < 0 || ::lseek(fd, 0, SEEK_SET) < 0 || !write_all(fd, file, "fuzz"))
    std::abort();
  auto bundle = Bundle::open(str("/proc/self/fd/", fd), {});
  if (!bundle)
    return;
  const bool whole = bundle->verify().has_value();
  Counter counter;
  const bool read = bundle->read_members(counter).has_value();
  // Whether it was verified before must not matter.
  if (whole != read || (whole && counter.bytes > bundle->manifest().total_size()))
    std::abort();
}

}}  // namespace rescue

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0)
    return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  rescue::read(data[0] % 4 == 0 ? std::string(bytes) : rescue::frame_of(bytes));
  return 0;
}
