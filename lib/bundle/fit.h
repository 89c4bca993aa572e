// Whether a bundle belongs on a root, found out before anything is touched.
#pragma once

#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/bundle/reader.h"
#include "lib/fs/root.h"

namespace rescue {

// Checks, each with the two facts that would disagree: the architecture and the loader path of the root's programs,
// the processor (where the root would run on this machine), the distribution and its release, and that every
// version name that the root's programs need of a library of the bundle is defined by it (set inclusion per soname,
// never a comparison of release numbers: handbook 3). Fails with status refused; with `force` only what can never
// work is refused (another architecture), and the rest becomes a note. What could not be found out becomes a note.
Result<> check_fit(const Root& root, const Bundle& bundle, bool force, std::vector<std::string>& notes);

// In words, that a package manager has locked its database; empty where none has. One that is at work replaces the very
// same files, and knows nothing of us; one that died holds no lock any more.
std::string package_manager_at_work(const Root& root);

}  // namespace rescue
