// Logical volumes of LVM2, from the metadata that each physical volume carries as text: where the blocks of a volume
// are. What is made of plain pieces (linear, striped) is understood; the rest is named and left alone.
//
// The disk may be anybody's: sums are checked, every number is held against what is there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/sys/superblock.h"

namespace rescue {

// What a disk is a part of.
struct LvmMember {
  std::string id;        // of the physical volume, 32 letters
  std::string metadata;  // of its group, as text; empty where this disk keeps none
};

Result<LvmMember> read_lvm_member(Disk& disk);

// So many sectors of 512 bytes of one disk, from `start` on.
struct LvmArea {
  std::string member;  // its id
  uint64_t start = 0;
};

struct LvmSegment {
  uint64_t start = 0;   // sectors
  uint64_t length = 0;  // of the volume, sectors
  uint64_t stripe = 0;  // sectors; 0 where there is one area
  std::vector<LvmArea> areas;
};

struct LvmVolume {
  std::string name;
  std::string id;       // of group and volume: 64 letters
  std::string problem;  // why it cannot be used; it has no segments then
  bool writable = false;
  std::vector<LvmSegment> segments;
};

struct LvmGroup {
  std::string name;
  std::string id;
  uint64_t generation = 0;  // the larger one is the newer
  std::vector<LvmVolume> volumes;
};

Result<LvmGroup> parse_lvm_group(std::string_view metadata, std::string_view path);

// "group-volume", with the dashes within each doubled, as device-mapper's devices of LVM are called.
std::string lvm_device_name(std::string_view group, std::string_view volume);

}  // namespace rescue
