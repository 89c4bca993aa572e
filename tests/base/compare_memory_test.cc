#include "lib/base/compare_memory.h"

#include <string>

#include <doctest/doctest.h>

namespace rescue { namespace {

TEST_CASE("compare_memory: bytes decide as numbers without a sign, wherever the first that differs is") {
  for (size_t size = 0; size < 70; ++size)
    for (const size_t shift : {0, 1, 5}) {
      const std::string a = std::string(shift, '?') + std::string(size, 'a') + "one end";
      std::string b = std::string(size, 'a') + "another";
      CHECK(compare_memory(a.data() + shift, b.data(), size) == 0);
      for (size_t at = 0; at < size; ++at) {
        b[at] = '\x80';
        CHECK(compare_memory(a.data() + shift, b.data(), size) < 0);
        CHECK(compare_memory(b.data(), a.data() + shift, size) > 0);
        b[at] = '\0';
        CHECK(compare_memory(a.data() + shift, b.data(), size) > 0);
        b[at] = 'a';
      }
    }
}

TEST_CASE("compare_memory: the first that differs decides, and not a later one") {
  const std::string a = "0123456789abcdefX0123456789";
  for (size_t at = 0; at + 1 < a.size(); ++at) {
    std::string b = a;
    b[at] = '~';
    b[a.size() - 1] = '!';
    CHECK(compare_memory(a.data(), b.data(), a.size()) < 0);
  }
}

}}  // namespace rescue
