#include "lib/health/package_db.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/health/dpkg_db.h"
#include "lib/health/rpm_db.h"

namespace rescue {

namespace {

// FNV-1a.
uint32_t hash_of(std::string_view text) {
  uint32_t hash = 2166136261;
  for (const char c : text)
    hash = (hash ^ static_cast<uint8_t>(c)) * 16777619;
  return hash;
}

// Whatever is installed everywhere has the system's own architecture.
constexpr std::string_view natives[] = {"dpkg", "rpm", "rpm-libs", "bash", "coreutils", "systemd", "glibc-common"};
constexpr std::string_view libc_names[] = {"libc6", "libc6.1", "libc0.3", "glibc"};

}  // namespace

class PackageDb::Indexer final : public PackageDb::PathTaker {
 public:
  explicit Indexer(std::vector<Name>& index) : index_(index) {}
  void take(size_t package, size_t place, std::string_view path) override {
    index_.push_back(
        {hash_of(base_name(without_slashes(path))), static_cast<uint32_t>(package), static_cast<uint32_t>(place)});
  }

 private:
  std::vector<Name>& index_;
};

Result<std::unique_ptr<PackageDb>> PackageDb::open(const Root& root) {
  auto dpkg = DpkgDb::open(root);
  if (dpkg && *dpkg != nullptr && (*dpkg)->libc_package())
    return dpkg;
  // A system of one kind may have the other's tools, and an empty database of theirs.
  auto rpm = RpmDb::open(root);
  const bool has_rpm = rpm && *rpm != nullptr;
  const bool has_dpkg = dpkg && *dpkg != nullptr;
  return has_rpm || (!rpm && !has_dpkg) ? std::move(rpm) : std::move(dpkg);
}

Result<> PackageDb::make_index() {
  if (indexed_)
    return {};
  Indexer indexer(index_);
  TRY(list_paths(indexer));
  rescue::sort(index_, {}, &Name::hash);  // those of one name stay in the order of their packages
  indexed_ = true;
  return {};
}

Result<std::vector<PackageDb::Owned>> PackageDb::owners(std::string_view path) {
  TRY(make_index());
  const std::string key = paths_.of(path);
  const auto [begin, end] = std::ranges::equal_range(index_, hash_of(base_name(key)), {}, &Name::hash);
  std::vector<Owned> exact;
  std::vector<Owned> similar;
  for (const Name& name : std::ranges::subrange(begin, end)) {
    PackageFile file = TRY(file_at(name.package, name.place));
    const std::string other = paths_.of(file.path);
    if (other == key)
      exact.push_back({name.package, std::move(file)});
    else if (without_usr(other) == without_usr(key))
      similar.push_back({name.package, std::move(file)});
  }
  return exact.empty() ? std::move(similar) : std::move(exact);
}

Result<std::optional<PackageDb::Owned>> PackageDb::owner(std::string_view path) {
  std::vector<Owned> all = TRY(owners(path));
  if (all.empty())
    return std::nullopt;
  const auto rank = [this](const Owned& owned) {
    const bool says_much = owned.file.digest || !owned.file.link.empty();
    return std::pair(says_much, packages_[owned.package].installed);
  };
  return std::move(*std::ranges::max_element(all, {}, rank));
}

std::vector<size_t> PackageDb::glibc_packages() const {
  std::vector<size_t> found;
  for (size_t i = 0; i < packages_.size(); ++i)
    if (packages_[i].source == "glibc" || packages_[i].source == "eglibc")
      found.push_back(i);
  return found;
}

std::optional<size_t> PackageDb::libc_package() const {
  std::string_view native;
  for (const std::string_view name : natives) {
    const auto found = std::ranges::find(packages_, name, &InstalledPackage::name);
    if (found == packages_.end() || found->architecture == "all" || found->architecture == "noarch")
      continue;
    native = found->architecture;
    break;
  }
  std::optional<size_t> best;
  for (size_t i = 0; i < packages_.size(); ++i) {
    if (!std::ranges::contains(libc_names, packages_[i].name))
      continue;
    const auto rank = [&](size_t package) {
      return std::pair(packages_[package].architecture == native, packages_[package].installed);
    };
    if (!best || rank(i) > rank(*best))
      best = i;
  }
  return best;
}

std::optional<std::string> PackageDb::glibc_version() const {
  const auto libc = libc_package();
  if (!libc)
    return std::nullopt;
  return std::string(upstream_version(packages_[*libc].version));
}

std::string_view upstream_version(std::string_view version) {
  if (const size_t colon = version.find(':'); colon != std::string_view::npos)
    version.remove_prefix(colon + 1);
  return version.substr(0, version.find('-'));
}

}  // namespace rescue
