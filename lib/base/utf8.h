// UTF-8 for the screen: where a character ends, and how many columns it takes. No locale is involved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rescue {

struct Character {
  uint32_t code = 0;
  uint8_t length = 1;  // bytes; 1 where they are not well-formed, all that is left where the text ends too early
  bool valid = false;  // well-formed (RFC 3629, section 4)
};

// The character at the start of a text that is not empty.
Character first_character(std::string_view text);

// Adds the bytes of a code point, up to 0x10ffff.
void append_utf8(std::string& to, uint32_t code);

// The columns that a character takes on a terminal: 0, 1 or 2; -1 for a control character, which must not get there.
int width_of(uint32_t code);

// Whether it is well-formed and fit for a terminal.
inline bool is_printable(const Character& c) {
  return c.valid && width_of(c.code) >= 0;
}

// Whether LC_ALL, LC_CTYPE or LANG asks for UTF-8; for the few commands whose output GNU's make depend on it.
bool utf8_environment();

// The columns of a whole text: none for a control character, one for a byte that is no UTF-8.
size_t display_width(std::string_view text);

}  // namespace rescue
