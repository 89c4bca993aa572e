// The files of packages as the members of a bundle: so that a package is put into a root by the same verified and
// journalled restore as a bundle.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/archive/owner_names.h"
#include "lib/archive/path_patterns.h"
#include "lib/base/error.h"
#include "lib/base/fd.h"
#include "lib/bundle/reader.h"
#include "lib/bundle/verified_package.h"
#include "lib/fs/root.h"

namespace rescue {

// A package file, opened.
struct OpenPackage {
  std::string path;
  UniqueFd fd;
};

// Hands out what the packages hold, as it belongs into `root`: paths without a slash in front, each directory before
// what is in it, numbers for owners. Where the root keeps /lib and the like as links into /usr, and has lost one of
// them, that link is among the members. Devices, pipes and sockets are left out.
//
// A directory that the root has already is handed out as it is there, except where an RPM says how it should be.
class PackageMembers : public EntryReader {
 public:
  // All must outlive this. `patterns` chooses, if it has any.
  PackageMembers(const Root& root, const std::vector<OpenPackage>& packages, PathPatterns& patterns);

  Result<const Entry*> next() override;
  Result<std::string_view> read() override;

  // Whether the package of the current entry marks it as configuration: `%config`, or in its conffiles.
  bool is_config() const { return config_; }
  // What package managers put behind the name of new configuration beside changed one.
  std::string_view successor() const { return package_->package().rpm() != nullptr ? ".rpmnew" : ".dpkg-dist"; }

  // What was left out, for people.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  Result<bool> open_next();
  Result<bool> take(const Entry& entry);
  bool marked_as_config(std::string_view path) const;
  Result<std::string> place_of(std::string_view path);
  Result<> add_parents(std::string_view path);
  Result<> add_directory(Entry entry, bool made_up);
  Result<bool> lacks_link(const std::string& top);
  Result<> add_link(const std::string& top);

  const Root& root_;
  const std::vector<OpenPackage>& packages_;
  PathPatterns& patterns_;
  OwnerNames owners_;
  size_t opened_ = 0;
  std::unique_ptr<VerifiedPackage> package_;
  std::vector<Entry> ready_;  // from next_ready_ on, before `file_`
  size_t next_ready_ = 0;
  std::optional<Entry> file_;
  bool config_ = false;
  bool reading_ = false;  // the entry handed out last is the package's current one
  Entry entry_;
  std::set<std::string, std::less<>> seen_;
  std::map<std::string, bool> lost_links_;  // by name: "lib64"
  std::vector<std::string> notes_;
};

struct PackageBundle {
  Bundle bundle;
  std::vector<std::string> notes;
};

// The packages as a bundle for `root`, which must outlive it. All of them have been read, and held against their own
// digests, by then.
Result<PackageBundle> bundle_of_packages(const Root& root, const std::vector<std::string>& files,
                                         const std::vector<std::string>& patterns);

}  // namespace rescue
