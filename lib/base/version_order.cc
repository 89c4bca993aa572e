#include "lib/base/version_order.h"

#include <algorithm>
#include <cstdint>

namespace rescue {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The name without its endings, each a dot, a letter or tilde, and then letters, digits and tildes.
std::string_view without_endings(std::string_view name) {
  size_t end = name.size();
  for (size_t i = name.size(); i > 0; --i) {
    const char c = name[i - 1];
    if (c == '.') {
      // The whole name can be an ending: .config is one.
      if (i == name.size() || (!is_letter(name[i]) && name[i] != '~'))
        break;
      end = i - 1;
    } else if (!is_letter(c) && !is_digit(c) && c != '~') {
      break;
    }
  }
  return name.substr(0, end);
}

// The weight of what stands at the start of `text`: its end and numbers, letters, then everything else.
int weight(std::string_view text) {
  if (text.empty())
    return -1;
  const char c = text[0];
  if (is_digit(c))
    return 0;
  if (is_letter(c))
    return c;
  return c == '~' ? -2 : static_cast<uint8_t>(c) + 256;
}

std::string_view take_number(std::string_view& text) {
  const size_t zeros = std::min(text.find_first_not_of('0'), text.size());
  text.remove_prefix(zeros);
  size_t length = 0;
  while (length < text.size() && is_digit(text[length]))
    ++length;
  const std::string_view number = text.substr(0, length);
  text.remove_prefix(length);
  return number;
}

// Debian's order: other characters and numbers by turns.
int compare_pieces(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while ((!a.empty() && !is_digit(a[0])) || (!b.empty() && !is_digit(b[0]))) {
      if (const int difference = weight(a) - weight(b); difference != 0)
        return difference;
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
    const std::string_view x = take_number(a);
    const std::string_view y = take_number(b);
    if (x.size() != y.size())
      return x.size() < y.size() ? -1 : 1;
    if (const int difference = x.compare(y); difference != 0)
      return difference;
  }
  return 0;
}

// What comes before all other names, in this order.
int rank_of_special(std::string_view name) {
  if (name.empty())
    return 0;
  if (name == ".")
    return 1;
  if (name == "..")
    return 2;
  return name[0] == '.' ? 3 : 4;
}

}  // namespace

int compare_versions(std::string_view a, std::string_view b) {
  if (a == b)
    return 0;
  const int rank = rank_of_special(a);
  if (rank != rank_of_special(b))
    return rank - rank_of_special(b);
  const std::string_view short_a = without_endings(a);
  const std::string_view short_b = without_endings(b);
  const int difference = compare_pieces(short_a, short_b);
  if (difference != 0 || (short_a.size() == a.size() && short_b.size() == b.size()))
    return difference;
  return compare_pieces(a, b);
}

}  // namespace rescue
