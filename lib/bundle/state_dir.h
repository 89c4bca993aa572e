// Where a transaction keeps its journal, its new files and what it replaces.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/bundle/journal.h"
#include "lib/fs/root.h"

namespace rescue {

class DirCache;

// The directories of a root that may hold transactions, the preferred one first.
extern const std::string_view state_dirs[2];

NodeKind kind_of(mode_t mode);

// Makes a directory for a new transaction and gives its path: "var/lib/rescue/000001", or, where /var/lib cannot
// have one (a link into nowhere, read-only), ".rescue/000001". Directories made on the way are added to `made`.
Result<std::string> make_state_dir(const Root& root, std::vector<std::string>& made);

// A transaction that is there, by its number and its directory.
struct StateDir {
  std::string path;
  unsigned number = 0;
};
// All of them, the latest first.
Result<std::vector<StateDir>> list_state_dirs(const Root& root);

// Finds for each path a directory that it can be renamed from and to.
class AreaFinder {
 public:
  AreaFinder(const Root& root, DirCache& dirs, std::string own) : root_(&root), dirs_(&dirs), own_(std::move(own)) {}

  // The index in `areas` of the one for `path`; added where there is none yet, and to `made` what it will need.
  Result<uint32_t> area_for(std::string_view path, std::vector<std::string>& areas, std::vector<std::string>& made);

  // Makes those of `areas` that are not there.
  Result<> make_areas(const std::vector<std::string>& areas);

 private:
  Result<std::string> find_area(std::string_view dir, std::vector<std::string>& made);

  const Root* root_;
  DirCache* dirs_;
  std::string own_;
  std::map<std::string, uint32_t, std::less<>> known_;
};

}  // namespace rescue
