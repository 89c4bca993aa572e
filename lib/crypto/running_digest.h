// A digest of what comes piece by piece, by whichever algorithm somebody else has used.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/crypto/file_digest.h"
#include "lib/crypto/hash.h"

namespace rescue {

class RunningDigest {
 public:
  // For `none`, nothing is computed.
  explicit RunningDigest(DigestAlgorithm algorithm = DigestAlgorithm::none);
  void update(std::string_view bytes);
  // In lower-case hexadecimal, of all that was given; empty for `none`. The object is then as new.
  std::string finish();

 private:
  std::optional<Hash> hash_;
};

}  // namespace rescue
