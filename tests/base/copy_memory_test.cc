#if defined(__x86_64__)
#include "lib/base/copy_memory.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace rescue { namespace {

std::string numbered(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<char>(i * 131 + i / 256);
  return bytes;
}

std::vector<size_t> sizes() {
  std::vector<size_t> all{2047, 2048, 2049, 2055, 4096, 5001};
  for (size_t size = 0; size <= 200; ++size)
    all.push_back(size);
  return all;
}

TEST_CASE("copy_memory: copies that many bytes, and touches no other") {
  for (const size_t size : sizes())
    for (const size_t shift : {0, 1, 7, 15}) {
      const std::string from = numbered(size + shift);
      std::string to(size + 64, '!');
      copy_memory(to.data() + 32 + shift, from.data() + shift, size);
      CHECK(to == std::string(32 + shift, '!') + from.substr(shift) + std::string(32 - shift, '!'));
    }
}

TEST_CASE("copy_memory: the places may overlap, in either direction") {
  for (const size_t size : sizes())
    for (const size_t distance : {0, 1, 8, 15, 16, 31, 33, 64, 100, 2500}) {
      const std::string bytes = numbered(size);
      std::string up(size + distance, '!');
      bytes.copy(up.data(), size);
      copy_memory(up.data() + distance, up.data(), size);
      CHECK(up.substr(distance) == bytes);
      std::string down(size + distance, '!');
      bytes.copy(down.data() + distance, size);
      copy_memory(down.data(), down.data() + distance, size);
      CHECK(down.substr(0, size) == bytes);
    }
}

}}  // namespace rescue
#endif
