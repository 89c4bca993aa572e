// Bundles: those that were named, or those of the kit that fit the root.
#include <algorithm>

#include <fcntl.h>

#include "lib/base/kit.h"
#include "lib/base/text.h"
#include "lib/bundle/fit.h"
#include "lib/bundle/reader.h"
#include "lib/health/donor_search.h"

namespace rescue {

namespace {

// Takes the members that are wanted.
class Taker : public MemberSink {
 public:
  Taker(DonorSearch& search, const Bundle& bundle, std::string version_reason)
      : search_(search), bundle_(bundle), version_reason_(std::move(version_reason)) {}

  Result<bool> begin(const ManifestEntry& entry, const MemberExtras& extras) override {
    requests_.clear();
    for (Request& request : search_.requests())
      if (search_.is_open(request) && search_.name_fits(request, entry.path))
        requests_.push_back(&request);
    if (requests_.empty() || entry.type == EntryKind::dir)
      return false;
    donor_ = {};
    donor_.kind = DonorKind::bundle;
    donor_.where = str(Printable(entry.path), " in the bundle ", Printable(bundle_.path()));
    donor_.mode = entry.mode;
    donor_.uid = entry.uid;
    donor_.gid = entry.gid;
    donor_.mtime = extras.mtime;
    donor_.mtime_ns = extras.mtime_nsec;
    for (const auto& [name, value] : extras.xattrs)
      donor_.xattrs.push_back({name, value});
    if (entry.type == EntryKind::link) {
      donor_.link = entry.link;
      offer();
      return false;
    }
    // Another name of a file that came before has no content of its own.
    content_.clear();
    return extras.hard_link_to.empty() && entry.size <= largest_donor;
  }

  Result<> data(std::span<const char> piece) override {
    content_.append(piece.data(), piece.size());
    return {};
  }

  Result<> end() override {
    donor_.content = std::make_shared<const std::string>(std::move(content_));
    offer();
    return {};
  }

 private:
  void offer() {
    for (Request* request : requests_)
      search_.offer(*request, donor_, Trust::usual, version_reason_);
  }

  DonorSearch& search_;
  const Bundle& bundle_;
  std::string version_reason_;
  std::vector<Request*> requests_;
  Donor donor_;
  std::string content_;
};

std::vector<std::string> kit_bundles() {
  std::vector<std::string> paths;
  const std::string dir = kit_path("bundles");
  const auto fd = dir.empty() ? Result<UniqueFd>() : open_file(dir, O_RDONLY | O_DIRECTORY);
  const auto entries = fd && *fd ? list_dir(fd->get(), dir) : Result<std::vector<DirEntry>>();
  for (const DirEntry& entry : entries.value_or(std::vector<DirEntry>()))
    if (entry.name.ends_with(".tzst"))
      paths.push_back(str(dir, '/', entry.name));
  return paths;
}

bool may_hold(DonorSearch& search, const Bundle& bundle) {
  for (const Request& request : search.requests())
    for (const ManifestEntry& entry : bundle.manifest().entries)
      if (search.is_open(request) && search.name_fits(request, entry.path))
        return true;
  return false;
}

// Whether the bundle is of the very glibc that is installed.
std::string version_reason(const DonorSearch& search, const BundleInfo& info) {
  const PackageDb* db = search.db();
  const auto libc = db != nullptr ? db->libc_package() : std::nullopt;
  if (libc && info.glibc_build.ends_with(str(' ', db->packages()[*libc].version)))
    return str("its bundle is of ", info.glibc_build);
  const auto of_version = [&](const Request& request) { return request.wanted.glibc_version == info.glibc_version; };
  if (!info.glibc_version.empty() && std::ranges::all_of(search.requests(), of_version))
    return str("its bundle is of glibc ", info.glibc_version, ", as this system is");
  return {};
}

Result<> read_bundle(DonorSearch& search, const std::string& path) {
  Bundle bundle = TRY(Bundle::open(path, search.options().trust));
  if (!may_hold(search, bundle))
    return {};
  std::vector<std::string> notes;
  TRY(check_fit(search.root(), bundle, false, notes));
  TRY(bundle.verify());
  Taker taker(search, bundle, version_reason(search, bundle.info()));
  return bundle.read_members(taker);
}

}  // namespace

void search_bundles(DonorSearch& search) {
  if (!search.options().use_bundles)
    return;
  const auto& named = search.options().bundles;
  for (const std::string& path : named.empty() ? kit_bundles() : named) {
    if (search.done())
      return;
    if (const auto done = read_bundle(search, path); !done)
      search.note(message(done.error()));
  }
}

}  // namespace rescue
