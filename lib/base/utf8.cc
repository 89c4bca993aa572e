#include "lib/base/utf8.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "lib/base/locale.h"
#include "lib/base/width_table.h"

namespace rescue {

namespace {

bool in_ranges(std::span<const WidthRange> ranges, uint32_t code) {
  const auto range = std::ranges::lower_bound(ranges, code, {}, &WidthRange::last);
  return range != ranges.end() && range->first <= code;
}

// The length that a lead byte announces; 0 for a byte that leads nothing.
uint8_t announced_length(uint8_t lead) {
  if (lead < 0x80)
    return 1;
  if (lead >= 0xc2 && lead <= 0xdf)
    return 2;
  if ((lead & 0xf0) == 0xe0)
    return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

// The smallest code point that needs this many bytes: a longer form of a smaller one is not well-formed.
constexpr uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

}  // namespace

Character first_character(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const uint8_t length = announced_length(lead);
  if (length == 1)
    return {lead, 1, true};
  if (length == 0)
    return {lead, 1, false};
  const auto there = static_cast<uint8_t>(std::min<size_t>(length, text.size()));
  uint32_t code = lead & (0x7fU >> length);
  for (size_t i = 1; i < there; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xc0) != 0x80)
      return {lead, 1, false};
    code = code << 6 | (byte & 0x3f);
  }
  if (there < length)
    return {lead, there, false};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < smallest[length] || code > 0x10ffff || surrogate)
    return {lead, 1, false};
  return {code, length, true};
}

bool utf8_environment() {
  const std::string locale(locale_of("LC_CTYPE"));
  return ::strcasestr(locale.c_str(), "utf-8") != nullptr || ::strcasestr(locale.c_str(), "utf8") != nullptr;
}

void append_utf8(std::string& to, uint32_t code) {
  if (code < 0x80) {
    to += static_cast<char>(code);
    return;
  }
  const int extra = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static constexpr uint8_t leads[] = {0, 0xc0, 0xe0, 0xf0};
  to += static_cast<char>(leads[extra] | (code >> (6 * extra)));
  for (int i = extra - 1; i >= 0; --i)
    to += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3f));
}

int width_of(uint32_t code) {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029)
    return -1;
  if (code < 0x300)
    return 1;
  if (in_ranges(zero_width, code))
    return 0;
  return in_ranges(double_width, code) ? 2 : 1;
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const Character c = first_character(text);
    width += c.valid ? static_cast<size_t>(std::max(width_of(c.code), 0)) : 1;
    text.remove_prefix(c.length);
  }
  return width;
}

}  // namespace rescue
