// The digest that somebody wrote down for a file, in whichever algorithm: package databases use several.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

enum class DigestAlgorithm : uint8_t { none, md5, sha1, sha224, sha256, sha384, sha512, sha3_256 };

// By its number in OpenPGP, as in RPM's headers; `none` for one that we cannot compute.
DigestAlgorithm openpgp_digest(uint64_t number);

// "md5", "sha256": for people.
std::string_view digest_name(DigestAlgorithm algorithm);

struct FileDigest {
  DigestAlgorithm algorithm = DigestAlgorithm::none;  // none: nothing was written down
  std::string hex;                                    // lower case
  bool operator==(const FileDigest&) const = default;

  explicit operator bool() const { return algorithm != DigestAlgorithm::none; }
};

// Whether `text` is a digest of that algorithm as we write it.
bool is_digest_text(DigestAlgorithm algorithm, std::string_view text);

// The digest of the bytes; nothing for `none`.
std::optional<std::string> digest_of(DigestAlgorithm algorithm, std::string_view bytes);

// The same of what is left to read of a descriptor; `path` names it in errors.
Result<std::optional<std::string>> digest_of_fd(DigestAlgorithm algorithm, int fd, std::string_view path);

}  // namespace rescue
