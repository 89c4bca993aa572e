// Archives made by the tests themselves, for the unit tests and as seeds of the fuzzers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/entry.h"

namespace rescue {

struct Sample {
  Entry entry;
  std::string data;
};

// Entries with all that makes archives hard: hard links, long names, bytes that are no UTF-8, newlines, devices,
// times before 1970 and after 2242, large numbers of owners, extended attributes with any byte in them.
std::vector<Sample> odd_samples();

// A plain file, a directory, a link.
std::vector<Sample> plain_samples();

// The tar archive of these.
std::string tar_of(const std::vector<Sample>& samples);

std::string zstd_of(std::string_view bytes, int level = 3);

// Compressed with "gzip", "bzip2", "xz", "lzma" (by libarchive), "zst", or "" for not at all.
std::string compressed(std::string_view bytes, std::string_view filter);

// An ar archive of these members, as dpkg-deb writes it.
std::string ar_of(const std::vector<std::pair<std::string, std::string>>& members);

// A Debian package; `ending` is the one of both its tar archives: "", ".gz", ".xz", ".bz2", ".lzma", ".zst".
std::string deb_of(const std::vector<Sample>& samples, std::string_view ending);

// An RPM package of files, directories and links, with a cpio payload in that compression.
std::string rpm_of(const std::vector<Sample>& samples, std::string_view filter);

// The same with a payload whose members have no headers of their own.
std::string stripped_rpm_of(const std::vector<Sample>& samples);

// Lead and signature header before a header and a payload.
std::string rpm_around(std::string_view header, std::string_view payload);

}  // namespace rescue
