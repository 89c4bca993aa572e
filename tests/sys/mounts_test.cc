#include "lib/sys/mounts.h"

#include <sys/mount.h>
#include <sys/sysmacros.h>

#include <doctest/doctest.h>

#include "lib/base/text.h"

namespace rescue { namespace {

constexpr std::string_view mountinfo =
    "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"
    "23 22 0:21 / /sys rw - sysfs sysfs rw\n"
    "24 22 254:2 /sub\\040dir /mnt/a\\040b ro,noexec shared:2 master:1 - xfs /dev/my\\134disk rw\n"
    "25 22 0:30 / /tmp rw - tmpfs  rw\n"
    "26 24 0:31 / /mnt/a\\040b rw - tmpfs none rw,size=1k\n"
    "not a line\n"
    "27 22 x:1 / /bad rw - tmpfs none rw\n";

TEST_CASE("mountinfo: blanks are decoded, optional fields skipped, odd lines left out") {
  const auto mounts = parse_mountinfo(mountinfo);
  REQUIRE(mounts.size() == 5);
  CHECK(mounts[0].device == makedev(254, 1));
  CHECK(mounts[0].super_options == "rw,errors=remount-ro");
  CHECK(mounts[2].root == "/sub dir");
  CHECK(mounts[2].target == "/mnt/a b");
  CHECK(mounts[2].source == "/dev/my\\disk");
  CHECK(mounts[2].options == "ro,noexec");
  CHECK(mounts[3].source.empty());
}

TEST_CASE("mountinfo: what lies on top, and what holds a path") {
  const auto mounts = parse_mountinfo(mountinfo);
  REQUIRE(mount_at(mounts, "/mnt/a b") != nullptr);
  CHECK(mount_at(mounts, "/mnt/a b")->type == "tmpfs");
  CHECK(mount_at(mounts, "/mnt") == nullptr);
  CHECK(mount_of(mounts, "/mnt/a b/c")->id == 26);
  CHECK(mount_of(mounts, "/mnt/a bc")->id == 22);
  CHECK(mount_of(mounts, "/")->id == 22);
  CHECK(mount_of(mounts, "/sys/kernel")->id == 23);
}

TEST_CASE("mount options: an offset that is no size is no zero") {
  MountOptions options;
  add_mount_options(options, "loop,offset=1M,sizelimit=4096");
  CHECK(options.offset == 1 << 20);
  CHECK(options.size_limit == 4096);
  CHECK(options.problem.empty());
  add_mount_options(options, "offset=x");
  CHECK(options.problem == "offset=x");
}

TEST_CASE("fstab: fields, escapes, comments, defaults") {
  const auto entries = parse_fstab(
      "# a comment\n\nUUID=1-2 / ext4 errors=remount-ro 0 1\n"
      "\tLABEL=my\\040disk\t/mnt/x\\011y  auto\n"
      "/swapfile none swap sw,pri=5 0 0\n"
      "too few\n"
      "/dev/sdb1 /b xfs noauto,nofail 1\n");
  REQUIRE(entries.size() == 4);
  CHECK(entries[0].source == "UUID=1-2");
  CHECK(entries[0].pass == 1);
  CHECK(entries[1].source == "LABEL=my disk");
  CHECK(entries[1].target == "/mnt/x\ty");
  CHECK(entries[1].options == "defaults");
  CHECK(entries[2].is_swap());
  CHECK(option_value(entries[2].options, "pri") == "5");
  CHECK(entries[3].has_option("nofail"));
  CHECK_FALSE(entries[3].has_option("fail"));
  CHECK(entries[3].dump == 1);
}

TEST_CASE("mount words: only whole octal codes are decoded") {
  CHECK(decode_mount_word("a\\040b\\134") == "a b\\");
  CHECK(decode_mount_word("a\\04") == "a\\04");
  CHECK(decode_mount_word("\\999\\777") == "\\999\\777");
}

TEST_CASE("mount options: flags, data, and what is nobody's business") {
  MountOptions options;
  add_mount_options(options, "defaults,ro,noexec,data=journal,x-systemd.automount,_netdev,loop,offset=512");
  CHECK(options.flags == (MS_RDONLY | MS_NOEXEC));
  CHECK(options.data == "data=journal");
  CHECK(options.loop);
  CHECK(options.offset == 512);
  add_mount_options(options, "rw,rprivate,context=\"a,b\",nofail");
  CHECK(options.flags == MS_NOEXEC);
  CHECK(options.propagation == (MS_PRIVATE | MS_REC));
  CHECK(options.data == "data=journal,context=a,b");
  CHECK(options.no_fail);
}

TEST_CASE("mount options: user implies what an explicit word takes back") {
  MountOptions options;
  add_mount_options(options, "user,exec");
  CHECK(options.flags == (MS_NOSUID | MS_NODEV));
}

}  // namespace
}  // namespace rescue
