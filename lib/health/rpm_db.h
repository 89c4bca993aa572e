// rpm's database of a root, in whichever of its forms. For package_db.cc.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/archive/rpm_database.h"
#include "lib/archive/rpm_header.h"
#include "lib/base/error.h"
#include "lib/base/fd.h"
#include "lib/health/package_db.h"

namespace rescue {

class RpmDb final : public PackageDb {
 public:
  // Null where the root has none.
  static Result<std::unique_ptr<PackageDb>> open(const Root& root);
  Result<std::vector<PackageFile>> files(size_t i) override;

  explicit RpmDb(const Root& root) : PackageDb(root, PackageDbKind::rpm) {}  // for open()

 private:
  Result<> open_file(const std::string& path);
  Result<> read_identity(uint64_t place);
  void fault(const Error& error);

  Result<> list_paths(PathTaker& taker) override;
  Result<PackageFile> file_at(size_t package, size_t place) override;

  UniqueFd fd_;
  UniqueFd log_;
  std::unique_ptr<rpm::Database> database_;
  std::vector<uint64_t> places_;  // of the header of packages_[i]
  // Who asks for one file of a package mostly asks for the next.
  std::optional<size_t> last_package_;
  std::vector<PackageFile> last_files_;
};

// "glibc" of "glibc-2.28-251.el8.src.rpm".
std::string_view source_name(std::string_view source_rpm);

}  // namespace rescue
