// A restore as the commands do it that put files in place: carried out, and told of.
#pragma once

#include <string>

#include "lib/base/io.h"
#include "lib/bundle/restore.h"

namespace rescue {

struct TellOptions {
  bool json = false;
  bool quiet = false;     // errors only
  bool verbose = false;   // every change, and not the first few
  bool describe = false;  // say first what the bundle is
};

// One line on what the bundle is; it must have been verified.
std::string describe_bundle(const Bundle& bundle);

// Restores, says what was done and what came of it, and gives the exit status.
Result<int> restore_and_tell(const Root& root, Bundle& bundle, const RestoreOptions& how, const TellOptions& tell,
                             Io& io);

}  // namespace rescue
