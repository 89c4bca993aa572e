#include "lib/crypto/md5.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace rescue {

namespace {

constexpr uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

// How far the sum is rotated, by round and by step within it.
constexpr int turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

uint32_t load_word(const uint8_t* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return std::endian::native == std::endian::big ? std::byteswap(word) : word;
}

// The function of a round, and which word of the block its step `i` takes.
[[gnu::always_inline]] inline uint32_t mix(size_t round, uint32_t b, uint32_t c, uint32_t d) {
  switch (round) {
    case 0: return ((c ^ d) & b) ^ d;
    case 1: return ((b ^ c) & d) ^ c;
    case 2: return b ^ c ^ d;
    default: return c ^ (b | ~d);
  }
}

constexpr size_t word_of(size_t round, size_t i) {
  constexpr size_t factor[] = {1, 5, 3, 7};
  constexpr size_t first[] = {0, 1, 5, 0};
  return (factor[round] * i + first[round]) % 16;
}

}  // namespace

void Md5::reset() {
  state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  size_ = 0;
}

// Sums wrap in here by definition.
void Md5::compress(const uint8_t* block) {
  uint32_t words[16];
  for (size_t i = 0; i < 16; ++i)
    words[i] = load_word(block + 4 * i);
  std::array<uint32_t, 4> v = state_;
#pragma clang loop unroll(full)
  for (size_t step = 0; step < 64; ++step) {
    const size_t round = step / 16;
    // The four words are not moved along after each step: they are named by their new places.
    uint32_t& a = v[(64 - step) % 4];
    const uint32_t b = v[(65 - step) % 4];
    const uint32_t sum =
        a + mix(round, b, v[(66 - step) % 4], v[(67 - step) % 4]) + words[word_of(round, step % 16)] + sines[step];
    a = b + std::rotl(sum, turns[round][step % 4]);
  }
  for (size_t i = 0; i < 4; ++i)
    state_[i] += v[i];
}

void Md5::update(std::string_view bytes) {
  const size_t waiting = size_ % block_size;
  size_ += bytes.size();
  const auto octets = [](std::string_view part) { return reinterpret_cast<const uint8_t*>(part.data()); };
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

Md5::Digest Md5::finish() {
  // A one bit, zeros, and the length in bits as a little-endian number at the end of a block.
  size_t used = size_ % block_size;
  tail_[used++] = 0x80;
  if (used > block_size - 8) {
    std::fill(tail_.begin() + used, tail_.end(), 0);
    compress(tail_.data());
    used = 0;
  }
  std::fill(tail_.begin() + used, tail_.end(), 0);
  for (size_t i = 0; i < 8; ++i)
    tail_[block_size - 8 + i] = static_cast<uint8_t>((size_ * 8) >> (8 * i));
  compress(tail_.data());
  Digest digest;
  for (size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<uint8_t>(state_[i / 4] >> (8 * (i % 4)));
  reset();
  return digest;
}

Md5::Digest Md5::of(std::string_view bytes) {
  Md5 hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace rescue
