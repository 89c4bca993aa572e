#include "lib/boot/early.h"

#include <array>
#include <cerrno>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "lib/base/text.h"
#include "lib/sys/mounting.h"

namespace rescue {

namespace {

struct Place {
  const char* type;
  const char* target;
  unsigned long flags;
  const char* data;
};

constexpr Place places[] = {
    {"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    {"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    {"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620"},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755"},
};

// Something is mounted there, where it is on another device than the folder above.
bool is_there(const Place& place) {
  struct stat own{};
  struct stat above{};
  return ::stat(place.target, &own) == 0 && ::stat(str(place.target, "/..").c_str(), &above) == 0 &&
         own.st_dev != above.st_dev;
}

struct Node {
  const char* path;
  mode_t mode;
  unsigned major;
  unsigned minor;
};

constexpr std::array<Node, 7> nodes = {{{"/dev/console", 0600, 5, 1},
                                        {"/dev/null", 0666, 1, 3},
                                        {"/dev/zero", 0666, 1, 5},
                                        {"/dev/kmsg", 0644, 1, 11},
                                        {"/dev/tty", 0666, 5, 0},
                                        {"/dev/tty0", 0620, 4, 0},
                                        {"/dev/ttyS0", 0660, 4, 64}}};

// A kernel without devtmpfs: the few devices that a shell needs.
Result<> make_devices() {
  TRY(mount_once("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=0755"));
  for (const Node& node : nodes)
    if (::mknod(node.path, S_IFCHR | node.mode, makedev(node.major, node.minor)) < 0 && errno != EEXIST)
      return fail("make a device node", node.path);
  return {};
}

Result<> mount_place(const Place& place) {
  if (is_there(place))
    return {};
  // Fails on a read-only root, which mostly has the place.
  (void)::mkdir(place.target, 0755);
  auto done = mount_kernel_file_system(place.type, place.target, place.flags, place.data);
  if (!done && done.error().code() == ENODEV && std::string_view(place.type) == "devtmpfs")
    return make_devices();
  return done;
}

}  // namespace

std::vector<std::string> mount_kernel_file_systems() {
  std::vector<std::string> problems;
  for (const Place& place : places)
    if (const auto done = mount_place(place); !done)
      problems.push_back(message(done.error()));
  return problems;
}

bool runs_from_initramfs() {
  struct statfs info{};
  return ::statfs("/", &info) == 0 && (info.f_type == RAMFS_MAGIC || info.f_type == TMPFS_MAGIC) &&
         ::access("/init", F_OK) == 0;
}

}  // namespace rescue
