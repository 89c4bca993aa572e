#include "lib/text/wildcard.h"

#include <cstdint>

#include "lib/base/utf8.h"
#include "lib/text/letters.h"

namespace rescue {
namespace {

constexpr size_t npos = std::string_view::npos;

// Takes a character; a byte that is none counts for itself, beyond all characters.
uint32_t take(std::string_view& text) {
  const Character c = first_character(text);
  const uint32_t code = c.valid ? c.code : 0x110000U + static_cast<uint8_t>(text[0]);
  text.remove_prefix(c.valid ? c.length : 1);
  return code;
}

bool same(uint32_t a, uint32_t b, bool ignore_case) {
  return a == b || (ignore_case && other_case(a) == b);
}

bool is_alpha(uint32_t c) {
  return c != '_' && is_word_code(c) && !(c >= '0' && c <= '9');
}

bool is_in_class(std::string_view name, uint32_t c) {
  const bool digit = c >= '0' && c <= '9';
  const bool printable = c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0) && c < 0x110000;
  const bool upper = is_upper_letter(c);
  const bool lower = is_lower_letter(c);
  if (name == "alpha")
    return is_alpha(c);
  if (name == "digit")
    return digit;
  if (name == "alnum")
    return is_alpha(c) || digit;
  if (name == "upper")
    return upper;
  if (name == "lower")
    return lower;
  if (name == "space")
    return c == ' ' || (c >= '\t' && c <= '\r');
  if (name == "blank")
    return c == ' ' || c == '\t';
  if (name == "punct")
    return printable && c != ' ' && !is_alpha(c) && !digit;
  if (name == "print")
    return printable;
  if (name == "graph")
    return printable && c != ' ';
  if (name == "cntrl")
    return !printable && c < 0x110000;
  return name == "xdigit" && (digit || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'));
}

// Matches `c` against the set behind a `[`; takes the set. npos in `pattern` where it has no end.
bool match_set(std::string_view& pattern, uint32_t c, bool ignore_case, bool& valid) {
  std::string_view rest = pattern;
  const bool inverted = rest.starts_with('!') || rest.starts_with('^');
  if (inverted)
    rest.remove_prefix(1);
  bool found = false;
  for (bool first = true; first || !rest.starts_with(']'); first = false) {
    if (rest.empty()) {
      valid = false;
      return false;
    }
    if (rest.starts_with("[:")) {
      if (const size_t end = rest.find(":]", 2); end != npos) {
        const std::string_view name = rest.substr(2, end - 2);
        found = found || is_in_class(name, c) || (ignore_case && is_in_class(name, other_case(c)));
        rest.remove_prefix(end + 2);
        continue;
      }
    }
    if (rest.size() > 1 && rest[0] == '\\')
      rest.remove_prefix(1);
    const uint32_t low = take(rest);
    uint32_t high = low;
    if (rest.size() > 1 && rest[0] == '-' && rest[1] != ']') {
      rest.remove_prefix(rest[1] == '\\' && rest.size() > 2 ? 2 : 1);
      high = take(rest);
    }
    found = found || (c >= low && c <= high);
    if (ignore_case)
      found = found || (other_case(c) >= low && other_case(c) <= high);
  }
  rest.remove_prefix(1);
  pattern = rest;
  return found != inverted;
}

// Matches one character of the text against what the pattern, which does not begin with `*`, begins with.
bool match_one(std::string_view& pattern, std::string_view& text, bool ignore_case) {
  if (pattern.empty() || text.empty())
    return false;
  const uint32_t c = take(text);
  if (pattern[0] == '?') {
    pattern.remove_prefix(1);
    return true;
  }
  if (pattern[0] == '[') {
    std::string_view set = pattern.substr(1);
    bool valid = true;
    const bool matches = match_set(set, c, ignore_case, valid);
    if (valid) {
      pattern = set;
      return matches;
    }
  }
  if (pattern[0] == '\\') {
    if (pattern.size() == 1)
      return false;
    pattern.remove_prefix(1);
  }
  return same(take(pattern), c, ignore_case);
}

}  // namespace

bool wildcard_match(std::string_view pattern, std::string_view text, bool ignore_case) {
  // Where to go on when what follows the last `*` does not match: one character later.
  std::string_view star_pattern;
  std::string_view star_text;
  bool has_star = false;
  while (true) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      star_pattern = pattern;
      star_text = text;
      has_star = true;
      continue;
    }
    if (pattern.empty() && text.empty())
      return true;
    if (match_one(pattern, text, ignore_case))
      continue;
    if (!has_star || star_text.empty())
      return false;
    take(star_text);
    pattern = star_pattern;
    text = star_text;
  }
}

}  // namespace rescue
