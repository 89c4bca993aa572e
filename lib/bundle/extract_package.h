// Unpacking a package below a directory, without installing it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/bundle/verified_package.h"

namespace rescue {

struct ExtractReport {
  uint64_t entries = 0;
  std::vector<Error> errors;       // what could not be written; the rest was
  std::vector<std::string> notes;  // what the person should know
};

// Puts all that `package` hands out below `dir`, with owners where this is root, modes, times, links and capabilities;
// nothing outside of it is touched. A file gets its name when it is whole and is what the package says of it. Damage
// ends it, with an error of status bad_data. `each`, where given, is told of every entry that was put.
Result<ExtractReport> extract_package(VerifiedPackage& package, const std::string& dir,
                                      void (*each)(void* context, const Entry& entry), void* context);

}  // namespace rescue
