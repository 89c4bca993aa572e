// The way down a directory tree.
//
// Each directory is opened in its parent, so that no path is ever too long, and nobody can put a link in the place of
// a directory that we are in. Only the deepest few are kept open, so that the tree may be deeper than there are
// descriptors; the others are opened again through ".." on the way up, and checked to be what they were.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "lib/base/error.h"
#include "lib/base/fd.h"

namespace rescue {

// A directory that is reached piece by piece, and a name in it.
struct NameIn {
  UniqueFd dir;
  std::string name;
};

// Where a path leads whose length no system call takes.
Result<NameIn> reach(std::string_view path);

class Descent {
 public:
  // Starts at an open directory.
  static Result<Descent> start(UniqueFd top, std::string_view shown);

  // The current directory.
  int fd() const { return levels_.back().fd.get(); }
  size_t depth() const { return levels_.size() - 1; }

  // Goes down into a directory of the current one. `follow` takes a symbolic link to one as well.
  Result<> enter(const std::string& name, bool follow, std::string_view shown);
  // Goes back up; not from the top.
  Result<> leave(std::string_view shown);

  // Whether a directory is the current one or above it, as links may have it: going into it would never end.
  bool contains(dev_t device, ino_t inode) const;
  // The same of the current one and those above it.
  bool is_inside_itself() const;

 private:
  struct Level {
    UniqueFd fd;
    dev_t device = 0;
    ino_t inode = 0;
    bool by_link = false;  // its ".." is not the level above it
  };
  Descent() = default;
  Result<> push(UniqueFd fd, bool by_link, std::string_view shown);
  void close_some();

  static constexpr size_t open_limit = 64;
  std::vector<Level> levels_;
  size_t oldest_open_ = 0;
};

}  // namespace rescue
