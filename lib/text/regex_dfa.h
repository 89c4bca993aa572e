// The automaton: sets of places in a program, made as a text asks for them and kept for the next byte like it.
// Inside of the engine; see regex.h for its face.
//
// A state knows what stood before it as far as assertions ask (start, newline, part of a word). Whether it holds a
// match is settled with the byte that follows, for $ and \> look ahead: so a match is a mark on the transition.
#pragma once

#include <string_view>
#include <vector>

#include "lib/text/literal.h"
#include "lib/text/regex_program.h"

namespace rescue::regex {

class Dfa {
 public:
  explicit Dfa(const Program& program);

  struct Answer {
    size_t end = npos;    // where a match ends; npos where there is none
    bool unsure = false;  // a word's edge beside a character beyond ASCII: only the slow matcher knows
  };

  // The end of the earliest match that begins at or after `from`.
  Answer earliest_end(std::string_view text, size_t from);

  // The end of the longest match that begins at `start`.
  Answer longest(std::string_view text, size_t start);

  // The bytes that a match can begin with; all where it may be empty or depends on what is around.
  const ByteSet& first_bytes() const { return first_bytes_; }

 private:
  enum Before : uint8_t { at_start, at_newline, in_word, elsewhere };
  enum After : uint8_t { before_end, before_newline, before_word, before_other };
  using Row = uint32_t;  // a state by where its transitions begin

  // Transitions. Those with the topmost bit want to be looked at.
  static constexpr uint32_t flag = 1U << 31;
  static constexpr uint32_t matched = flag | (1U << 30);
  static constexpr uint32_t home = flag | (1U << 29);  // back at the start, where bytes can be skipped
  static constexpr uint32_t row_mask = (1U << 29) - 1;
  static constexpr uint32_t unknown = flag | 1;  // rows are even
  static constexpr uint32_t unsure = flag | 3;

  struct State {
    uint32_t first = 0;  // its places in pool_
    uint32_t count = 0;
    Before before = elsewhere;
    bool searching = false;  // a match may also begin later
  };

  void make_classes();
  void find_first_bytes();
  Before before_at(std::string_view text, size_t at) const;
  Row start_row(Before before, bool searching);
  Row intern(std::vector<uint32_t>& places, Before before, bool searching);
  uint32_t step(Row row, unsigned symbol);
  void clear();
  void close(std::vector<uint32_t>& stack, std::vector<uint32_t>& places, int before, int after);
  bool holds(Assert what, int before, int after) const;
  bool accepts(uint32_t place, uint8_t byte) const;
  After after_of(unsigned symbol) const;
  Before before_of(uint8_t byte) const;

  const Program& program_;
  uint8_t classes_[256]{};
  uint8_t examples_[256]{};  // a byte of each class
  unsigned class_count_ = 0;
  unsigned end_symbol_ = 0;
  unsigned width_ = 0;  // of a row
  ByteSet first_bytes_{};
  std::string skip_to_;  // where few bytes can begin a match: these

  std::vector<uint32_t> transitions_;
  std::vector<State> states_;
  std::vector<uint32_t> pool_;
  std::vector<uint32_t> table_;  // states by hash
  Row starts_[8]{};              // 0: not made yet
  Row dead_ = 0;
  std::vector<uint32_t> seen_;  // when a place was last added, for close()
  uint32_t turn_ = 0;
};

}  // namespace rescue::regex
