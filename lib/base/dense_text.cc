#include "lib/base/dense_text.h"

namespace rescue {

std::string from_dense(std::string_view dense) {
  std::string text;
  for (const char c : dense) {
    if (static_cast<uint8_t>(c) < 0x80) {
      text += c;
      continue;
    }
    std::string_view rest = detail::dense_pieces;
    for (unsigned i = static_cast<uint8_t>(c) - 0x80U; i > 0; --i)
      rest.remove_prefix(rest.find('\n') + 1);
    text += rest.substr(0, rest.find('\n'));
  }
  return text;
}

}  // namespace rescue
