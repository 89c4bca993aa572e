#include "lib/text/literal.h"

#include <bit>
#include <cstring>
#include <utility>

namespace rescue {
namespace {

// Sixteen bytes at once; the compiler has instructions for this on every processor that we build for.
using Block = uint8_t __attribute__((vector_size(16)));
using Halves = uint64_t __attribute__((vector_size(16)));
constexpr size_t block_size = sizeof(Block);

Block load(const char* from) {
  Block block;
  std::memcpy(&block, from, block_size);
  return block;
}

Block all(char byte) {
  return Block{} + static_cast<uint8_t>(byte);
}

Block equal(Block a, Block b) {
  return __builtin_bit_cast(Block, a == b);
}

bool any(Block block) {
  const auto halves = __builtin_bit_cast(Halves, block);
  return (halves[0] | halves[1]) != 0;
}

// The place of the first byte of a block that is not zero, and the block without it.
size_t take_first(Block& block) {
  auto halves = __builtin_bit_cast(Halves, block);
  const unsigned half = halves[0] != 0 ? 0 : 1;
  const auto place = static_cast<unsigned>(std::countr_zero(halves[half])) / 8;
  halves[half] &= ~(uint64_t{0xff} << (place * 8));
  block = __builtin_bit_cast(Block, halves);
  return half * 8 + place;
}

// How common a byte is in source code, configuration and logs: the lower, the better to look for.
unsigned commonness(char byte) {
  constexpr std::string_view common = "zqjxkvbywgpfmuchldrsnioate \n";
  if (const size_t at = common.find(byte); at != npos)
    return 100 + static_cast<unsigned>(at) * 4;
  const auto value = static_cast<uint8_t>(byte);
  if (value >= 'A' && value <= 'Z')
    return 80;
  if (value == '\0')
    return 200;
  if (value >= '0' && value <= '9')
    return 120;
  if (value > 0x20 && value < 0x80)
    return 110;
  return 60;
}

}  // namespace

size_t place_of_any(std::string_view text, std::string_view bytes) {
  const char* const data = text.data();
  const size_t size = text.size();
  Block wanted[4];
  for (size_t i = 0; i < 4; ++i)
    wanted[i] = all(bytes[i < bytes.size() ? i : 0]);
  size_t at = 0;
  for (; size - at >= block_size; at += block_size) {
    const Block block = load(data + at);
    Block hits = equal(block, wanted[0]) | equal(block, wanted[1]) | equal(block, wanted[2]) | equal(block, wanted[3]);
    if (any(hits))
      return at + take_first(hits);
  }
  for (; at < size; ++at)
    if (bytes.find(data[at]) != npos)
      return at;
  return npos;
}

Literal::Literal(std::string text) : text_(std::move(text)) {
  for (size_t i = 0; i < text_.size(); ++i)
    if (commonness(text_[i]) < commonness(text_[first_]))
      first_ = i;
  second_ = first_ == 0 && text_.size() > 1 ? 1 : 0;
  for (size_t i = 0; i < text_.size(); ++i)
    if (i != first_ && commonness(text_[i]) < commonness(text_[second_]))
      second_ = i;
}

size_t Literal::find(std::string_view text, size_t from) const {
  const size_t length = text_.size();
  if (from > text.size() || text.size() - from < length)
    return npos;
  if (length == 0)
    return from;
  if (length == 1) {
    const size_t at = place_of(text.substr(from), text_[0]);
    return at == npos ? npos : from + at;
  }
  const char* const data = text.data();
  const size_t starts = text.size() - length + 1;  // one past the last place where it can begin
  const Block a = all(text_[first_]);
  const Block b = all(text_[second_]);
  size_t at = from;
  for (; at < starts && starts - at >= block_size; at += block_size) {
    Block hits = equal(load(data + at + first_), a) & equal(load(data + at + second_), b);
    if (!any(hits)) [[likely]]
      continue;
    do {
      const size_t place = at + take_first(hits);
      if (std::memcmp(data + place, text_.data(), length) == 0)
        return place;
    } while (any(hits));
  }
  for (; at < starts; ++at)
    if (data[at + first_] == text_[first_] && std::memcmp(data + at, text_.data(), length) == 0)
      return at;
  return npos;
}

}  // namespace rescue
