// A root directory and everything confined to it.
//
// Whatever reads or changes system state takes a Root, so that it works on `/`, on a disk mounted at /mnt, and on a
// test's folder alike. Every path is walked component by component from the root's own descriptor: an absolute
// symbolic link starts again at the root, `..` never leaves it, and no link is followed outside. The kernel's
// openat2(RESOLVE_IN_ROOT) would do the same, but is too new (5.6), and tells nothing about where a path broke off: it
// is asked first, for what has no link on its way, and not relied on.
//
// Paths given to a Root may begin with `/` or not; paths it returns have no leading slash and no links in them
// ("usr/lib/x86_64-linux-gnu"); the root itself is "".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "lib/base/fd.h"

namespace rescue {

// What a path of a root leads to.
struct Found {
  std::string path;     // without links in it, apart from the last component where that was not to be followed
  UniqueFd dir;         // path-only descriptor of the directory that holds it
  std::string name;     // its name there; "." for the root itself
  bool exists = false;  // `info` is only set if so; a directory on the way that is missing is an error instead
  struct stat info{};
};

// Symbolic links to be assumed where a path of the root stands, whatever the disk has there: what a planned repair
// will have put there. Key and target as in the result of Root::find.
using AssumedLinks = std::map<std::string, std::string, std::less<>>;

enum class Last : uint8_t { follow, keep };

class Root {
 public:
  // Opens the directory `path`. The root keeps its descriptor, so that renaming the directory does not matter.
  static Result<Root> open(std::string_view path);

  // How this root is called in messages, "/" or "/mnt".
  const std::string& path() const { return path_; }
  int fd() const { return fd_.get(); }
  bool is_system_root() const { return path_ == "/"; }

  // A path of this root as messages show it and as the person would type it: "/mnt/usr/lib".
  std::string shown(std::string_view path) const;
  std::string shown(const String auto& path) const;

  // Follows `path`. Fails where a directory on the way is missing (ENOENT), is none (ENOTDIR), or links go in
  // circles (ELOOP); a last component that is missing is a result with `exists` false.
  Result<Found> find(std::string_view path, Last last = Last::follow, const AssumedLinks* assumed = nullptr) const;
  Result<Found> find(const String auto& path, Last last = Last::follow, const AssumedLinks* assumed = nullptr) const;

  // The same, where the last component must exist.
  Result<Found> find_existing(std::string_view path, Last last = Last::follow) const;

  bool exists(std::string_view path) const;

  // Opens what the path leads to, links followed.
  Result<UniqueFd> open_file(std::string_view path, int flags = 0) const;

  // The directory at `path`, links followed, as a descriptor that can be listed and synced.
  Result<UniqueFd> open_dir(std::string_view path) const;

  // The target text of the symbolic link at `path`.
  Result<std::string> read_link(std::string_view path) const;

  // The whole file; an error when it is longer than `limit`.
  Result<std::string> read_file(std::string_view path, uint64_t limit = 1 << 24) const;

 private:
  Root(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  UniqueFd fd_;
  std::string path_;
};

// The target of the symbolic link `name` in `dir`.
Result<std::string> read_link_at(int dir, const std::string& name, std::string_view shown);

// Where this process stands; "/" at the top. An error where that was removed, or lies outside what can be reached.
Result<std::string> working_directory();

// One name in a directory, without `.` and `..`; `type` is a DT_ constant and may be DT_UNKNOWN.
struct DirEntry {
  std::string name;
  unsigned char type = 0;
};

// All names in the directory `dir` (any descriptor of it, also a path-only one), sorted by bytes.
Result<std::vector<DirEntry>> list_dir(int dir, std::string_view shown);
Result<std::vector<DirEntry>> list_dir(int dir, const String auto& shown);

}  // namespace rescue
