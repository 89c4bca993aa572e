// Random bytes from the kernel.
#pragma once

#include <cstdint>
#include <span>

#include "lib/base/error.h"

namespace rescue {

// Fills the buffer: getrandom(2), else /dev/urandom (Linux before 3.17). An error where there is neither.
Result<> random_bytes(std::span<uint8_t> buffer);

}  // namespace rescue
