// SM3 (GB/T 32905-2016), which `cksum -a sm3` has.
#include <bit>
#include <cstring>

#include "lib/crypto/compress.h"

namespace rescue {

namespace {

uint32_t load(const uint8_t* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return std::byteswap(word);
}

uint32_t p1(uint32_t x) {
  return x ^ std::rotl(x, 15) ^ std::rotl(x, 23);
}

void compress_block(uint32_t* state, const uint8_t* block) {
  uint32_t w[68];
  for (size_t i = 0; i < 16; ++i)
    w[i] = load(block + 4 * i);
  for (size_t i = 16; i < 68; ++i)
    w[i] = p1(w[i - 16] ^ w[i - 9] ^ std::rotl(w[i - 3], 15)) ^ std::rotl(w[i - 13], 7) ^ w[i - 6];
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (size_t i = 0; i < 64; ++i) {
    const uint32_t constant = i < 16 ? 0x79cc4519 : 0x7a879d8a;
    const uint32_t ss1 = std::rotl(std::rotl(a, 12) + e + std::rotl(constant, static_cast<int>(i % 32)), 7);
    const uint32_t ss2 = ss1 ^ std::rotl(a, 12);
    const uint32_t ff = i < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
    const uint32_t gg = i < 16 ? e ^ f ^ g : (e & f) | (~e & g);
    const uint32_t tt1 = ff + d + ss2 + (w[i] ^ w[i + 4]);
    const uint32_t tt2 = gg + h + ss1 + w[i];
    d = c;
    c = std::rotl(b, 9);
    b = a;
    a = tt1;
    h = g;
    g = std::rotl(f, 19);
    f = e;
    e = tt2 ^ std::rotl(tt2, 9) ^ std::rotl(tt2, 17);
  }
  const uint32_t v[8] = {a, b, c, d, e, f, g, h};
  for (size_t i = 0; i < 8; ++i)
    state[i] ^= v[i];
}

}  // namespace

void compress_sm3(uint32_t* state, const uint8_t* blocks, size_t count) {
  for (; count > 0; --count, blocks += 64)
    compress_block(state, blocks);
}

}  // namespace rescue
