// Dates and times as text, in the C locale, with GNU's additions to strftime (`date`, `ls --time-style`, `stat`).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <time.h>

namespace rescue {

// The calendar fields of a time, in the zone of TZ or /etc/localtime. Nothing for a year beyond counting.
std::optional<struct tm> local_time(int64_t seconds);
std::optional<struct tm> universal_time(int64_t seconds);

// `format` with each %X replaced. All of POSIX's conversions; %k %l %s %N %P %q %z %:z %::z %:::z; between percent sign
// and letter the flags - _ 0 + ^ # and a width. An unknown conversion stays as it is.
std::string time_text(std::string_view format, const struct tm& fields, int64_t seconds, uint32_t nanoseconds);

}  // namespace rescue
