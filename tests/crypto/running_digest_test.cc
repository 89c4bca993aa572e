#include "lib/crypto/running_digest.h"

#include <doctest/doctest.h>

#include "tests/scratch.h"

namespace rescue { namespace {

TEST_CASE("running digest: the known answers for abc") {
  const auto digest = [](DigestAlgorithm algorithm) { return digest_of(algorithm, "abc").value_or("none"); };
  CHECK(digest(DigestAlgorithm::md5) == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(digest(DigestAlgorithm::sha1) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(digest(DigestAlgorithm::sha256) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest(DigestAlgorithm::sha384) ==
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
  CHECK(
      digest(DigestAlgorithm::sha512) ==
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
      "2a9ac94fa54ca49f");
  CHECK(digest(DigestAlgorithm::sha224) == "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
  CHECK(digest(DigestAlgorithm::sha3_256) == "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
  CHECK(digest(DigestAlgorithm::none) == "none");
}

TEST_CASE("SHA3-256: of every length around its block of 136 bytes, as OpenSSL has it") {
  Scratch scratch;
  const std::string bytes(1000, 'q');
  for (const size_t length : {0, 1, 7, 8, 134, 135, 136, 137, 271, 272, 273, 1000}) {
    INFO(length);
    scratch.write("file", std::string_view(bytes).substr(0, length));
    const std::string expected = scratch.output_of("openssl dgst -r -sha3-256 file | cut -d' ' -f1 | tr -d '\\n'");
    REQUIRE(expected.size() == 64);
    CHECK(digest_of(DigestAlgorithm::sha3_256, std::string_view(bytes).substr(0, length)) == expected);
  }
}

TEST_CASE("running digest: of every length, and however it is cut into pieces, as coreutils have it") {
  Scratch scratch;
  std::string bytes;
  for (size_t i = 0; i < 300; ++i)
    bytes += static_cast<char>(i * 7 + i / 5);
  for (const auto algorithm : {DigestAlgorithm::md5, DigestAlgorithm::sha1, DigestAlgorithm::sha224,
                               DigestAlgorithm::sha384, DigestAlgorithm::sha512}) {
    const std::string tool = str(digest_name(algorithm), "sum");
    for (const size_t length : {0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 300}) {
      INFO(tool, ' ', length);
      const std::string_view part = std::string_view(bytes).substr(0, length);
      scratch.write("file", part);
      const std::string expected = scratch.output_of(str(tool, " <file | cut -d' ' -f1 | tr -d '\\n'"));
      RunningDigest hash(algorithm);
      for (size_t at = 0; at < part.size(); at += 13)
        hash.update(part.substr(at, 13));
      CHECK(hash.finish() == expected);
      // As new.
      hash.update(part);
      CHECK(hash.finish() == expected);
    }
  }
}

}}  // namespace rescue
