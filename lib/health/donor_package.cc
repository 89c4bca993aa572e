// Packages that the package manager, or the administrator, keeps.
#include <algorithm>
#include <ranges>

#include <dirent.h>
#include <fcntl.h>

#include "lib/archive/package.h"
#include "lib/base/text.h"
#include "lib/elf/glibc.h"
#include "lib/health/donor_search.h"

namespace rescue {

namespace {

// Where packages lie, and how many directories below.
struct Cache {
  std::string_view path;
  int depth;
};
constexpr Cache caches[] = {
    {"var/cache/apt/archives", 0},
    {"var/cache/dnf", 3},
    {"var/cache/libdnf5", 3},
    {"var/cache/yum", 6},
    {"var/cache/PackageKit", 5},
    {"var/cache/zypp/packages", 5},
    {"var/cache/pacman/pkg", 0},
    {"root", 0},
    {"tmp", 0},
    {"var/tmp", 0},
};

constexpr std::string_view endings[] = {".deb", ".rpm", ".pkg.tar.zst", ".pkg.tar.xz", ".pkg.tar.gz", ".pkg.tar"};

// Who may hold a file of glibc where no database says it.
constexpr std::string_view glibc_names[] = {"libc6", "libc-bin", "glibc", "glibc-common", "lib32-glibc"};

// "libc6_2.36-9+deb12u14_amd64.deb", "glibc-2.34-100.el9.x86_64.rpm": the name, and what follows it.
bool is_named(std::string_view file, std::string_view package) {
  if (!file.starts_with(package))
    return false;
  file.remove_prefix(package.size());
  return file.size() > 1 && (file[0] == '_' || (file[0] == '-' && file[1] >= '0' && file[1] <= '9'));
}

std::string_view without_epoch(std::string_view version) {
  const size_t colon = version.find(':');
  return colon == std::string_view::npos ? version : version.substr(colon + 1);
}

class PackageSearch {
 public:
  explicit PackageSearch(DonorSearch& search) : search_(search), root_(search.root()) {}

  void run() {
    for (const Cache& cache : caches)
      look_in(std::string(cache.path), cache.depth);
  }

 private:
  void look_in(const std::string& path, int depth) {
    const auto dir = root_.open_dir(path);
    const auto entries = dir ? list_dir(dir->get(), root_.shown(path)) : Result<std::vector<DirEntry>>();
    for (const DirEntry& entry : entries.value_or(std::vector<DirEntry>())) {
      if (search_.done())
        return;
      const std::string below = str(path, '/', entry.name);
      if (std::ranges::any_of(endings, [&](std::string_view ending) { return entry.name.ends_with(ending); }))
        take_package(below);
      else if (depth > 0 && (entry.type == DT_DIR || entry.type == DT_UNKNOWN))
        look_in(below, depth - 1);
    }
  }

  // Whether the package, by the name of its file, may hold what is looked for.
  static bool may_hold(const Request& request, std::string_view file) {
    if (request.owner)
      return is_named(file, request.owner->name);
    return elf::is_glibc_soname(request.wanted.soname) &&
           std::ranges::any_of(glibc_names, [&](std::string_view name) { return is_named(file, name); });
  }

  void take_package(const std::string& path) {
    std::vector<Request*> requests;
    for (Request& request : search_.requests())
      if (search_.is_open(request) && may_hold(request, base_name(path)))
        requests.push_back(&request);
    if (requests.empty())
      return;
    if (const auto done = read_package(path, requests); !done)
      search_.note(message(done.error()));
  }

  // A package of another version or architecture than the installed one holds nothing of use.
  static bool is_of_version(const Request& request, const PackageInfo& info) {
    return !info.version.empty() && request.owner &&
           without_epoch(info.version) == without_epoch(request.owner->version);
  }

  static bool may_serve(const Request& request, const PackageInfo& info) {
    if (!request.owner || info.name.empty())
      return true;
    return info.name == request.owner->name && info.architecture == request.owner->architecture &&
           is_of_version(request, info);
  }

  Result<> read_package(const std::string& path, std::vector<Request*>& requests) {
    const std::string shown = root_.shown(path);
    const Found found = TRY(root_.find_existing(path));
    const auto fd = TRY(root_.open_file(path, O_RDONLY | O_NONBLOCK));
    const auto package = TRY(PackageReader::open(fd.get(), shown));
    const PackageInfo& info = package->info();
    std::erase_if(requests, [&](const Request* request) { return !may_serve(*request, info); });
    if (requests.empty())
      return {};
    Donor describe;
    describe.kind = DonorKind::package_cache;
    describe.where = str("the package ", Printable(shown));
    const std::string reason =
        is_of_version(*requests.front(), info) ? str("its package is the installed ", requests.front()->authority) : "";
    return offer_entries(search_, *package, requests, describe, trust_of(found.info), reason);
  }

  DonorSearch& search_;
  const Root& root_;
};

}  // namespace

void search_packages(DonorSearch& search) {
  PackageSearch(search).run();
}

}  // namespace rescue
