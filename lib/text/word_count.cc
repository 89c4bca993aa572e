#include "lib/text/word_count.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "lib/base/utf8.h"

namespace rescue {

namespace {

using Block = uint8_t __attribute__((vector_size(16)));
using Halves = uint64_t __attribute__((vector_size(16)));

bool any(Block block) {
  const auto halves = reinterpret_cast<Halves>(block);
  return (halves[0] | halves[1]) != 0;
}

uint64_t sum(Block block) {
  uint64_t total = 0;
  for (size_t i = 0; i < sizeof block; ++i)
    total += block[i];
  return total;
}

// What iswspace says in C.UTF-8, and the no-break spaces, which count as blanks here too.
bool is_space(uint32_t code) {
  if (code < 0x80)
    return code == ' ' || (code >= 9 && code <= 13);
  return code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 ||
         code == 0x202f || code == 0x205f || code == 0x2060 || code == 0x3000;
}

}  // namespace

void TextCounts::add(const TextCounts& other) {
  lines += other.lines;
  words += other.words;
  characters += other.characters;
  bytes += other.bytes;
  longest = std::max(longest, other.longest);
}

// Eight bytes that are printable or newlines, the first lowest; newlines are all ones here, the others zero.
void TextCounter::widths(uint64_t newlines) {
  static_assert(std::endian::native == std::endian::little);
  for (; newlines != 0; newlines &= ~(uint64_t{0xff} << std::countr_zero(newlines))) {
    // Counted from the end of the line before, which lies as far before the eight as the column says.
    const auto at = static_cast<uint64_t>(std::countr_zero(newlines)) / 8;
    counts_.longest = std::max(counts_.longest, column_ + at);
    column_ = -(at + 1);
  }
  column_ += 8;
}

// Sixteen bytes at a time, as long as they are printable ASCII and blanks: how far that went. A word begins where a
// printable byte follows a blank. Where columns are wanted, only blanks as wide as one or a newline are plain.
size_t TextCounter::plain_blocks(std::string_view text) {
  size_t at = 0;
  Block lines{};
  Block words{};
  unsigned unsummed = 0;
  const auto settle = [&] {
    counts_.lines += sum(lines);
    counts_.words += sum(words);
    lines = words = Block{};
    unsummed = 0;
  };
  for (; text.size() - at >= sizeof(Block); at += sizeof(Block)) {
    Block block;
    std::memcpy(&block, text.data() + at, sizeof block);
    const auto controls = reinterpret_cast<Block>(block - 9 < Block{} + 5);
    const auto blanks = controls | reinterpret_cast<Block>(block == ' ');
    const auto printable = reinterpret_cast<Block>(block - 33 < Block{} + 94);
    const auto newlines = reinterpret_cast<Block>(block == '\n');
    if (any(~(blanks | printable)) || (columns_ && any(controls & ~newlines)))
      break;
    if (columns_) {
      const auto halves = reinterpret_cast<Halves>(newlines);
      widths(halves[0]);
      widths(halves[1]);
    }
    // Each byte's neighbour on the left; for the first, what came before.
    Block before = __builtin_shufflevector(blanks, blanks, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
    before[0] = in_word_ ? 0 : 0xff;
    words -= printable & before;
    lines -= newlines;
    in_word_ = blanks[15] == 0;
    if (++unsummed == 255)
      settle();
  }
  settle();
  counts_.characters += at;
  return at;
}

void TextCounter::character(uint32_t code) {
  ++counts_.characters;
  if (code == '\n')
    ++counts_.lines;
  if (code == '\n' || code == '\r' || code == '\f') {
    counts_.longest = std::max(counts_.longest, column_);
    column_ = 0;
    in_word_ = false;
    return;
  }
  if (code == '\t')
    column_ += 8 - column_ % 8;
  const int width = width_of(code);
  if (width > 0)
    column_ += static_cast<uint64_t>(width);
  if (is_space(code)) {
    in_word_ = false;
  } else if (width >= 0 && !in_word_) {
    in_word_ = true;
    ++counts_.words;
  }
}

// How much of the text was counted; a character that is cut off by its end waits, unless this was the last of it.
size_t TextCounter::whole_characters(std::string_view text, bool last) {
  size_t at = 0;
  while (at < text.size()) {
    at += plain_blocks(text.substr(at));
    // A stretch of single ones, and then it is worth while to try blocks again.
    const size_t stop = std::min(text.size(), at + 32);
    while (at < stop) {
      const std::string_view here = text.substr(at);
      const auto byte = static_cast<uint8_t>(here[0]);
      if (byte < 0x80 || !utf8_) {
        ++at;
        if (byte < 0x80)
          character(byte);
        else
          ++counts_.characters;
        continue;
      }
      const Character c = first_character(here);
      const bool cut_off = !c.valid && c.length == here.size() && c.length < 4;
      if (cut_off && !last)
        return at;
      if (c.valid)
        character(c.code);
      at += c.valid ? c.length : 1;
    }
  }
  return at;
}

void TextCounter::take(std::string_view text) {
  while (!rest_.empty() && !text.empty()) {
    rest_ += text[0];
    text.remove_prefix(1);
    rest_.erase(0, whole_characters(rest_, false));
  }
  rest_ = text.substr(whole_characters(text, false));
}

TextCounts TextCounter::finish() {
  whole_characters(rest_, true);
  rest_.clear();
  counts_.longest = std::max(counts_.longest, column_);
  return counts_;
}

}  // namespace rescue
