// Restoring a bundle: from the plan to the proof.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/bundle/plan.h"
#include "lib/bundle/prove.h"
#include "lib/bundle/reader.h"
#include "lib/bundle/space.h"
#include "lib/fs/root.h"

namespace rescue {

struct RestoreOptions {
  bool dry_run = false;
  bool force = false;     // also where the fit checks say no, and over configuration that differs
  bool no_cache = false;  // leave /etc/ld.so.cache alone
};

struct RestoreReport {
  Plan plan;
  bool changed = false;
  std::vector<std::string> notes;    // what the person should know: checks overridden, the cache rebuilt
  std::optional<Proof> proof;        // none for a dry run
  std::optional<Shortage> shortage;  // set where only a part fitted: then tiers up to `up_to` were restored
  Tier up_to = Tier::rest;
  size_t left_out = 0;  // entries that did not fit
};

// Verifies the bundle, compares and, unless dry_run, restores. On an error nothing of the root is
// changed, or all is rolled back, unless the message says otherwise; status refused where a check said no.
Result<RestoreReport> restore(const Root& root, Bundle& bundle, const RestoreOptions& options);

}  // namespace rescue
