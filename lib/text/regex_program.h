// A regular expression as a program for the two matchers. Inside of the engine; see regex.h for its face.
#pragma once

#include "lib/text/regex_tree.h"

namespace rescue::regex {

enum class Op : uint8_t {
  range,      // a byte of low to high
  set,        // a byte of sets[value]
  split,      // out, or else out1
  mark,       // loop `value` begins
  loop,       // the end of a turn of it, which must not be where the last turn ended: out for one more, or else out1
  save,       // remember the place in slot `value`
  assertion,  // Assert `value`
  back_reference,  // what group `value` matched
  match,
};

struct Instruction {
  Op op = Op::match;
  uint8_t low = 0;
  uint8_t high = 0;
  uint32_t value = 0;
  uint32_t out = none;
  uint32_t out1 = none;
};

using ByteSet = std::array<uint64_t, 4>;

inline bool has(const ByteSet& set, uint8_t byte) {
  return ((set[byte >> 6] >> (byte & 63)) & 1) != 0;
}

struct Program {
  std::vector<Instruction> code;
  std::vector<ByteSet> sets;
  uint32_t start = none;
  uint32_t groups = 0;
  uint32_t loops = 0;
  bool has_assertions = false;
  bool has_word_assertions = false;
  bool has_back_references = false;
  bool bytes = false;
  bool ignore_case = false;  // for back-references: all else is in `code`
  uint8_t line_end = '\n';
  bool has_separator = false;
  uint8_t separator = 0;
};

// Fails where the program would be too large.
Result<Program> compile(const Tree& tree, const RegexSyntax& syntax);

// What each match must hold.
struct Required {
  std::string text;    // empty where nothing is known
  bool whole = false;  // and there is nothing else to a match
};
Required required_text(const Tree& tree);

}  // namespace rescue::regex
