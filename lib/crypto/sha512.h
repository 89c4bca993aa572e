// SHA-512 and SHA-384.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rescue {

// What both have in common: they differ in what they begin with, and in how much of the result they keep.
class Sha512State {
 public:
  void update(std::string_view bytes);

 protected:
  void reset(const uint64_t (&start)[8]);
  std::array<uint8_t, 64> end();

 private:
  alignas(8) std::array<uint8_t, 208> state_;  // libsodium's crypto_hash_sha512_state
};

class Sha512 : public Sha512State {
 public:
  static constexpr size_t digest_size = 64;
  using Digest = std::array<uint8_t, digest_size>;

  Sha512() { reset(); }
  // The digest of all that was given. The object is then as new.
  Digest finish();

  static Digest of(std::string_view bytes);

 private:
  void reset();
};

class Sha384 : public Sha512State {
 public:
  static constexpr size_t digest_size = 48;
  using Digest = std::array<uint8_t, digest_size>;

  Sha384() { reset(); }
  Digest finish();

  static Digest of(std::string_view bytes);

 private:
  void reset();
};

}  // namespace rescue
