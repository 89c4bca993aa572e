// Tells whether two spellings name one place in a root: by where their directories lead, never by how they look.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "lib/fs/root.h"

namespace rescue {

class CanonicalPaths {
 public:
  // `root` must outlive it. Directories are looked up once: use a new one after a change to the root.
  explicit CanonicalPaths(const Root& root) : root_(root) {}

  // The path with the links of its directories followed, as far down as they are there; below a missing one it stays
  // as it is spelt. A link in the last component is kept. Without slashes at the ends.
  std::string of(std::string_view path);

 private:
  const Root& root_;
  std::map<std::string, std::string, std::less<>> directories_;  // as spelt -> without links in it
};

// Without the `usr/` that a merged system has in front of what others have at the top ("usr/lib64/x" -> "lib64/x"):
// what is left to compare by where the links on the way are broken.
std::string_view without_usr(std::string_view path);

// The directory of a path that has no leading slash; "" at the top.
std::string_view directory_of(std::string_view path);

// Without slashes at both ends.
std::string_view without_slashes(std::string_view path);

}  // namespace rescue
