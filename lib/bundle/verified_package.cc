#include "lib/bundle/verified_package.h"

#include "lib/base/text.h"

namespace rescue {

DigestAlgorithm digest_algorithm_of(const rpm::Header& header) {
  return openpgp_digest(rpm::file_digest_algorithm(header));
}

VerifiedPackage::VerifiedPackage(std::unique_ptr<PackageReader> package, std::string_view path)
    : package_(std::move(package)), path_(path) {
  if (package_->rpm() != nullptr)
    algorithm_ = digest_algorithm_of(package_->rpm()->header());
  else if (!package_->info().md5sums.empty())
    algorithm_ = DigestAlgorithm::md5;
}

Result<std::unique_ptr<VerifiedPackage>> VerifiedPackage::open(int fd, std::string_view path, EntryLimits limits,
                                                               PathPatterns* patterns) {
  auto package = TRY(PackageReader::open(fd, path, limits, patterns));
  // Its constructor is private.
  return std::unique_ptr<VerifiedPackage>(new VerifiedPackage(std::move(package), path));
}

void VerifiedPackage::expect_digest(const Entry& entry) {
  expected_.clear();
  if (entry.type != EntryType::file || algorithm_ == DigestAlgorithm::none)
    return;
  if (package_->rpm() != nullptr) {
    if (const rpm::File* const file = package_->rpm_file(entry.path); file != nullptr)
      expected_ = file->digest;
  } else {
    const auto& sums = package_->info().md5sums;
    if (const auto sum = sums.find(without_start(entry.path)); sum != sums.end())
      expected_ = sum->second;
  }
  // Also forgets what was read of the file before.
  if (!expected_.empty())
    hash_ = RunningDigest(algorithm_);
}

Result<const Entry*> VerifiedPackage::next() {
  const Entry* const entry = TRY(package_->next());
  if (entry == nullptr)
    return nullptr;
  entry_ = entry->path;
  expect_digest(*entry);
  return entry;
}

Result<std::string_view> VerifiedPackage::read() {
  const std::string_view piece = TRY(package_->read());
  if (expected_.empty())
    return piece;
  if (!piece.empty()) {
    hash_.update(piece);
    return piece;
  }
  const std::string found = hash_.finish();
  if (found != expected_)
    return with_status(corrupt(printable(entry_), path_, "its content is not what was packed: its ",
                               digest_name(algorithm_), " is ", found, ", and the package says ", Printable(expected_))
                           .error(),
                       Status::bad_data);
  expected_.clear();
  return piece;
}

}  // namespace rescue
