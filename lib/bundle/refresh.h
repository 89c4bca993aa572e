// Bringing /etc/ld.so.cache in line with the libraries of a root.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "lib/base/error.h"
#include "lib/bundle/journal.h"
#include "lib/fs/root.h"

namespace rescue {

// A cache that should take the place of the one that is there.
struct NewCache {
  Step step;
  std::string bytes;
  std::string why;  // "was damaged and is rebuilt"
};

// Nothing where the cache leads to the libraries that are there; otherwise what glibc's ldconfig would write. A cache
// that is missing is wanted where libraries changed (`after_change`), or where some lie outside of the directories
// that the loader looks into by itself. `changed` are the steps that were done. Changes nothing.
Result<std::optional<NewCache>> plan_refresh(const Root& root, std::span<const Step> changed, bool after_change);

}  // namespace rescue
