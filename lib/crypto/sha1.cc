#include "lib/crypto/sha1.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace rescue {

namespace {

const uint8_t* octets(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

uint32_t load_word(const uint8_t* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return std::endian::native == std::endian::little ? std::byteswap(word) : word;
}

[[gnu::always_inline]] inline uint32_t mix(size_t round, uint32_t b, uint32_t c, uint32_t d) {
  switch (round) {
    case 0: return ((c ^ d) & b) ^ d;
    case 2: return (b & c) | ((b | c) & d);
    default: return b ^ c ^ d;
  }
}

constexpr uint32_t round_constants[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};

}  // namespace

void Sha1::reset() {
  state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  size_ = 0;
}

// FIPS 180-4, 6.1.3, with the schedule kept in sixteen words. Sums wrap in here by definition.
void Sha1::compress(const uint8_t* block) {
  uint32_t words[16];
  for (size_t i = 0; i < 16; ++i)
    words[i] = load_word(block + 4 * i);
  std::array<uint32_t, 5> v = state_;
#pragma clang loop unroll(full)
  for (size_t step = 0; step < 80; ++step) {
    const size_t i = step % 16;
    if (step >= 16)
      words[i] = std::rotl(words[(i + 13) % 16] ^ words[(i + 8) % 16] ^ words[(i + 2) % 16] ^ words[i], 1);
    // The five words are not moved along after each step: they are named by their new places.
    const uint32_t a = v[(80 - step) % 5];
    uint32_t& b = v[(81 - step) % 5];
    uint32_t& e = v[(84 - step) % 5];
    const size_t round = step / 20;
    e += std::rotl(a, 5) + mix(round, b, v[(82 - step) % 5], v[(83 - step) % 5]) + words[i] + round_constants[round];
    b = std::rotl(b, 30);
  }
  for (size_t i = 0; i < 5; ++i)
    state_[i] += v[i];
}

void Sha1::update(std::string_view bytes) {
  const size_t waiting = size_ % block_size;
  size_ += bytes.size();
  if (waiting > 0) {
    const size_t take = std::min(bytes.size(), block_size - waiting);
    std::copy_n(bytes.begin(), take, tail_.begin() + waiting);
    bytes.remove_prefix(take);
    if (waiting + take < block_size)
      return;
    compress(tail_.data());
  }
  for (; bytes.size() >= block_size; bytes.remove_prefix(block_size))
    compress(octets(bytes));
  std::copy_n(bytes.begin(), bytes.size(), tail_.begin());
}

Sha1::Digest Sha1::finish() {
  // A one bit, zeros, and the length in bits as a big-endian number at the end of a block.
  const uint64_t bits = size_ * 8;
  update(std::string_view("\x80", 1));
  while (size_ % block_size != block_size - 8)
    update(std::string_view("\0", 1));
  char length[8];
  for (size_t i = 0; i < 8; ++i)
    length[i] = static_cast<char>(bits >> (56 - 8 * i));
  update({length, sizeof length});
  Digest digest;
  for (size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
  reset();
  return digest;
}

Sha1::Digest Sha1::of(std::string_view bytes) {
  Sha1 hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace rescue
