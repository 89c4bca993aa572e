#include "lib/sys/duration.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string_view>

namespace rescue {

std::optional<struct timespec> parse_duration(const std::string& text) {
  char* end = nullptr;
  double seconds = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || !(seconds >= 0))
    return std::nullopt;
  const std::string_view unit = end;
  if (unit == "m")
    seconds *= 60;
  else if (unit == "h")
    seconds *= 3600;
  else if (unit == "d")
    seconds *= 86400;
  else if (!unit.empty() && unit != "s")
    return std::nullopt;
  // Longer than anybody waits.
  constexpr double forever = 1e15;
  if (seconds >= forever)
    return timespec{static_cast<time_t>(forever), 0};
  const auto whole = static_cast<time_t>(seconds);
  const auto nanoseconds = static_cast<long>(std::ceil((seconds - static_cast<double>(whole)) * 1e9));
  return nanoseconds < 1000000000 ? timespec{whole, nanoseconds} : timespec{whole + 1, 0};
}

}  // namespace rescue
