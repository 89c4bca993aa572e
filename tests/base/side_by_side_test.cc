#include "lib/base/side_by_side.h"

#include <atomic>
#include <vector>

#include <doctest/doctest.h>

namespace rescue { namespace {

TEST_CASE("side by side: everything is done, and once") {
  for (const size_t count : {0UL, 1UL, 31UL, 32UL, 33UL, 1000UL}) {
    std::vector<std::atomic<int>> done(count);
    const auto one = [](void* shared, size_t i) { ++(*static_cast<std::vector<std::atomic<int>>*>(shared))[i]; };
    side_by_side(count, 8, one, &done);
    for (const std::atomic<int>& times : done)
      CHECK(times == 1);
  }
}

}}  // namespace rescue
