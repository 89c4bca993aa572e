// Writing JSON (RFC 8259), one value after another, without holding any of it.
//
//   JsonWriter json(io.out);
//   json.begin_object();
//   json.field("path", path);
//   json.key("changes").begin_array();
//   ...
//   json.end_array();
//   json.end_object();
//
// The caller keeps begin and end in balance. A name that is not UTF-8 keeps its bytes: each byte that is no part of a
// character is written as the lone surrogate \udcXX, as Python's `surrogateescape` reads it.
#pragma once

#include <concepts>
#include <string_view>

#include "lib/base/io.h"

namespace rescue {

class JsonWriter {
 public:
  explicit JsonWriter(Output& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  // The name of the next value of an object.
  JsonWriter& key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(bool truth);
  void null();
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  void value(T number) {
    separate();
    out_.put(number);
  }

  template <typename T>
  void field(std::string_view name, const T& content) {
    key(name).value(content);
  }

  // Ends the text with a newline; after the outermost value.
  void finish() { out_.put('\n'); }

 private:
  void separate();
  void open(char bracket);
  void close(char bracket);
  void quoted(std::string_view text);

  Output& out_;
  bool first_ = true;  // no comma before the next value
  bool after_key_ = false;
};

}  // namespace rescue
