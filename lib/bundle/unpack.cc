#include "lib/bundle/unpack.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/bundle/rpm_verify.h"
#include "lib/bundle/verified_package.h"
#include "lib/crypto/digest.h"
#include "lib/elf/glibc.h"

namespace rescue {

struct UnpackedPackages::State {
  std::string dir;
  std::optional<Root> root;
  Records records;
  std::vector<SourcePackage> packages;
  std::vector<std::string> notes;
  bool any_rpm = false;

  ~State();
};

namespace {

constexpr std::string_view top_dirs[] = {"bin", "lib", "lib32", "lib64", "libx32", "sbin"};

std::unexpected<Error> bad(std::string_view package, std::string_view path, std::string_view detail) {
  return with_status(corrupt(printable(path), package, detail).error(), Status::bad_data);
}

// Removes all of a directory of ours. What cannot be removed stays: it is only a temporary.
void remove_tree(int parent, const std::string& name) {
  if (const auto dir = open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, name)) {
    for (const DirEntry& entry : list_dir(dir->get(), name).value_or(std::vector<DirEntry>()))
      if (::unlinkat(dir->get(), entry.name.c_str(), 0) < 0)
        remove_tree(dir->get(), entry.name);
  }
  ::unlinkat(parent, name.c_str(), AT_REMOVEDIR);
}

// The path without `./` and slashes at its ends; nothing where it leads upwards.
std::optional<std::string> plain_path(std::string_view path) {
  std::string plain;
  for (const std::string_view part : split(path, '/')) {
    if (part == "..")
      return std::nullopt;
    if (part.empty() || part == ".")
      continue;
    plain += plain.empty() ? "" : "/";
    plain += part;
  }
  return plain;
}

struct OpenPackage {
  std::string file;
  UniqueFd fd;
  std::unique_ptr<VerifiedPackage> reader;

  const PackageInfo& info() const { return reader->package().info(); }
  std::string sha256;
};

bool is_glibc_package(std::string_view name) {
  return name.starts_with("libc6") || name == "libc-bin" || name == "glibc" || name.starts_with("glibc-");
}

// Whether the release that a package of glibc is from has /bin, /lib and the like as links into /usr.
bool merged_by_version(PackageKind kind, std::string_view version) {
  if (kind == PackageKind::deb) {
    // Debian insists on it since 12 (2.36), Ubuntu since 22.04 (2.35); before, old installations were without.
    const std::string_view release = version.substr(0, version.find_first_of("-+~"));
    return elf::compare_versions(release, version.contains("ubuntu") ? "2.35" : "2.36") >= 0;
  }
  // The distribution stands in an RPM's release: Red Hat and its kin merged with 7. SUSE did not up to 15.
  static constexpr std::string_view merged[] = {".el7", ".el8", ".el9", ".el10", ".fc", ".amzn", ".oe",
                                                ".an",  ".al",  ".oc",  ".tl",   ".ky", ".uel"};
  return std::ranges::any_of(merged, [&](auto tag) { return version.contains(tag); });
}

}  // namespace

UnpackedPackages::State::~State() {
  root.reset();
  if (!dir.empty())
    remove_tree(AT_FDCWD, dir);
}

class Unpacker {
 public:
  Unpacker(UnpackedPackages::State& state, UsrMerge merge) : state_(state), merge_(merge) {}

  Result<> run(const std::vector<std::string>& files) {
    for (const std::string& file : files)
      TRY(open(file));
    // The order in which they were named must not matter.
    rescue::sort(packages_, {}, [](const OpenPackage& package) {
      const PackageInfo& info = package.info();
      return std::tuple(std::string_view(info.name), std::string_view(info.version), std::string_view(package.sha256));
    });
    TRY(check_architectures());
    decide_merge();
    for (OpenPackage& package : packages_)
      TRY(unpack(package));
    return {};
  }

 private:
  Root& root() { return *state_.root; }

  Result<> open(const std::string& file) {
    OpenPackage package{.file = file};
    package.fd = TRY(open_file(file, O_RDONLY | O_NONBLOCK));
    package.sha256 = hex(TRY(sha256_fd(package.fd.get(), file)));
    if (::lseek(package.fd.get(), 0, SEEK_SET) < 0)
      return fail("read", file);
    EntryLimits limits;
    limits.total_size = limits.entry_size = uint64_t{8} << 30;
    package.reader = TRY(VerifiedPackage::open(package.fd.get(), file, limits));
    if (package.reader->package().rpm() != nullptr)
      TRY(check_rpm(package.fd.get(), *package.reader->package().rpm()));
    state_.any_rpm = state_.any_rpm || package.info().kind == PackageKind::rpm;
    packages_.push_back(std::move(package));
    return {};
  }

