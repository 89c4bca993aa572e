// The last resort on a full disk: a file that is dead gives its own inode and blocks to its successor.
//
// There is no room for a journal then, so the state is in the name alone: the dead file is renamed to
// ".rescue-reuse-NAME" beside its place, written anew from the bundle, synced, read back, and renamed to NAME. After
// a crash at any instant NAME is either missing, as dead as it was, or whole; put_back_reused() gives the dead file
// its name again, and the next restore begins anew.
#pragma once

#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/bundle/plan.h"
#include "lib/bundle/reader.h"
#include "lib/fs/root.h"

namespace rescue {

// The steps of `plan` whose old file is dead: empty, or not readable as a file of its kind. None that has another
// name, protecting flags, or that a process has mapped; where that cannot be told, only empty files.
std::vector<size_t> find_dead_files(const Root& root, const Plan& plan, const Manifest& manifest);

// Writes the bundle's content into the dead files of those steps. Stops at the first error: those before are whole,
// and that one is under its hidden name or its own, as dead as before.
Result<> reuse_dead_files(const Root& root, Bundle& bundle, const Plan& plan, const std::vector<size_t>& steps);

// Dead files that a crash left under their hidden names in the library directories get their names back. Gives the
// paths.
Result<std::vector<std::string>> put_back_reused(const Root& root);

}  // namespace rescue
