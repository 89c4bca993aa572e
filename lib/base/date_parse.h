// Dates and times as people write them, in the forms that GNU's `date -d` and `touch -d` take.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <time.h>

namespace rescue {

// What a text like "2021-03-04 05:06", "next friday", "yesterday 12:00 UTC", "3 days ago" or "@1614834367.5" means at
// the instant `now`, in the zone of TZ. Nothing where it means nothing, or a time that never was. A leading TZ="ZONE"
// counts for this text alone.
std::optional<struct timespec> parse_date(std::string_view text, const struct timespec& now);

// What POSIX's date and touch take: [[CC]YY]MMDDhhmm[.ss], or MMDDhhmm[[CC]YY][.ss] where `year_last`; without a year,
// that of `now`.
std::optional<int64_t> parse_stamp(std::string_view text, bool year_last, int64_t now);

}  // namespace rescue