  // All that cannot be told from the package itself stays empty: a tar file is a package too.
  Result<> check_architectures() {
    const OpenPackage* first = nullptr;
    for (const OpenPackage& package : packages_) {
      const PackageInfo& info = package.info();
      const bool of_file = info.name.empty();
      state_.packages.push_back({of_file ? std::string(base_name(package.file)) : info.name,
                                 info.version.empty() ? "unknown" : info.version, package.sha256});
      if (info.architecture.empty() || info.architecture == "all" || info.architecture == "noarch")
        continue;
      if (first != nullptr && first->info().architecture != info.architecture)
        return with_status(fail("unpack", package.file, "it is for ", info.architecture, ", and ", first->file, " for ",
                                first->info().architecture, "; a bundle is for one of them")
                               .error(),
                           Status::refused);
      first = &package;
    }
    return {};
  }

  void decide_merge() {
    merged_ = merge_ == UsrMerge::yes;
    if (merge_ != UsrMerge::by_package)
      return;
    bool known = false;
    for (const OpenPackage& package : packages_) {
      const PackageInfo& info = package.info();
      if (info.kind == PackageKind::archive || !is_glibc_package(info.name))
        continue;
      known = true;
      merged_ = merged_ || merged_by_version(info.kind, info.version);
    }
    if (!merged_)
      state_.notes.push_back(
          str(known ? "the release of these packages may have /lib either as a directory or as a link to "
                      "usr/lib"
                    : "these packages do not tell whether /lib is a directory or a link to usr/lib",
              "; it is taken as the packages have it (--usr-merge=yes for links)"));
  }

  Result<> unpack(OpenPackage& package) {
    while (true) {
      const Entry* const entry = TRY(package.reader->next());
      if (entry == nullptr)
        return {};
      const auto path = plain_path(entry->path);
      if (!path)
        return bad(package.file, entry->path, "its name leads out of the package");
      if (!path->empty())
        TRY(place(package, *entry, *path));
    }
  }

  // On a system with merged /usr, `lib64` is there as a link before any package is unpacked.
  Result<> make_top_link(std::string_view path) {
    if (path.starts_with("usr/"))
      path.remove_prefix(4);
    const std::string name(path.substr(0, path.find('/')));
    if (!merged_ || !std::ranges::contains(top_dirs, name) || root().exists(name))
      return {};
    if ((::mkdirat(root().fd(), "usr", 0755) < 0 && errno != EEXIST) ||
        (::mkdirat(root().fd(), str("usr/", name).c_str(), 0755) < 0 && errno != EEXIST) ||
        ::symlinkat(str("usr/", name).c_str(), root().fd(), name.c_str()) < 0)
      return fail("unpack", root().shown(name));
    return {};
  }

  // The directory at `path` without links in it, made where it is missing.
  Result<std::string> directory(const OpenPackage& package, const std::string& path) {
    if (path.empty())
      return std::string();
    if (const auto known = directories_.find(path); known != directories_.end())
      return known->second;
    const size_t slash = path.rfind('/');
    const std::string parent = TRY(directory(package, slash == std::string::npos ? "" : path.substr(0, slash)));
    const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    const Found found = TRY(root().find(parent.empty() ? name : str(parent, '/', name)));
    if (!found.exists && ::mkdirat(found.dir.get(), found.name.c_str(), 0755) < 0)
      return fail("unpack", root().shown(path));
    if (found.exists && !S_ISDIR(found.info.st_mode))
      return bad(package.file, path, "it should be a directory, and another package has it otherwise");
    directories_[path] = found.path;
    return found.path;
  }

