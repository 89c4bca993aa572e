// Whole directories at once: reads every ELF file below, on all processors, for a Resolver to look at.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/elf/library.h"
#include "lib/fs/root.h"

namespace rescue::elf {

struct Sweep {
  // Dynamic programs and libraries, and ELF files too damaged to say (with `error`, or image.damage); in the order of
  // their paths, each file once however many names it has.
  std::vector<std::unique_ptr<Library>> files;
  std::vector<Error> errors;  // directories that could not be read
};

// Reads the files `paths` of the root and all below those of them that are directories. Symbolic links are followed
// where they are given, not below. Only plain files are ever opened.
Sweep sweep(const Root& root, const std::vector<std::string>& paths);

}  // namespace rescue::elf
