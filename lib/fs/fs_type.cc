#include "lib/fs/fs_type.h"

namespace rescue {

namespace {

// Packed: pointers would cost relocations at every start.
struct Row {
  uint32_t magic;
  char name[16];
};

constexpr Row rows[] = {{0xadf5, "adfs"},
                        {0xadff, "affs"},
                        {0x5346414f, "afs"},
                        {0x187, "autofs"},
                        {0xcafe4a11, "bpf_fs"},
                        {0x9123683e, "btrfs"},
                        {0x27e0eb, "cgroupfs"},
                        {0x63677270, "cgroup2fs"},
                        {0xff534d42, "cifs"},
                        {0x73757245, "coda"},
                        {0x28cd3d45, "cramfs"},
                        {0x62656570, "configfs"},
                        {0x64626720, "debugfs"},
                        {0x1cd1, "devpts"},
                        {0xf15f, "ecryptfs"},
                        {0xde5e81e4, "efivarfs"},
                        {0xe0f5e1e2, "erofs"},
                        {0x2011bab0, "exfat"},
                        {0xef53, "ext2/ext3"},
                        {0xf2f52010, "f2fs"},
                        {0x65735546, "fuseblk"},
                        {0x65735543, "fusectl"},
                        {0x4244, "hfs"},
                        {0x482b, "hfs+"},
                        {0x4858, "hfsx"},
                        {0xf995e849, "hpfs"},
                        {0x958458f6, "hugetlbfs"},
                        {0x2bad1dea, "inotifyfs"},
                        {0x9660, "isofs"},
                        {0x3153464a, "jfs"},
                        {0x72b6, "jffs2"},
                        {0x137f, "minix"},
                        {0x4d44, "msdos"},
                        {0x19800202, "mqueue"},
                        {0x6969, "nfs"},
                        {0x3434, "nilfs"},
                        {0x6e736673, "nsfs"},
                        {0x5346544e, "ntfs"},
                        {0x7461636f, "ocfs2"},
                        {0x794c7630, "overlayfs"},
                        {0x50495045, "pipefs"},
                        {0x9fa0, "proc"},
                        {0x6165676c, "pstorefs"},
                        {0x858458f6, "ramfs"},
                        {0x52654973, "reiserfs"},
                        {0x7275, "romfs"},
                        {0x73636673, "securityfs"},
                        {0xf97cff8c, "selinux"},
                        {0x517b, "smb"},
                        {0xfe534d42, "smb2"},
                        {0x534f434b, "sockfs"},
                        {0x73717368, "squashfs"},
                        {0x62656572, "sysfs"},
                        {0x01021994, "tmpfs"},
                        {0x74726163, "tracefs"},
                        {0x24051905, "ubifs"},
                        {0x15013346, "udf"},
                        {0x00011954, "ufs"},
                        {0x01021997, "v9fs"},
                        {0x565a4653, "vzfs"},
                        {0x58465342, "xfs"},
                        {0x2fc12fc1, "zfs"},
                        {0x786f4256, "vboxsf"},
                        {0x00c36400, "ceph"}};

}  // namespace

std::string_view file_system_name(uint32_t magic) {
  for (const Row& row : rows)
    if (row.magic == magic)
      return row.name;
  return {};
}

}  // namespace rescue
