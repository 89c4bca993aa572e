// Which processes use a file or a file system, and how (fuser, lsof).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "lib/sys/procfs.h"

namespace rescue {

struct FileQuestion {
  dev_t device = 0;
  ino_t inode = 0;
  bool whole_device = false;  // anything on that file system
};

struct FileUse {
  int32_t pid = 0;
  bool cwd = false, root = false, exe = false, mapped = false, open = false, writes = false;
};

// In the order of the numbers, without this process itself. What may not be looked at is left out.
Result<std::vector<FileUse>> find_uses(const ProcFs& proc, const FileQuestion& question);

// Who has one of these sockets open.
Result<std::vector<FileUse>> find_socket_users(const ProcFs& proc, const std::vector<ino_t>& sockets);

// The numbers of the descriptors that a process has open, in order.
std::vector<int> open_descriptors(const ProcFs& proc, int32_t pid);

// The number behind `name` in /proc/PID/fdinfo/FD; nothing where there is none.
std::optional<uint32_t> descriptor_number(const ProcFs& proc, int32_t pid, int fd, std::string_view name,
                                          int base = 10);

// How descriptor `fd` is open: the flags of open(2), octal in /proc/PID/fdinfo/FD.
uint32_t descriptor_flags(const ProcFs& proc, int32_t pid, int fd);

}  // namespace rescue
