// The files that running processes have mapped, and their bytes even where no name leads to them any more: a library
// that was deleted lives on, whole, as long as a process uses it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>
#include <sys/types.h>

#include "lib/base/error.h"
#include "lib/base/fd.h"

namespace rescue {

struct MappedFile {
  std::string path;      // as the kernel shows it, without " (deleted)"
  bool deleted = false;  // that name does not lead to it any more
  uint64_t begin = 0;    // addresses of its first mapping
  uint64_t end = 0;
  dev_t device = 0;  // as the kernel's own; overlayfs and btrfs show stat another one
  ino_t inode = 0;
};

// Reads proc_pid_maps(5): each file once. Lines that are none are passed over.
std::vector<MappedFile> parse_maps(std::string_view text);

class ProcessFiles {
 public:
  // `proc` is the path of a proc file system. An error where there is none.
  static Result<ProcessFiles> open(std::string_view proc);

  // All processes but this one, by number.
  Result<std::vector<pid_t>> processes() const;
  // The directory that the process takes for its root, as stat has it; nothing where it may not be asked.
  Result<struct stat> root_of(pid_t pid) const;
  // "sshd"; empty where it has ended.
  std::string name_of(pid_t pid) const;
  // Whether it lives in another mount namespace than this process.
  bool in_other_namespace(pid_t pid) const;
  Result<std::vector<MappedFile>> mapped(pid_t pid) const;

  // Opens the very file that is mapped, whatever has become of its name: by map_files (Linux 3.3, and in some kernels
  // only from 4.3 on), else by a descriptor that the process has open on it, else as the process's own program.
  Result<UniqueFd> open_mapped(pid_t pid, const MappedFile& file) const;
  // Opens a path as that process sees it.
  Result<UniqueFd> open_inside(pid_t pid, std::string_view path) const;

 private:
  ProcessFiles(UniqueFd dir, std::string path) : dir_(std::move(dir)), path_(std::move(path)) {}
  Result<UniqueFd> open_by_descriptor(pid_t pid, const MappedFile& file) const;
  std::string shown(pid_t pid, std::string_view name) const;

  UniqueFd dir_;
  std::string path_;
};

}  // namespace rescue
