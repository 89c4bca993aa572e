#include <bit>
#include <cstring>

#include "lib/crypto/sha256.h"

namespace rescue::sha256 {

namespace {

uint32_t small_sigma_0(uint32_t x) {
  return std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3);
}
uint32_t small_sigma_1(uint32_t x) {
  return std::rotr(x, 17) ^ std::rotr(x, 19) ^ (x >> 10);
}
uint32_t large_sigma_0(uint32_t x) {
  return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22);
}
uint32_t large_sigma_1(uint32_t x) {
  return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25);
}

uint32_t load_word(const uint8_t* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return std::endian::native == std::endian::little ? std::byteswap(word) : word;
}

// One round. The eight words are not moved along after each: the caller names them by their new places.
// Sums wrap in here by definition.
[[gnu::always_inline]] inline void round(uint32_t a, uint32_t b, uint32_t c, uint32_t& d, uint32_t e, uint32_t f,
                                         uint32_t g, uint32_t& h, uint32_t word) {
  // Choice and majority, each in the form with the fewest steps.
  const uint32_t t = h + large_sigma_1(e) + (((f ^ g) & e) ^ g) + word;
  d += t;
  h = t + large_sigma_0(a) + (((a | b) & c) | (a & b));
}

void compress_block(uint32_t* state, const uint8_t* block) {
  uint32_t v[8];
  std::memcpy(v, state, sizeof v);
  uint32_t w[16];  // a ring of the last message words
  for (size_t start = 0; start < 64; start += 16) {
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 16; ++i) {
      if (start == 0)
        w[i] = load_word(block + 4 * i);
      else
        w[i] += small_sigma_1(w[(i + 14) % 16]) + w[(i + 9) % 16] + small_sigma_0(w[(i + 1) % 16]);
      const auto at = [&](size_t place) -> uint32_t& { return v[(place - i) % 8]; };
      round(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), round_constants[start + i] + w[i]);
    }
  }
  for (size_t i = 0; i < 8; ++i)
    state[i] += v[i];
}

}  // namespace

void compress_portable(uint32_t* state, const uint8_t* blocks, size_t count) {
  for (; count > 0; --count, blocks += 64)
    compress_block(state, blocks);
}

}  // namespace rescue::sha256
