#include "lib/fs/directory.h"

#include <cerrno>
#include <cstring>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace rescue {

namespace {

// getdents64(2): inode (8 bytes), offset (8), length of the record (2), type (1), name.
constexpr size_t length_at = 16;
constexpr size_t type_at = 18;
constexpr size_t name_at = 19;

}  // namespace

DirectoryReader::DirectoryReader(int fd, std::string_view path)
    : fd_(fd),
      path_(path),
      buffer_(std::make_unique_for_overwrite<char[]>(buffer_size)),
      room_(buffer_.get(), buffer_size) {}

Result<bool> DirectoryReader::next() {
  if (at_ >= used_) {
    // The C library's readdir asks for 2 KiB at a time, which is slow in large directories.
    const long count = ::syscall(SYS_getdents64, fd_, room_.data(), room_.size());
    if (count < 0) {
      // A directory that was removed while it is read has no more entries.
      if (errno == ENOENT)
        return false;
      return fail("read directory", path_);
    }
    if (count == 0)
      return false;
    used_ = static_cast<size_t>(count);
    at_ = 0;
  }
  const char* const record = room_.data() + at_;
  uint16_t length = 0;
  std::memcpy(&length, record + length_at, sizeof length);
  type_ = static_cast<uint8_t>(record[type_at]);
  name_ = record + name_at;
  at_ += length;
  return true;
}

Result<> make_parents(const std::string& path, mode_t mode) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    if (::mkdir(path.substr(0, slash).c_str(), mode) < 0 && errno != EEXIST)
      return fail("make directory", path.substr(0, slash));
  return {};
}

}  // namespace rescue
