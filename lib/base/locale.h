// What the environment says of the locale. There are no locales here; of some commands GNU's output depends on it.
#pragma once

#include <string_view>

namespace rescue {

// The locale of a category such as "LC_TIME": by LC_ALL, the category or LANG. Empty where nothing is set.
std::string_view locale_of(const char* category);

// Whether that is the C locale, by one of its names.
bool is_posix_locale(std::string_view locale);

}  // namespace rescue
