#include "lib/base/kit.h"

#include <climits>
#include <cstdlib>

#include <sys/auxv.h>
#include <unistd.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

// /proc/self/exe is right whatever the program was called by; without /proc, the path that the kernel was given.
std::string own_executable() {
  char path[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length > 0)
    return {path, static_cast<size_t>(length)};
  // The kernel hands over the address of a string as a number.
  const auto* const given = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));  // NOLINT(performance-no-int-to-ptr)
  return given != nullptr && ::realpath(given, path) != nullptr ? path : "";
}

}  // namespace

std::string kit_path(std::string_view relative) {
  const std::string executable = own_executable();
  if (executable.empty())
    return {};
  return str(dir_name(dir_name(executable)), '/', relative);
}

}  // namespace rescue
