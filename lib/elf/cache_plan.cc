#include "lib/elf/cache_plan.h"

#include <iterator>
#include <utility>

#include "lib/base/append.h"
#include "lib/base/text.h"
#include "lib/elf/cache_writer.h"
#include "lib/elf/directory_scan.h"
#include "lib/elf/ld_so_conf.h"
#include "lib/elf/library_dirs.h"

namespace rescue::elf {

namespace {

constexpr uint64_t longest_cache = 64 << 20;

// What `path=TYPE` says of libraries that do not tell their kind themselves.
int32_t flags_of_type(std::string_view type) {
  return type == "libc6" || type == "glibc2" ? 3 : type == "libc5" ? 2 : 1;
}

class Planner {
 public:
  Planner(const Root& root, const CacheOptions& options, CacheStyle style)
      : root_(root), options_(options), style_(std::move(style)), dirs_(root, style_, options.working_dir) {
    if (options.use_aux_cache)
      known_ = AuxCache::of(root, style_);
  }

  Result<CachePlan> run() {
    add_directories();
    // Reading a directory may bring in more of them.
    for (size_t i = 0; i < dirs_.all().size(); ++i)
      scan(LibraryDir(dirs_.all()[i]));
    append(plan_.remarks, std::move(dirs_.remarks()));
    plan_.bytes = write_cache(std::move(lines_), dirs_.hwcaps(), style_);
    TRY(place_cache());
    return std::move(plan_);
  }

 private:
  void add_directories() {
    for (const std::string& dir : options_.directories)
      dirs_.add(trim_directory(dir), "<cmdline>", 0);
    if (options_.only_given)
      return;
    LdSoConf conf = read_ld_so_conf(root_, options_.conf, style_.old_libcs);
    for (const ConfDirectory& dir : conf.directories)
      dirs_.add(dir.path, dir.from, dir.line, flags_of_type(dir.type));
    append(plan_.warnings, std::move(conf.warnings));
    for (const std::string& dir : style_.default_dirs)
      dirs_.add(dir, "<builtin>", 0);
  }

  void scan(const LibraryDir& dir) {
    auto result = scan_directory(root_, dir, style_, options_.make_links, assumed_, known_);
    if (!result) {
      plan_.warnings.push_back(message(result.error()));
      return;
    }
    for (const std::string& name : result->subdirs)
      dirs_.add_legacy(dir, name);
    // What will be removed leads nowhere by then: in a circle.
    for (const LinkChange& link : result->links)
      assumed_[link.path] = link.removes() ? base_name(link.path) : link.target;
    append(lines_, std::move(result->lines));
    append(plan_.links, std::move(result->links));
    append(plan_.warnings, std::move(result->warnings));
    append(plan_.remarks, std::move(result->remarks));
    plan_.directories.push_back({dir.path, dir.hwcaps, dir.hwcaps.empty() ? legacy_bits(dir) : 0, dir.from, dir.line,
                                 std::move(result->entries)});
  }

  uint64_t legacy_bits(const LibraryDir& dir) const {
    return style_.legacy_hwcaps ? legacy_hwcaps_of(style_, dir.path) : 0;
  }

  Result<> place_cache() {
    const std::string path =
        options_.cache.starts_with('/') ? options_.cache : str(options_.working_dir, '/', options_.cache);
    const Found found = TRY(root_.find(path, Last::keep));
    plan_.cache_path = found.path;
    plan_.cache_changes = true;
    if (options_.compare && found.exists && S_ISREG(found.info.st_mode)) {
      const auto bytes = root_.read_file(found.path, longest_cache);
      plan_.cache_changes = !bytes || *bytes != plan_.bytes;
    }
    return {};
  }

  const Root& root_;
  const CacheOptions& options_;
  CacheStyle style_;
  LibraryDirs dirs_;
  AssumedLinks assumed_;
  AuxCache known_;
  std::vector<CacheLine> lines_;
  CachePlan plan_;
};

}  // namespace

Result<CachePlan> plan_cache(const Root& root, const CacheOptions& options) {
  CacheStyle style = TRY(cache_style(root));
  if (options.format)
    style.format = *options.format;
  return Planner(root, options, std::move(style)).run();
}

Result<CachePlan> plan_link(const Root& root, std::string_view path) {
  const CacheStyle style = TRY(cache_style(root));
  const Found found = TRY(root.find_existing(dir_name(path)));
  LibraryDir dir;
  dir.path = dir_name(path);
  dir.found = found.path;
  ScanResult result = TRY(scan_file(root, dir, std::string(base_name(path)), style));
  CachePlan plan;
  plan.links = std::move(result.links);
  plan.warnings = std::move(result.warnings);
  plan.directories.push_back({dir.path, {}, 0, {}, 0, std::move(result.entries)});
  return plan;
}

}  // namespace rescue::elf
