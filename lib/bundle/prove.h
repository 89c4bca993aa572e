// Looking again after a change: is on disk what should be, and does the system work.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/bundle/journal.h"
#include "lib/fs/root.h"

namespace rescue {

struct Proof {
  size_t files_checked = 0;
  size_t programs_checked = 0;
  bool ran_program = false;           // one of the root's own programs was run and succeeded
  std::string not_run_because;        // where none could be run here
  std::vector<std::string> problems;  // what still does not work, one line each

  bool healthy() const { return problems.empty(); }
};

// Compares what is on disk, read anew, with the steps of `journal`, resolves the key programs as the loader would,
// and runs one of them where this machine can. `contents` has what the first of the steps put, as far as it is in
// memory and was verified; empty where it is not. A file of the others is held against its digest.
Proof prove(const Root& root, const Journal& journal, std::span<const std::string_view> contents = {});

}  // namespace rescue
