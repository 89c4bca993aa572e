// Debian packages: an ar archive of two tar archives. For package.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/archive/package.h"
#include "lib/base/error.h"

namespace rescue::deb {

inline constexpr std::string_view magic = "!<arch>\ndebian-binary";

// Where in the file a member lies.
struct Range {
  uint64_t offset = 0;
  uint64_t size = 0;
};

struct Layout {
  Range control;  // control.tar, compressed or not
  Range data;     // data.tar
};

// Finds the members; only their headers are read.
Result<Layout> read_layout(int fd, std::string_view path);

// The fields of a control file (deb822: "Name: value", continued by lines that begin with a blank).
Result<TextsByName> parse_control(std::string_view text, std::string_view path);

// "32 hex digits, two blanks, path" a line.
Result<TextsByName> parse_md5sums(std::string_view text, std::string_view path);

// What a control archive may hold: all of it is kept in memory.
inline constexpr EntryLimits control_limits{.entries = 4096, .entry_size = 32 << 20, .total_size = 32 << 20};

// Fills in what the control archive says.
Result<> read_info(EntryReader& control, std::string_view path, PackageInfo& info);

}  // namespace rescue::deb
