// What is mounted (proc_pid_mountinfo(5)), what is to be mounted (fstab(5)), and the words of `mount -o`.
//
// Both files are read through Bytes-like care of their own: words are split at blanks, \040 and its like are decoded,
// and a line that makes no sense is left out, for a broken fstab must not keep the rest from being mounted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "lib/base/error.h"

namespace rescue {

struct Mount {
  unsigned id = 0;
  unsigned parent = 0;
  dev_t device = 0;
  std::string root;    // which part of that file system: "/" unless it is a bind mount
  std::string target;  // as this process sees it
  std::string options;
  std::string type;
  std::string source;
  std::string super_options;
};

// A word of mountinfo, fstab or swaps with its \ooo decoded.
std::string decode_mount_word(std::string_view word);

std::vector<Mount> parse_mountinfo(std::string_view text);

// The mounts of this process, in the order in which they were made. Needs /proc.
Result<std::vector<Mount>> read_mounts();

// The one on top at `target`, which must be written as the kernel writes it; nullptr if nothing is mounted there.
const Mount* mount_at(const std::vector<Mount>& mounts, std::string_view target);

// Of the mount and of the file system together, as one list that begins with ro or rw.
std::string all_options(const Mount& mount);

// Whether a list of types takes this one: "ext4,xfs" takes these, "noext4,xfs" all but these, "" every one.
bool type_is_wanted(std::string_view list, std::string_view type);

// Whether `options` has each word of `list`, and none of those that are written with a "no" before them.
bool has_options(std::string_view options, std::string_view list);

// The one that holds the absolute path `path`, which has no links in it.
const Mount* mount_of(const std::vector<Mount>& mounts, std::string_view path);

struct FstabEntry {
  std::string source;  // "UUID=...", "/dev/sda1", "none"
  std::string target;  // "/usr"; "none" for swap
  std::string type;    // "ext4", "auto"
  std::string options = "defaults";
  unsigned dump = 0;
  unsigned pass = 0;

  bool has_option(std::string_view name) const;
  bool is_swap() const { return type == "swap"; }
};

std::vector<FstabEntry> parse_fstab(std::string_view text);

// The options of a mount, sorted into what the kernel takes as flags and what the file system is to read.
struct MountOptions {
  unsigned long flags = 0;        // MS_ constants
  unsigned long propagation = 0;  // MS_SHARED and its like, which a call of their own sets
  std::string data;               // comma-separated, for the file system
  bool loop = false;
  std::string loop_device;  // "loop=/dev/loop3"
  uint64_t offset = 0;
  uint64_t size_limit = 0;
  bool no_fail = false;
  bool no_auto = false;
  std::string problem;  // a word that cannot be meant so: "offset=x"
};

// Reads "ro,noexec,data=journal"; later words win over earlier ones. Words that are for people and other programs
// (x-systemd..., _netdev, comment=) are dropped. A comma within double quotes is part of a value.
void add_mount_options(MountOptions& options, std::string_view words);

// The value of `name` in a list of options ("" for a word without one), or nothing where it is not there.
std::optional<std::string> option_value(std::string_view words, std::string_view name);

}  // namespace rescue
