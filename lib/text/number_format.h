// One number printed by a format of printf's that the user gave.
#pragma once

#include <string>

namespace rescue {

// What snprintf makes of a format that is known to have exactly the directives that fit the arguments.
std::string format_number(const char* format, ...);

// The same of a format with one directive for a long double. %a is glibc's: of an 80-bit number the first digit holds
// four bits.
std::string format_fraction(const std::string& format, long double value);

}  // namespace rescue
