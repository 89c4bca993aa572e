#include "lib/sys/namespaces.h"

#include <cerrno>

#include <fcntl.h>
#include <sched.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

// Newer than some C libraries' headers.
constexpr int clone_new_cgroup = 0x02000000;
constexpr int clone_new_time = 0x00000080;

constexpr NamespaceKind kinds[] = {
    {'U', "user", "user", CLONE_NEWUSER}, {'C', "cgroup", "cgroup", clone_new_cgroup},
    {'i', "ipc", "ipc", CLONE_NEWIPC},    {'u', "uts", "uts", CLONE_NEWUTS},
    {'n', "net", "net", CLONE_NEWNET},    {'p', "pid", "pid", CLONE_NEWPID},
    {'m', "mount", "mnt", CLONE_NEWNS},   {'T', "time", "time", clone_new_time},
};

}  // namespace

std::span<const NamespaceKind> namespace_kinds() {
  return kinds;
}

Result<> enter_mount_namespace(const std::string& where) {
  if (where.empty())
    return {};
  const std::string path = to_number<unsigned>(where) ? str("/proc/", where, "/ns/mnt") : where;
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  if (::setns(fd.get(), CLONE_NEWNS) < 0)
    return fail("enter the namespace", path);
  return {};
}

}  // namespace rescue
