// What is to be done about transactions that broke off, and taking back the last one.
#pragma once

#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/fs/root.h"

namespace rescue {

// How far a transaction of a root is.
enum class Progress : uint8_t {
  none,        // there is none
  staging,     // it broke off before it changed anything
  committing,  // it broke off in the middle; resume() finishes it
  undoing,     // taking it back broke off; resume() and undo_last() go on with it
  done,        // finished; can be taken back
};

struct Pending {
  Progress progress = Progress::none;  // of the latest
  std::string dir;                     // where it is kept
  std::string what;                    // what it was made from: "glibc-2.36.tzst"
  size_t changes = 0;                  // how many places of the root it changes
};

// The latest transaction of the root.
Result<Pending> latest_transaction(const Root& root);

// Finishes or clears up what broke off. Gives what was found; `none` or `done` if nothing had broken off.
Result<Pending> resume(const Root& root);

// Takes back the latest transaction, finished or not, and gives what it was. Refuses (status refused) when what a
// finished one put in place has been changed since, unless `force`.
Result<Pending> undo_last(const Root& root, bool force);

// Takes back the latest transaction alone, even if it continues another one: for a repair whose last step did harm.
Result<> undo_last_step(const Root& root);

}  // namespace rescue