  Result<> place(OpenPackage& package, const Entry& entry, const std::string& path) {
    TRY(make_top_link(entry.type == EntryType::directory ? str(path, '/') : path));
    if (entry.type == EntryType::directory) {
      const std::string dir = TRY(directory(package, path));
      record(dir, entry);
      return {};
    }
    const size_t slash = path.rfind('/');
    const std::string parent = TRY(directory(package, slash == std::string::npos ? "" : path.substr(0, slash)));
    const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    const Found found = TRY(root().find(parent.empty() ? name : str(parent, '/', name), Last::keep));
    if (found.exists && S_ISLNK(found.info.st_mode) && entry.type == EntryType::symlink &&
        TRY(read_link_at(found.dir.get(), found.name, path)) == entry.link)
      return {};
    if (found.exists && S_ISDIR(found.info.st_mode))
      return bad(package.file, path, "another package has a directory there");
    if (found.exists && ::unlinkat(found.dir.get(), found.name.c_str(), 0) < 0)
      return fail("unpack", root().shown(path));
    return place_at(package, entry, found);
  }

  Result<> place_at(OpenPackage& package, const Entry& entry, const Found& found) {
    switch (entry.type) {
      case EntryType::file: {
        TRY(write_content(package, found, O_CREAT | O_EXCL));
        record(found.path, entry);
        return {};
      }
      case EntryType::symlink:
        if (::symlinkat(entry.link.c_str(), found.dir.get(), found.name.c_str()) < 0)
          return fail("unpack", root().shown(found.path));
        return {};
      case EntryType::hardlink: return place_hard_link(package, entry, found);
      default: return {};  // a device is nothing that a bundle holds
    }
  }

  Result<> place_hard_link(OpenPackage& package, const Entry& entry, const Found& found) {
    const auto target = plain_path(entry.link);
    const auto first = target ? root().find(*target, Last::keep) : Result<Found>();
    if (!target || !first || !first->exists || !S_ISREG(first->info.st_mode))
      return bad(package.file, entry.path, "it is another name of a file that is not in the package");
    if (::linkat(first->dir.get(), first->name.c_str(), found.dir.get(), found.name.c_str(), 0) < 0)
      return fail("unpack", root().shown(found.path));
    // The last name of a file is the one with the content in an RPM.
    if (entry.size > 0)
      TRY(write_content(package, found, O_TRUNC));
    if (const auto known = state_.records.find(first->path); known != state_.records.end())
      state_.records[found.path] = Recorded(known->second);
    return {};
  }

  // Executable for us, whatever the package says: the search for libraries looks whether the loader could be run.
  Result<> write_content(OpenPackage& package, const Found& found, int flags) {
    const std::string shown = root().shown(found.path);
    UniqueFd fd = TRY(open_at(found.dir.get(), found.name, O_WRONLY | O_NOFOLLOW | flags, 0700, shown));
    while (true) {
      const std::string_view piece = TRY(package.reader->read());
      if (piece.empty())
        return fd.close(shown);
      TRY(write_all(fd.get(), piece, shown));
    }
  }

  void record(const std::string& path, const Entry& entry) {
    state_.records[path] = {entry.mode, entry.uid, entry.gid, entry.mtime, entry.mtime_ns, entry.xattrs};
  }

  UnpackedPackages::State& state_;
  UsrMerge merge_;
  bool merged_ = false;
  std::vector<OpenPackage> packages_;
  std::map<std::string, std::string> directories_;
};

UnpackedPackages::UnpackedPackages(std::unique_ptr<State> state) : state_(std::move(state)) {}
UnpackedPackages::UnpackedPackages(UnpackedPackages&&) noexcept = default;
UnpackedPackages::~UnpackedPackages() = default;

const Root& UnpackedPackages::root() const {
  return *state_->root;
}
const Records& UnpackedPackages::records() const {
  return state_->records;
}
const std::vector<SourcePackage>& UnpackedPackages::packages() const {
  return state_->packages;
}
bool UnpackedPackages::any_rpm() const {
  return state_->any_rpm;
}
const std::vector<std::string>& UnpackedPackages::notes() const {
  return state_->notes;
}

Result<UnpackedPackages> UnpackedPackages::unpack(const std::vector<std::string>& files, const std::string& output,
                                                  UsrMerge merge) {
  auto state = std::make_unique<State>();
  std::string dir = str(dir_name(output), "/.rescue-bundle.XXXXXX");
  if (::mkdtemp(dir.data()) == nullptr)
    return fail("make a directory to unpack in", dir_name(output));
  state->dir = dir;
  state->root = TRY(Root::open(dir));
  TRY(Unpacker(*state, merge).run(files));
  return UnpackedPackages(std::move(state));
}

}  // namespace rescue
