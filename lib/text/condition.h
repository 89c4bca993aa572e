// Conditions as `test` and `[` evaluate them, by POSIX's rules for up to four words and GNU's for more.
#pragma once

#include "lib/base/error.h"
#include "lib/base/options.h"

namespace rescue {

Result<bool> evaluate_condition(const Args& words);

}  // namespace rescue
