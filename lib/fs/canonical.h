// Paths without links, dots and double slashes, as realpath(1) and readlink(1) print them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

enum class Missing : uint8_t {
  none,  // all of the path must exist
  last,  // but for its last component
  any,   // nothing need exist
};

struct CanonicalOptions {
  Missing missing = Missing::last;
  bool keep_links = false;  // do not resolve symbolic links
};

// The absolute path that `path` leads to.
Result<std::string> canonical_path(std::string_view path, const CanonicalOptions& options);

// `path` as seen from the directory `from`; both absolute and canonical.
std::string relative_path(std::string_view path, std::string_view from);

// Whether `path` is `directory` or below it; both absolute and canonical.
bool is_below(std::string_view path, std::string_view directory);

}  // namespace rescue
