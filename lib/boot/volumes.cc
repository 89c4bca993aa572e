#include "lib/boot/volumes.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

std::string number_text(dev_t number) {
  return str(major(number), ':', minor(number));
}

// The other name that people and fstab have for it, which udev makes otherwise.
std::string link_to(const std::string& name, std::string_view group, std::string_view volume) {
  std::string link = str("/dev/", group);
  (void)::mkdir(link.c_str(), 0755);
  link += str('/', volume);
  (void)::symlink(str("../mapper/", name).c_str(), link.c_str());
  return link;
}

constexpr const char* notes = "/run/udev/data";

}  // namespace

// The disks that have come since.
bool LogicalVolumes::read_members(const std::vector<BlockDevice>& devices, Listener say) {
  bool any = false;
  for (const BlockDevice& device : devices) {
    if (std::ranges::contains(seen_, device.name))
      continue;
    seen_.push_back(device.name);
    if (tags_of(device, devices).type() != "LVM2_member")
      continue;
    const auto fd = open_device(device, O_RDONLY);
    auto disk = fd ? FdDisk::open(fd->get(), device.path) : Result<FdDisk>(std::unexpected(fd.error()));
    auto member = disk ? read_lvm_member(*disk) : Result<LvmMember>(std::unexpected(disk.error()));
    auto group = member && !member->metadata.empty() ? parse_lvm_group(member->metadata, device.path)
                                                     : Result<LvmGroup>(LvmGroup());
    if (!member || !group) {
      say(message(!member ? member.error() : group.error()));
      continue;
    }
    any = true;
    members_.push_back({member->id, number_text(device.number)});
    const auto known = std::ranges::find(groups_, group->id, &LvmGroup::id);
    if (known == groups_.end() && !group->id.empty())
      groups_.push_back(*std::move(group));
    else if (known != groups_.end() && known->generation < group->generation)
      *known = *std::move(group);
  }
  return any;
}

bool LogicalVolumes::activate(const std::vector<BlockDevice>& devices, Modules* modules, Listener say) {
  if (!read_members(devices, say))
    return false;
  bool any = false;
  for (const LvmGroup& group : groups_)
    any |= activate_group(group, devices, modules, say);
  return any;
}

// The rows of the volume's table; none while one of its disks is not there.
std::vector<MapperRow> LogicalVolumes::table_of(const LvmVolume& volume) const {
  std::vector<MapperRow> rows;
  for (const LvmSegment& segment : volume.segments) {
    std::string areas;
    for (const LvmArea& area : segment.areas) {
      const auto member = std::ranges::find(members_, area.member, &Member::id);
      if (member == members_.end())
        return {};
      areas += str(areas.empty() ? "" : " ", member->number, ' ', area.start);
    }
    const bool striped = segment.areas.size() > 1;
    rows.push_back({segment.start, segment.length, striped ? "striped" : "linear",
                    striped ? str(segment.areas.size(), ' ', segment.stripe, ' ', areas) : std::move(areas)});
  }
  return rows;
}

bool LogicalVolumes::activate_group(const LvmGroup& group, const std::vector<BlockDevice>& devices, Modules* modules,
                                    Listener say) {
  auto mapper = Mapper::open();
  if (!mapper && modules != nullptr && modules->load("dm-mod"))
    mapper = Mapper::open();
  if (!mapper) {
    say(message(mapper.error()));
    return false;
  }
  bool any = false;
  for (const LvmVolume& volume : group.volumes) {
    const std::string name = lvm_device_name(group.name, volume.name);
    const auto rows = table_of(volume);
    // The system's own initramfs may have done it.
    if (std::ranges::contains(settled_, name) || find_device(devices, str("/dev/mapper/", name)) != nullptr ||
        (rows.empty() && volume.problem.empty()))
      continue;
    settled_.push_back(name);
    if (!volume.problem.empty()) {
      say(str("/dev/mapper/", name, " cannot be used here: ", volume.problem));
      continue;
    }
    const auto number = mapper->create(name, str("LVM-", volume.id), rows, volume.writable);
    if (number)
      active_.push_back({name, link_to(name, group.name, volume.name), *number});
    else
      say(message(number.error()));
    any |= number.has_value();
  }
  return any;
}

// In udev's own form, as an initramfs leaves it: this device was set up as it should be. Without that, udev's rules of
// device-mapper take no notice of it when the system looks at all its devices again.
void LogicalVolumes::leave_note(const Active& volume) {
  (void)::mkdir("/run/udev", 0755);
  (void)::mkdir(notes, 0755);
  const std::string path = str(notes, "/b", number_text(volume.number));
  if (const auto fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0644))
    (void)write_all(fd->get(), "I:1\nE:DM_UDEV_PRIMARY_SOURCE_FLAG=1\nE:DM_UDEV_RULES_VSN=2\nV:1\n", path);
}

void LogicalVolumes::hand_over() {
  if (active_.empty())
    return;
  auto mapper = Mapper::open();
  if (!mapper)
    return;
  for (const Active& volume : active_) {
    (void)::unlink(volume.link.c_str());
    (void)::rmdir(std::string(dir_name(volume.link)).c_str());
    if (const auto removed = mapper->remove(volume.name); !removed)
      leave_note(volume);
  }
  active_.clear();
}

}  // namespace rescue
