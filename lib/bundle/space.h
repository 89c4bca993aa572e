// Whether a root has room for what a plan would write.
#pragma once

#include <optional>
#include <string>

#include "lib/base/error.h"
#include "lib/bundle/manifest.h"
#include "lib/bundle/plan.h"
#include "lib/fs/root.h"

namespace rescue {

// What is missing on one file system, counted as free for ordinary use (f_bavail, f_favail): the blocks kept back for
// root are a last reserve that a server needs itself.
struct Shortage {
  std::string place;  // a directory on that file system, as shown
  bool read_only = false;
  uint64_t need_bytes = 0;
  uint64_t free_bytes = 0;
  uint64_t need_inodes = 0;
  uint64_t free_inodes = 0;

  // What is needed and how to get it, in words.
  std::string advice() const;
};

// The first file system that cannot take its part of the plan; nothing if all can.
Result<std::optional<Shortage>> find_shortage(const Root& root, const Plan& plan, const Manifest& manifest);

}  // namespace rescue
