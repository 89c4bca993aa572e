// Gathers the files of a root for a bundle, each under the one path that has no links in it, together with every
// directory and link on the way to it: a system that lost `/lib64` needs that link as much as the files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/entry.h"
#include "lib/base/error.h"
#include "lib/bundle/manifest.h"
#include "lib/fs/root.h"

namespace rescue {

// A file, directory or link that goes into a bundle.
struct Item {
  ManifestEntry entry;        // without digest; `size` as the file system has it
  std::vector<Xattr> xattrs;  // of files and directories
  int64_t mtime = 0;          // of files, seconds, and
  uint32_t mtime_nsec = 0;
  uint64_t device = 0;  // with the inode: tells hard links
  uint64_t inode = 0;
  bool wanted = false;  // something led to it
};

// Owner, mode and the like as a package has them, where its files were unpacked without being root. By path.
struct Recorded {
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  int64_t mtime = 0;
  uint32_t mtime_nsec = 0;
  std::vector<Xattr> xattrs;
};
using Records = std::map<std::string, Recorded, std::less<>>;

class Collector {
 public:
  // Both must outlive this. Where `records` is given it stands for what the disk says; a path without a record is
  // a directory of root's, mode 0755.
  explicit Collector(const Root& root, const Records* records = nullptr) : root_(root), records_(records) {}

  const Root& root() const { return root_; }

  // Follows `path` and takes all that it comes upon, for `tier` or a lower one that it has already. Where the path
  // leads to nothing that can be in a bundle, nothing is taken.
  Result<Item*> take(std::string_view path, Tier tier);

  // What is at `path`, which has no links in it; null where there is nothing that can be in a bundle.
  Result<Item*> look(const std::string& path);

  // The paths that match a pattern (recipe.h), in order. Those of a pattern without wildcards is itself.
  Result<std::vector<std::string>> expand(std::string_view pattern) const;

  // All that was taken, by path.
  std::vector<Item*> items();

 private:
  Result<> expand_into(std::string prefix, std::vector<std::string_view> parts, std::vector<std::string>& found) const;
  Result<> expand_below(const std::string& prefix, std::vector<std::string_view> rest,
                        std::vector<std::string>& found) const;
  Result<std::vector<DirEntry>> names_in(const std::string& dir) const;
  Result<> read_attributes(const Found& found, Item& item) const;

  const Root& root_;
  const Records* records_;
  std::map<std::string, std::optional<Item>, std::less<>> seen_;
};

// The extended attributes of an open file that belong into a bundle, sorted by name.
Result<std::vector<Xattr>> read_xattrs(int fd, std::string_view shown);

}  // namespace rescue
