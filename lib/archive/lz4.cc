#include "lib/archive/lz4.h"

namespace rescue {

namespace {

constexpr size_t largest_block = 8 << 20;
constexpr uint64_t largest_packed = largest_block + largest_block / 255 + 16;

uint32_t word_of(std::string_view bytes) {
  uint32_t word = 0;
  for (size_t i = 4; i-- > 0;)
    word = word << 8 | static_cast<uint8_t>(bytes[i]);
  return word;
}

class BlockDecoder {
 public:
  BlockDecoder(std::string_view block, size_t most) : in_(block), most_(most) {}

  // A token says how many bytes follow as they are, and how many are then repeated from what came out before. The last
  // one has nothing to repeat.
  std::optional<std::string> run() {
    while (!in_.empty()) {
      const auto token = static_cast<uint8_t>(in_[0]);
      in_.remove_prefix(1);
      const auto literals = length(token >> 4);
      if (!literals || *literals > in_.size() || *literals > most_ - out_.size())
        return std::nullopt;
      out_ += in_.substr(0, *literals);
      in_.remove_prefix(*literals);
      if (in_.empty())
        return std::move(out_);
      if (!repeat(token & 15))
        return std::nullopt;
    }
    return std::nullopt;
  }

 private:
  // 15 is continued by bytes that are added up, to the first that is not 255.
  std::optional<size_t> length(size_t start) {
    if (start < 15)
      return start;
    while (!in_.empty() && start <= most_) {
      const auto more = static_cast<uint8_t>(in_[0]);
      in_.remove_prefix(1);
      start += more;
      if (more != 255)
        return start;
    }
    return std::nullopt;
  }

  bool repeat(size_t start) {
    if (in_.size() < 2)
      return false;
    const size_t back = static_cast<uint8_t>(in_[0]) | static_cast<size_t>(static_cast<uint8_t>(in_[1])) << 8;
    in_.remove_prefix(2);
    auto count = length(start);
    if (!count || back == 0 || back > out_.size())
      return false;
    *count += 4;
    if (*count > most_ - out_.size())
      return false;
    // Byte by byte: what is repeated may reach into what is being written.
    for (size_t i = 0; i < *count; ++i)
      out_ += out_[out_.size() - back];
    return true;
  }

  std::string_view in_;
  size_t most_;
  std::string out_;
};

}  // namespace

std::optional<std::string> decode_lz4_block(std::string_view block, size_t most) {
  return BlockDecoder(block, most).run();
}

Result<std::string_view> Lz4Source::next() {
  while (TRY(intake_.more())) {
    const std::string word = TRY(intake_.take_text(4, 4));
    // Files may be put behind each other; each begins with the mark.
    if (word == lz4_legacy_magic) {
      started_ = true;
      continue;
    }
    const uint32_t size = word_of(word);
    // Padding, to the end.
    if (started_ && size == 0) {
      TRY(intake_.expect_zeros());
      break;
    }
    if (!started_ || size > largest_packed)
      return intake_.bad("the compressed data is damaged");
    auto block = decode_lz4_block(TRY(intake_.take_text(size, largest_packed)), largest_block);
    if (!block)
      return intake_.bad("the compressed data is damaged");
    if (block->size() > limit_ - produced_)
      return intake_.bad("holds more than it may");
    produced_ += block->size();
    block_ = *std::move(block);
    if (!block_.empty())
      return block_;
  }
  return std::string_view();
}

}  // namespace rescue
