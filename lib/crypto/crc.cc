#include "lib/crypto/crc.h"

#include <bit>
#include <cstring>
#include <utility>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace rescue {

namespace {

constexpr uint32_t polynomial = 0x04c11db7;

// What one more bit makes of it.
constexpr uint32_t doubled(uint32_t crc) {
  return (crc << 1) ^ ((crc & 0x80000000) != 0 ? polynomial : 0);
}

#if defined(__x86_64__)

// x to that power, by the polynomial: what so many bits more make of a 1.
consteval uint64_t power(unsigned bits) {
  uint32_t crc = polynomial;
  for (unsigned i = 32; i < bits; ++i)
    crc = doubled(crc);
  return crc;
}

bool have_carryless_multiply() {
  constexpr unsigned multiply = 1U << 1, shuffle = 1U << 9;
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & (multiply | shuffle)) == (multiply | shuffle);
}

using Block = __m128i;

[[gnu::target("pclmul,ssse3"), gnu::always_inline]] inline Block turned(Block bytes) {
  return _mm_shuffle_epi8(bytes, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

[[gnu::target("pclmul,ssse3"), gnu::always_inline]] inline Block load(const char* at) {
  Block bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  return turned(bytes);
}

// The block moved `distance` bits to the front of `next`, and that added.
[[gnu::target("pclmul,ssse3"), gnu::always_inline]] inline Block moved(Block block, Block powers, Block next) {
  return _mm_xor_si128(
      next, _mm_xor_si128(_mm_clmulepi64_si128(block, powers, 0x00), _mm_clmulepi64_si128(block, powers, 0x11)));
}

// Makes of many blocks a single one that has the same remainder, the one in `folded`; gives how many bytes it took.
// (Gopal and others, "Fast CRC computation for generic polynomials using PCLMULQDQ instruction", Intel 2009.)
[[gnu::target("pclmul,ssse3")]] size_t fold(std::string_view text, uint32_t crc, char* folded) {
  const Block by_four = _mm_set_epi64x(power(4 * 128 + 64), power(4 * 128));
  const Block by_one = _mm_set_epi64x(power(128 + 64), power(128));
  const char* at = text.data();
  Block blocks[4];
  for (size_t i = 0; i < 4; ++i)
    blocks[i] = load(at + 16 * i);
  blocks[0] = _mm_xor_si128(blocks[0], _mm_set_epi32(static_cast<int>(crc), 0, 0, 0));
  const char* const end = at + text.size() / 64 * 64;
  for (at += 64; at != end; at += 64)
    for (size_t i = 0; i < 4; ++i)
      blocks[i] = moved(blocks[i], by_four, load(at + 16 * i));
  for (size_t i = 1; i < 4; ++i)
    blocks[i] = moved(blocks[i - 1], by_one, blocks[i]);
  const Block last = turned(blocks[3]);
  std::memcpy(folded, &last, sizeof last);
  return static_cast<size_t>(end - text.data());
}

#endif

}  // namespace

Crc::Crc() : tables_(std::make_unique_for_overwrite<uint32_t[]>(size_t{8} * 256)) {
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i << 24;
    for (int bit = 0; bit < 8; ++bit)
      crc = doubled(crc);
    tables_[i] = crc;
  }
  for (size_t i = 256; i < size_t{8} * 256; ++i)
    tables_[i] = (tables_[i - 256] << 8) ^ tables_[tables_[i - 256] >> 24];
#if defined(__x86_64__)
  folds_ = have_carryless_multiply();
#endif
}

void Crc::update(std::string_view piece) {
#if defined(__x86_64__)
  if (folds_ && piece.size() >= 128) {
    char folded[16];
    piece.remove_prefix(fold(piece, std::exchange(crc_, 0), folded));
    by_tables({folded, sizeof folded});
  }
#endif
  by_tables(piece);
}

void Crc::by_tables(std::string_view piece) {
  while (piece.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, piece.data(), sizeof word);
    word = std::byteswap(word) ^ uint64_t { crc_ } << 32;
    crc_ = 0;
    for (size_t i = 0; i < 8; ++i)
      crc_ ^= tables_[i * 256 + (word >> (8 * i) & 255)];
    piece.remove_prefix(8);
  }
  for (const char c : piece)
    step(static_cast<uint8_t>(c));
}

uint32_t Crc::finish(uint64_t size) {
  for (; size > 0; size >>= 8)
    step(static_cast<uint8_t>(size));
  return ~crc_;
}

}  // namespace rescue
