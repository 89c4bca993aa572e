// A regular expression as a tree, and its parser. Inside of the engine; see regex.h for its face.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/text/letters.h"
#include "lib/text/regex.h"

namespace rescue::regex {

// A set of bytes, and of characters beyond ASCII where text is UTF-8.
struct CharSet {
  std::array<uint64_t, 4> bits{};
  std::vector<CodeRange> ranges;

  void add(uint8_t byte) { bits[byte >> 6] |= uint64_t{1} << (byte & 63); }
  void remove(uint8_t byte) { bits[byte >> 6] &= ~(uint64_t{1} << (byte & 63)); }
  bool has(uint8_t byte) const { return ((bits[byte >> 6] >> (byte & 63)) & 1) != 0; }
};

enum class Assert : uint8_t {
  text_start,
  text_end,
  line_start,
  line_end,
  word_edge,
  no_word_edge,
  word_start,
  word_end,
  no_word_before,
  no_word_after,
};

constexpr bool asks_for_words(Assert a) {
  return a >= Assert::word_edge;
}

enum class Kind : uint8_t { empty, literal, set, assertion, group, back_reference, repeat, sequence, choice };

constexpr uint32_t none = UINT32_MAX;

struct Node {
  Kind kind = Kind::empty;
  bool raw = false;       // of a literal: `value` is a byte, not a character
  uint32_t value = 0;     // a character; a set's place in `sets`; an Assert; the number of a group
  uint32_t child = none;  // the first one
  uint32_t next = none;   // its next sibling
  uint32_t min = 0;
  uint32_t max = 0;  // `none` for no limit
};

struct Tree {
  std::vector<Node> nodes;
  std::vector<CharSet> sets;
  uint32_t root = none;
  uint32_t groups = 0;
  bool has_back_references = false;
  std::vector<std::string> warnings;

  uint32_t add(const Node& node) {
    nodes.push_back(node);
    return static_cast<uint32_t>(nodes.size() - 1);
  }
};

// Adds a pattern to the tree and gives its node.
Result<uint32_t> parse(std::string_view pattern, const RegexSyntax& syntax, Tree& tree);

// Whether the pattern matches itself and nothing else, but for the case of ASCII letters.
bool is_string(std::string_view pattern, const RegexSyntax& syntax);

// A tree of such strings, sharing what they begin with: there may be thousands.
uint32_t tree_of_strings(std::span<const std::string_view> strings, const RegexSyntax& syntax, Tree& tree);

}  // namespace rescue::regex
