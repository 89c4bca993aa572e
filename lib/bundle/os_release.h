// Which distribution a root is: os-release(5).
#pragma once

#include <string>

#include "lib/fs/root.h"

namespace rescue {

struct OsRelease {
  std::string id;           // "debian"; empty where the root does not say
  std::string version_id;   // "12"
  std::string pretty_name;  // "Debian GNU/Linux 12 (bookworm)"
};

// Reads /etc/os-release, else /usr/lib/os-release, of the root. A root without one is no error.
OsRelease read_os_release(const Root& root);
OsRelease parse_os_release(std::string_view text);

}  // namespace rescue
