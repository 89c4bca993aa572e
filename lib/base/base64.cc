#include "lib/base/base64.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace rescue {

namespace {

constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  const auto* from = reinterpret_cast<const uint8_t*>(bytes.data());
  char* to = text.data();
  // Six bytes at a time, as one number.
  for (; bytes.size() >= 8; bytes.remove_prefix(6), from += 6, to += 8) {
    uint64_t word;
    std::memcpy(&word, from, sizeof word);
    word = std::endian::native == std::endian::little ? std::byteswap(word) : word;
    to[0] = digits[word >> 58];
    to[1] = digits[(word >> 52) & 63];
    to[2] = digits[(word >> 46) & 63];
    to[3] = digits[(word >> 40) & 63];
    to[4] = digits[(word >> 34) & 63];
    to[5] = digits[(word >> 28) & 63];
    to[6] = digits[(word >> 22) & 63];
    to[7] = digits[(word >> 16) & 63];
  }
  for (; bytes.size() >= 3; bytes.remove_prefix(3), from += 3, to += 4) {
    to[0] = digits[from[0] >> 2];
    to[1] = digits[(from[0] << 4 | from[1] >> 4) & 63];
    to[2] = digits[(from[1] << 2 | from[2] >> 6) & 63];
    to[3] = digits[from[2] & 63];
  }
  const auto byte = [&](size_t i) {
    return i < bytes.size() ? static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) : 0;
  };
  if (!bytes.empty()) {
    to[0] = digits[byte(0) >> 2];
    to[1] = digits[(byte(0) << 4 | byte(1) >> 4) & 63];
    if (bytes.size() > 1)
      to[2] = digits[byte(1) << 2 & 63];
  }
  return text;
}

int base64_digit(char c) {
  static constexpr auto values = [] {
    std::array<int8_t, 256> table{};
    table.fill(-1);
    for (int8_t i = 0; i < 64; ++i)
      table[static_cast<uint8_t>(digits[i])] = i;
    return table;
  }();
  return values[static_cast<uint8_t>(c)];
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0)
    return std::nullopt;
  size_t padding = 0;
  for (; padding < 2 && text.ends_with('='); ++padding)
    text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0)
      return std::nullopt;
    group = (group << 6 | static_cast<uint32_t>(digit)) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(group >> bits & 0xff);
    }
  }
  if ((group & ((1U << bits) - 1)) != 0)
    return std::nullopt;
  return bytes;
}

}  // namespace rescue
