// MD5 (RFC 1321). Broken as a signature, and still what old lists of files hold.
#include <bit>
#include <cstring>

#include "lib/crypto/compress.h"

namespace rescue {

namespace {

// Section 3.4: the whole part of 2^32 times |sin(i)|.
constexpr uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

constexpr int rotations[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

// Keeps the compiler from putting off a sum: a step waits for `b`, and all that can be done before it is there should
// be.
[[gnu::always_inline]] inline void settle(uint32_t& sum) {
  __asm__("" : "+r"(sum));
}

template <int i>
[[gnu::always_inline]] inline void step(uint32_t& a, uint32_t b, uint32_t c, uint32_t d, const uint32_t* x) {
  constexpr int group = i / 16;
  constexpr int word = group == 0 ? i : group == 1 ? (5 * i + 1) % 16 : group == 2 ? (3 * i + 5) % 16 : (7 * i) % 16;
  a += x[word] + sines[i];
  settle(a);
  if constexpr (group == 0) {
    a += d ^ (b & (c ^ d));
  } else if constexpr (group == 1) {
    a += ~d & c;
    settle(a);
    a += d & b;
  } else if constexpr (group == 2) {
    a += b ^ (c ^ d);
  } else {
    a += c ^ (b | ~d);
  }
  a = std::rotl(a, rotations[group][i % 4]) + b;
}

template <int i>
[[gnu::always_inline]] inline void steps(uint32_t* v, const uint32_t* x) {
  if constexpr (i < 64) {
    step<i>(v[0], v[1], v[2], v[3], x);
    step<i + 1>(v[3], v[0], v[1], v[2], x);
    step<i + 2>(v[2], v[3], v[0], v[1], x);
    step<i + 3>(v[1], v[2], v[3], v[0], x);
    steps<i + 4>(v, x);
  }
}

}  // namespace

void compress_md5(uint32_t* state, const uint8_t* blocks, size_t count) {
  static_assert(std::endian::native == std::endian::little);
  for (; count > 0; --count, blocks += 64) {
    uint32_t x[16];
    std::memcpy(x, blocks, sizeof x);
    uint32_t v[4] = {state[0], state[1], state[2], state[3]};
    steps<0>(v, x);
    for (size_t i = 0; i < 4; ++i)
      state[i] += v[i];
  }
}

}  // namespace rescue
