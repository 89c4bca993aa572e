#include "lib/base/fd.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rescue {

namespace {

// Repeats a system call that a signal interrupted.
template <typename F>
auto retry(F call) {
  while (true) {
    const auto result = call();
    if (result >= 0 || errno != EINTR)
      return result;
  }
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void UniqueFd::reset() {
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
}

Result<> UniqueFd::close(std::string_view path) {
  // Linux frees the number even when close() fails, so it is never tried twice.
  if (::close(std::exchange(fd_, -1)) < 0 && errno != EINTR)
    return fail("close", path);
  return {};
}

Result<UniqueFd> open_at(int dir, const std::string& name, int flags, unsigned mode, std::string_view shown) {
  const int fd = retry([&] { return ::openat(dir, name.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode); });
  if (fd < 0)
    return fail((flags & O_CREAT) != 0 ? "create" : "open", shown);
  return UniqueFd(fd);
}

Result<UniqueFd> open_file(const std::string& path, int flags, unsigned mode) {
  return open_at(AT_FDCWD, path, flags, mode, path);
}

Result<size_t> read_some(int fd, std::span<char> buffer, std::string_view path) {
  const ssize_t count = retry([&] { return ::read(fd, buffer.data(), buffer.size()); });
  if (count < 0)
    return fail("read", path);
  return static_cast<size_t>(count);
}

Result<size_t> read_full(int fd, std::span<char> buffer, std::string_view path) {
  size_t done = 0;
  while (done < buffer.size()) {
    const size_t count = TRY(read_some(fd, buffer.subspan(done), path));
    if (count == 0)
      break;
    done += count;
  }
  return done;
}

Result<size_t> pread_full(int fd, std::span<char> buffer, uint64_t offset, std::string_view path) {
  size_t done = 0;
  while (done < buffer.size()) {
    const auto rest = buffer.subspan(done);
    const ssize_t count =
        retry([&] { return ::pread(fd, rest.data(), rest.size(), static_cast<off_t>(offset + done)); });
    if (count < 0)
      return fail("read", path);
    if (count == 0)
      break;
    done += static_cast<size_t>(count);
  }
  return done;
}

Result<std::string> read_all(int fd, uint64_t limit, std::string_view path) {
  struct stat info{};
  const bool sized = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
  std::string data;
  size_t capacity = sized ? static_cast<size_t>(info.st_size) + 1 : 16384;
  while (true) {
    const size_t have = data.size();
    if (have > limit)
      return fail("read", path, "is larger than it can be");
    Result<size_t> count = 0;
    // Without filling it first, which takes longer than the reading.
    data.resize_and_overwrite(capacity, [&](char* bytes, size_t) {
      count = read_full(fd, std::span(bytes, capacity).subspan(have), path);
      return have + count.value_or(0);
    });
    TRY(count);
    if (data.size() < capacity)
      break;
    capacity *= 2;
  }
  if (data.size() > limit)
    return fail("read", path, "is larger than it can be");
  return data;
}

Result<bool> reads_as(int fd, std::string_view content, std::string_view path) {
  std::array<char, 32768> buffer;
  while (true) {
    const size_t size = TRY(read_some(fd, buffer, path));
    if (size == 0)
      return content.empty();
    if (!content.starts_with(std::string_view(buffer.data(), size)))
      return false;
    content.remove_prefix(size);
  }
}

Result<> write_all(int fd, std::string_view data, std::string_view path) {
  while (!data.empty()) {
    const ssize_t count = retry([&] { return ::write(fd, data.data(), data.size()); });
    if (count < 0)
      return fail("write", path);
    data.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Result<> sync_fd(int fd, std::string_view path) {
  if (retry([&] { return ::fsync(fd); }) < 0 && errno != EINVAL && errno != EROFS)
    return fail("write to disk", path);
  return {};
}

// The same of a string.

[[gnu::noinline]] Result<UniqueFd> open_at(int dir, const std::string& name, int flags, unsigned mode,
                                           const String auto& shown) {
  return open_at(dir, name, flags, mode, std::string_view(shown));
}
template Result<UniqueFd> open_at(int dir, const std::string& name, int flags, unsigned mode, const std::string& shown);

[[gnu::noinline]] Result<std::string> read_all(int fd, uint64_t limit, const String auto& path) {
  return read_all(fd, limit, std::string_view(path));
}
template Result<std::string> read_all(int fd, uint64_t limit, const std::string& path);

}  // namespace rescue
