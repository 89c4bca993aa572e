// A package whose files are held against what it says of them itself, while they are read.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lib/archive/package.h"
#include "lib/base/error.h"
#include "lib/crypto/running_digest.h"

namespace rescue {

// RPMs have digests of all their files, Debian's packages mostly. Where the content of a file is not the one that was
// packed, the read() that should tell of its end is an error of status bad_data.
class VerifiedPackage : public EntryReader {
 public:
  // As PackageReader::open().
  static Result<std::unique_ptr<VerifiedPackage>> open(int fd, std::string_view path, EntryLimits limits = {},
                                                       PathPatterns* patterns = nullptr);

  const PackageReader& package() const { return *package_; }
  std::string_view path() const { return path_; }
  Result<const Entry*> next() override;
  Result<std::string_view> read() override;

 private:
  VerifiedPackage(std::unique_ptr<PackageReader> package, std::string_view path);
  void expect_digest(const Entry& entry);

  std::unique_ptr<PackageReader> package_;
  std::string path_;
  std::string entry_;
  std::string expected_;  // empty where nothing is known, or all was compared
  DigestAlgorithm algorithm_ = DigestAlgorithm::none;
  RunningDigest hash_;
};

// The algorithm of an RPM's file digests; `none` for one that we cannot compute.
DigestAlgorithm digest_algorithm_of(const rpm::Header& header);

}  // namespace rescue
