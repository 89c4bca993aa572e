#include "lib/text/number_format.h"

#include <algorithm>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "lib/base/text.h"

namespace rescue {

namespace {

// 0xD.DDDp+E, with `precision` digits behind the point, or as many as are needed where it is negative.
std::string hexadecimal(long double value, int precision, bool point) {
  uint64_t bits = 0;
  uint16_t head = 0;
  std::memcpy(&bits, &value, sizeof bits);
  std::memcpy(&head, reinterpret_cast<const char*>(&value) + sizeof bits, sizeof head);
  int exponent = std::max(head & 0x7fff, 1) - 16383 - 3;
  if (bits == 0)
    exponent = 0;
  uint64_t first = bits >> 60;
  uint64_t rest = bits << 4;
  if (precision >= 0 && precision < 15) {
    const int cut = 60 - 4 * precision;
    uint64_t kept = bits >> cut;
    const uint64_t lost = bits << (64 - cut);
    constexpr uint64_t half = uint64_t{1} << 63;
    kept += lost > half || (lost == half && (kept & 1) != 0) ? 1 : 0;
    first = kept >> (4 * precision);
    rest = precision == 0 ? 0 : kept << (64 - 4 * precision);
    if (first == 16) {
      first = 1;
      exponent += 4;
    }
  }
  std::string digits;
  for (uint64_t left = rest; precision < 0 ? left != 0 : static_cast<int>(digits.size()) < precision; left <<= 4)
    digits += "0123456789abcdef"[left >> 60];
  return str("0x", "0123456789abcdef"[first], digits.empty() && !point ? "" : ".", digits, 'p', exponent < 0 ? "" : "+",
             exponent);
}

std::string padded_hexadecimal(std::string_view flags, size_t width, int precision, bool capitals, long double value) {
  std::string text = hexadecimal(std::fabs(value), precision, flags.contains('#'));
  const std::string_view sign = std::signbit(value) ? "-" : flags.contains('+') ? "+" : flags.contains(' ') ? " " : "";
  const size_t size = text.size() + sign.size();
  const std::string fill(size < width ? width - size : 0, flags.contains('0') && !flags.contains('-') ? '0' : ' ');
  if (flags.contains('-'))
    text = str(sign, text, fill);
  else if (flags.contains('0'))
    text = str(sign, "0x", fill, std::string_view(text).substr(2));
  else
    text = str(fill, sign, text);
  if (capitals)
    for (char& c : text)
      c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

// Where the directive begins.
size_t directive_in(std::string_view format) {
  size_t at = 0;
  while (at + 1 < format.size() && (format[at] != '%' || format[at + 1] == '%'))
    at += format[at] == '%' ? 2 : 1;
  return at;
}

int take_digits(std::string_view text, size_t& at) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number);
  at = static_cast<size_t>(end - text.data());
  return error == std::errc() ? number : 0;
}

}  // namespace

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
std::string format_number(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char small[128];
  const int size = std::vsnprintf(small, sizeof small, format, arguments);
  va_end(arguments);
  std::string text(small, static_cast<size_t>(std::clamp(size, 0, static_cast<int>(sizeof small) - 1)));
  if (size >= static_cast<int>(sizeof small)) {
    text.resize(static_cast<size_t>(size) + 1);
    va_start(arguments, format);
    (void)std::vsnprintf(text.data(), text.size(), format, arguments);
    va_end(arguments);
    text.pop_back();
  }
  return text;
}
#pragma clang diagnostic pop

std::string format_fraction(const std::string& format, long double value) {
  if (LDBL_MANT_DIG != 64 || !std::isfinite(value))
    return format_number(format.c_str(), value);
  const size_t start = directive_in(format) + 1;
  size_t at = std::min(format.find_first_not_of("-+#0 'I", start), format.size());
  const std::string_view flags = std::string_view(format).substr(start, at - start);
  const int width = take_digits(format, at);
  int precision = -1;
  if (at < format.size() && format[at] == '.')
    precision = take_digits(format, ++at);
  const size_t conversion = at + 1;  // behind the L
  if (conversion >= format.size() || (format[conversion] | 0x20) != 'a')
    return format_number(format.c_str(), value);
  const std::string digits =
      padded_hexadecimal(flags, static_cast<size_t>(width), precision, format[conversion] == 'A', value);
  const std::string around = str(std::string_view(format).substr(0, start), 's', format.substr(conversion + 1));
  return format_number(around.c_str(), digits.c_str());
}

}  // namespace rescue
