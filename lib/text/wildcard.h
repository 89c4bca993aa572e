// File name patterns as fnmatch(3) has them: `*` and `?` match slashes and leading dots too; characters are UTF-8.
#pragma once

#include <string_view>

namespace rescue {

bool wildcard_match(std::string_view pattern, std::string_view text, bool ignore_case = false);

}  // namespace rescue
