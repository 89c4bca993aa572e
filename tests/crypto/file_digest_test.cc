#include "lib/crypto/file_digest.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <fcntl.h>

#include "lib/crypto/running_digest.h"
#include "tests/scratch.h"

namespace rescue { namespace {

TEST_CASE("md5: the known answers of RFC 1321") {
  CHECK(*digest_of(DigestAlgorithm::md5, "") == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(*digest_of(DigestAlgorithm::md5, "abc") == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(*digest_of(DigestAlgorithm::md5,
                   "12345678901234567890123456789012345678901234567890123456789012345678901234567890") ==
        "57edf4a22be3c955ac49da2e2107b67a");
  CHECK(*digest_of(DigestAlgorithm::md5, std::string(1000000, 'a')) == "7707d6ae4e027c70eea2a935c2296f21");
}

TEST_CASE("digest: how the bytes are cut into pieces makes no difference, and it begins anew") {
  std::string bytes;
  for (int i = 0; i < 1000; ++i)
    bytes += static_cast<char>(i * 7 + i / 13);
  const std::string expected = *digest_of(DigestAlgorithm::md5, bytes);
  RunningDigest hash(DigestAlgorithm::md5);
  for (size_t piece = 1; piece <= 200; ++piece) {
    for (std::string_view rest = bytes; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size())))
      hash.update(rest.substr(0, piece));
    CHECK(hash.finish() == expected);
  }
}

TEST_CASE("file digests: by name, of bytes and of files, as coreutils has them") {
  const Scratch scratch;
  scratch.write("file", std::string(100000, 'x'));
  for (const auto algorithm : {DigestAlgorithm::md5, DigestAlgorithm::sha256, DigestAlgorithm::sha512}) {
    const std::string expected(split(scratch.output_of(str(digest_name(algorithm), "sum file")), ' ')[0]);
    CHECK(is_digest_text(algorithm, expected));
    CHECK(!is_digest_text(algorithm, expected.substr(1)));
    CHECK(digest_of(algorithm, scratch.read("file")) == expected);
    const auto fd = open_file(scratch.path("file"), O_RDONLY);
    CHECK(digest_of_fd(algorithm, fd->get(), "file") == expected);
  }
  CHECK(!digest_of(DigestAlgorithm::none, "x"));
  CHECK(!is_digest_text(DigestAlgorithm::none, ""));
}

}}  // namespace rescue
