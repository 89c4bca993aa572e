#include "lib/crypto/sha512.h"

#include <algorithm>

#include <sodium/crypto_hash_sha512.h>

namespace rescue {

namespace {

// FIPS 180-4, 5.3.4 and 5.3.5.
constexpr uint64_t start_384[8] = {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
                                   0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4};
constexpr uint64_t start_512[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                   0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

crypto_hash_sha512_state* sodium_state(std::array<uint8_t, 208>& bytes) {
  return reinterpret_cast<crypto_hash_sha512_state*>(bytes.data());
}

}  // namespace

// libsodium's calls cannot fail.

void Sha512State::reset(const uint64_t (&start)[8]) {
  static_assert(sizeof(crypto_hash_sha512_state) == sizeof state_);
  static_assert(alignof(crypto_hash_sha512_state) <= 8);
  crypto_hash_sha512_init(sodium_state(state_));
  std::ranges::copy(start, sodium_state(state_)->state);
}

void Sha512State::update(std::string_view bytes) {
  crypto_hash_sha512_update(sodium_state(state_), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

std::array<uint8_t, 64> Sha512State::end() {
  std::array<uint8_t, 64> digest;
  crypto_hash_sha512_final(sodium_state(state_), digest.data());
  return digest;
}

void Sha512::reset() {
  Sha512State::reset(start_512);
}

Sha512::Digest Sha512::finish() {
  const Digest digest = end();
  reset();
  return digest;
}

Sha512::Digest Sha512::of(std::string_view bytes) {
  Sha512 hash;
  hash.update(bytes);
  return hash.finish();
}

void Sha384::reset() {
  Sha512State::reset(start_384);
}

Sha384::Digest Sha384::finish() {
  const auto whole = end();
  Digest digest;
  std::copy_n(whole.begin(), digest.size(), digest.begin());
  reset();
  return digest;
}

Sha384::Digest Sha384::of(std::string_view bytes) {
  Sha384 hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace rescue
