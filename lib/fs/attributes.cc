#include "lib/fs/attributes.h"

#include <cerrno>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr const char* access_list = "system.posix_acl_access";
constexpr const char* default_list = "system.posix_acl_default";

// There is no getxattrat before Linux 6.13: a file that is not open is reached through /proc, and by its path where
// that is not mounted.
std::string xattr_path(const FileRef& file) {
  if (file.dir == AT_FDCWD)
    return file.name;
  std::string path = str("/proc/self/fd/", file.dir, '/', file.name);
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0 ? path : std::string(file.shown);
}

class Xattrs {
 public:
  explicit Xattrs(const FileRef& file) : file_(file), path_(file.fd < 0 ? xattr_path(file) : std::string()) {}

  Result<std::string> names() const {
    return read([&](char* data, size_t size) {
      return file_.fd >= 0 ? ::flistxattr(file_.fd, data, size) : ::llistxattr(path_.c_str(), data, size);
    });
  }
  Result<std::string> value(const char* name) const {
    return read([&](char* data, size_t size) {
      return file_.fd >= 0 ? ::fgetxattr(file_.fd, name, data, size) : ::lgetxattr(path_.c_str(), name, data, size);
    });
  }
  Result<> set(const char* name, std::string_view value) const {
    const int done = file_.fd >= 0 ? ::fsetxattr(file_.fd, name, value.data(), value.size(), 0)
                                   : ::lsetxattr(path_.c_str(), name, value.data(), value.size(), 0);
    if (done < 0)
      return fail(str("set attribute ", name), file_.shown);
    return {};
  }
  void remove(const char* name) const {
    (void)(file_.fd >= 0 ? ::fremovexattr(file_.fd, name) : ::lremovexattr(path_.c_str(), name));
  }

 private:
  // First with room that is nearly always enough, then with as much as it says.
  template <typename F>
  Result<std::string> read(F call) const {
    std::string data(256, '\0');
    while (true) {
      ssize_t size = call(data.data(), data.size());
      if (size >= 0) {
        data.resize(static_cast<size_t>(size));
        return data;
      }
      if (errno == ERANGE)
        size = call(nullptr, 0);
      if (size < 0)
        return fail("read attributes", file_.shown);
      data.resize(static_cast<size_t>(size) + 64);
    }
  }

  const FileRef& file_;
  std::string path_;
};

bool is_wanted(std::string_view name, const XattrChoice& choice) {
  if (name == access_list || name == default_list)
    return choice.access_lists;
  return name == "security.selinux" ? choice.label : choice.others;
}

}  // namespace

Result<bool> set_owner(const FileRef& file, const struct stat& info) {
  const int done = file.fd >= 0
                       ? ::fchown(file.fd, info.st_uid, info.st_gid)
                       : ::fchownat(file.dir, file.name.c_str(), info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW);
  if (done == 0)
    return true;
  const int code = errno;
  if ((code != EPERM && code != EINVAL) || ::geteuid() == 0)
    return fail("set owner", file.shown, code);
  // The group alone may be one of our own.
  (void)(file.fd >= 0
             ? ::fchown(file.fd, static_cast<uid_t>(-1), info.st_gid)
             : ::fchownat(file.dir, file.name.c_str(), static_cast<uid_t>(-1), info.st_gid, AT_SYMLINK_NOFOLLOW));
  return false;
}

Result<> set_mode(const FileRef& file, mode_t mode) {
  const int done =
      file.fd >= 0 ? ::fchmod(file.fd, mode & 07777) : ::fchmodat(file.dir, file.name.c_str(), mode & 07777, 0);
  if (done < 0)
    return fail("set permissions", file.shown);
  return {};
}

Result<> set_times(const FileRef& file, const struct stat& info) {
  const timespec times[] = {info.st_atim, info.st_mtim};
  const int done =
      file.fd >= 0 ? ::futimens(file.fd, times) : ::utimensat(file.dir, file.name.c_str(), times, AT_SYMLINK_NOFOLLOW);
  if (done < 0)
    return fail("set times", file.shown);
  return {};
}

Result<> copy_xattrs(const FileRef& from, const FileRef& to, const XattrChoice& choice) {
  const Xattrs source(from);
  const auto names = source.names();
  if (!names) {
    if (names.error().code() == ENOTSUP || names.error().code() == ENOSYS)
      return {};
    return std::unexpected(names.error());
  }
  std::optional<Error> first_error;
  std::optional<Xattrs> target;
  for (std::string_view rest = *names; !rest.empty();) {
    const std::string name(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    if (!is_wanted(name, choice))
      continue;
    if (!target)
      target.emplace(to);
    const auto value = source.value(name.c_str());
    const auto done = value ? target->set(name.c_str(), *value) : std::unexpected(value.error());
    if (!done && !first_error)
      first_error = done.error();
  }
  if (first_error)
    return std::unexpected(*std::move(first_error));
  return {};
}

Result<std::vector<Attribute>> read_xattrs(const FileRef& file) {
  std::vector<Attribute> attributes;
  const Xattrs source(file);
  const auto names = source.names();
  if (!names && (names.error().code() == ENOTSUP || names.error().code() == ENOSYS))
    return attributes;
  if (!names)
    return std::unexpected(names.error());
  for (std::string_view rest = *names; !rest.empty();) {
    const std::string name(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    attributes.push_back({name, TRY(source.value(name.c_str()))});
  }
  return attributes;
}

void remove_access_lists(const FileRef& file) {
  const Xattrs attributes(file);
  attributes.remove(access_list);
  attributes.remove(default_list);
}

bool has_default_access_list(int dir) {
  return ::fgetxattr(dir, default_list, nullptr, 0) > 0;
}

}  // namespace rescue
