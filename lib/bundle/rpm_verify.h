// Checking an RPM against its own digests and sizes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/archive/rpm.h"
#include "lib/base/error.h"

namespace rescue {

struct RpmCheck {
  enum class Outcome : uint8_t { ok, bad, unknown };  // unknown: by a method that we have not
  std::string what;                                   // "Header SHA256 digest"
  Outcome outcome = Outcome::unknown;
  std::string detail;  // of a bad one: what it should be, and what it is
};

// Compares all digests and sizes that the package has of its header and of its payload as it lies in the file. With
// `contents`, the payload is decompressed as well, and its size and every file's digest are compared. An error means
// that the file could not be read, or that the payload ends before it can be compared.
Result<std::vector<RpmCheck>> verify_rpm(int fd, const rpm::Package& package, bool contents);

// The same without the contents, where the first that is bad is an error of status bad_data.
Result<> check_rpm(int fd, const rpm::Package& package);

}  // namespace rescue
