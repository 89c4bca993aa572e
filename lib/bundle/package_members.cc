#include "lib/bundle/package_members.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/bundle/rpm_verify.h"
#include "lib/crypto/digest.h"
#include "lib/elf/arch.h"
#include "lib/elf/glibc.h"
#include "lib/elf/image.h"

namespace rescue {

namespace {

// What may be a link into /usr.
constexpr std::string_view top_dirs[] = {"bin", "lib", "lib32", "lib64", "libx32", "sbin"};
constexpr uint64_t max_library = 64 << 20;

std::unexpected<Error> bad(std::string_view package, std::string_view path, std::string_view detail) {
  return with_status(corrupt(printable(path), package, detail).error(), Status::bad_data);
}

bool is_link(const Root& root, std::string_view path) {
  const auto found = root.find(path, Last::keep);
  return found && found->exists && S_ISLNK(found->info.st_mode);
}

bool is_directory(const Root& root, std::string_view path) {
  const auto found = root.find(path);
  return found && found->exists && S_ISDIR(found->info.st_mode);
}

}  // namespace

PackageMembers::PackageMembers(const Root& root, const std::vector<OpenPackage>& packages, PathPatterns& patterns)
    : root_(root), packages_(packages), patterns_(patterns), owners_(root) {}

Result<bool> PackageMembers::open_next() {
  if (opened_ == packages_.size())
    return false;
  const OpenPackage& file = packages_[opened_++];
  package_ = TRY(VerifiedPackage::open(file.fd.get(), file.path, {}, &patterns_));
  return true;
}

// Whether the root has lost /lib64 or the like, as a link, and keeps the others as links into /usr.
Result<bool> PackageMembers::lacks_link(const std::string& top) {
  if (const auto known = lost_links_.find(top); known != lost_links_.end())
    return known->second;
  bool lost = false;
  const Found found = TRY(root_.find(top, Last::keep));
  const bool stands = found.exists && (S_ISDIR(found.info.st_mode) || is_directory(root_, top));
  if (!stands)
    for (const std::string_view other : top_dirs)
      lost = lost || (other != top && is_link(root_, other) && is_directory(root_, other));
  return lost_links_[top] = lost;
}

Result<> PackageMembers::add_link(const std::string& top) {
  Entry link;
  link.path = top;
  link.type = EntryType::symlink;
  link.mode = 0777;
  link.link = str("usr/", top);
  if (!seen_.insert(top).second)
    return {};
  TRY(add_parents(str(link.link, '/')));
  ready_.push_back(std::move(link));
  return {};
}

bool PackageMembers::marked_as_config(std::string_view path) const {
  const PackageReader& package = package_->package();
  if (const rpm::File* const file = package.rpm_file(path); file != nullptr)
    return (file->flags & rpm::file_config) != 0;
  const auto list = package.info().control_files.find("conffiles");
  return list != package.info().control_files.end() &&
         std::ranges::any_of(split(list->second, '\n'), [&](std::string_view line) {
           return without_start(line.substr(0, line.find(' '))) == without_start(path);
         });
}

// The path in the root: /lib64/x is usr/lib64/x where lib64 is to be a link.
Result<std::string> PackageMembers::place_of(std::string_view path) {
  std::string plain;
  for (const std::string_view part : split(path, '/')) {
    if (part == "..")
      return bad(package_->path(), path, "its name leads out of the root");
    if (!part.empty() && part != ".")
      plain += str(plain.empty() ? "" : "/", part);
  }
  const bool in_usr = plain.starts_with("usr/");
  const std::string_view rest = std::string_view(plain).substr(in_usr ? 4 : 0);
  const std::string top(rest.substr(0, rest.find('/')));
  if (!std::ranges::contains(top_dirs, top) || !TRY(lacks_link(top)))
    return plain;
  TRY(add_link(top));
  return in_usr ? plain : str("usr/", plain);
}

// `made_up`: the package has files in it, and does not list it.
Result<> PackageMembers::add_directory(Entry entry, bool made_up) {
  if (!seen_.insert(entry.path).second)
    return {};
  if (made_up)
    entry.mode = 0755;
  if (made_up || package_->package().rpm() == nullptr) {
    const auto found = root_.find(entry.path);
    if (found && found->exists && S_ISDIR(found->info.st_mode)) {
      entry.mode = found->info.st_mode & 07777;
      entry.uid = found->info.st_uid;
      entry.gid = found->info.st_gid;
    }
  }
  ready_.push_back(std::move(entry));
  return {};
}

Result<> PackageMembers::add_parents(std::string_view path) {
  for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    Entry directory;
    directory.path = path.substr(0, slash);
    directory.type = EntryType::directory;
    TRY(add_directory(std::move(directory), true));
  }
  return {};
}

