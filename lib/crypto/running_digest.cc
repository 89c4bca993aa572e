#include "lib/crypto/running_digest.h"

#include "lib/base/text.h"

namespace rescue {

RunningDigest::RunningDigest(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::none: break;
    case DigestAlgorithm::md5: hash_.emplace(HashKind::md5); break;
    case DigestAlgorithm::sha1: hash_.emplace(HashKind::sha1); break;
    case DigestAlgorithm::sha224: hash_.emplace(HashKind::sha224); break;
    case DigestAlgorithm::sha256: hash_.emplace(HashKind::sha256); break;
    case DigestAlgorithm::sha384: hash_.emplace(HashKind::sha384); break;
    case DigestAlgorithm::sha512: hash_.emplace(HashKind::sha512); break;
    case DigestAlgorithm::sha3_256: hash_.emplace(HashKind::sha3_256); break;
  }
}

void RunningDigest::update(std::string_view bytes) {
  if (hash_)
    hash_->update(bytes);
}

std::string RunningDigest::finish() {
  return hash_ ? to_hex(hash_->finish()) : std::string();
}

}  // namespace rescue
