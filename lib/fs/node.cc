#include "lib/fs/node.h"

#include <cerrno>

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/fd.h"

namespace rescue {

const uint32_t protecting_flags = FS_IMMUTABLE_FL | FS_APPEND_FL;

Result<bool> exchange_names(int dir_a, const std::string& a, int dir_b, const std::string& b, std::string_view shown) {
  if (::syscall(SYS_renameat2, dir_a, a.c_str(), dir_b, b.c_str(), RENAME_EXCHANGE) == 0)
    return true;
  // Sandboxes of old container engines answer EPERM where they mean ENOSYS.
  if (errno == ENOSYS || errno == EINVAL || errno == EPERM || errno == EOPNOTSUPP)
    return false;
  return fail("exchange", shown);
}

Result<bool> same_mount(int dir_a, int dir_b, std::string_view shown) {
  // The kernel compares the mounts before it looks for the names: renaming what does not exist tells without doing.
  static constexpr const char* nothing = ".rescue-no-such-name";
  if (::renameat(dir_a, nothing, dir_b, nothing) == 0 || errno == ENOENT)
    return true;
  if (errno == EXDEV)
    return false;
  return fail("rename in", shown);
}

bool is_mount_point(int dir, const std::string& name) {
  struct statx info{};
  const long status = ::syscall(SYS_statx, dir, name.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &info);
  return status == 0 && (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

namespace {

// FS_IOC_GETFLAGS is declared with a long but has always passed an int.
Result<UniqueFd> open_for_flags(int dir, const std::string& name, std::string_view shown) {
  return open_at(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown);
}

}  // namespace

Result<std::optional<uint32_t>> inode_flags(int dir, const std::string& name, std::string_view shown) {
  const UniqueFd fd = TRY(open_for_flags(dir, name, shown));
  unsigned flags = 0;
  if (::ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) == 0)
    return flags;
  if (errno == ENOTTY || errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS)
    return std::nullopt;
  return fail("read inode flags", shown);
}

Result<> set_inode_flags(int dir, const std::string& name, uint32_t flags, std::string_view shown) {
  const UniqueFd fd = TRY(open_for_flags(dir, name, shown));
  unsigned value = flags;
  if (::ioctl(fd.get(), FS_IOC_SETFLAGS, &value) < 0)
    return fail("set inode flags (chattr)", shown);
  return {};
}

}  // namespace rescue
