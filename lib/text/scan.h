// Looking for a byte, sixteen at a time: what every line of every text goes through.
//
// musl's memchr reads a word at a time, and has no memrchr to speak of; these are several times as fast on long lines,
// and no slower on short ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rescue {

// The first `c` from `from` on; `to` where there is none.
const char* find_byte(const char* from, const char* to, char c);

// The last `c` before `to`; nullptr where there is none.
const char* find_last_byte(const char* from, const char* to, char c);

// How many bytes of the text are `c`.
uint64_t count_byte(std::string_view text, char c);

// How many bytes both have in common at their beginning, of `size`.
size_t common_length(const char* a, const char* b, size_t size);

}  // namespace rescue
