// Small disks as their own tools would make them, as far as the prober looks at them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/text.h"

namespace rescue {

inline void put(std::string& disk, size_t at, std::string_view bytes) {
  disk.replace(at, bytes.size(), bytes);
}

inline void put_number(std::string& disk, size_t at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i)
    disk[at + i] = static_cast<char>(value >> (8 * i));
}

constexpr std::string_view disk_uuid = "\x12\x3e\x45\x67\xe8\x9b\x12\xd3\xa4\x56\x42\x66\x14\x17\x40\x00";

inline std::string ext_disk(uint32_t compatible, uint32_t incompatible, uint32_t read_only) {
  std::string disk(8192, '\0');
  put_number(disk, 1024 + 24, 2, 4);
  put_number(disk, 1024 + 56, 0xEF53, 2);
  put_number(disk, 1024 + 92, compatible, 4);
  put_number(disk, 1024 + 96, incompatible, 4);
  put_number(disk, 1024 + 100, read_only, 4);
  put(disk, 1024 + 104, std::string_view(disk_uuid.data(), 16));
  put(disk, 1024 + 120, "server");
  return disk;
}

inline std::string xfs_disk() {
  std::string disk(8192, '\0');
  put(disk, 0, "XFSB");
  put(disk, 32, std::string_view(disk_uuid.data(), 16));
  put(disk, 102, std::string_view("\x02\x00", 2));
  put(disk, 108, "twelve chars");
  return disk;
}

inline std::string btrfs_disk() {
  std::string disk(65536 + 4096, '\0');
  put(disk, 65536 + 0x40, "_BHRfS_M");
  put(disk, 65536 + 0x20, std::string_view(disk_uuid.data(), 16));
  put(disk, 65536 + 0x12b, "pool");
  put_number(disk, 65536 + 0x90, 4096, 4);
  return disk;
}

inline std::string swap_disk(size_t page) {
  std::string disk(page * 2, '\0');
  put(disk, page - 10, "SWAPSPACE2");
  put(disk, 1024 + 12, std::string_view(disk_uuid.data(), 16));
  put(disk, 1024 + 28, "swap1");
  return disk;
}

inline std::string luks_disk() {
  std::string disk(4096, '\0');
  put(disk, 0, std::string_view("LUKS\xba\xbe\0\2", 8));
  put(disk, 24, "secret");
  put(disk, 168, "123e4567-e89b-12d3-a456-426614174000");
  return disk;
}

inline std::string lvm_disk() {
  std::string disk(4096, '\0');
  put(disk, 512, "LABELONE");
  put_number(disk, 512 + 8, 1, 8);
  put_number(disk, 512 + 20, 32, 4);
  put(disk, 512 + 24, "LVM2 001");
  put(disk, 512 + 32, "abcdefghijklmnopqrstuvwxyzABCDEF");
  return disk;
}

inline std::string fat_disk() {
  std::string disk(65536, '\0');
  put_number(disk, 11, 512, 2);
  put_number(disk, 13, 4, 1);
  put_number(disk, 14, 1, 2);
  put_number(disk, 16, 2, 1);
  put_number(disk, 17, 512, 2);
  put_number(disk, 21, 0xf8, 1);
  put_number(disk, 22, 2, 2);
  put_number(disk, 0x27, 0xabcd1234, 4);
  put(disk, 0x2b, "NO NAME    FAT16   ");
  put_number(disk, 510, 0xAA55, 2);
  put(disk, 5 * 512, "ESP        \x08");
  return disk;
}

// Its label is two clusters away: the root directory goes on in cluster 4.
inline std::string exfat_disk() {
  std::string disk(16 * 512, '\0');
  put(disk, 3, "EXFAT   ");
  put_number(disk, 80, 2, 4);
  put_number(disk, 88, 4, 4);
  put_number(disk, 96, 2, 4);
  put_number(disk, 100, 0xabcd1234, 4);
  put_number(disk, 104, 0x100, 2);
  put_number(disk, 108, 9, 1);
  put_number(disk, 2 * 512 + 8, 4, 4);
  for (size_t at = 0; at < 512; at += 32)
    disk[4 * 512 + at] = 0x05;
  put(disk, 6 * 512, std::string_view("\x83\x03S\0D\0\xfc\0", 8));
  return disk;
}

// One cluster is one sector; the master table begins in the fourth, with records of 1 KiB.
inline std::string ntfs_disk() {
  std::string disk(16 * 512, '\0');
  put(disk, 3, "NTFS    ");
  put_number(disk, 11, 512, 2);
  put_number(disk, 13, 1, 1);
  put_number(disk, 40, 15, 8);
  put_number(disk, 48, 4, 8);
  put_number(disk, 64, 0xf6, 1);
  put_number(disk, 72, 0x30E5E16E2B9719BC, 8);
  put(disk, 4 * 512, "FILE");
  const size_t record = 4 * 512 + 3 * 1024;
  put(disk, record, "FILE");
  put_number(disk, record + 20, 56, 2);
  put_number(disk, record + 28, 1024, 4);
  put_number(disk, record + 56, 0x10, 4);
  put_number(disk, record + 60, 24, 4);
  const size_t name = record + 80;
  put_number(disk, name, 0x60, 4);
  put_number(disk, name + 4, 32, 4);
  put_number(disk, name + 16, 8, 4);
  put_number(disk, name + 20, 24, 2);
  put(disk, name + 24, std::string_view("C\0:\0\x3d\xd8\xbe\xdc", 8));
  return disk;
}

