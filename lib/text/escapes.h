// Backslash escapes as `printf` understands them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

enum class EscapeStyle : uint8_t {
  format,    // \NNN
  argument,  // the same and \0NNN: the argument of %b
};

// Takes an escape sequence, whose backslash is gone already, off the text, and adds what it stands for. False for \c,
// which ends all output.
Result<bool> take_escape(std::string_view& text, EscapeStyle style, std::string& to);

}  // namespace rescue
