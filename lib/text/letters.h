// What characters beyond ASCII are, as far as expressions ask: letters, their cases, blanks. Compact tables of the
// scripts that are in use; no locale is involved.
#pragma once

#include <cstdint>
#include <span>

namespace rescue {

struct CodeRange {
  uint32_t low = 0;
  uint32_t high = 0;
};

// The same letter in the other case; the code itself where there is none. ASCII is covered too.
uint32_t other_case(uint32_t code);

bool is_upper_letter(uint32_t code);
bool is_lower_letter(uint32_t code);

// Letters and digits beyond ASCII, in ascending order.
std::span<const CodeRange> letter_ranges();

// A character that a word consists of: letters, digits, and the underscore.
bool is_word_code(uint32_t code);

inline bool is_word_byte(uint8_t byte) {
  const auto lower = static_cast<uint8_t>(byte | 0x20);
  return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
}

// Whether text is to be taken as bytes: the environment asks for the C locale by name. Otherwise it is UTF-8.
bool bytes_are_characters();

}  // namespace rescue
