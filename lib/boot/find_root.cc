#include "lib/boot/find_root.h"

#include <algorithm>
#include <cerrno>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/boot/modules.h"
#include "lib/fs/root.h"
#include "lib/sys/block.h"
#include "lib/sys/mounting.h"

namespace rescue {

namespace {

constexpr unsigned default_wait = 30;  // seconds; rootwait and rootdelay of the kernel line may say more
constexpr useconds_t pause_between = 250'000;

// "/dev/vda1", "UUID=..."; the kernel's own forms (8:1, 0x801) name devices by numbers.
const BlockDevice* find_named(const std::vector<BlockDevice>& devices, const std::string& spec) {
  struct stat info{};
  if (spec.starts_with("/dev/") && ::stat(spec.c_str(), &info) == 0 && S_ISBLK(info.st_mode)) {
    const auto found = std::ranges::find(devices, info.st_rdev, &BlockDevice::number);
    return found == devices.end() ? nullptr : &*found;
  }
  if (spec.starts_with("/dev/disk/by-uuid/"))
    return find_device(devices, str("UUID=", base_name(spec)));
  if (spec.starts_with("/dev/disk/by-label/"))
    return find_device(devices, str("LABEL=", base_name(spec)));
  return find_device(devices, spec);
}

Result<MountDone> mount_device(const BlockDevice& device, const std::string& target, const std::string& type,
                               std::string_view words) {
  MountRequest request{.source = device.path, .target = target, .type = type, .options = {}};
  add_mount_options(request.options, words);
  request.options.flags |= MS_RDONLY;
  return mount_file_system(request);
}

// Where /usr is a file system of its own, /etc/os-release is a link into it that leads nowhere yet.
bool is_system(const std::string& target) {
  const auto root = Root::open(target);
  if (!root)
    return false;
  const auto release = root->find("etc/os-release", Last::keep);
  return (release && release->exists) || root->exists("usr/lib/os-release");
}

class RootFinder {
 public:
  RootFinder(const KernelLine& line, const std::string& target, LogicalVolumes& volumes, Listener say)
      : spec_(line.value("root").value_or("")),
        type_(line.value("rootfstype").value_or("")),
        words_(line.value("rootflags").value_or("")),
        wait_(to_number<unsigned>(line.value("rootdelay").value_or("")).value_or(default_wait)),
        target_(target),
        volumes_(volumes),
        say_(say) {}

  Result<FoundRoot> find() {
    auto modules = Modules::of_this_kernel();
    // The disks of a bus show up a while after its driver. What is named is waited for longer than what is guessed.
    for (unsigned tries = 0;; ++tries) {
      if (modules)
        modules->load_for_devices();
      auto devices = list_block_devices().value_or(std::vector<BlockDevice>());
      if (volumes_.activate(devices, modules ? &*modules : nullptr, say_))
        devices = list_block_devices().value_or(std::vector<BlockDevice>());
      if (auto found = named(devices))
        return *std::move(found);
      const bool late = tries * pause_between > wait_ * 1'000'000UL;
      const bool nothing_named = spec_.empty() && tries * pause_between >= 2'000'000;
      if (late && !spec_.empty())
        say_(str("root=", Printable(spec_), " is not there; looking at all disks"));
      if (late || nothing_named)
        if (auto found = searched(devices))
          return *std::move(found);
      if (late)
        return no_root(devices);
      ::usleep(pause_between);
    }
  }

 private:
  std::optional<FoundRoot> named(const std::vector<BlockDevice>& devices) {
    const BlockDevice* const device = spec_.empty() ? nullptr : find_named(devices, spec_);
    if (device == nullptr)
      return std::nullopt;
    const auto done = mount_device(*device, target_, type_, words_);
    if (done)
      return FoundRoot{device->path, done->type, str("root=", Printable(spec_))};
    if (message(done.error()) != last_problem_)
      say_(last_problem_ = message(done.error()));
    return std::nullopt;
  }

  std::optional<FoundRoot> searched(const std::vector<BlockDevice>& devices) {
    for (const BlockDevice& device : devices) {
      const Superblock block = tags_of(device, devices);
      if (block.type().empty() || !block.is_mountable())
        continue;
      const auto done = mount_device(device, target_, "", "");
      if (done && is_system(target_))
        return FoundRoot{device.path, done->type, "it has /etc/os-release"};
      if (done)
        (void)::umount2(target_.c_str(), MNT_DETACH);
      else
        say_(message(done.error()));
    }
    return std::nullopt;
  }

  std::unexpected<Error> no_root(const std::vector<BlockDevice>& devices) const {
    std::string list;
    for (const BlockDevice& device : devices) {
      const Superblock block = tags_of(device, devices);
      const bool closed = block.type() == "crypto_LUKS" || block.type() == "linux_raid_member";
      list += str(list.empty() ? "" : ", ", device.path, closed ? " (encrypted, or part of a RAID)" : "");
    }
    return fail("find the root file system", "",
                devices.empty() ? "no disk was found: its driver may be missing from this image"
                                : str("none of ", list, " holds one"));
  }

  std::string spec_;
  std::string type_;
  std::string words_;
  unsigned wait_;
  const std::string& target_;
  LogicalVolumes& volumes_;
  Listener say_;
  std::string last_problem_;
};

}  // namespace

Result<FoundRoot> mount_broken_root(const KernelLine& line, const std::string& target, LogicalVolumes& volumes,
                                    Listener say) {
  if (::mkdir(target.c_str(), 0755) < 0 && errno != EEXIST)
    return fail("make directory", target);
  return RootFinder(line, target, volumes, say).find();
}

}  // namespace rescue
