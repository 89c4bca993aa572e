// What an RPM says of itself, as text to be read: in the words and the order of `rpm -q`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/openpgp.h"
#include "lib/archive/rpm.h"

namespace rescue::rpm {

struct PackageSignature {
  bool of_header = true;  // else of header and payload
  SignatureFacts facts;
};

// The signatures that it carries. Whether they are good only those can say who have the keys.
std::vector<PackageSignature> signatures_of(const Package& package);

// `rpm -qi`
std::string info_text(const Package& package);
// `rpm -q --scripts`
std::string scripts_text(const Header& header);
// `rpm -q --changelog`
std::string changelog_text(const Header& header);

// A capability that a package needs or has: "libc.so.6(GLIBC_2.28)(64bit)", "bash >= 4.4".
std::vector<std::string> requires_of(const Header& header);
std::vector<std::string> provides_of(const Header& header);

// A line of `rpm -qlv`; `names` is how many names the file has, `now` today.
std::string long_line(const File& file, uint32_t names, int64_t now);

// How many names each file has as rpm counts them: those of the list, and two for a directory.
std::vector<uint32_t> name_counts(const std::vector<File>& files);

}  // namespace rescue::rpm
