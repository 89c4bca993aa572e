#include "lib/crypto/digest.h"

#include <vector>

#include <doctest/doctest.h>
#include <sodium.h>

#include "tests/scratch.h"

namespace rescue { namespace {

// The engines that this machine can run.
std::vector<Sha256Engine> engines() {
  std::vector<Sha256Engine> found;
  for (const auto engine : {Sha256Engine::best, Sha256Engine::portable, Sha256Engine::x86_sha, Sha256Engine::arm_sha2})
    if (available(engine))
      found.push_back(engine);
  return found;
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

Sha256::Digest by_libsodium(std::string_view bytes) {
  Sha256::Digest digest;
  crypto_hash_sha256(digest.data(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return digest;
}

TEST_CASE("sha256: the known answers, by every engine") {
  for (const auto engine : engines()) {
    Sha256 hash(engine);
    CHECK(hex(hash.finish()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash.update("abc");
    CHECK(hex(hash.finish()) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash.update("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    CHECK(hex(hash.finish()) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    hash.update(std::string(1000000, 'a'));
    CHECK(hex(hash.finish()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
}

TEST_CASE("sha256: every length up to 300, by every engine, as libsodium has it") {
  const std::string bytes = noise(300);
  for (size_t length = 0; length <= bytes.size(); ++length) {
    const std::string_view part = std::string_view(bytes).substr(0, length);
    const auto expected = by_libsodium(part);
    CHECK(Sha256::of(part) == expected);
    for (const auto engine : engines()) {
      Sha256 hash(engine);
      hash.update(part);
      CHECK(hash.finish() == expected);
    }
  }
}

TEST_CASE("sha256: how the bytes are cut into pieces makes no difference") {
  const std::string bytes = noise(1000);
  const auto expected = by_libsodium(bytes);
  for (const auto engine : engines())
    for (size_t piece = 1; piece <= 200; ++piece) {
      Sha256 hash(engine);
      for (std::string_view rest = bytes; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size())))
        hash.update(rest.substr(0, piece));
      CHECK(hash.finish() == expected);
    }
}

TEST_CASE("sha256: input at any alignment") {
  const std::string bytes = noise(400);
  for (const auto engine : engines())
    for (size_t start = 0; start < 64; ++start) {
      Sha256 hash(engine);
      const std::string_view part = std::string_view(bytes).substr(start, 256);
      hash.update(part);
      CHECK(hash.finish() == by_libsodium(part));
    }
}

TEST_CASE("blake2b: the known answers") {
  CHECK(hex(Blake2b512::of("abc")) ==
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
  Blake2b512 hash;
  hash.update("a");
  hash.update("bc");
  CHECK(hash.finish() == Blake2b512::of("abc"));
  CHECK(hash.finish() == Blake2b512::of(""));
}

TEST_CASE("digest_fd: the rest of a file, and how much that was") {
  Scratch scratch;
  const std::string bytes = noise(300000);
  scratch.write("file", bytes);
  const auto fd = open_file(scratch.path("file"), O_RDONLY);
  REQUIRE(fd);
  uint64_t size = 0;
  CHECK(sha256_fd(fd->get(), "file", &size) == by_libsodium(bytes));
  CHECK(size == bytes.size());
  REQUIRE(::lseek(fd->get(), 1000, SEEK_SET) == 1000);
  CHECK(sha256_fd(fd->get(), "file") == by_libsodium(std::string_view(bytes).substr(1000)));
}

TEST_CASE("digest_fd: what cannot be read is an error") {
  const auto fd = open_file("/", O_RDONLY);
  REQUIRE(fd);
  const auto digest = sha256_fd(fd->get(), "/");
  REQUIRE_FALSE(digest);
  CHECK(message(digest.error()) == "/: read: Is a directory");
}

}}  // namespace rescue
