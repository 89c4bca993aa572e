#include "lib/boot/handover.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/sys/mounting.h"

namespace rescue {

namespace {

constexpr std::string_view usual_inits[] = {"/sbin/init", "/etc/init", "/bin/init", "/usr/lib/systemd/systemd",
                                            "/lib/systemd/systemd"};

bool is_program(const Root& root, std::string_view path) {
  const auto found = root.find(path);
  return found && found->exists && S_ISREG(found->info.st_mode) && (found->info.st_mode & 0111) != 0;
}

// Removes all below `dir` that is on the device `device`: what the initramfs held.
void remove_all(int dir, dev_t device) {
  const auto entries = list_dir(dir, "/");
  if (!entries)
    return;
  for (const DirEntry& entry : *entries) {
    struct stat info{};
    if (::fstatat(dir, entry.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0 || info.st_dev != device)
      continue;
    if (S_ISDIR(info.st_mode)) {
      const auto below = open_at(dir, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, entry.name);
      if (below)
        remove_all(below->get(), device);
      (void)::unlinkat(dir, entry.name.c_str(), AT_REMOVEDIR);
    } else {
      (void)::unlinkat(dir, entry.name.c_str(), 0);
    }
  }
}

bool is_memory(const char* path) {
  struct statfs info{};
  return ::statfs(path, &info) == 0 && (info.f_type == RAMFS_MAGIC || info.f_type == TMPFS_MAGIC);
}

Result<> check_new_root(const std::string& new_root, const struct stat& old, const SwitchChecks& checks) {
  struct stat info{};
  if (::stat(new_root.c_str(), &info) < 0)
    return fail("look at", new_root);
  if (!S_ISDIR(info.st_mode))
    return fail("switch to it", new_root, "is not a directory");
  if (info.st_dev == old.st_dev)
    return fail("switch to it", new_root, "is not a file system of its own");
  if (checks.need_initramfs && (!is_memory("/") || ::access("/init", F_OK) < 0))
    return fail("switch away", "/", "is not an initramfs");
  return {};
}

void move_mounts(const std::string& new_root) {
  for (const std::string place : {"/dev", "/proc", "/sys", "/run"}) {
    struct stat here{};
    struct stat root{};
    if (::stat(place.c_str(), &here) < 0 || ::stat("/", &root) < 0 || here.st_dev == root.st_dev)
      continue;
    // A root without such a place gets along without: its init mounts what it needs.
    if (!mount_once(place, str(new_root, place), "", MS_MOVE, ""))
      (void)::umount2(place.c_str(), MNT_DETACH);
  }
}

}  // namespace

Result<std::string> find_init(const Root& root, const std::string& asked) {
  if (!asked.empty()) {
    if (is_program(root, asked))
      return asked;
    return fail("boot", root.shown(asked), "is no program");
  }
  for (const std::string_view path : usual_inits)
    if (is_program(root, path))
      return std::string(path);
  return fail("boot", root.path(), "has no /sbin/init or its like");
}

Result<> switch_root(const std::string& new_root, const SwitchChecks& checks) {
  struct stat old{};
  if (::stat("/", &old) < 0)
    return fail("look at", "/");
  TRY(check_new_root(new_root, old, checks));
  const UniqueFd old_root = TRY(open_file("/", O_RDONLY | O_DIRECTORY));
  move_mounts(new_root);
  if (::chdir(new_root.c_str()) < 0)
    return fail("change directory", new_root);
  TRY(mount_once(".", "/", "", MS_MOVE, ""));
  if (::chroot(".") < 0 || ::chdir("/") < 0)
    return fail("enter new root", new_root);
  if (checks.remove_old)
    remove_all(old_root.get(), old.st_dev);
  return {};
}

Result<> switch_root(const std::string& new_root) {
  return switch_root(new_root, {});
}

}  // namespace rescue
