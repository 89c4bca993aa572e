#include "lib/crypto/hash.h"

#include <doctest/doctest.h>
#include <sodium.h>

#include "lib/base/text.h"

namespace rescue { namespace {

std::string hash_of(HashKind kind, std::string_view bytes, HashEngine engine = HashEngine::best) {
  Hash hash(kind, engine);
  hash.update(bytes);
  return hash.finish();
}

// Bytes without a pattern that could hide a mistake.
std::string noise(size_t size) {
  std::string bytes(size, '\0');
  uint32_t x = 2463534242;
  for (char& byte : bytes) {
    x ^= x << 13, x ^= x >> 17, x ^= x << 5;
    byte = static_cast<char>(x);
  }
  return bytes;
}

TEST_CASE("hash: the known answers, with the processor's own instructions and without") {
  struct Answer {
    HashKind kind;
    std::string_view of_nothing;
    std::string_view of_abc;
  };
  constexpr Answer answers[] = {
      {HashKind::md5, "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"},
      {HashKind::sha1, "da39a3ee5e6b4b0d3255bfef95601890afd80709", "a9993e364706816aba3e25717850c26c9cd0d89d"},
      {HashKind::sha224, "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
       "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
      {HashKind::sm3, "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b",
       "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
      {HashKind::sha512,
       "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a8"
       "1"
       "a538327af927da3e",
       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80"
       "e"
       "2a9ac94fa54ca49f"},
  };
  for (const Answer& answer : answers)
    for (const auto engine : {HashEngine::best, HashEngine::portable}) {
      CHECK(to_hex(hash_of(answer.kind, "", engine)) == answer.of_nothing);
      CHECK(to_hex(hash_of(answer.kind, "abc", engine)) == answer.of_abc);
    }
}

TEST_CASE("hash: every length up to 600, by both engines, whole and in pieces") {
  const std::string bytes = noise(600);
  for (const auto kind : {HashKind::md5, HashKind::sha1, HashKind::sha256, HashKind::sha384, HashKind::sha512})
    for (size_t length = 0; length <= bytes.size(); ++length) {
      const std::string_view part = std::string_view(bytes).substr(0, length);
      const std::string expected = hash_of(kind, part, HashEngine::portable);
      REQUIRE(hash_of(kind, part) == expected);
      Hash hash(kind);
      hash.update(part.substr(0, length / 3));
      hash.update(part.substr(length / 3));
      REQUIRE(hash.finish() == expected);
    }
}

TEST_CASE("hash: SHA-256 and SHA-512 as libsodium has them") {
  const std::string bytes = noise(5000);
  const auto* const data = reinterpret_cast<const uint8_t*>(bytes.data());
  for (const size_t length : {0, 111, 112, 127, 128, 129, 255, 256, 257, 4096, 5000}) {
    std::string small(32, '\0');
    std::string large(64, '\0');
    crypto_hash_sha256(reinterpret_cast<uint8_t*>(small.data()), data, length);
    crypto_hash_sha512(reinterpret_cast<uint8_t*>(large.data()), data, length);
    CHECK(hash_of(HashKind::sha256, std::string_view(bytes).substr(0, length)) == small);
    CHECK(hash_of(HashKind::sha512, std::string_view(bytes).substr(0, length)) == large);
  }
}

}}  // namespace rescue
