// The kernel's messages, in both forms in which it hands them out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace rescue {

struct KernelMessage {
  unsigned level = 4;     // 0 emerg to 7 debug
  unsigned facility = 0;  // 0 kern, 3 daemon...
  uint64_t microseconds = 0;
  bool has_time = false;
  std::string text;  // one line
};

// syslog(2)'s buffer, or a file with the same: "<6>[    1.234567] text"; what a line lacks is left out.
std::vector<KernelMessage> parse_syslog_buffer(std::string_view text);

// One record of /dev/kmsg: "6,339,5140900,-;text\n KEY=value". Control characters come as \x1b.
std::optional<KernelMessage> parse_kmsg_record(std::string_view record);

constexpr std::string_view kernel_levels[] = {"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"};
constexpr std::string_view kernel_facilities[] = {
    "kern", "user", "mail", "daemon", "auth",   "syslog", "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
    "res0", "res1", "res2", "res3",   "local0", "local1", "local2", "local3", "local4", "local5", "local6",   "local7"};

}  // namespace rescue
