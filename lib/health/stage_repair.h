// Writing what a round of repairs puts in place to where its transaction waits for it.
#pragma once

#include <span>

#include "lib/base/error.h"
#include "lib/bundle/transaction.h"
#include "lib/health/patient.h"

namespace rescue {

// Stages every step that needs content, with mode, owner, times, attributes and label, and synced.
Result<> stage_repair(Patient& patient, std::span<const RepairStep> steps, Transaction& transaction);

}  // namespace rescue