// Joliet's names beside those of capitals.
inline std::string joliet_disk() {
  std::string disk(2048 * 20, '\0');
  const auto wide = [&disk](size_t at, std::string_view text, size_t length) {
    for (size_t i = 0; i < length; ++i)
      disk[at + 2 * i + 1] = i < text.size() ? text[i] : ' ';
  };
  put(disk, 2048 * 16,
      "\x01"
      "CD001");
  put(disk, 2048 * 16 + 40, "A_NAME_WITH_MORE_LETTERS        ");
  put(disk, 2048 * 16 + 190, std::string(640 - 128, ' '));
  put(disk, 2048 * 16 + 318, "_FILE");
  put(disk, 2048 * 16 + 446, "  SOMEBODY");
  put(disk, 2048 * 17,
      std::string_view("\0"
                       "CD001\1EL TORITO",
                       16));
  put(disk, 2048 * 18,
      "\x02"
      "CD001");
  put(disk, 2048 * 18 + 88, "%/E");
  wide(2048 * 18 + 40, "A name with more", 16);
  wide(2048 * 18 + 190, "", 64);
  wide(2048 * 18 + 318, "", 64);
  wide(2048 * 18 + 446, "Other", 64);
  wide(2048 * 18 + 574, "", 64);
  put(disk, 2048 * 19,
      "\xff"
      "CD001");
  return disk;
}

inline std::string iso_disk() {
  std::string disk(2048 * 20, '\0');
  put(disk, 2048 * 16,
      "\x01"
      "CD001");
  put(disk, 2048 * 16 + 40, "DEBIAN_12                       ");
  put(disk, 2048 * 16 + 813, "2024010203040506");
  put(disk, 2048 * 17,
      "\xff"
      "CD001");
  return disk;
}

inline std::string squashfs_disk() {
  std::string disk(4096, '\0');
  put(disk, 0, "hsqs");
  put_number(disk, 28, 4, 2);
  put_number(disk, 12, 131072, 4);
  return disk;
}

inline std::string gpt_disk() {
  std::string disk(512 * 64, '\0');
  put_number(disk, 446 + 4, 0xee, 1);
  put_number(disk, 446 + 8, 1, 4);
  put_number(disk, 446 + 12, 63, 4);
  put_number(disk, 510, 0xAA55, 2);
  put(disk, 512, "EFI PART");
  put(disk, 512 + 56, std::string_view(disk_uuid.data(), 16));
  put_number(disk, 512 + 72, 2, 8);
  put_number(disk, 512 + 80, 4, 4);
  put_number(disk, 512 + 84, 128, 4);
  const size_t second = 1024 + 128;
  put(disk, second, std::string_view(disk_uuid.data(), 16));
  put(disk, second + 16, std::string_view(disk_uuid.data(), 16));
  put_number(disk, second + 32, 40, 8);
  put_number(disk, second + 40, 49, 8);
  put(disk, second + 56, std::string_view("r\0o\0o\0t\0", 8));
  return disk;
}

// Two primary partitions, of which the second holds a chain of two logical ones.
inline std::string dos_disk() {
  std::string disk(512 * 64, '\0');
  const auto entry = [&disk](size_t sector, size_t i, unsigned type, unsigned start, unsigned size) {
    put_number(disk, sector * 512 + 446 + 16 * i + 4, type, 1);
    put_number(disk, sector * 512 + 446 + 16 * i + 8, start, 4);
    put_number(disk, sector * 512 + 446 + 16 * i + 12, size, 4);
    put_number(disk, sector * 512 + 510, 0xAA55, 2);
  };
  put_number(disk, 440, 0xdeadbeef, 4);
  entry(0, 0, 0x83, 2, 8);
  entry(0, 1, 0x05, 16, 40);
  entry(16, 0, 0x82, 1, 4);
  entry(16, 1, 0x05, 10, 10);
  entry(26, 0, 0x83, 2, 6);
  return disk;
}

inline std::vector<std::pair<std::string_view, std::string>> all_disks() {
  return {{"ext4", ext_disk(4, 0x2c2, 0x46b)},
          {"xfs", xfs_disk()},
          {"btrfs", btrfs_disk()},
          {"swap", swap_disk(4096)},
          {"luks", luks_disk()},
          {"lvm", lvm_disk()},
          {"vfat", fat_disk()},
          {"exfat", exfat_disk()},
          {"ntfs", ntfs_disk()},
          {"iso", iso_disk()},
          {"joliet", joliet_disk()},
          {"squashfs", squashfs_disk()},
          {"gpt", gpt_disk()},
          {"dos", dos_disk()}};
}

}  // namespace rescue
