#include "lib/crypto/running_digest.h"

#include <type_traits>

namespace rescue {

namespace {

template <typename H>
constexpr bool is_hash = !std::is_same_v<std::remove_cvref_t<H>, std::monostate>;

}  // namespace

RunningDigest::RunningDigest(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::none: break;
    case DigestAlgorithm::md5: hash_.emplace<Md5>(); break;
    case DigestAlgorithm::sha1: hash_.emplace<Sha1>(); break;
    case DigestAlgorithm::sha256: hash_.emplace<Sha256>(); break;
    case DigestAlgorithm::sha384: hash_.emplace<Sha384>(); break;
    case DigestAlgorithm::sha512: hash_.emplace<Sha512>(); break;
  }
}

void RunningDigest::update(std::string_view bytes) {
  std::visit(
      [&](auto& hash) {
        if constexpr (is_hash<decltype(hash)>)
          hash.update(bytes);
      },
      hash_);
}

std::string RunningDigest::finish() {
  return std::visit(
      [](auto& hash) {
        if constexpr (is_hash<decltype(hash)>)
          return hex(hash.finish());
        else
          return std::string();
      },
      hash_);
}

}  // namespace rescue
