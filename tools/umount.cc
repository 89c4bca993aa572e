// umount: detach file systems.
#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/base/applet.h"
#include "lib/sys/block.h"
#include "lib/sys/mounting.h"
#include "lib/sys/namespaces.h"

namespace rescue {
namespace {

struct Options {
  bool all = false;
  bool all_targets = false;
  bool force = false;
  bool lazy = false;
  bool read_only = false;
  bool recursive = false;
  bool detach_loop = false;
  bool verbose = false;
  bool quiet = false;
  bool fake = false;
  bool no_table = false;
  bool as_given = false;
  std::string types;
  std::string test_words;
  std::string mount_namespace;
};

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "detach everything, save what the kernel and devices need (proc, devtmpfs, ...)"},
    {'A', "all-targets", &Options::all_targets, "detach it at every place where it is attached"},
    {'R', "recursive", &Options::recursive, "with all that is attached below it"},
    {'f', "force", &Options::force, "also where the server of a network file system does not answer"},
    {'l', "lazy", &Options::lazy, "take it away now, and finish when nobody uses it any more"},
    {'r', "read-only", &Options::read_only, "make it read-only where it cannot be detached"},
    {'d', "detach-loop", &Options::detach_loop, "free the loop device behind it too"},
    {'t', "types", &Options::types, "with -a: only these types (no: all but those)", "LIST"},
    {'O', "test-opts", &Options::test_words, "with -a: only what is mounted with these options", "LIST"},
    {'N', "namespace", &Options::mount_namespace, "in the mount namespace of the process NS, or that the file NS keeps",
     "NS"},
    {'c', "no-canonicalize", &Options::as_given, "take the paths as they are, links and all"},
    {'i', "internal-only", &Options::no_table, "call no umount.TYPE; none is ever called"},
    {'n', "no-mtab", &Options::no_table, "write no /etc/mtab; it is never written"},
    {'q', "quiet", &Options::quiet, "no message for what is not attached"},
    {0, "fake", &Options::fake, "do everything but the detaching"},
    {'v', "verbose", &Options::verbose, "say what is detached"},
};

// What the kernel shows of itself; the rest of a shut-down still needs these.
bool is_needed(const Mount& mount) {
  constexpr std::string_view types[] = {"proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "rootfs"};
  return std::ranges::contains(types, mount.type);
}

// As the kernel writes it: without links, dots and doubled slashes.
std::string whole_path(const std::string& word) {
  char* const found = ::realpath(word.c_str(), nullptr);
  std::string path = found == nullptr ? word : found;
  ::free(found);
  return path;
}

class Unmounter {
 public:
  Unmounter(const Options& opt, Io& io) : opt_(opt), io_(io), mounts_(read_mounts().value_or(std::vector<Mount>())) {}

  Result<> unmount(const std::string& word) {
    std::string target = word;
    const Mount* mount = find(word);
    if (mount != nullptr)
      target = mount->target;
    if (opt_.recursive)
      for (const std::string& below : targets_below(target))
        TRY(detach(below));
    if (opt_.all_targets && mount != nullptr) {
      const dev_t device = mount->device;
      for (auto it = mounts_.rbegin(); it != mounts_.rend(); ++it)
        if (it->device == device && it->target != target)
          TRY(detach(it->target));
    }
    return detach(target);
  }

  void unmount_all() {
    for (auto it = mounts_.rbegin(); it != mounts_.rend(); ++it) {
      if (it->target == "/" || (opt_.types.empty() ? is_needed(*it) : !type_is_wanted(opt_.types, it->type)) ||
          !has_options(all_options(*it), opt_.test_words))
        continue;
      if (const auto done = detach(it->target); !done)
        io_.warn(done.error());
    }
  }

  int status() const { return quiet_failure_ ? io_.failure_status : io_.status(); }

 private:
  // By its place, or by the device; the last one that was attached.
  const Mount* find(const std::string& word) const {
    if (const Mount* const found = mount_at(mounts_, word))
      return found;
    const std::string named = is_device_tag(word) ? resolve_device(word).value_or(word) : word;
    const std::string path = opt_.as_given ? named : whole_path(named);
    if (const Mount* const found = mount_at(mounts_, path))
      return found;
    const Mount* last = nullptr;
    for (const Mount& mount : mounts_)
      if (mount.source == path || mount.source == word)
        last = &mount;
    return last;
  }

  std::vector<std::string> targets_below(const std::string& target) const {
    std::vector<std::string> targets;
    const std::string start = target == "/" ? target : target + '/';
    for (auto it = mounts_.rbegin(); it != mounts_.rend(); ++it)
      if (it->target.starts_with(start) && it->target != target)
        targets.push_back(it->target);
    return targets;
  }

  Result<> detach(const std::string& target) {
    if (opt_.fake)
      return {};
    const Mount* const mount = mount_at(mounts_, target);
    const int flags = (opt_.force ? MNT_FORCE : 0) | (opt_.lazy ? MNT_DETACH : 0);
    if (::umount2(target.c_str(), flags) < 0) {
      const int code = errno;
      // Its status says so all the same.
      if (code == EINVAL && opt_.quiet) {
        quiet_failure_ = true;
        return {};
      }
      if (code == EBUSY && opt_.read_only)
        return mount_once("none", target, "", MS_REMOUNT | MS_RDONLY, "");
      if (code == EINVAL)
        return fail("detach", target, "is not mounted");
      return fail("detach", target, code);
    }
    if (opt_.verbose)
      io_.note(Printable(target), " (", mount == nullptr ? "none" : printable(mount->source), ") unmounted");
    if (opt_.detach_loop && mount != nullptr && mount->source.starts_with("/dev/loop"))
      // One that frees itself is gone already.
      if (const auto done = detach_loop(mount->source); !done && done.error().code() != ENXIO)
        return done;
    return {};
  }

  const Options& opt_;
  Io& io_;
  std::vector<Mount> mounts_;
  bool quiet_failure_ = false;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(enter_mount_namespace(opt.mount_namespace));
  Unmounter unmounter(opt, io);
  if (opt.all) {
    TRY(args.expect_end());
    unmounter.unmount_all();
    return unmounter.status();
  }
  if (args.empty())
    return usage_error("missing operand: what is to be detached?");
  for (const std::string_view word : args)
    if (const auto done = unmounter.unmount(std::string(word)); !done)
      io.warn(done.error());
  return unmounter.status();
}

}  // namespace

extern const Applet umount_applet = {
    .name = "umount",
    .summary = "detach file systems",
    .usage = "[OPTION]... DIRECTORY|DEVICE...\n-a [OPTION]...",
    .section = 8,
    .failure_status = 32,
    .usage_status = 1,
    .help_letter = 'h',
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
