// Fuzzes dates as people write them: a text means a time or nothing, and leaves the zone as it was.
#include <cstdlib>
#include <string>

#include "lib/base/date_parse.h"
#include "lib/base/time_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  const std::string text(reinterpret_cast<const char*>(data), size);
  const struct timespec now = {.tv_sec = 1614834367, .tv_nsec = 500000000};
  const auto time = parse_date(text, now);
  if (time && (time->tv_nsec < 0 || time->tv_nsec > 999999999))
    std::abort();
  if (std::string(::getenv("TZ")) != "CET-1CEST,M3.5.0,M10.5.0/3")
    std::abort();
  // What a time is printed as means that time again.
  if (time && time->tv_sec > 0 && time->tv_sec < int64_t{1} << 36) {
    const auto fields = universal_time(time->tv_sec);
    if (!fields)
      std::abort();
    const auto again = parse_date(time_text("%Y-%m-%d %H:%M:%S UTC", *fields, time->tv_sec, 0), now);
    if (!again || again->tv_sec != time->tv_sec)
      std::abort();
  }
  for (const bool year_last : {false, true})
    (void)parse_stamp(text, year_last, now.tv_sec);
  return 0;
}
