#include "lib/elf/cache.h"

#include <doctest/doctest.h>

#include "tests/elf/cache_builder.h"

namespace rescue::elf {

namespace {

using test::i386, test::new_cache, test::old_cache, test::x86_64;
using Entry = test::CacheLine;

constexpr uint64_t named = CacheEntry::named_bit;
Cache parsed(const std::string& bytes) {
  auto cache = Cache::parse(bytes, "cache");
  REQUIRE(cache);
  return *std::move(cache);
}

}  // namespace

TEST_CASE("cache: the new format gives every entry, in both byte orders") {
  for (const auto order : {std::endian::little, std::endian::big}) {
    const Cache cache = parsed(new_cache(test::sample_lines(), {}, order, order == std::endian::little ? 2 : 3));
    CHECK(cache.format() == CacheFormat::new_format);
    CHECK(cache.byte_order() == order);
    REQUIRE(cache.entries().size() == test::sample_lines().size());
    for (size_t i = 0; i < test::sample_lines().size(); ++i) {
      CHECK(cache.entries()[i].name == test::sample_lines()[i].name);
      CHECK(cache.entries()[i].path == test::sample_lines()[i].path);
    }
    CHECK(cache.find("libfoo.so.9", {.flags = x86_64}) == "/opt/libfoo.so.9");
    CHECK_FALSE(cache.find("libfoo.so.8", {.flags = x86_64}));
  }
}

TEST_CASE("cache: a cache without a byte order mark is read by what fits") {
  const Cache cache = parsed(new_cache(test::sample_lines(), {}, std::endian::big, 0));
  CHECK(cache.byte_order() == std::endian::big);
  CHECK(cache.order_mark() == 0);
}

TEST_CASE("cache: among entries of one name the mark of the architecture decides") {
  const Cache cache = parsed(new_cache(test::sample_lines()));
  CHECK(cache.find("libc.so.6", {.flags = x86_64}) == "/lib/libc.so.6");
  CHECK(cache.find("libc.so.6", {.flags = i386}) == "/lib32/libc.so.6");
  CHECK_FALSE(cache.find("libz.so.1", {.flags = i386}));
}

TEST_CASE("cache: hwcaps entries go by the processor's list, and only for loaders that know them") {
  const Cache cache = parsed(new_cache({{"liba.so.1", "/lib/glibc-hwcaps/x86-64-v2/liba.so.1", x86_64, named | 0},
                                        {"liba.so.1", "/lib/glibc-hwcaps/x86-64-v3/liba.so.1", x86_64, named | 1},
                                        {"liba.so.1", "/lib/liba.so.1", x86_64, 0}},
                                       {"x86-64-v2", "x86-64-v3"}));
  CHECK(cache.generator() == "ldconfig (test) stable release version 2.36");
  const std::vector<std::string> v3 = {"x86-64-v3", "x86-64-v2"}, v2 = {"x86-64-v2"};
  CHECK(cache.find("liba.so.1", {.flags = x86_64, .hwcaps = v3}) == "/lib/glibc-hwcaps/x86-64-v3/liba.so.1");
  CHECK(cache.find("liba.so.1", {.flags = x86_64, .hwcaps = v2}) == "/lib/glibc-hwcaps/x86-64-v2/liba.so.1");
  CHECK(cache.find("liba.so.1", {.flags = x86_64}) == "/lib/liba.so.1");
}

TEST_CASE("cache: legacy hwcap bits must all be the processor's") {
  const Cache cache = parsed(
      new_cache({{"liba.so.1", "/lib/haswell/liba.so.1", x86_64, 1}, {"liba.so.1", "/lib/liba.so.1", x86_64, 0}}));
  CHECK(cache.find("liba.so.1", {.flags = x86_64, .legacy_hwcaps = 1}) == "/lib/haswell/liba.so.1");
  CHECK(cache.find("liba.so.1", {.flags = x86_64}) == "/lib/liba.so.1");
}

TEST_CASE("cache: the old format, and the new one behind it, are read") {
  const Cache old = parsed(old_cache(test::sample_lines()));
  CHECK(old.format() == CacheFormat::old_format);
  CHECK(old.entries().size() == test::sample_lines().size());
  CHECK(old.find("libz.so.1", {.flags = x86_64}) == "/lib/libz.so.1");

  // One old entry: its table ends at 28, the new header begins at 32, and both share the strings behind it.
  test::Writer head(std::endian::little);
  head.text(std::string_view("ld.so-1.7.0\0", 12));
  head.number(1, 4);
  head.text(std::string(12, '\0'));
  head.align(8);
  const uint64_t start = head.size();
  const Cache compat =
      parsed(head.take() + new_cache(test::sample_lines(), {"x86-64-v2"}, std::endian::little, 2, start));
  CHECK(compat.format() == CacheFormat::compat);
  CHECK(compat.entries().size() == test::sample_lines().size());
}

TEST_CASE("cache: what a mis-sorted cache hides from the loader is not found here either") {
  std::vector<Entry> entries = test::sample_lines();
  std::swap(entries.front(), entries.back());
  const Cache cache = parsed(new_cache(entries));
  CHECK_FALSE(cache.find("libz.so.1", {.flags = x86_64}));
}

TEST_CASE("cache: names compare as the loader compares them") {
  CHECK(compare_library_names("libfoo.so.9", "libfoo.so.10") < 0);
  CHECK(compare_library_names("libfoo.so.09", "libfoo.so.9") == 0);
  CHECK(compare_library_names("libfoo1", "libfooa") > 0);
  CHECK(compare_library_names("libfoo", "libfoo.so") < 0);
  CHECK(compare_library_names("libfoo.so", "libfoo") > 0);
  CHECK(compare_library_names("a", "a") == 0);
}

TEST_CASE("cache: garbage, an empty file and an invalid mark are errors") {
  CHECK_FALSE(Cache::parse("", "cache"));
  CHECK(Cache::parse("", "cache").error().detail() == "is empty");
  CHECK_FALSE(Cache::parse(std::string(4096, 'x'), "cache"));
  CHECK_FALSE(Cache::parse(new_cache(test::sample_lines(), {}, std::endian::little, 1), "cache"));
}

TEST_CASE("cache: each shorter length and each changed byte gives a value or an error") {
  for (const std::string& bytes : {new_cache(test::sample_lines(), {"x86-64-v2"}), old_cache(test::sample_lines())}) {
    size_t errors = 0;
    for (size_t length = 0; length < bytes.size(); ++length)
      errors += Cache::parse(bytes.substr(0, length), "cache") ? 0 : 1;
    // Only the text of the generator may be absent in part: but its length is known too.
    CHECK(errors == bytes.size());
    for (size_t at = 0; at < bytes.size(); ++at) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 0xff);
      const auto cache = Cache::parse(changed, "cache");
      if (cache)
        CHECK_FALSE(cache->find("no such library", {.flags = x86_64}));
    }
  }
}

}  // namespace rescue::elf
