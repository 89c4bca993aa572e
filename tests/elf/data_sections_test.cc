#include "lib/elf/data_sections.h"

#include <string>

#include <doctest/doctest.h>

namespace rescue::elf {

namespace {

struct Builder {
  bool wide;
  bool big;
  std::string bytes;

  void put(uint64_t value, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      const size_t place = big ? size - 1 - i : i;
      bytes += static_cast<char>(place < sizeof value ? value >> (8 * place) : 0);
    }
  }
  void put_wide(uint64_t value) { put(value, wide ? 8 : 4); }

  void section(uint32_t type, uint64_t flags, uint64_t offset, uint64_t size) {
    put(0, 4);
    put(type, 4);
    put_wide(flags);
    put_wide(0);
    put_wide(offset);
    put_wide(size);
    put(0, wide ? 24 : 16);
  }
};

// A header, and four sections: none, one that is loaded, one without content, one that is not loaded.
std::string image(bool wide, bool big) {
  Builder b{wide, big, {}};
  b.bytes = std::string(
                "\x7f"
                "ELF") +
            static_cast<char>(wide ? 2 : 1) + static_cast<char>(big ? 2 : 1);
  b.bytes.resize(16, '\0');
  b.put(0, 8);
  b.put_wide(0);
  b.put_wide(0);
  b.put_wide(wide ? 64 : 52);
  b.put(0, 10);
  b.put(wide ? 64 : 40, 2);
  b.put(4, 2);
  b.put(0, 2);
  b.section(0, 0, 0, 0);
  b.section(1, 2, 0x1234, 0x56);
  b.section(8, 3, 0x2000, 0x99);
  b.section(1, 0, 0x3000, 0x10);
  return b.bytes;
}

Result<std::vector<Region>> regions_of(std::string_view file) {
  const Bytes bytes(file, "image");
  const SectionTable where = TRY(section_table(bytes));
  return data_sections(TRY(bytes.from(where.offset, "section headers")), where);
}

}  // namespace

TEST_CASE("data_sections: what is loaded and has content, in both classes and byte orders") {
  for (const bool wide : {false, true})
    for (const bool big : {false, true}) {
      const auto regions = regions_of(image(wide, big));
      REQUIRE(regions);
      REQUIRE(regions->size() == 1);
      CHECK(regions->front().offset == 0x1234);
      CHECK(regions->front().size == 0x56);
    }
}

TEST_CASE("data_sections: every shorter length is an error, and no flipped byte a crash") {
  for (const bool wide : {false, true}) {
    const std::string good = image(wide, false);
    for (size_t length = 0; length < good.size(); ++length)
      CHECK(!regions_of(std::string_view(good).substr(0, length)));
    for (size_t i = 0; i < good.size(); ++i)
      for (const int bit : {0x01, 0x80, 0xff}) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ bit);
        (void)regions_of(bad);
      }
  }
}

}  // namespace rescue::elf
