// Ending the machine's work: through process 1, or at once.
#pragma once

#include <cstdint>

#include "lib/base/error.h"

namespace rescue {

enum class Ending : uint8_t { restart, halt, power_off };

// Asks process 1, in the way that it understands: the kit's own init, systemd, busybox. An error where it is another.
Result<> ask_init(Ending ending);

// Syncs unless told not to, and tells the kernel. Nothing is ended or detached before.
Result<> end_now(Ending ending, bool sync);

}  // namespace rescue
