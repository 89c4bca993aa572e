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

namespace rescue {

namespace {

constexpr char sys_block[] = "sys/block";
constexpr uint64_t sys_sector = 512;  // in /sys a sector is always that

template <typename T>
T number(const Root& root, const BlockDevice& device, std::string_view name) {
  return to_number<T>(block_attribute(root, device, name)).value_or(0);
}

dev_t device_number(std::string_view text) {
  const size_t colon = text.find(':');
  const auto major = to_number<unsigned>(text.substr(0, colon));
  const auto minor = colon == std::string_view::npos ? std::nullopt : to_number<unsigned>(text.substr(colon + 1));
  return major && minor ? makedev(*major, *minor) : 0;
}

std::vector<std::string> names_in(const Root& root, const std::string& folder) {
  std::vector<std::string> names;
  if (const auto dir = root.open_dir(folder))
    for (DirEntry& entry : list_dir(dir->get(), folder).value_or(std::vector<DirEntry>()))
      names.push_back(std::move(entry.name));
  return names;
}

BlockDevice describe_device(const Root& root, std::string name, std::string folder, std::string_view parent) {
  BlockDevice device;
  device.folder = std::move(folder);
  const auto text = [&](std::string_view file) { return block_attribute(root, device, file); };
  const std::string mapped = text("dm/name");
  std::string node = name;
  std::ranges::replace(node, '!', '/');  // "cciss!c0d0"
  device.name = std::move(name);
  device.path = mapped.empty() ? str("/dev/", node) : str("/dev/mapper/", mapped);
  device.number = device_number(text("dev"));
  device.size = number<uint64_t>(root, device, "size") * sys_sector;
  device.read_only = text("ro") == "1";
  device.removable = text(parent.empty() ? "removable" : "../removable") == "1";
  device.partition = number<unsigned>(root, device, "partition");
  device.start = number<uint64_t>(root, device, "start") * sys_sector;
  device.parent = parent;
  device.model = trim(text("device/model"));
  device.backing_file = text("loop/backing_file");
  device.dm_uuid = text("dm/uuid");
  device.raid_level = text("md/level");
  device.slaves = names_in(root, str(device.folder, "/slaves"));
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

std::string block_attribute(const Root& root, const BlockDevice& device, std::string_view name) {
  const auto text = root.read_file(str(device.folder, '/', name), 65536);
  return text ? text->substr(0, text->find('\n')) : std::string();
}

Result<std::vector<BlockDevice>> list_block_devices(const Root& root, bool empty_too) {
  TRY(root.open_dir(sys_block));
  std::vector<BlockDevice> devices;
  const auto add = [&](const std::string& name, std::string folder, std::string_view parent) {
    BlockDevice device = describe_device(root, name, std::move(folder), parent);
    if (device.number != 0 && (device.size != 0 || empty_too))
      devices.push_back(std::move(device));
  };
  for (const std::string& disk : names_in(root, sys_block)) {
    const auto found = root.find_existing(str(sys_block, '/', disk));
    if (!found)
      continue;
    add(disk, found->path, "");
    // A disk's partitions are folders within its own, which bear its name and say where they begin.
    for (const std::string& name : names_in(root, found->path))
      if (name.starts_with(disk) && root.exists(str(found->path, '/', name, "/start")))
        add(name, str(found->path, '/', name), disk);
  }
  rescue::sort(devices,
               [](const BlockDevice& a, const BlockDevice& b) { return compare_versions(a.name, b.name) < 0; });
  return devices;
}

Result<std::vector<BlockDevice>> list_block_devices(bool empty_too) {
  return list_block_devices(TRY(Root::open("/")), empty_too);
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
