#include "lib/crypto/file_digest.h"

#include <cstddef>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/crypto/running_digest.h"

namespace rescue {

namespace {

constexpr struct {
  std::string_view name;
  size_t digits;
} algorithms[] = {{"none", 0},    {"md5", 32},    {"sha1", 40},    {"sha224", 56},
                  {"sha256", 64}, {"sha384", 96}, {"sha512", 128}, {"sha3-256", 64}};

}  // namespace

DigestAlgorithm openpgp_digest(uint64_t number) {
  switch (number) {
    case 1: return DigestAlgorithm::md5;
    case 2: return DigestAlgorithm::sha1;
    case 8: return DigestAlgorithm::sha256;
    case 9: return DigestAlgorithm::sha384;
    case 10: return DigestAlgorithm::sha512;
    case 11: return DigestAlgorithm::sha224;
    case 12: return DigestAlgorithm::sha3_256;
    default: return DigestAlgorithm::none;
  }
}

std::string_view digest_name(DigestAlgorithm algorithm) {
  return algorithms[static_cast<size_t>(algorithm)].name;
}

bool is_digest_text(DigestAlgorithm algorithm, std::string_view text) {
  return algorithm != DigestAlgorithm::none && text.size() == algorithms[static_cast<size_t>(algorithm)].digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<std::string> digest_of(DigestAlgorithm algorithm, std::string_view bytes) {
  if (algorithm == DigestAlgorithm::none)
    return std::nullopt;
  RunningDigest hash(algorithm);
  hash.update(bytes);
  return hash.finish();
}

Result<std::optional<std::string>> digest_of_fd(DigestAlgorithm algorithm, int fd, std::string_view path) {
  if (algorithm == DigestAlgorithm::none)
    return std::nullopt;
  char buffer[16384];
  RunningDigest hash(algorithm);
  while (const size_t count = TRY(read_some(fd, buffer, path)))
    hash.update({buffer, count});
  return hash.finish();
}

}  // namespace rescue
