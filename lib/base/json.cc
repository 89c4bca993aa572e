#include "lib/base/json.h"

#include "lib/base/utf8.h"

namespace rescue {

void JsonWriter::separate() {
  if (!first_ && !after_key_)
    out_.put(',');
  first_ = false;
  after_key_ = false;
}

void JsonWriter::open(char bracket) {
  separate();
  out_.put(bracket);
  first_ = true;
}

void JsonWriter::close(char bracket) {
  out_.put(bracket);
  first_ = false;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  quoted(name);
  out_.put(':');
  after_key_ = true;
  return *this;
}

void JsonWriter::value(std::string_view text) {
  separate();
  quoted(text);
}

void JsonWriter::null() {
  separate();
  out_.put("null");
}

void JsonWriter::value(bool truth) {
  separate();
  out_.put(truth ? "true" : "false");
}

void JsonWriter::quoted(std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  const auto escape = [this](std::string_view prefix, uint8_t byte) {
    out_.put(prefix, digits[byte >> 4], digits[byte & 15]);
  };
  out_.put('"');
  while (!text.empty()) {
    const Character c = first_character(text);
    const auto byte = static_cast<uint8_t>(text[0]);
    const size_t length = c.valid ? c.length : 1;
    if (!c.valid)
      escape("\\udc", byte);
    else if (byte < 0x20 || byte == 0x7f)
      escape("\\u00", byte);
    else if (byte == '"' || byte == '\\')
      out_.put('\\', text[0]);
    else
      out_.put(text.substr(0, length));
    text.remove_prefix(length);
  }
  out_.put('"');
}

}  // namespace rescue
