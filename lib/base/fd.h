// File descriptors with one owner, and whole reads and writes on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/error.h"

namespace rescue {

// Owns a descriptor. The destructor is for the way out after an error: a file that was written is closed by
// close(), which reports.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() {
    if (!__builtin_constant_p(fd_ < 0) || fd_ >= 0)
      reset();
  }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

  // Closes and reports what only close() tells (a delayed write that failed). `path` names it in the error.
  Result<> close(std::string_view path);

 private:
  int fd_ = -1;
};

// openat(2), always with O_CLOEXEC and without a controlling terminal; retried on EINTR. `shown` names the file
// in errors, and `attempt` what was tried.
Result<UniqueFd> open_at(int dir, const std::string& name, int flags, unsigned mode, std::string_view shown);
Result<UniqueFd> open_at(int dir, const std::string& name, int flags, unsigned mode, const String auto& shown);
Result<UniqueFd> open_file(const std::string& path, int flags, unsigned mode = 0);

// As many bytes as the file gives, up to the buffer's size; 0 at the end of the file.
Result<size_t> read_some(int fd, std::span<char> buffer, std::string_view path);

// Fills the buffer, or as much of it as there is before the end of the file.
Result<size_t> read_full(int fd, std::span<char> buffer, std::string_view path);
Result<size_t> pread_full(int fd, std::span<char> buffer, uint64_t offset, std::string_view path);

// The rest of the file; an error when it is longer than `limit` bytes.
Result<std::string> read_all(int fd, uint64_t limit, std::string_view path);
Result<std::string> read_all(int fd, uint64_t limit, const String auto& path);

// Whether the rest of the file is `content`.
Result<bool> reads_as(int fd, std::string_view content, std::string_view path);

// Writes all of it.
Result<> write_all(int fd, std::string_view data, std::string_view path);

// fsync(2). Descriptors that cannot be synced (a directory on some file systems: EINVAL) count as synced.
Result<> sync_fd(int fd, std::string_view path);

}  // namespace rescue
