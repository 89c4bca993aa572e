// Mending what was found, with the least that does it.
//
// Repairs are made in rounds. Each takes the steps of the earliest stage that has any (finding.h), makes them one
// transaction of the journal that a restore uses too, and is followed by another look at the whole: so a link that was
// put back can show that no file needs to be replaced at all. `rescue-extract --undo` takes all rounds back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/health/diagnose.h"

namespace rescue {

// One thing that a round does, for people.
struct PlannedChange {
  std::string_view verb;  // "link", "restore", "rename", "remove", "adjust", "write"
  std::string path;       // in the root
  std::string how;        // "to libc-2.31.so", "from the bundle glibc-2.31.tzst"
};

struct Round {
  Stage stage = Stage::layout;
  std::vector<RepairStep> steps;
  std::vector<PlannedChange> changes;
};

// What the next round would do; without steps where nothing that was found is for us to repair.
Round plan_round(const Diagnosis& diagnosis);

// All rounds, as they look before the first is done. Each is planned anew when its turn comes, so that a later one may
// then be smaller, or not needed at all. The last resort, a bundle of another build, is the last round.
std::vector<Round> plan_all(const Diagnosis& diagnosis);

struct FixReport {
  std::vector<PlannedChange> done;
  std::vector<std::string> notes;  // what else the person should know
  bool changed = false;
  std::optional<Error> stopped;  // why it could not go on
};

// Rounds until nothing is left that could be repaired, or a round does not help. `diagnosis`, which must be there, is
// that of the root as it is, and becomes that of the root as it is left. A round after which less works than before is
// taken back.
FixReport fix(const Root& root, const DoctorOptions& options, std::optional<Diagnosis>& diagnosis);

}  // namespace rescue
