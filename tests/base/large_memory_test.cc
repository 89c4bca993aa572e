#include "lib/base/large_memory.h"

#include <cstdint>

#include <doctest/doctest.h>

namespace rescue { namespace {

TEST_CASE("large memory: all of it can be written to, and moves with its owner") {
  LargeMemory memory(5 << 20);
  REQUIRE(memory);
  REQUIRE(memory.bytes().size() == 5 << 20);
  CHECK(reinterpret_cast<uintptr_t>(memory.bytes().data()) % (2 << 20) == 0);
  CHECK(memory.bytes().back() == 0);
  memory.bytes().front() = 'a';
  memory.bytes().back() = 'z';
  LargeMemory other;
  CHECK_FALSE(other);
  other = std::move(memory);
  const LargeMemory third(std::move(other));
  CHECK(third.text().front() == 'a');
  CHECK(third.text().back() == 'z');
}

TEST_CASE("large memory: there is none of no size, nor of one that no machine has") {
  CHECK_FALSE(LargeMemory(0));
  CHECK_FALSE(LargeMemory(SIZE_MAX));
  CHECK_FALSE(LargeMemory(SIZE_MAX / 4));
}

}}  // namespace rescue
