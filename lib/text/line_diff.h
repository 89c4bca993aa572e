// What differs between two texts, line by line: a shortest way from one to the other as GNU's diff finds it, with the
// same choices where there are several, so that hunks come out as people know them (Myers, "An O(ND) difference
// algorithm", 1986, with GNU's limits).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace rescue {

struct LineDiffOptions {
  enum class Space : uint8_t {
    exact,
    tabs,
    trailing,
    tabs_and_trailing,
    change,
    all
  };  // what of white space is ignored
  Space space = Space::exact;
  bool ignore_case = false;
  bool minimal = false;
  bool shift = true;  // changes are moved to where people expect them, where there is a choice
  size_t tab_size = 8;
  size_t horizon = 0;  // equal lines around that may be taken for changed: at least what is shown as context
};

// Lines that are replaced by others; counted from 0.
struct LineChange {
  size_t old_at = 0;
  size_t old_count = 0;
  size_t new_at = 0;
  size_t new_count = 0;
};

// Lines have their newlines; only the last one may be without.
std::vector<LineChange> compare_lines(std::span<const std::string_view> before, std::span<const std::string_view> after,
                                      const LineDiffOptions& options);

// The lines of a text, each with its newline.
std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace rescue
