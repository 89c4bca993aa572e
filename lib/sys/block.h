// The block devices of this machine, as /sys has them, and finding one by what it holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "lib/base/error.h"
#include "lib/base/fd.h"
#include "lib/fs/root.h"
#include "lib/sys/superblock.h"

namespace rescue {

struct BlockDevice {
  std::string name;    // "sda1"
  std::string folder;  // what the kernel says of it: "sys/devices/pci0000:00/.../block/sda/sda1", without links
  std::string path;    // "/dev/sda1"; device-mapper's have the name that people know: "/dev/mapper/vg-root"
  std::string parent;  // "sda" for "sda1"; empty for a whole disk
  dev_t number = 0;
  uint64_t size = 0;
  bool read_only = false;
  bool removable = false;
  unsigned partition = 0;  // its number; 0 for a whole disk
  uint64_t start = 0;      // bytes, of a partition
  std::string model;
  std::string backing_file;         // of a loop device
  std::vector<std::string> slaves;  // what it is made of: "sda2" below "dm-0"
  std::string type() const;         // as lsblk says: disk, part, loop, rom, lvm, crypt, raid1, dm
  std::string dm_uuid;
  std::string raid_level;
};

// All that have a size, in the order of their names (numbers count as numbers); with `empty_too`, those that wait for a
// medium or a file as well. Needs /sys, of which nothing outside of the root is read: it may be a copy of another
// machine's.
Result<std::vector<BlockDevice>> list_block_devices(const Root& root, bool empty_too = false);
Result<std::vector<BlockDevice>> list_block_devices(bool empty_too = false);

// The first line of a file of its folder; empty where there is none.
std::string block_attribute(const Root& root, const BlockDevice& device, std::string_view name);

// What the device holds, and the tags of the partition that it is (PARTUUID, PARTLABEL). Nothing where it cannot be
// opened or holds nothing known.
Superblock tags_of(const BlockDevice& device, const std::vector<BlockDevice>& all);

// Opens a device by its number where /dev has no node of it. The node that is made for that is gone afterwards.
Result<UniqueFd> open_device(const BlockDevice& device, int flags);

// "UUID=...", "LABEL=...", "PARTUUID=...", "PARTLABEL=..." (also in quotes, and UUIDs in any case) as the path of the
// device; another text is returned as it is.
Result<std::string> resolve_device(std::string_view spec);

// The same, of a list that was made before; nothing where there is none.
const BlockDevice* find_device(const std::vector<BlockDevice>& devices, std::string_view spec);

// Whether the text is such a NAME=VALUE.
bool is_device_tag(std::string_view spec);

}  // namespace rescue
