// The slow matcher: tries the ways through a program one after another, for groups, back-references, and the edges of
// words beyond ASCII. Inside of the engine; see regex.h for its face.
#pragma once

#include <string_view>
#include <vector>

#include "lib/text/regex.h"
#include "lib/text/regex_program.h"

namespace rescue::regex {

class Backtracker {
 public:
  explicit Backtracker(const Program& program) : program_(program) {}

  // The end of the longest match that begins at `start`; npos if there is none. Starts on one text come in ascending
  // order, and what led nowhere from one is not tried again from the next; `fresh` with the first.
  size_t longest(std::string_view text, size_t start, bool fresh);

  // The groups of a match, as the first way finds them that ends where the match ends.
  void groups(std::string_view text, const Span& match, std::vector<Span>& groups);

 private:
  struct Job {
    uint32_t place;  // where to go on, or `none`: put back what slot `at` held
    size_t at;
    size_t old;
  };

  size_t run(std::string_view text, size_t start, size_t wanted_end);
  bool step(std::string_view text, Job& job, size_t limit);
  bool visit(uint32_t place, size_t at);
  size_t repeated(std::string_view seen, std::string_view text) const;
  void set(size_t slot, size_t value);
  bool holds(std::string_view text, size_t at, Assert what) const;
  bool word_before(std::string_view text, size_t at) const;
  bool word_after(std::string_view text, size_t at) const;
  bool is_line_end(char c) const { return static_cast<uint8_t>(c) == program_.line_end; }

  const Program& program_;
  std::vector<Job> jobs_;
  std::vector<size_t> slots_;      // of groups, then of loops
  std::vector<uint64_t> visited_;  // bits: places by positions
  size_t base_ = 0;                // the position that the bits begin with
  size_t columns_ = 0;
};

}  // namespace rescue::regex
