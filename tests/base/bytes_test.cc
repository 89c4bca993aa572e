#include "lib/base/bytes.h"

#include <doctest/doctest.h>

namespace rescue {

using namespace std::string_view_literals;

TEST_CASE("bytes: integers are read in the order of the file, wherever they lie") {
  const Bytes little("\x01\x02\x03\x04\x05"sv, "file");
  CHECK(little.read<uint16_t>(0, "word") == 0x0201);
  CHECK(little.read<uint32_t>(1, "word") == 0x05040302U);
  CHECK(little.with_order(std::endian::big).read<uint32_t>(1, "word") == 0x02030405U);
  CHECK(little.read<uint8_t>(4, "byte") == 5);
}

TEST_CASE("bytes: nothing outside is reached, however large the numbers are") {
  const Bytes bytes("\x01\x02\x03\x04\x05"sv, "file");
  CHECK_FALSE(bytes.read<uint32_t>(2, "word"));
  CHECK_FALSE(bytes.read<uint8_t>(5, "byte"));
  CHECK_FALSE(bytes.read<uint8_t>(UINT64_MAX, "byte"));
  CHECK_FALSE(bytes.slice(1, UINT64_MAX, "part"));
  CHECK_FALSE(bytes.slice(UINT64_MAX, 2, "part"));
  CHECK_FALSE(bytes.slice(6, 0, "part"));
  CHECK(bytes.slice(5, 0, "part")->empty());
  CHECK_FALSE(bytes.from(6, "rest"));
  CHECK(bytes.from(3, "rest")->text() == "\x04\x05");
}

TEST_CASE("bytes: an error names the file and what was read") {
  const Bytes bytes("abc"sv, "/lib/libc.so.6");
  const auto part = bytes.slice(2, 2, "section header");
  REQUIRE_FALSE(part);
  CHECK(message(part.error()).starts_with("/lib/libc.so.6: section header: "));
}

TEST_CASE("bytes: a string needs its closing zero") {
  const Bytes bytes("ab\0cd"sv, "file");
  CHECK(bytes.c_string(0, "name") == "ab"sv);
  CHECK(bytes.c_string(2, "name") == ""sv);
  CHECK_FALSE(bytes.c_string(3, "name"));
  CHECK_FALSE(bytes.c_string(5, "name"));
  CHECK_FALSE(bytes.c_string(UINT64_MAX, "name"));
}

}  // namespace rescue
