// Base64 (RFC 4648, section 4), as key and signature files hold it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rescue {

std::string to_base64(std::string_view bytes);

// What a character stands for, 0 to 63; -1 where it is none of the alphabet.
int base64_digit(char c);

// Strict: whole groups of four, padding where it belongs, no blanks, no bits set behind the last byte.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace rescue
