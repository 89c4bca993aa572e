#include "lib/fs/xattr_text.h"

#include <algorithm>

#include "lib/base/base64.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

bool is_plain(char c) {
  return c >= ' ' && c <= '~';
}

void add_octal(std::string& text, char c) {
  const auto byte = static_cast<uint8_t>(c);
  text += '\\';
  for (const int shift : {6, 3, 0})
    text += static_cast<char>('0' + ((byte >> shift) & 7));
}

}  // namespace

std::string encode_xattr(std::string_view value, XattrEncoding encoding) {
  if (encoding == XattrEncoding::automatic) {
    const auto odd = static_cast<size_t>(std::ranges::count_if(value, [](char c) { return !is_plain(c); }));
    encoding = value.size() >= odd * 8 ? XattrEncoding::text : XattrEncoding::base64;
  }
  if (encoding == XattrEncoding::hex)
    return str("0x", to_hex(value));
  if (encoding == XattrEncoding::base64)
    return str("0s", to_base64(value));
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (c == '\0' || c == '\n' || c == '\r') {
      add_octal(text, c);
    } else {
      text += c;
    }
  }
  return text += '"';
}

std::optional<std::string> decode_xattr(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X"))
    return from_hex(text.substr(2));
  if (text.starts_with("0s") || text.starts_with("0S"))
    return from_base64(text.substr(2));
  if (text.starts_with('"')) {
    if (text.size() < 2 || !text.ends_with('"'))
      return std::nullopt;
    text = text.substr(1, text.size() - 2);
  }
  return unquote_xattr(text);
}

std::string quote_xattr(std::string_view name, std::string_view special) {
  std::string text;
  for (const char c : name) {
    if (c == '\\' || c == '\n' || c == '\r' || special.contains(c))
      add_octal(text, c);
    else
      text += c;
  }
  return text;
}

std::string unquote_xattr(std::string_view text) {
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      value += text[i];
      continue;
    }
    const auto octal = i + 3 < text.size() ? to_number<unsigned>(text.substr(i + 1, 3), 8) : std::nullopt;
    if (octal && text.substr(i + 1, 3).size() == 3 && *octal < 256) {
      value += static_cast<char>(*octal);
      i += 3;
    } else {
      value += text[++i];
    }
  }
  return value;
}

}  // namespace rescue
