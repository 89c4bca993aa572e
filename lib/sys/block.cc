#include "lib/sys/block.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/base/version_order.h"
#include "lib/fs/root.h"

namespace rescue {

namespace {

constexpr std::string_view sys_block = "/sys/class/block";
constexpr uint64_t sys_sector = 512;  // in /sys a sector is always that

// A file of /sys without its newline; empty where it is not there.
std::string attribute(std::string_view device, std::string_view name) {
  const std::string path = str(sys_block, '/', device, '/', name);
  const auto fd = open_file(path, O_RDONLY);
  if (!fd)
    return {};
  const auto text = read_all(fd->get(), 65536, path);
  return text ? std::string(trim(std::string_view(*text).substr(0, text->find('\n')))) : std::string();
}

template <typename T>
T number(std::string_view device, std::string_view name) {
  return to_number<T>(attribute(device, name)).value_or(0);
}

dev_t device_number(std::string_view text) {
  const size_t colon = text.find(':');
  const auto major = to_number<unsigned>(text.substr(0, colon));
  const auto minor = colon == std::string_view::npos ? std::nullopt : to_number<unsigned>(text.substr(colon + 1));
  return major && minor ? makedev(*major, *minor) : 0;
}

// /sys/class/block/sda1 leads to .../block/sda/sda1: the folder above is the disk.
std::string parent_of(std::string_view name) {
  char target[4096];
  const ssize_t length = ::readlink(str(sys_block, '/', name).c_str(), target, sizeof target);
  return length > 0 ? std::string(base_name(dir_name(std::string_view(target, static_cast<size_t>(length)))))
                    : std::string();
}

BlockDevice describe_device(std::string_view name) {
  BlockDevice device;
  device.name = name;
  const std::string mapped = attribute(name, "dm/name");
  std::string node(name);
  std::ranges::replace(node, '!', '/');  // "cciss!c0d0"
  device.path = mapped.empty() ? str("/dev/", node) : str("/dev/mapper/", mapped);
  device.number = device_number(attribute(name, "dev"));
  device.size = number<uint64_t>(name, "size") * sys_sector;
  device.read_only = attribute(name, "ro") == "1";
  device.removable = attribute(name, "removable") == "1";
  device.partition = number<unsigned>(name, "partition");
  device.start = number<uint64_t>(name, "start") * sys_sector;
  if (device.partition != 0)
    device.parent = parent_of(name);
  device.model = attribute(name, "device/model");
  device.backing_file = attribute(name, "loop/backing_file");
  device.dm_uuid = attribute(name, "dm/uuid");
  device.raid_level = attribute(name, "md/level");
  const auto slaves = open_file(str(sys_block, '/', name, "/slaves"), O_RDONLY | O_DIRECTORY);
  if (slaves)
    for (const DirEntry& entry : list_dir(slaves->get(), name).value_or(std::vector<DirEntry>()))
      device.slaves.push_back(entry.name);
  return device;
}

bool same_text(std::string_view a, std::string_view b) {
  const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, low, low);
}

void add_partition_tags(Superblock& block, const BlockDevice& device, const std::vector<BlockDevice>& all) {
  const auto parent = std::ranges::find(all, device.parent, &BlockDevice::name);
  if (parent == all.end())
    return;
  const auto fd = open_device(*parent, O_RDONLY);
  if (!fd)
    return;
  auto disk = FdDisk::open(fd->get(), parent->path);
  if (!disk)
    return;
  const auto table = probe_partitions(*disk);
  if (!table || !*table)
    return;
  for (const Partition& partition : (*table)->partitions)
    if (partition.number == device.partition) {
      if (!partition.label.empty())
        block.tags.push_back({"PARTLABEL", partition.label});
      block.tags.push_back({"PARTUUID", partition.uuid});
    }
}

struct WantedTag {
  std::string_view name;
  std::string_view value;
};

std::optional<WantedTag> wanted_tag(std::string_view spec) {
  for (const std::string_view name : {"UUID", "LABEL", "PARTUUID", "PARTLABEL"}) {
    if (!spec.starts_with(name) || !spec.substr(name.size()).starts_with('='))
      continue;
    std::string_view value = spec.substr(name.size() + 1);
    if (value.size() > 1 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return WantedTag{name, value};
  }
  return std::nullopt;
}

}  // namespace

std::string BlockDevice::type() const {
  if (partition != 0)
    return "part";
  if (name.starts_with("loop"))
    return "loop";
  if (name.starts_with("sr"))
    return "rom";
  if (!raid_level.empty())
    return raid_level;
  if (name.starts_with("dm-")) {
    std::string kind = dm_uuid.substr(0, dm_uuid.find('-'));
    std::ranges::transform(kind, kind.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return kind.empty() || kind == dm_uuid ? "dm" : kind.starts_with("part") ? "part" : kind;
  }
  return "disk";
}

Result<std::vector<BlockDevice>> list_block_devices(bool empty_too) {
  const UniqueFd dir = TRY(open_file(std::string(sys_block), O_RDONLY | O_DIRECTORY));
  std::vector<BlockDevice> devices;
  for (const DirEntry& entry : TRY(list_dir(dir.get(), sys_block))) {
    BlockDevice device = describe_device(entry.name);
    if (device.size != 0 || empty_too)
      devices.push_back(std::move(device));
  }
  rescue::sort(devices,
               [](const BlockDevice& a, const BlockDevice& b) { return compare_versions(a.name, b.name) < 0; });
  return devices;
}

Result<UniqueFd> open_device(const BlockDevice& device, int flags) {
  struct stat info{};
  if (::stat(device.path.c_str(), &info) == 0 && S_ISBLK(info.st_mode) && info.st_rdev == device.number)
    return open_file(device.path, flags);
  const std::string node = str("/dev/.rescue-", ::getpid(), '-', device.name);
  if (::mknod(node.c_str(), S_IFBLK | 0600, device.number) < 0)
    return fail("make a device node", node);
  auto fd = open_file(node, flags);
  (void)::unlink(node.c_str());
  return fd;
}

Superblock tags_of(const BlockDevice& device, const std::vector<BlockDevice>& all) {
  Superblock block;
  const auto fd = open_device(device, O_RDONLY);
  if (fd) {
    auto disk = FdDisk::open(fd->get(), device.path);
    auto found = disk ? probe_superblock(*disk) : Result<std::optional<Superblock>>(std::nullopt);
    if (found && *found)
      block = **std::move(found);
  }
  if (device.partition != 0)
    add_partition_tags(block, device, all);
  return block;
}

bool is_device_tag(std::string_view spec) {
  return wanted_tag(spec).has_value();
}

const BlockDevice* find_device(const std::vector<BlockDevice>& devices, std::string_view spec) {
  const auto wanted = wanted_tag(spec);
  if (!wanted) {
    const auto found = std::ranges::find(devices, spec, &BlockDevice::path);
    return found == devices.end() ? nullptr : &*found;
  }
  const bool any_case = wanted->name.ends_with("UUID");
  for (const BlockDevice& device : devices) {
    if (wanted->name.starts_with("PART") && device.partition == 0)
      continue;
    const Superblock block = tags_of(device, devices);
    const std::string_view value = block.tag(wanted->name);
    if (!value.empty() && (any_case ? same_text(value, wanted->value) : value == wanted->value))
      return &device;
  }
  return nullptr;
}

Result<std::string> resolve_device(std::string_view spec) {
  if (!is_device_tag(spec))
    return std::string(spec);
  const auto devices = TRY(list_block_devices());
  const BlockDevice* const device = find_device(devices, spec);
  if (device == nullptr)
    return with_status(fail("find the device", spec, "no block device has it; `blkid` lists what there is").error(),
                       Status::failed);
  return device->path;
}

}  // namespace rescue
