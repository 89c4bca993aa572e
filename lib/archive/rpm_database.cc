#include "lib/archive/rpm_database.h"

#include <array>
#include <cerrno>

#include <sys/stat.h>

#include "lib/base/fd.h"

namespace rescue::rpm {

Result<std::unique_ptr<Database>> Database::open(int fd, std::string_view path, int log) {
  struct stat info{};
  if (::fstat(fd, &info) < 0)
    return fail("read package database", path);
  const auto size = static_cast<uint64_t>(info.st_size);
  std::array<char, 64> buffer;
  const std::string_view start(buffer.data(), TRY(pread_full(fd, buffer, 0, path)));
  if (start.starts_with(sqlite_magic))
    return open_sqlite(fd, size, path, log);
  if (start.starts_with(ndb_magic))
    return open_ndb(fd, size, path);
  if (looks_like_bdb(start))
    return open_bdb(fd, size, path);
  return with_status(corrupt("read package database", path, "is of no kind that rpm ever had").error(),
                     Status::bad_data);
}

std::unexpected<Error> Database::bad(std::string_view detail) const {
  return with_status(corrupt("read package database", path_, detail).error(), Status::bad_data);
}

Result<std::string> Database::bytes_at(uint64_t offset, uint64_t length) const {
  if (offset > size_ || length > size_ - offset)
    return bad("points to what lies outside of it; was it cut off?");
  std::string bytes(length, '\0');
  if (TRY(pread_full(fd_, bytes, offset, path_)) < length)
    return bad("has become shorter meanwhile");
  return bytes;
}

}  // namespace rescue::rpm
