#include "lib/bundle/refresh.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/bundle/state_dir.h"
#include "lib/crypto/digest.h"
#include "lib/elf/cache.h"
#include "lib/elf/cache_plan.h"
#include "lib/elf/cache_style.h"

namespace rescue {

namespace {

constexpr uint64_t largest_cache = 64 << 20;

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

// Which file each name leads to: what a cache is for, whatever else ldconfig's version makes of it.
Pairs pairs_of(const elf::Cache& cache) {
  Pairs pairs;
  for (const elf::CacheEntry& entry : cache.entries())
    pairs.emplace_back(entry.name, entry.path);
  rescue::sort(pairs);
  return pairs;
}

bool has_other_dirs(const Root& root, const elf::CachePlan& plan, const std::string& cache_path) {
  const auto style = elf::cache_style(root, cache_path);
  if (!style)
    return true;
  return std::ranges::any_of(plan.directories, [&](const elf::ScannedDirectory& dir) {
    return !dir.entries.empty() && dir.from != "<builtin>" &&
           std::ranges::find(style->default_dirs, dir.path) == style->default_dirs.end();
  });
}

// What is wrong with the cache that stands at `place`, in words; empty if nothing is.
Result<std::string> fault_of(const Root& root, const Found& place, const elf::CachePlan& plan, bool after_change) {
  if (!place.exists)
    return after_change || has_other_dirs(root, plan, place.path) ? "was missing" : "";
  if (!S_ISREG(place.info.st_mode))
    return "was no file";
  const auto wanted = elf::Cache::parse(plan.bytes, root.shown(place.path));
  if (!wanted)
    return std::unexpected(wanted.error());
  auto bytes = root.read_file(place.path, largest_cache);
  if (!bytes)
    return "could not be read";
  const auto have = elf::Cache::parse(std::move(*bytes), root.shown(place.path));
  if (!have)
    return "was damaged";
  return pairs_of(*have) == pairs_of(*wanted) ? "" : "did not lead to the libraries that are there";
}

// Finds files of the root by their paths, each directory looked up once.
class FileFinder {
 public:
  explicit FileFinder(const Root& root) : root_(root) {}

  bool exists(std::string_view path) {
    const std::string dir(dir_name(path));
    auto known = dirs_.find(dir);
    if (known == dirs_.end()) {
      auto fd = root_.open_dir(dir);
      known = dirs_.emplace(dir, fd ? std::move(*fd) : UniqueFd()).first;
    }
    struct stat info{};
    if (!known->second ||
        ::fstatat(known->second.get(), std::string(base_name(path)).c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0)
      return false;
    return S_ISLNK(info.st_mode) ? root_.exists(path) : S_ISREG(info.st_mode);
  }

 private:
  const Root& root_;
  std::map<std::string, UniqueFd> dirs_;
};

// A quick look that spares reading every library: each path of the cache leads to a file, and each soname that is new
// in the root is in the cache. False means only that it must be looked at closely.
bool plainly_serves(const Root& root, std::span<const Step> changed) {
  constexpr std::string_view path = "etc/ld.so.cache";
  auto bytes = root.read_file(path, largest_cache);
  const auto cache =
      bytes ? elf::Cache::parse(std::move(*bytes), path) : Result<elf::Cache>(std::unexpected(bytes.error()));
  if (!cache)
    return false;
  FileFinder files(root);
  std::set<std::string_view> names;
  for (const elf::CacheEntry& entry : cache->entries()) {
    names.insert(entry.name);
    if (!files.exists(entry.path))
      return false;
  }
  return std::ranges::all_of(changed, [&](const Step& step) {
    const std::string_view name = base_name(step.path);
    const bool is_new = step.action != Action::put || step.old_kind == NodeKind::nothing;
    return !is_new || name.find(".so.") == std::string_view::npos || names.contains(name);
  });
}

}  // namespace

Result<std::optional<NewCache>> plan_refresh(const Root& root, std::span<const Step> changed, bool after_change) {
  if (plainly_serves(root, changed))
    return std::nullopt;
  elf::CacheOptions options;
  options.make_links = false;
  elf::CachePlan plan = TRY(elf::plan_cache(root, options));
  const Found place = TRY(root.find(plan.cache_path, Last::keep));
  const std::string fault = TRY(fault_of(root, place, plan, after_change));
  if (fault.empty())
    return std::nullopt;
  NewCache cache;
  cache.step.path = place.path;
  cache.step.kind = NodeKind::file;
  cache.step.old_kind = place.exists ? kind_of(place.info.st_mode) : NodeKind::nothing;
  cache.step.attributes = {0644, 0, 0};
  cache.step.sha256 = Sha256::of(plan.bytes);
  cache.bytes = std::move(plan.bytes);
  cache.why = str(root.shown(place.path), ' ', fault, "; it is rebuilt as ldconfig would");
  return cache;
}

}  // namespace rescue
