#include "lib/bundle/create.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/tar.h"
#include "lib/base/append.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/bundle/family.h"
#include "lib/bundle/gather.h"
#include "lib/bundle/os_release.h"
#include "lib/bundle/writer.h"
#include "lib/crypto/digest.h"

namespace rescue {

namespace {

constexpr size_t block_size = 256 << 10;
constexpr size_t max_unmet_notes = 10;
constexpr uint32_t set_id_bits = 06000;

std::unexpected<Error> refuse(std::string_view attempt, std::string_view path, std::string_view detail) {
  return with_status(fail(attempt, path, detail).error(), Status::refused);
}

bool runs_with_more_rights(const Item& item) {
  return item.entry.type == EntryKind::file &&
         ((item.entry.mode & set_id_bits) != 0 ||
          std::ranges::contains(item.xattrs, "security.capability", &Xattr::name));
}

class Creator {
 public:
  Creator(const BundleSource& source, const Recipe& recipe, const std::string& output, const CreateOptions& options)
      : source_(source),
        root_(*source.root),
        recipe_(recipe),
        output_(output),
        options_(options),
        collector_(root_, source.records) {}

  Result<CreateReport> run() {
    family_ = TRY(find_family(root_));
    TRY(check_output());
    Gatherer gatherer(collector_, family_);
    TRY(gatherer.apply(recipe_));
    TRY(judge(gatherer));
    auto items = TRY(fit_items());
    TRY(put_in_order(std::move(items)));
    TRY(digest_all());
    TRY(describe());
    TRY(write());
    return std::move(report_);
  }

 private:
  bool from_packages() const { return !source_.packages.empty(); }
  // Packages lie in a temporary directory, whose name tells nobody anything.
  const std::string& source_name() const { return from_packages() ? output_ : root_.path(); }

  // A bundle among the libraries would be one more file for ldconfig and for every package manager to trip over.
  Result<> check_output() const {
    struct stat info{};
    const std::string dir(dir_name(output_));
    if (::stat(dir.c_str(), &info) < 0)
      return fail("write", output_);
    for (const std::string& library_dir : family_.library_dirs)
      if (const auto found = root_.find(library_dir);
          found && found->exists && found->info.st_dev == info.st_dev && found->info.st_ino == info.st_ino)
        return refuse("write", output_, "this directory is for libraries; choose another for the bundle");
    return {};
  }

  Result<> judge(const Gatherer& gatherer) {
    std::vector<std::string> faults = family_.faults;
    append(faults, gatherer.faults());
    if (!faults.empty() && !options_.force)
      return refuse("make bundle", source_name(),
                    str("the glibc of ", from_packages() ? "these packages" : "this root", " is not whole: ", faults[0],
                        faults.size() > 1 ? str(" (and ", faults.size() - 1, " more)") : "",
                        "; such a bundle repairs nothing (--force makes it all the same)"));
    if (!family_.libc && !family_.loader)
      return refuse("make bundle", source_name(), "there is neither a libc nor a loader in it");
    report_.notes = std::move(faults);
    append(report_.notes, gatherer.notes());
    return {};
  }

  // Leaves out what nobody asked to have more rights than its caller.
  Result<std::vector<Item*>> fit_items() {
    std::vector<Item*> items;
    for (Item* const item : collector_.items()) {
      const bool more_rights = runs_with_more_rights(*item);
      if (more_rights && !item->entry.privileged) {
        const std::string why =
            "it may run with more rights than its caller's, and the recipe does not say `setid` of it";
        if (!options_.force)
          return refuse("make bundle", root_.shown(item->entry.path), str(why, " (--force leaves it out)"));
        report_.notes.push_back(str(root_.shown(item->entry.path), " is left out: ", why));
        continue;
      }
      item->entry.privileged = more_rights;
      items.push_back(item);
    }
    return items;
  }

  // The loader and libc before all else of their tier.
  int rank(const Item& item) const {
    if (family_.loader && item.entry.path == family_.loader->path)
      return 0;
    return family_.libc && item.entry.path == family_.libc->path ? 1 : 2;
  }

