// Which members of an archive are asked for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rescue {

// Patterns are glob_match()'s (text.h) over the whole path, without `./` or a slash in front of either. One without a
// slash is for the last component alone. What matches as a directory brings all that is in it.
class PathPatterns {
 public:
  PathPatterns() = default;
  explicit PathPatterns(const std::vector<std::string>& patterns);

  // Without patterns, everything is wanted.
  bool wants(std::string_view path);
  bool any() const { return !patterns_.empty(); }

  // A pattern that has matched nothing so far; empty where each has.
  std::string_view unmatched() const;

 private:
  struct Pattern {
    std::string text;
    bool last_component;
    bool matched;
  };
  std::vector<Pattern> patterns_;
};

// The path without `./` and slashes in front of it.
std::string_view without_start(std::string_view path);

}  // namespace rescue
