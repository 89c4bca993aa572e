// A digest of what comes piece by piece, by whichever algorithm somebody else has used.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "lib/crypto/digest.h"
#include "lib/crypto/file_digest.h"
#include "lib/crypto/md5.h"
#include "lib/crypto/sha1.h"
#include "lib/crypto/sha512.h"

namespace rescue {

class RunningDigest {
 public:
  // For `none`, nothing is computed.
  explicit RunningDigest(DigestAlgorithm algorithm = DigestAlgorithm::none);
  void update(std::string_view bytes);
  // In lower-case hexadecimal, of all that was given; empty for `none`. The object is then as new.
  std::string finish();

 private:
  std::variant<std::monostate, Md5, Sha1, Sha256, Sha384, Sha512> hash_;
};

}  // namespace rescue
