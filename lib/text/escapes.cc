#include "lib/text/escapes.h"

#include "lib/base/text.h"
#include "lib/base/utf8.h"

namespace rescue {

namespace {

// Takes up to `limit` digits of the base (8 or 16) off the text.
size_t take_digits(std::string_view& text, int base, size_t limit, uint32_t& value) {
  size_t count = 0;
  value = 0;
  while (count < limit && count < text.size()) {
    const auto digit = to_number<unsigned>(text.substr(count, 1), base);
    if (!digit)
      break;
    value = value * static_cast<uint32_t>(base) + *digit;
    ++count;
  }
  text.remove_prefix(count);
  return count;
}

Result<> take_code_point(std::string_view& text, char kind, std::string& to) {
  uint32_t code = 0;
  const size_t wanted = kind == 'u' ? 4 : 8;
  if (take_digits(text, 16, wanted, code) < wanted)
    return fail("escape", "", "a hexadecimal number is missing");
  // What ASCII has need not be written so, and surrogates are no characters.
  const bool plain = code < 0xa0 && code != 0x24 && code != 0x40 && code != 0x60;
  if (plain || (code >= 0xd800 && code <= 0xdfff))
    return fail("escape", str("\\", kind), "is no universal character name");
  // What has no place in the output's encoding stays as it is.
  if (code > 0x10ffff || !utf8_environment()) {
    to += str('\\', code > 0xffff ? 'U' : 'u');
    for (int shift = code > 0xffff ? 28 : 12; shift >= 0; shift -= 4)
      to += "0123456789ABCDEF"[(code >> shift) & 15];
    return {};
  }
  append_utf8(to, code);
  return {};
}

}  // namespace

Result<bool> take_escape(std::string_view& text, EscapeStyle style, std::string& to) {
  static constexpr std::string_view letters = "abefnrtv\\\"";
  static constexpr std::string_view meanings = "\a\b\x1b\f\n\r\t\v\\\"";
  if (text.empty()) {
    to += '\\';
    return true;
  }
  const char c = text[0];
  uint32_t value = 0;
  if (c >= '0' && c <= '7') {
    // \0NNN has four digits in an argument, and three in a format.
    const bool zero = style == EscapeStyle::argument && c == '0';
    text.remove_prefix(zero ? 1 : 0);
    take_digits(text, 8, 3, value);
    to += static_cast<char>(value);
    return true;
  }
  text.remove_prefix(1);
  if (c == 'c')
    return false;
  if (const size_t i = letters.find(c); i != std::string_view::npos) {
    to += meanings[i];
  } else if (c == 'x') {
    if (take_digits(text, 16, 2, value) == 0)
      return fail("escape", "", "a hexadecimal number is missing");
    to += static_cast<char>(value);
  } else if (c == 'u' || c == 'U') {
    TRY(take_code_point(text, c, to));
  } else {
    to += '\\';
    to += c;
  }
  return true;
}

}  // namespace rescue
