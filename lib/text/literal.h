// Searching for a text at the speed of memory, where musl's memmem goes byte by byte.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "lib/text/scan.h"

namespace rescue {

constexpr size_t npos = std::string_view::npos;

// The first place of a byte; npos if there is none.
inline size_t place_of(std::string_view text, char byte) {
  const char* const end = text.data() + text.size();
  const char* const found = find_byte(text.data(), end, byte);
  return found == end ? npos : static_cast<size_t>(found - text.data());
}

// The first place of any of up to four bytes (`bytes` has at least one).
size_t place_of_any(std::string_view text, std::string_view bytes);

// A text to be searched for many times.
class Literal {
 public:
  Literal() = default;
  explicit Literal(std::string text);

  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }
  // The first place at or after `from`; npos if there is none.
  size_t find(std::string_view text, size_t from = 0) const;

 private:
  std::string text_;
  // The two bytes that are looked for together: those that are rarest in texts.
  size_t first_ = 0;
  size_t second_ = 0;
};

}  // namespace rescue