// Makes members of an entry; false where there is nothing to be made of it.
Result<bool> PackageMembers::take(const Entry& original) {
  Entry entry = original;
  config_ = entry.type == EntryType::file && marked_as_config(entry.path);
  entry.path = TRY(place_of(entry.path));
  if (entry.path.empty())
    return false;
  const bool known = entry.type == EntryType::file || entry.type == EntryType::directory ||
                     entry.type == EntryType::symlink || entry.type == EntryType::hardlink;
  if (!known) {
    notes_.push_back(str(Printable(root_.shown(entry.path)), " is a device, pipe or socket, and is left out"));
    return false;
  }
  if (!is_bundle_name(entry.path) || !is_bundle_name(entry.link))
    return bad(package_->path(), entry.path, "its name or link has bytes that are no text");
  owners_.apply(entry);
  TRY(add_parents(entry.path));
  if (entry.type == EntryType::directory) {
    TRY(add_directory(std::move(entry), false));
    return true;
  }
  if (!seen_.insert(entry.path).second)
    return entry.type == EntryType::symlink
               ? Result<bool>(false)
               : bad(package_->path(), entry.path, "two packages, or one twice, have a file there");
  if (entry.type == EntryType::hardlink) {
    entry.link = TRY(place_of(entry.link));
    if (!seen_.contains(entry.link))
      return bad(package_->path(), entry.path, "it is another name of a file that does not come before it");
  }
  // A link has no mode of its own, and tar's mean nothing.
  if (entry.type == EntryType::symlink)
    entry.mode = 0777;
  file_ = std::move(entry);
  return true;
}

Result<const Entry*> PackageMembers::next() {
  reading_ = false;
  while (ready_.empty() && !file_) {
    if (package_ == nullptr && !TRY(open_next()))
      return nullptr;
    const Entry* const entry = TRY(package_->next());
    if (entry == nullptr)
      package_.reset();
    else
      (void)TRY(take(*entry));
  }
  if (!ready_.empty()) {
    entry_ = std::move(ready_[next_ready_]);
    if (++next_ready_ == ready_.size()) {
      ready_.clear();
      next_ready_ = 0;
    }
    return &entry_;
  }
  entry_ = *std::move(file_);
  file_.reset();
  reading_ = entry_.type == EntryType::file;
  return &entry_;
}

Result<std::string_view> PackageMembers::read() {
  return reading_ ? package_->read() : std::string_view();
}

namespace {

EntryKind kind_of(EntryType type) {
  return type == EntryType::directory ? EntryKind::dir : type == EntryType::symlink ? EntryKind::link : EntryKind::file;
}

// The loader and libc last, and back to back; the rest of the family before; see plan.h.
Tier tier_of(std::string_view path) {
  const std::string_view name = base_name(path);
  const bool versioned = (name.starts_with("ld-") || name.starts_with("libc-")) && name.contains(".so");
  if (versioned || elf::is_loader_soname(name) || elf::is_libc_soname(name))
    return Tier::loader;
  return elf::is_glibc_soname(name) ? Tier::login : Tier::rest;
}

class PackageSource : public MemberSource {
 public:
  PackageSource(const Root& root, std::vector<OpenPackage> files, const std::vector<std::string>& patterns)
      : root_(root), files_(std::move(files)), patterns_(patterns) {}
  Result<std::unique_ptr<EntryReader>> open() override {
    return std::make_unique<PackageMembers>(root_, files_, patterns_);
  }

  const std::vector<OpenPackage>& files() const { return files_; }
  PathPatterns& patterns() { return patterns_; }

 private:
  const Root& root_;
  std::vector<OpenPackage> files_;
  PathPatterns patterns_;
};

// Reads all members once, and writes down what they are.
class Describer {
 public:
  // `given` is what is known already.
  Describer(PackageMembers& members, BundleInfo given) : info(std::move(given)), members_(members) {}

  Result<> run() {
    while (const Entry* const member = TRY(members_.next())) {
      const Entry entry = *member;
      ManifestEntry& listed = manifest.entries.emplace_back();
      listed.path = entry.path;
      listed.type = kind_of(entry.type);
      listed.tier = tier_of(entry.path);
      listed.mode = entry.mode;
      listed.uid = entry.uid;
      listed.gid = entry.gid;
      listed.link = entry.type == EntryType::symlink ? entry.link : std::string();
      // The package is what asks for it, and the person who wants it in place.
      listed.privileged = listed.type == EntryKind::file && ((entry.mode & 06000) != 0 || !entry.xattrs.empty());
      if (entry.type == EntryType::file) {
        listed.config = members_.is_config() ? ConfigMark::yes : ConfigMark::no;
        listed.successor = members_.successor();
      }
      if (entry.type == EntryType::file)
        TRY(describe_file(entry));
      else if (entry.type == EntryType::hardlink)
        TRY(describe_link(entry));
    }
    return {};
  }

  Manifest manifest;
  BundleInfo info;

