#include "lib/base/locale.h"

#include <cstdlib>

namespace rescue {

std::string_view locale_of(const char* category) {
  for (const char* const name : {"LC_ALL", category, "LANG"}) {
    const char* const value = ::getenv(name);
    if (value != nullptr && *value != '\0')
      return value;
  }
  return {};
}

bool is_posix_locale(std::string_view locale) {
  return locale == "C" || locale == "POSIX";
}

}  // namespace rescue
