// Comparing memory, in place of musl's memcmp, which looks at one byte after the other: paths, which are what is
// compared most, have long beginnings in common. Only the kit is linked with this.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rescue {

namespace detail {

// Eight bytes as a number that is ordered as they are.
[[gnu::always_inline]] inline uint64_t ordered(const char* at) {
  uint64_t word = 0;
  __builtin_memcpy(&word, at, sizeof word);
  return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
}

}  // namespace detail

// Below, equal to or above zero as the bytes of `a` come before those of `b`, are the same, or come behind them.
[[gnu::always_inline]] inline int compare_memory(const char* a, const char* b, size_t size) {
  const auto order = [](auto x, auto y) { return (x > y) - (x < y); };
  if (size < 8) {
#pragma clang loop unroll(disable)
    for (; size > 0; ++a, ++b, --size)
      if (*a != *b)
        return order(static_cast<unsigned char>(*a), static_cast<unsigned char>(*b));
    return 0;
  }
  for (; size > 8; a += 8, b += 8, size -= 8)
    if (const uint64_t x = detail::ordered(a), y = detail::ordered(b); x != y)
      return order(x, y);
  // The last eight, of which some were seen already.
  return order(detail::ordered(a + size - 8), detail::ordered(b + size - 8));
}

}  // namespace rescue
