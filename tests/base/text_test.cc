#include "lib/base/text.h"

#include <doctest/doctest.h>

namespace rescue {

TEST_CASE("text: str joins texts, characters and numbers") {
  CHECK(str("needs ", 12, ' ', std::string("KiB"), std::string_view("!")) == "needs 12 KiB!");
  CHECK(str(-5, ' ', INT64_MIN, ' ', UINT64_MAX) == "-5 -9223372036854775808 18446744073709551615");
  CHECK(str().empty());
}

TEST_CASE("text: a number is the whole text, without sign, blank or overflow") {
  CHECK(to_number<unsigned>("42") == 42U);
  CHECK(to_number<unsigned>("755", 8) == 0755U);
  CHECK(to_number<int>("-7") == -7);
  for (const char* const bad : {"", " 1", "1 ", "+1", "1x", "0x1", "99999999999999999999"})
    CHECK_FALSE(to_number<unsigned>(bad));
  CHECK_FALSE(to_number<uint8_t>("256"));
}

TEST_CASE("text: hex goes both ways, and anything else is refused") {
  CHECK(to_hex(std::string_view("\x00\x7f\xff", 3)) == "007fff");
  CHECK(from_hex("007FfF") == std::string("\x00\x7f\xff", 3));
  CHECK_FALSE(from_hex("0"));
  CHECK_FALSE(from_hex("0g"));
  CHECK(to_octal(0644) == "644");
}

TEST_CASE("text: printable escapes what could disturb a terminal, and nothing else") {
  CHECK(printable("plain é 日本") == "plain é 日本");
  CHECK(printable("new\nline\x1b[31m") == "new\\012line\\033[31m");
  CHECK(printable("back\\slash") == "back\\134slash");
  CHECK(printable("bad\xff utf8 \xe2\x82") == "bad\\377 utf8 \\342\\202");
  CHECK(printable("\xc2\x9b") == "\\302\\233");  // CSI in one character
}

TEST_CASE("text: human sizes have one decimal below ten") {
  CHECK(human_size(0) == "0 B");
  CHECK(human_size(1023) == "1023 B");
  CHECK(human_size(1536) == "1.5 KiB");
  CHECK(human_size(10 << 20) == "10 MiB");
  CHECK(human_size(UINT64_MAX) == "15 EiB");
}

TEST_CASE("text: counts agree with their nouns") {
  CHECK(count_of(1, "file") == "1 file");
  CHECK(count_of(2, "file") == "2 files");
  CHECK(count_of(0, "entry", "entries") == "0 entries");
}

TEST_CASE("text: split keeps empty pieces") {
  CHECK(split("a::b:", ':') == std::vector<std::string_view>{"a", "", "b", ""});
  CHECK(split("", ':') == std::vector<std::string_view>{""});
  CHECK(trim(" \t a b\t ") == "a b");
  CHECK(trim("  ").empty());
}

TEST_CASE("text: base and directory names are what basename and dirname say") {
  struct {
    const char* path;
    const char* base;
    const char* dir;
  } cases[] = {
      {"/usr/lib", "lib", "/usr"}, {"lib", "lib", "."}, {"/usr/", "usr", "/"}, {"/", "/", "/"},
      {"a//b//", "b", "a"},        {"", "", "."},       {"/a", "a", "/"},
  };
  for (const auto& c : cases) {
    CHECK(base_name(c.path) == c.base);
    CHECK(dir_name(c.path) == c.dir);
  }
}

TEST_CASE("text: in a pattern, a star stays inside a directory and two do not") {
  struct {
    const char* pattern;
    const char* text;
    bool matches;
  } cases[] = {
      {"*.so", "libc.so", true},
      {"*.so", "a/libc.so", false},
      {"**.so", "a/b/libc.so", true},
      {"lib?.so*", "libc.so.6", true},
      {"lib?.so", "lib/.so", false},
      {"[a-c]x", "bx", true},
      {"[!a-c]x", "bx", false},
      {"[]]", "]", true},
      {"[x", "[x", true},
      {"\\*", "*", true},
      {"\\*", "x", false},
      {"a*b*c", "a12b34c", true},
      {"a*b*c", "a12c34b", false},
      {"", "", true},
      {"*", "", true},
      {"**/x", "a/b/x", true},
      {"*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.pattern);
    CAPTURE(c.text);
    CHECK(glob_match(c.pattern, c.text) == c.matches);
  }
}

}  // namespace rescue
