#include "lib/crypto/file_digest.h"

#include <array>
#include <cstddef>

#include <sodium/crypto_hash_sha512.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/crypto/digest.h"
#include "lib/crypto/md5.h"

namespace rescue {

namespace {

constexpr struct {
  std::string_view name;
  size_t digits;
} algorithms[] = {{"none", 0}, {"md5", 32}, {"sha1", 40}, {"sha256", 64}, {"sha384", 96}, {"sha512", 128}};

}  // namespace

std::string_view digest_name(DigestAlgorithm algorithm) {
  return algorithms[static_cast<size_t>(algorithm)].name;
}

bool is_digest_text(DigestAlgorithm algorithm, std::string_view text) {
  return algorithm != DigestAlgorithm::none && text.size() == algorithms[static_cast<size_t>(algorithm)].digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<std::string> digest_of(DigestAlgorithm algorithm, std::string_view bytes) {
  switch (algorithm) {
    case DigestAlgorithm::md5: return hex(Md5::of(bytes));
    case DigestAlgorithm::sha256: return hex(Sha256::of(bytes));
    case DigestAlgorithm::sha512: {
      std::array<uint8_t, crypto_hash_sha512_BYTES> digest;
      crypto_hash_sha512(digest.data(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
      return hex(digest);
    }
    default: return std::nullopt;
  }
}

Result<std::optional<std::string>> digest_of_fd(DigestAlgorithm algorithm, int fd, std::string_view path) {
  if (algorithm == DigestAlgorithm::md5)
    return hex(TRY(digest_fd<Md5>(fd, path)));
  if (algorithm == DigestAlgorithm::sha256)
    return hex(TRY(digest_fd<Sha256>(fd, path)));
  // Rare: only files of which the database knows nothing else are read as a whole.
  constexpr uint64_t largest = 256 << 20;
  return digest_of(algorithm, TRY(read_all(fd, largest, path)));
}

}  // namespace rescue
