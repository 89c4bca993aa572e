// A program with all that it loads, copied as a tree that runs in a chroot.
#pragma once

#include <set>
#include <string>

#include "lib/base/fd.h"
#include "lib/elf/search.h"
#include "lib/fs/root.h"

namespace rescue::elf {

// Copies closures into one directory, each file once. Every file comes to lie at the path under which the loader
// looks for it, so that no link is needed; nothing that is there already is written over.
class ClosureCopy {
 public:
  // Makes the directory `target` if it is not there. `root` must outlive this.
  static Result<ClosureCopy> into(const Root& root, const std::string& target);

  // `program` is where the program shall lie in the copy.
  Result<> add(const Closure& closure, std::string_view program);

 private:
  ClosureCopy(const Root& root, UniqueFd target, std::string shown)
      : root_(&root), target_(std::move(target)), shown_(std::move(shown)) {}

  Result<> copy(const std::string& from, std::string_view to);
  // The directory of the copy that is to hold `path`; made with all above it.
  Result<UniqueFd> directory_for(std::string_view path) const;

  const Root* root_;
  UniqueFd target_;
  std::string shown_;
  std::set<std::string> done_;
};

}  // namespace rescue::elf
