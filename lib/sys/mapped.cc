#include "lib/sys/mapped.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/fs/root.h"

namespace rescue {

namespace {

constexpr uint64_t largest_maps = 64 << 20;

// "7f..-7f.. r-xp 00000000 fe:00 1234   /usr/lib/libc.so.6" (proc_pid_maps(5)): the fifth word.
void add_inodes(std::string_view maps, std::set<ino_t>& inodes) {
  for (const std::string_view line : split(maps, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 5)
      continue;
    if (const auto inode = to_number<ino_t>(words[4]); inode && *inode != 0)
      inodes.insert(*inode);
  }
}

}  // namespace

std::optional<std::set<ino_t>> mapped_inodes() {
  const auto proc = open_file("/proc", O_RDONLY | O_DIRECTORY);
  if (!proc || ::faccessat(proc->get(), "self/maps", R_OK, 0) < 0)
    return std::nullopt;
  const auto entries = list_dir(proc->get(), "/proc");
  if (!entries)
    return std::nullopt;
  std::set<ino_t> inodes;
  for (const DirEntry& entry : *entries) {
    if (!to_number<unsigned>(entry.name))
      continue;
    const std::string path = str("/proc/", entry.name, "/maps");
    const auto fd = open_file(path, O_RDONLY);
    const auto maps = fd ? read_all(fd->get(), largest_maps, path) : Result<std::string>(std::unexpected(fd.error()));
    if (maps)
      add_inodes(*maps, inodes);
    else if (maps.error().code() != ENOENT && maps.error().code() != ESRCH)  // it ended meanwhile
      return std::nullopt;
  }
  return inodes;
}

}  // namespace rescue
