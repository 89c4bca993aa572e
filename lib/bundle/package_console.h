// What rpm-extract and deb-extract have in common: unpacking, putting in place, going on with the next package.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/source.h"
#include "lib/base/error.h"
#include "lib/base/io.h"
#include "lib/base/options.h"

namespace rescue {

struct PackageOptions {
  std::optional<std::string> directory;
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

// What is asked for in place of unpacking.
struct PackageQuestions {
  bool prints = false;       // something of what is in it
  unsigned whole_files = 0;  // how many of those that take no patterns: checking it, writing all of it out
};

// Does what the options ask with each package: puts all of them in place together, or calls `handle` with the one after
// the other. Who asks for two things at once gets neither: nothing is put in place where a list was asked for.
Result<int> run_packages(const PackageOptions& opt, const PackageQuestions& asked, Io& io, const Args& args,
                         Result<> (*handle)(const void* options, Io& io, const std::string& file), const void* options);

}  // namespace rescue
