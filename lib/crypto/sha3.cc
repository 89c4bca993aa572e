// SHA3-256 (FIPS 202), with which rpm 6 sums headers and payloads.
#include <bit>
#include <cstring>

#include "lib/crypto/compress.h"

namespace rescue {

namespace {

constexpr size_t rate = 136;

// Sections 3.2.2 and 3.2.4: the lanes in the order in which the permutation visits them, and how far each is turned.
constexpr uint8_t lanes[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
constexpr uint8_t turns[24] = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                               27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};

// Section 3.2.5: bits 0, 1, 3, 7, 15, 31, 63 of the constant of each round, from a shift register.
uint64_t round_constant(uint8_t& shifted) {
  uint64_t constant = 0;
  for (unsigned i = 0; i < 7; ++i) {
    constant |= uint64_t{shifted & 1U} << ((1U << i) - 1);
    shifted = static_cast<uint8_t>(shifted << 1 ^ (shifted >> 7) * 0x71);
  }
  return constant;
}

void permute(uint64_t* a) {
  uint8_t shifted = 1;
  for (int round = 0; round < 24; ++round) {
    uint64_t columns[5];
    for (size_t x = 0; x < 5; ++x)
      columns[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (size_t x = 0; x < 5; ++x) {
      const uint64_t parity = columns[(x + 4) % 5] ^ std::rotl(columns[(x + 1) % 5], 1);
      for (size_t y = 0; y < 25; y += 5)
        a[x + y] ^= parity;
    }
    uint64_t moving = a[1];
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 24; ++i) {
      const uint64_t there = a[lanes[i]];
      a[lanes[i]] = std::rotl(moving, turns[i]);
      moving = there;
    }
    for (size_t y = 0; y < 25; y += 5) {
      const uint64_t row[5] = {a[y], a[y + 1], a[y + 2], a[y + 3], a[y + 4]};
      for (size_t x = 0; x < 5; ++x)
        a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
    a[0] ^= round_constant(shifted);
  }
}

}  // namespace

void compress_sha3_256(uint64_t* state, const uint8_t* blocks, size_t count) {
  for (; count > 0; --count, blocks += rate) {
    for (size_t i = 0; i < rate / 8; ++i) {
      uint64_t word;
      std::memcpy(&word, blocks + 8 * i, sizeof word);
      state[i] ^= word;
    }
    permute(state);
  }
}

}  // namespace rescue
