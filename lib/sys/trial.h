// Running a program of a root to see whether it can run.
#pragma once

#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/fs/root.h"

namespace rescue {

struct TrialResult {
  enum class Kind : uint8_t {
    succeeded,
    failed,        // it could not be run, or ended otherwise than with status 0
    not_for_here,  // made for another machine, or we may not enter the root
  };
  Kind kind = Kind::succeeded;
  std::string why;  // "exit status 127: ls: error while loading shared libraries: ..."
};

// Runs `words` (words[0] a path in the root) in a child that has the root as its own, an empty environment, no
// input, and `seconds` of time; what it prints is caught. The root is not changed by us; the program may change it.
Result<TrialResult> try_program(const Root& root, const std::vector<std::string>& words, unsigned seconds);

}  // namespace rescue
