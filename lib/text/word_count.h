// Counting lines, words and characters, and the width of the longest line, as `wc` does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rescue {

struct TextCounts {
  uint64_t lines = 0;
  uint64_t words = 0;
  uint64_t characters = 0;
  uint64_t bytes = 0;
  uint64_t longest = 0;

  // Adds the counts of another file; the longest line is the longest of both.
  void add(const TextCounts& other);
};

// A word is a run of characters that are no blanks, of which one at least can be printed; what cannot be printed
// neither makes nor ends a word.
class TextCounter {
 public:
  // `columns`: whether the longest line is wanted.
  TextCounter(bool utf8, bool columns) : utf8_(utf8), columns_(columns) {}

  // Takes the next piece of the text, which may end anywhere, even within a character.
  void take(std::string_view text);

  // After the last piece. Bytes are not counted.
  TextCounts finish();

 private:
  size_t plain_blocks(std::string_view text);
  void widths(uint64_t newlines);
  size_t whole_characters(std::string_view text, bool last);
  void character(uint32_t code);

  bool utf8_;
  bool columns_;
  bool in_word_ = false;
  uint64_t column_ = 0;
  TextCounts counts_;
  std::string rest_;  // the beginning of a character
};

}  // namespace rescue
