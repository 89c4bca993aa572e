// What is on a disk, told from its own bytes: file systems, swap, LUKS, LVM and RAID members, partition tables.
//
// No udev, no /dev/disk/by-uuid, no library of the broken system is asked. The disk may be anybody's: every field is
// read through Bytes, and what does not add up is no file system.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace rescue {

// A disk, a partition or an image of one.
class Disk {
 public:
  Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  virtual ~Disk() = default;

  // The bytes from `offset`, fewer where the disk ends before.
  virtual Result<std::string> read(uint64_t offset, size_t length) = 0;
  virtual uint64_t size() const = 0;
  virtual std::string_view path() const = 0;
};

// A disk behind a descriptor, which stays the caller's.
class FdDisk : public Disk {
 public:
  static Result<FdDisk> open(int fd, std::string_view path);
  FdDisk(int fd, uint64_t size, std::string_view path) : fd_(fd), size_(size), path_(path) {}
  FdDisk(FdDisk&& other) noexcept
      : fd_(other.fd_), start_(other.start_), size_(other.size_), path_(std::move(other.path_)) {}
  // Only `size` bytes from `start` on; up to the end for a size of 0.
  void narrow(uint64_t start, uint64_t size);
  Result<std::string> read(uint64_t offset, size_t length) override;
  uint64_t size() const override { return size_; }
  std::string_view path() const override { return path_; }

 private:
  int fd_;
  uint64_t start_ = 0;
  uint64_t size_;
  std::string path_;
};

// One in memory, for tests; the bytes must outlive it.
class TextDisk : public Disk {
 public:
  explicit TextDisk(std::string_view bytes) : bytes_(bytes) {}
  Result<std::string> read(uint64_t offset, size_t length) override;
  uint64_t size() const override { return bytes_.size(); }
  std::string_view path() const override { return "disk"; }

 private:
  std::string_view bytes_;
};

// A name and a value as blkid(8) prints them: LABEL, UUID, TYPE...
struct Tag {
  std::string_view name;
  std::string value;
};

struct Superblock {
  std::vector<Tag> tags;  // in blkid's order; never with an empty value

  std::string_view tag(std::string_view name) const;  // empty where there is none
  std::string_view type() const { return tag("TYPE"); }
  std::string_view uuid() const { return tag("UUID"); }
  std::string_view label() const { return tag("LABEL"); }
  bool is_mountable() const;       // a file system, not swap or a member of something
  std::string_view usage() const;  // "filesystem", "raid", "crypto" or "other", as blkid says
};

// The values of TYPE that probe_superblock() knows.
std::span<const std::string_view> known_types();

// What the disk holds; nothing where no known superblock is there.
Result<std::optional<Superblock>> probe_superblock(Disk& disk);

struct Partition {
  unsigned number = 0;
  uint64_t start = 0;  // bytes
  uint64_t size = 0;
  std::string uuid;   // as the kernel's root=PARTUUID= names it
  std::string label;  // GPT alone
  std::string type;   // "0x83", or a GUID
};

struct PartitionTable {
  std::string_view type;  // "gpt" or "dos"
  std::string uuid;
  std::vector<Partition> partitions;
};

// The partitions of a whole disk; nothing where no table is there.
Result<std::optional<PartitionTable>> probe_partitions(Disk& disk);

}  // namespace rescue
