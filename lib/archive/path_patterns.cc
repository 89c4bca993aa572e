#include "lib/archive/path_patterns.h"

#include <algorithm>

#include "lib/base/text.h"

namespace rescue {

std::string_view without_start(std::string_view path) {
  while (path.starts_with("./") || path.starts_with('/'))
    path.remove_prefix(path.starts_with('/') ? 1 : 2);
  return path;
}

PathPatterns::PathPatterns(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    std::string_view text = without_start(pattern);
    while (text.ends_with('/'))
      text.remove_suffix(1);
    patterns_.push_back({std::string(text), text == pattern && !text.contains('/'), false});
  }
}

bool PathPatterns::wants(std::string_view path) {
  bool wanted = patterns_.empty();
  path = without_start(path);
  for (Pattern& pattern : patterns_) {
    bool match = false;
    // The path, and each directory that it is in.
    for (std::string_view part = path; !match && !part.empty(); part = dir_name(part)) {
      match = glob_match(pattern.text, pattern.last_component ? base_name(part) : part);
      if (!part.contains('/'))
        break;
    }
    pattern.matched = pattern.matched || match;
    wanted = wanted || match;
  }
  return wanted;
}

std::string_view PathPatterns::unmatched() const {
  const auto found = std::ranges::find(patterns_, false, &Pattern::matched);
  return found != patterns_.end() ? std::string_view(found->text) : std::string_view();
}

}  // namespace rescue