 private:
  Result<> describe_file(const Entry& entry) {
    const bool library = base_name(entry.path).contains(".so") && entry.size <= max_library;
    std::string content;
    Sha256 sha;
    while (true) {
      const std::string_view piece = TRY(members_.read());
      if (piece.empty())
        break;
      sha.update(piece);
      if (library)
        content += piece;
    }
    ManifestEntry& listed = manifest.entries.back();
    listed.size = entry.size;
    listed.sha256 = sha.finish();
    files_[entry.path] = {manifest.entries.size() - 1};
    if (library)
      describe_library(Bytes(content, entry.path));
    return {};
  }

  Result<> describe_link(const Entry& entry) {
    auto names = files_.find(entry.link);
    if (names == files_.end())
      return corrupt("read package", entry.path, "it is another name of what is no file");
    const ManifestEntry first = manifest.entries[names->second.front()];
    ManifestEntry& listed = manifest.entries.back();
    listed.size = first.size;
    listed.sha256 = first.sha256;
    names->second.push_back(manifest.entries.size() - 1);
    for (const size_t index : names->second)
      manifest.entries[index].nlink = static_cast<uint32_t>(names->second.size());
    return {};
  }

  // What the check of the fit must know of a glibc.
  void describe_library(const Bytes& content) {
    const auto image = elf::Image::parse(content);
    if (!image || image->soname.empty())
      return;
    for (const elf::VersionName& version : image->version_definitions)
      if (!version.base)
        info.provides[image->soname].insert(version.name);
    if (!elf::is_libc_soname(image->soname))
      return;
    info.libc_build_id = image->build_id;
    if (const auto banner = elf::find_banner(content.text())) {
      info.glibc_version = banner->version;
      info.glibc_build = banner->package;
    }
    for (const uint32_t level : {1U, 2U, 3U})
      if ((image->x86_isa_needed.value_or(0) & (1U << level)) != 0)
        info.isa = str("x86-64-v", level + 1);
  }

  PackageMembers& members_;
  std::map<std::string, std::vector<size_t>> files_;  // the names of each file, by the first
};

// As uname says it; the name itself where it is the same.
std::string arch_of(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"amd64", "x86_64"}, {"arm64", "aarch64"}, {"ppc64el", "ppc64le"}, {"loong64", "loongarch64"},
      {"all", any_arch},   {"noarch", any_arch}, {"", any_arch},         {"i486", "i386"},
      {"i586", "i386"},    {"i686", "i386"},     {"armhf", "armhf"},     {"armv7hl", "armhf"}};
  for (const auto& [package, machine] : names)
    if (package == name)
      return std::string(machine);
  return std::string(name);
}

// Opens a package, and holds an RPM against the digests of its header and payload.
Result<OpenPackage> open_package(const std::string& path) {
  OpenPackage file{path, TRY(open_file(path, O_RDONLY | O_NONBLOCK))};
  std::array<char, 4> start;
  if (std::string_view(start.data(), TRY(pread_full(file.fd.get(), start, 0, path))) != rpm::magic)
    return file;
  TRY(check_rpm(file.fd.get(), *TRY(rpm::Package::open(file.fd.get(), path))));
  return file;
}

}  // namespace

Result<PackageBundle> bundle_of_packages(const Root& root, const std::vector<std::string>& files,
                                         const std::vector<std::string>& patterns) {
  std::vector<OpenPackage> opened;
  BundleInfo info;
  info.arch = any_arch;
  info.source = "packages";
  for (const std::string& path : files) {
    opened.push_back(TRY(open_package(path)));
    const auto package = TRY(PackageReader::open(opened.back().fd.get(), path));
    const PackageInfo& said = package->info();
    if (said.kind == PackageKind::archive)
      return bad(path, "read package", "is neither an RPM nor a Debian package");
    if (package->rpm() != nullptr && package->rpm()->is_source())
      return with_status(fail("put in place", path, "is a source package, which belongs to no system").error(),
                         Status::refused);
    const std::string arch = arch_of(said.architecture);
    if (info.arch != any_arch && arch != any_arch && arch != info.arch)
      return with_status(fail("put in place", path, "it is for ", arch, ", and another one for ", info.arch).error(),
                         Status::refused);
    if (arch != any_arch)
      info.arch = arch;
    info.name += str(info.name.empty() ? "" : " ", said.name);
    info.version = said.version;
    info.packages.push_back({said.name, said.version, {}});
  }
  auto source = std::make_unique<PackageSource>(root, std::move(opened), patterns);
  PackageMembers members(root, source->files(), source->patterns());
  Describer describer(members, std::move(info));
  TRY(describer.run());
  if (!source->patterns().unmatched().empty())
    return fail("put in place", files.front(), "nothing in it matches '", Printable(source->patterns().unmatched()),
                "'");
  std::vector<std::string> notes = members.notes();
  const std::string name = files.size() == 1 ? std::string(base_name(files[0])) : count_of(files.size(), "package");
  return PackageBundle{
      Bundle::of_members(name, std::move(describer.info), std::move(describer.manifest), std::move(source)),
      std::move(notes)};
}

}  // namespace rescue
