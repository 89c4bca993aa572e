// The order of names with version numbers in them: file-2 before file-10 (`ls -v`, `sort -V`).
#pragma once

#include <string_view>

namespace rescue {

// Below, at or above zero, as GNU's filevercmp: runs of digits compare as numbers, `~` comes before everything, even
// the end; an ending such as .tar.gz counts only between names that are otherwise equal.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace rescue
