// What rpm-extract and deb-extract have in common: unpacking, putting in place, going on with the next package.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/source.h"
#include "lib/base/error.h"
#include "lib/base/io.h"
#include "lib/base/options.h"

namespace rescue {

struct PackageOptions {
  std::string directory = ".";
  std::vector<std::string> patterns;
  bool verbose = false;
  std::string in_place;
  bool dry_run = false;
  bool force = false;
  bool json = false;
};

// Unpacks the package in `fd` as the options say.
Result<> unpack_package(const PackageOptions& opt, Io& io, int fd, const std::string& file);

// Writes a stream to standard output.
Result<> put_stream(Io& io, Source& source);

// Does what the options ask with each package: puts all of them in place together, or calls `handle` with the one after
// the other.
Result<int> run_packages(const PackageOptions& opt, Io& io, const Args& args,
                         Result<> (*handle)(const void* options, Io& io, const std::string& file), const void* options);

}  // namespace rescue
