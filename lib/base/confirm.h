// Asking the person at the keyboard.
#pragma once

#include <string_view>

#include "lib/base/io.h"

namespace rescue {

// Prints "NAME: QUESTION? " and reads a line; true if it begins with y or Y. The end of the input means no.
bool confirm(Io& io, std::string_view question);

}  // namespace rescue
