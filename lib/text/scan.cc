#include "lib/text/scan.h"

#include <bit>
#include <cstring>

namespace rescue {

namespace {

// The compiler makes SSE2 or NEON of these, which every x86_64 and aarch64 has.
using Block = uint8_t __attribute__((vector_size(16)));
using Halves = uint64_t __attribute__((vector_size(16)));

Block load(const char* at) {
  Block block;
  std::memcpy(&block, at, sizeof block);
  return block;
}

// 0xff in each byte of the block that is `c`.
Halves matches(Block block, uint8_t c) {
  return reinterpret_cast<Halves>(block == c);
}

bool any(Halves found) {
  return (found[0] | found[1]) != 0;
}

// With the first byte in the lowest bits, whatever the order of this machine.
uint64_t in_order(uint64_t half) {
  return std::endian::native == std::endian::little ? half : std::byteswap(half);
}

size_t first_of(Halves found) {
  if (found[0] != 0)
    return static_cast<size_t>(std::countr_zero(in_order(found[0]))) / 8;
  return 8 + static_cast<size_t>(std::countr_zero(in_order(found[1]))) / 8;
}

size_t last_of(Halves found) {
  if (found[1] != 0)
    return 15 - static_cast<size_t>(std::countl_zero(in_order(found[1]))) / 8;
  return 7 - static_cast<size_t>(std::countl_zero(in_order(found[0]))) / 8;
}

// The matches of up to 255 blocks; each byte counts its own column, and cannot overflow.
uint64_t count_blocks(const char* at, size_t blocks, uint8_t c) {
  Block sums{};
  for (size_t i = 0; i < blocks; ++i)
    sums -= reinterpret_cast<Block>(load(at + i * sizeof(Block)) == c);
  uint64_t total = 0;
  for (size_t i = 0; i < sizeof sums; ++i)
    total += sums[i];
  return total;
}

}  // namespace

const char* find_byte(const char* from, const char* to, char c) {
  const auto byte = static_cast<uint8_t>(c);
  for (; to - from >= 16; from += 16)
    if (const Halves found = matches(load(from), byte); any(found))
      return from + first_of(found);
  while (from < to && *from != c)
    ++from;
  return from;
}

const char* find_last_byte(const char* from, const char* to, char c) {
  const auto byte = static_cast<uint8_t>(c);
  for (; to - from >= 16; to -= 16)
    if (const Halves found = matches(load(to - 16), byte); any(found))
      return to - 16 + last_of(found);
  while (to > from)
    if (*--to == c)
      return to;
  return nullptr;
}

uint64_t count_byte(std::string_view text, char c) {
  const char* at = text.data();
  size_t left = text.size();
  uint64_t total = 0;
  while (left >= sizeof(Block)) {
    const size_t blocks = left / sizeof(Block) < 255 ? left / sizeof(Block) : 255;
    total += count_blocks(at, blocks, static_cast<uint8_t>(c));
    at += blocks * sizeof(Block);
    left -= blocks * sizeof(Block);
  }
  for (; left > 0; --left, ++at)
    total += *at == c ? 1 : 0;
  return total;
}

size_t common_length(const char* a, const char* b, size_t size) {
  size_t at = 0;
  for (; size - at >= sizeof(Block); at += sizeof(Block))
    if (const auto differ = reinterpret_cast<Halves>(load(a + at) != load(b + at)); any(differ))
      return at + first_of(differ);
  while (at < size && a[at] == b[at])
    ++at;
  return at;
}

}  // namespace rescue
