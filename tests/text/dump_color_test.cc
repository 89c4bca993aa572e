#include "lib/text/dump_color.h"

#include <doctest/doctest.h>

namespace rescue { namespace {

bool holds(std::string_view list, std::string_view bytes, uint64_t address) {
  const auto colors = parse_dump_colors(list, bytes.size());
  return colors && colors->size() == 1 && (*colors)[0].holds(bytes, address);
}

TEST_CASE("dump_color: a value is compared with what the conversion takes, of up to eight bytes") {
  CHECK(holds("red:0x61", "a", 5));
  CHECK_FALSE(holds("red:0x62", "a", 5));
  CHECK(holds("!red:0x62", "a", 5));
  CHECK(holds("red:0xffffffff", "\xff\xff\xff\xff", 0));
  CHECK(holds("red:0x6867666564636261", "abcdefgh", 0));
  CHECK_FALSE(holds("red:0x6867666564636261", "abcdefghi", 0));
  CHECK(holds("red:abcdefghi", "abcdefghi", 0));
}

TEST_CASE("dump_color: a range is gone through in steps, and a step must lie within the conversion") {
  CHECK(holds("red:ab@0-7", "ab", 4));
  CHECK_FALSE(holds("red:ab@1-7", "ab", 4));
  CHECK_FALSE(holds("red:ab@0-7", "ab", 8));
  CHECK(holds("red:b@5-5", "abcd", 4));
  CHECK_FALSE(holds("red@5", "abcd", 4));
  CHECK(holds("red@0-9223372036854775807", "ab", 0));
}

TEST_CASE("dump_color: of an address, its value and a range of addresses hold") {
  CHECK(holds("red:0x4", "", 4));
  CHECK_FALSE(holds("red:0x4", "", 5));
  CHECK(holds("red@2-4", "", 4));
  CHECK_FALSE(holds("red@2-4", "", 5));
}

TEST_CASE("dump_color: no list is a danger") {
  for (const std::string_view list :
       {"", "!", "red:", "red@", "red@-", "red:0x", "red,", ",", "red@9-1", "red:0xffffffffffffffffff", "red@\0",
        "red@9223372036854775808", "red@9223372036854775807", "red:ab@3-4,!blue:0x4@1-9,gray"})
    for (size_t size = 0; size <= list.size(); ++size)
      for (const std::string_view bytes : {"", "a", "abcd", "abcdefghijkl"})
        if (const auto colors = parse_dump_colors(list.substr(0, size), bytes.size()))
          for (const DumpColor& color : *colors)
            for (const uint64_t address : {uint64_t{0}, uint64_t{3}, UINT64_MAX / 2, UINT64_MAX - 12})
              static_cast<void>(color.holds(bytes, address));
}

}}  // namespace rescue
