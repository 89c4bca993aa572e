// Bringing /etc/ld.so.cache in line with the libraries that a change put in place.
#pragma once

#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/bundle/transaction.h"
#include "lib/fs/root.h"

namespace rescue {

// Part of `transaction`, after its commit: rebuilds the cache where it is there and wrong, or where it is needed and
// missing, as glibc's ldconfig would, and says so in `notes`. A cache that is right is left alone.
Result<> refresh_cache(const Root& root, Transaction& transaction, std::vector<std::string>& notes);

}  // namespace rescue
