#include "lib/fs/mount_point.h"

#include <cerrno>

#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/fs/canonical.h"

namespace rescue {

Result<std::string> mount_point_of(const std::string& path) {
  std::string at = TRY(canonical_path(path, {.missing = Missing::none}));
  struct stat info{};
  if (::stat(at.c_str(), &info) < 0)
    return fail("look at", path);
  // A file that is mounted on another is its own mount point only where its directory is elsewhere.
  while (at != "/") {
    std::string above(dir_name(at));
    struct stat there{};
    if (::stat(above.c_str(), &there) < 0)
      return fail("look at", above);
    if (there.st_dev != info.st_dev)
      break;
    at = std::move(above);
  }
  return at;
}

}  // namespace rescue
