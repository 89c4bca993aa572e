#include "lib/sys/superblock.h"

#include <doctest/doctest.h>

#include "tests/sys/disks.h"

namespace rescue { namespace {

// "TYPE UUID LABEL", or "nothing".
std::string seen(const std::string& bytes) {
  TextDisk disk(bytes);
  const auto found = probe_superblock(disk);
  REQUIRE(found);
  return *found ? str((*found)->type(), ' ', (*found)->uuid(), ' ', (*found)->label()) : "nothing";
}

constexpr std::string_view uuid = "123e4567-e89b-12d3-a456-426614174000";

TEST_CASE("superblock: file systems are told by their own bytes") {
  CHECK(seen(ext_disk(4, 0x2c2, 0x46b)) == str("ext4 ", uuid, " server"));
  CHECK(seen(ext_disk(4, 0x2, 0x3)) == str("ext3 ", uuid, " server"));
  CHECK(seen(ext_disk(0, 0x2, 0x3)) == str("ext2 ", uuid, " server"));
  CHECK(seen(xfs_disk()) == str("xfs ", uuid, " twelve chars"));
  CHECK(seen(btrfs_disk()) == str("btrfs ", uuid, " pool"));
  CHECK(seen(fat_disk()) == "vfat ABCD-1234 ESP");
  CHECK(seen(iso_disk()) == "iso9660 2024-01-02-03-04-05-06 DEBIAN_12");
  CHECK(seen(squashfs_disk()) == "squashfs  ");
  CHECK(seen(exfat_disk()) == "exfat ABCD-1234 SD\xc3\xbc");
  CHECK(seen(ntfs_disk()) == "ntfs 30E5E16E2B9719BC C:\xf0\x9f\x92\xbe");
}

TEST_CASE("superblock: a name in Joliet's letters goes on in those of the plain one") {
  const std::string bytes = joliet_disk();
  TextDisk disk(bytes);
  const auto found = probe_superblock(disk);
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->label() == "A name with more_LETTERS");
  CHECK((*found)->tag("PUBLISHER_ID").empty());
  CHECK((*found)->tag("DATA_PREPARER_ID") == "Other");
  CHECK((*found)->tag("BOOT_SYSTEM_ID") == "EL TORITO");
}

TEST_CASE("superblock: a chain of exFAT's that runs in circles ends") {
  std::string bytes = exfat_disk();
  put_number(bytes, 2 * 512 + 8, 2, 4);
  CHECK(seen(bytes) == "exfat ABCD-1234 ");
}

TEST_CASE("superblock: swap is found for every size of a page") {
  for (size_t page = 4096; page <= 65536; page *= 2)
    CHECK(seen(swap_disk(page)) == str("swap ", uuid, " swap1"));
}

TEST_CASE("superblock: members of something bigger are not for mounting") {
  CHECK(seen(luks_disk()) == str("crypto_LUKS ", uuid, " secret"));
  CHECK(seen(lvm_disk()) == "LVM2_member abcdef-ghij-klmn-opqr-stuv-wxyz-ABCDEF ");
  const std::string bytes = lvm_disk();
  TextDisk disk(bytes);
  CHECK_FALSE((*probe_superblock(disk))->is_mountable());
  CHECK((*probe_superblock(disk))->tag("VERSION") == "LVM2 001");
}

TEST_CASE("superblock: an empty disk and one of zeros hold nothing") {
  CHECK(seen("") == "nothing");
  CHECK(seen(std::string(1 << 20, '\0')) == "nothing");
}

TEST_CASE("partitions: GPT") {
  const std::string bytes = gpt_disk();
  TextDisk disk(bytes);
  const auto table = probe_partitions(disk);
  REQUIRE(table);
  REQUIRE(*table);
  CHECK((*table)->type == "gpt");
  REQUIRE((*table)->partitions.size() == 1);
  const Partition& root = (*table)->partitions[0];
  CHECK(root.number == 2);
  CHECK(root.uuid == "67453e12-9be8-d312-a456-426614174000");
  CHECK(root.label == "root");
  CHECK(root.start == 40 * 512);
  CHECK(root.size == 10 * 512);
}

TEST_CASE("partitions: DOS, with logical ones") {
  const std::string bytes = dos_disk();
  TextDisk disk(bytes);
  const auto table = probe_partitions(disk);
  REQUIRE(table);
  REQUIRE(*table);
  CHECK((*table)->type == "dos");
  CHECK((*table)->uuid == "deadbeef");
  std::string list;
  for (const Partition& partition : (*table)->partitions)
    list += str(partition.number, ' ', partition.uuid, ' ', partition.type, ' ', partition.start / 512, ' ',
                partition.size / 512, '\n');
  CHECK(list == "1 deadbeef-01 0x83 2 8\n2 deadbeef-02 0x5 16 40\n5 deadbeef-05 0x82 17 4\n6 deadbeef-06 0x83 28 6\n");
}

TEST_CASE("superblock: each shorter disk and each byte flipped is survived") {
  for (const auto& [name, whole] : all_disks()) {
    CAPTURE(name);
    const auto probe = [](std::string_view bytes) {
      TextDisk disk(bytes);
      CHECK(probe_superblock(disk));
      CHECK(probe_partitions(disk));
    };
    // What lies beyond 8 KiB is zeros but for a few fields: those bytes are taken one in seven.
    for (size_t length = 0; length < whole.size(); length += length < 8192 ? 1 : 7)
      probe(std::string_view(whole).substr(0, length));
    std::string changed = whole;
    for (size_t i = 0; i < whole.size(); i += i < 8192 ? 1 : 7) {
      changed[i] = static_cast<char>(~changed[i]);
      probe(changed);
      changed[i] = whole[i];
    }
  }
}

}  // namespace
}  // namespace rescue
