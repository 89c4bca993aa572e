// Numbers for texts, counted from 0 in the order in which they came: what a map from text to anything would be for,
// without its code for each kind of thing. The texts are not copied; they must stay where they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace rescue {

class TextIndex {
 public:
  static constexpr uint32_t none = UINT32_MAX;

  // Room for so many of them, before the first comes.
  void reserve(size_t count);
  uint32_t find(std::string_view text) const;
  // The number of `text`, which is size() - 1 where it is new.
  uint32_t add(std::string_view text);
  size_t size() const { return texts_.size(); }

 private:
  // Where it is, or the free place where it belongs.
  size_t place_of(std::string_view text) const;

  std::vector<std::string_view> texts_;
  std::vector<uint32_t> places_;  // a power of two of them, never full
};

}  // namespace rescue
