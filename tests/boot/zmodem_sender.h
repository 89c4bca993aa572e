// The other side of ZMODEM, as plain as can be: for tests and for the fuzzer's seeds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rescue {

class ZmodemSender {
 public:
  explicit ZmodemSender(bool wide) : wide_(wide) {}

  std::string header(uint8_t type, uint32_t value) const {
    std::string body{static_cast<char>(type), static_cast<char>(value), static_cast<char>(value >> 8),
                     static_cast<char>(value >> 16), static_cast<char>(value >> 24)};
    return std::string("*\x18") + (wide_ ? 'C' : 'A') + escaped(body) + escaped(crc(body));
  }

  std::string subpacket(std::string_view bytes, char end) const {
    const std::string body(bytes);
    return escaped(body) + '\x18' + end + escaped(crc(body + end));
  }

  std::string file(const std::string& name, size_t size) const {
    return header(4, 0) + subpacket(name + '\0' + std::to_string(size) + " 0 100644" + '\0', 'k');
  }

  std::string data(std::string_view content, size_t from) const {
    std::string text = header(10, static_cast<uint32_t>(from));
    for (; from < content.size(); from += 1024)
      text += subpacket(content.substr(from, 1024), from + 1024 < content.size() ? 'i' : 'h');
    return text;
  }

  std::string end(size_t size) const { return header(11, static_cast<uint32_t>(size)); }

  // All that a sender says when nothing goes wrong.
  std::string whole(const std::string& name, std::string_view content) const {
    return "rz\r**\x18"
           "B00000000000000\r\n\x11" +
           file(name, content.size()) + data(content, 0) + end(content.size()) + header(8, 0) + "OO";
  }

 private:
  static std::string escaped(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
      const auto byte = static_cast<uint8_t>(c);
      if (byte == 0x7f || byte == 0xff) {
        text += '\x18';
        text += byte == 0x7f ? 'l' : 'm';
      } else if (byte == 0x18 || (byte & 0x7f) == 0x11 || (byte & 0x7f) == 0x13 || (byte & 0x7f) == 0x10 ||
                 (byte & 0x7f) == 0x0d) {
        text += '\x18';
        text += static_cast<char>(byte ^ 0x40);
      } else {
        text += c;
      }
    }
    return text;
  }

  std::string crc(std::string_view body) const {
    std::string text;
    if (wide_) {
      uint32_t value = 0xFFFFFFFFU;
      for (const char c : body) {
        value ^= static_cast<uint8_t>(c);
        for (int bit = 0; bit < 8; ++bit)
          value = (value & 1) != 0 ? value >> 1 ^ 0xEDB88320U : value >> 1;
      }
      for (int i = 0; i < 4; ++i)
        text += static_cast<char>(~value >> (8 * i));
      return text;
    }
    uint32_t value = 0;
    for (const char c : body) {
      value ^= static_cast<uint32_t>(static_cast<uint8_t>(c)) << 8;
      for (int bit = 0; bit < 8; ++bit)
        value = (value & 0x8000) != 0 ? (value << 1 ^ 0x1021) & 0xffff : value << 1;
    }
    text += static_cast<char>(value >> 8);
    text += static_cast<char>(value);
    return text;
  }

  bool wide_;
};

}  // namespace rescue
