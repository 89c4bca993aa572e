#include "lib/text/text_kind.h"

#include <string>

#include <doctest/doctest.h>

namespace rescue {
namespace {

std::string words_of(std::string_view text, bool whole = true) {
  const TextKind kind = text_kind(text, whole);
  return std::string(encoding_words(kind.encoding)) + line_words(kind);
}

}  // namespace

TEST_CASE("text kind: the encoding is the simplest that has all the bytes") {
  CHECK(words_of("plain\n") == "ASCII");
  CHECK(words_of("\xc3\xa9\n") == "Unicode text, UTF-8");
  CHECK(words_of("\xef\xbb\xbf"
                 "a\n") == "Unicode text, UTF-8 (with BOM)");
  CHECK(words_of("\xe9\n") == "ISO-8859");
  CHECK(words_of("\x80\n") == "Non-ISO extended-ASCII");
  CHECK(words_of({"\xff\xfe"
                  "a\0\n\0",
                  6}) == "Unicode text, UTF-16, little-endian");
  CHECK(words_of({"\xfe\xff\0a\0\n", 6}) == "Unicode text, UTF-16, big-endian");
  CHECK_FALSE(text_kind({"a\0b", 3}, true).is_text());
  CHECK_FALSE(text_kind({"\xff\xfe\0\0", 4}, true).is_text());
  CHECK_FALSE(text_kind("\x7f", true).is_text());
}

TEST_CASE("text kind: a character may be cut only where the text is") {
  CHECK(words_of("\xc3\xa9\xe2\x82", false) == "Unicode text, UTF-8, with no line terminators");
  CHECK(words_of("\xc3\xa9\xe2\x82", true) != "Unicode text, UTF-8, with no line terminators");
}

TEST_CASE("text kind: ends of lines, long lines and odd characters are told") {
  CHECK(words_of("a\r\nb\r\n") == "ASCII, with CRLF line terminators");
  CHECK(words_of("a\r\nb\nc\rd\n") == "ASCII, with CRLF, CR, LF line terminators");
  CHECK(words_of("a\r") == "ASCII, with CR line terminators");
  CHECK(words_of("a\r", false) == "ASCII, with no line terminators");
  CHECK(words_of("a") == "ASCII, with no line terminators");
  CHECK(words_of(std::string(301, 'x') + "\n") == "ASCII, with very long lines (301)");
  CHECK(words_of(std::string(300, 'x') + "\n") == "ASCII");
  CHECK(words_of("\x1b[1m\b\n") == "ASCII, with escape sequences, with overstriking");
}

TEST_CASE("text kind: a script is named by its interpreter") {
  CHECK(script_kind("#!/bin/sh\n").words == "POSIX shell script");
  CHECK(script_kind("#! /bin/bash -e\r\n").words == "Bourne-Again shell script");
  CHECK(script_kind("#!/usr/bin/env python3\n").words == "Python script");
  CHECK(script_kind("#!/usr/bin/python3.11").words == "Python script");
  CHECK(script_kind("#!/opt/foo\tbar\n").words == "a /opt/foo\\011bar script");
  CHECK(script_kind("#!/usr/bin/envy\n").words == "a /usr/bin/envy script");
  CHECK(script_kind("#!").words == "a  script");
  CHECK(script_kind("plain").words.empty());
}

TEST_CASE("text kind: any bytes are told") {
  for (int c = 0; c < 256; ++c) {
    std::string text = "#!/bin/sh\xc3\xa9\n";
    for (size_t i = 0; i < text.size(); ++i) {
      text[i] = static_cast<char>(c);
      CHECK_FALSE(encoding_words(text_kind(text, true).encoding).empty());
      (void)script_kind(std::string_view(text).substr(0, i));
    }
  }
}

}  // namespace rescue
