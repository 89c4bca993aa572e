#include "lib/sys/namespaces.h"

#include <sched.h>

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

}  // namespace rescue
