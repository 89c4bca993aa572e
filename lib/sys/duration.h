// Lengths of time as sleep(1) and timeout(1) take them: 5, 0.5, 1.5h, infinity.
#pragma once

#include <optional>
#include <string>

#include <time.h>

namespace rescue {

// A number with s, m, h or d behind it; rounded up to a nanosecond. Nothing where it is no length of time.
std::optional<struct timespec> parse_duration(const std::string& text);

}  // namespace rescue
