// SHA-1, which older packages and their headers have: good against damage, not against an attacker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rescue {

class Sha1 {
 public:
  static constexpr size_t digest_size = 20;
  using Digest = std::array<uint8_t, digest_size>;

  Sha1() { reset(); }
  void update(std::string_view bytes);
  // The digest of all that was given. The object is then as new.
  Digest finish();

  static Digest of(std::string_view bytes);

 private:
  static constexpr size_t block_size = 64;

  void reset();
  void compress(const uint8_t* block);

  std::array<uint32_t, 5> state_;
  uint64_t size_;                         // bytes given so far
  std::array<uint8_t, block_size> tail_;  // the first size_ % 64 bytes wait for the rest of their block
};

}  // namespace rescue
