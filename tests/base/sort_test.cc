#include "lib/base/sort.h"

#include <algorithm>
#include <random>

#include <doctest/doctest.h>

namespace rescue { namespace {

struct Thing {
  unsigned key = 0;
  size_t place = 0;

  bool operator==(const Thing&) const = default;
};

TEST_CASE("sort: of any length and many equals, as the standard library's stable sort does it") {
  std::mt19937 random(4711);
  for (size_t count = 0; count < 300; ++count) {
    std::vector<Thing> list;
    list.reserve(count);
    for (size_t i = 0; i < count; ++i)
      list.push_back({static_cast<unsigned>(random() % (count / 3 + 1)), i});
    std::vector<Thing> expected = list;
    std::ranges::stable_sort(expected, std::greater<>(), &Thing::key);
    sort(list, std::greater<>(), &Thing::key);
    INFO(count);
    CHECK(list == expected);
  }
}

TEST_CASE("sort: what is in order is looked at once") {
  std::vector<unsigned> list(1000);
  std::ranges::generate(list, [n = 0U]() mutable { return n++; });
  size_t looks = 0;
  sort(list, [&](unsigned a, unsigned b) {
    ++looks;
    return a < b;
  });
  CHECK(looks == list.size() - 1);
}

}}  // namespace rescue
