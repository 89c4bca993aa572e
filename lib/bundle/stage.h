// Writing a bundle's files to where a transaction waits for them.
#pragma once

#include "lib/base/error.h"
#include "lib/bundle/plan.h"
#include "lib/bundle/reader.h"
#include "lib/bundle/transaction.h"
#include "lib/fs/root.h"

namespace rescue {

// Stages every step of `plan` that has an entry of the bundle, with mode, owner, times and attributes, and synced.
// A file without an SELinux label in the bundle gets that of the file it replaces, else of a sibling.
Result<> stage_all(const Root& root, Bundle& bundle, const Plan& plan, Transaction& transaction);

}  // namespace rescue
