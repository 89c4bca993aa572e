// The notes that tell a file's build-id, the least kernel, and the processor level that it needs.
#pragma once

#include "lib/base/bytes.h"
#include "lib/elf/image.h"

namespace rescue::elf {

// Reads the notes of one segment into `image`. A malformed note ends the reading in silence: the loader does not
// insist on notes, so a file with bad ones still runs.
void read_notes(Bytes notes, uint64_t alignment, Image& image);

}  // namespace rescue::elf