  // Tier by tier; each directory just before the first entry that is in it.
  Result<> put_in_order(std::vector<Item*> items) {
    rescue::sort(items, [this](const Item* a, const Item* b) {
      const auto key = [this](const Item* item) { return std::tuple(item->entry.tier, rank(*item)); };
      return key(a) != key(b) ? key(a) < key(b) : a->entry.path < b->entry.path;
    });
    std::set<std::string_view> placed;
    const auto place = [&](auto& self, Item* item) -> Result<> {
      if (!placed.insert(item->entry.path).second)
        return {};
      if (const std::string_view parent = dir_name(item->entry.path); parent != ".") {
        Item* const above = TRY(collector_.look(std::string(parent)));
        TRY(self(self, above));
      }
      if (!is_bundle_name(item->entry.path) || !is_bundle_name(item->entry.link))
        return fail("make bundle", root_.shown(item->entry.path), "its name or link has bytes that are no text");
      order_.push_back(item);
      return {};
    };
    for (Item* const item : items)
      TRY(place(place, item));
    return {};
  }

  void progress(uint64_t bytes) {
    done_ += bytes;
    if (options_.progress != nullptr)
      options_.progress(options_.context, done_, total_);
  }

  // Reads a file piece by piece; its digest. Fails where it is another file than the one that was found.
  template <typename Use>
  Result<Sha256Digest> read_file(const Item& item, Use use) {
    const std::string shown = root_.shown(item.entry.path);
    const Found found = TRY(root_.find_existing(item.entry.path, Last::keep));
    const UniqueFd fd = TRY(open_at(found.dir.get(), found.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown));
    struct stat info{};
    if (::fstat(fd.get(), &info) < 0)
      return fail("read", shown);
    if (info.st_dev != item.device || info.st_ino != item.inode ||
        static_cast<uint64_t>(info.st_size) != item.entry.size)
      return changed(item);
    Sha256 sha;
    uint64_t size = 0;
    while (true) {
      const size_t count = TRY(read_some(fd.get(), {buffer_.get(), block_size}, shown));
      if (count == 0)
        break;
      size += count;
      if (size > item.entry.size)
        return changed(item);
      sha.update({buffer_.get(), count});
      TRY(use(std::string_view(buffer_.get(), count)));
      progress(count);
    }
    if (size != item.entry.size)
      return changed(item);
    return sha.finish();
  }

  std::unexpected<Error> changed(const Item& item) const {
    return fail("read", root_.shown(item.entry.path),
                "it was changed while it was read; try again when nothing is being "
                "installed");
  }

  // The names of one file: the first in the bundle's order holds the content.
  Result<> digest_all() {
    for (const Item* const item : order_)
      total_ += 2 * item->entry.size;
    std::map<std::pair<uint64_t, uint64_t>, std::vector<Item*>> groups;
    for (Item* const item : order_)
      if (item->entry.type == EntryKind::file)
        groups[{item->device, item->inode}].push_back(item);
    for (const auto& [inode, names] : groups) {
      const Sha256Digest digest = TRY(read_file(*names[0], [](std::string_view) { return Result<>(); }));
      for (Item* const item : names) {
        item->entry.sha256 = digest;
        item->entry.nlink = static_cast<uint32_t>(names.size());
        if (item != names[0])
          first_name_[item] = names[0];
      }
    }
    return {};
  }

  // --- What the bundle says of itself

  Result<> describe() {
    BundleInfo& info = report_.info;
    info.name = recipe_.name;
    info.version = info.glibc_version = family_.version();
    info.arch = family_.arch != nullptr ? family_.arch->name : std::string_view("unknown");
    info.interp = family_.interp;
    info.source = from_packages() ? "packages" : "root";
    info.packages = source_.packages;
    const OsRelease os = read_os_release(root_);
    info.os_id = os.id;
    info.os_version_id = os.version_id;
    if (family_.libc) {
      info.libc_build_id = family_.libc->image.build_id;
      describe_libc();
    }
    TRY(describe_versions());
    return {};
  }

  void describe_libc() {
    BundleInfo& info = report_.info;
    const uint32_t levels = family_.libc->image.x86_isa_needed.value_or(0);
    for (const uint32_t level : {1U, 2U, 3U})
      if ((levels & (1U << level)) != 0)
        info.isa = str("x86-64-v", level + 1);
    // Packages have no os-release, but libc's banner tells its builder: "Debian GLIBC 2.36-9+deb12u14". In the world of
    // RPM a build serves several distributions, and none is named.
    const std::string package = family_.libc->version ? family_.libc->version->package : std::string();
    info.glibc_build = package;
    if (!info.os_id.empty() || source_.of_rpms || !package.contains(" GLIBC "))
      return;
    if (package.starts_with("Debian "))
      info.os_id = "debian";
    else if (package.starts_with("Ubuntu "))
      info.os_id = "ubuntu";
    if (const size_t mark = package.find("+deb"); mark != std::string::npos && info.os_id == "debian") {
      const std::string_view rest = std::string_view(package).substr(mark + 4);
      info.os_version_id = rest.substr(0, rest.find_first_not_of("0123456789"));
    }
  }

  Result<> describe_versions() {
    BundleInfo& info = report_.info;
    const elf::Image& machine = family_.libc ? family_.libc->image : family_.loader->image;
    for (const Item* const item : order_) {
      if (item->entry.type != EntryKind::file || !base_name(item->entry.path).contains(".so"))
        continue;
      const UniqueFd fd = TRY(root_.open_file(item->entry.path, O_RDONLY | O_NONBLOCK));
      const auto image = elf::Image::open(fd.get(), item->entry.path);
      if (!image || image->soname.empty() || !image->same_machine(machine))
        continue;
      for (const elf::VersionName& version : image->version_definitions)
        if (!version.base)
          info.provides[image->soname].insert(version.name);
    }
    std::vector<std::string> unmet;
    info.requires_ = TRY(root_needs(root_, machine, info.provides, unmet));
    if (unmet.size() > max_unmet_notes) {
      const size_t more = unmet.size() - max_unmet_notes;
      unmet.resize(max_unmet_notes);
      unmet.push_back(str("and ", more, " more such names"));
    }
    append(report_.notes, unmet);
    return {};
  }

  // --- The file

  Result<> write() {
    Manifest manifest;
    for (const Item* const item : order_)
      manifest.entries.push_back(item->entry);
    report_.entries = manifest.entries.size();
    report_.content = manifest.total_size();
    BundleWriter writer = TRY(BundleWriter::open(output_, options_.level));
    TRY(writer.tar().add({.path = ".rescue/info", .mode = 0644}, report_.info.print()));
    TRY(writer.tar().add({.path = ".rescue/manifest.mtree", .mode = 0644}, manifest.print()));
    for (const Item* const item : order_)
      TRY(write_item(writer.tar(), *item));
    report_.size = TRY(writer.commit());
    return {};
  }

  Result<> write_item(TarWriter& tar, const Item& item) {
    Entry entry;
    entry.path = item.entry.path;
    entry.mode = item.entry.mode;
    entry.uid = item.entry.uid;
    entry.gid = item.entry.gid;
    entry.mtime = item.mtime;
    entry.mtime_ns = item.mtime_nsec;
    entry.xattrs = item.xattrs;
    switch (item.entry.type) {
      case EntryKind::dir: entry.type = EntryType::directory; return tar.add(entry);
      case EntryKind::link:
        entry.type = EntryType::symlink;
        entry.link = item.entry.link;
        return tar.add(entry);
      case EntryKind::file: break;
    }
    if (const auto first = first_name_.find(&item); first != first_name_.end()) {
      entry.type = EntryType::hardlink;
      entry.link = first->second->entry.path;
      return tar.add(entry);
    }
    entry.size = item.entry.size;
    TRY(tar.add(entry));
    const Sha256Digest digest = TRY(read_file(item, [&tar](std::string_view piece) { return tar.write(piece); }));
    if (digest != item.entry.sha256)
      return changed(item);
    return {};
  }

  const BundleSource& source_;
  const Root& root_;
  const Recipe& recipe_;
  const std::string& output_;
  const CreateOptions& options_;
  Collector collector_;
  GlibcFamily family_;
  std::vector<Item*> order_;
  std::map<const Item*, const Item*> first_name_;
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(block_size);
  CreateReport report_;
  uint64_t done_ = 0;
  uint64_t total_ = 0;
};

}  // namespace

Result<CreateReport> create_bundle(const BundleSource& source, const Recipe& recipe, const std::string& output,
                                   const CreateOptions& options) {
  return Creator(source, recipe, output, options).run();
}

}  // namespace rescue
