#include "lib/bundle/family.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

// Programs that every system has one or another of, and that name the loader.
constexpr std::string_view witnesses[] = {"bin/sh",    "bin/bash",       "usr/bin/env",    "bin/ls",
                                          "sbin/init", "usr/bin/getent", "usr/bin/locale", "usr/bin/iconv"};

Result<elf::Image> read_image(const Root& root, std::string_view path) {
  const UniqueFd fd = TRY(root.open_file(path, O_RDONLY | O_NONBLOCK));
  return elf::Image::open(fd.get(), root.shown(path));
}

Result<FamilyFile> read_file(const Root& root, std::string_view path) {
  const Found found = TRY(root.find_existing(path));
  const std::string shown = root.shown(found.path);
  const UniqueFd fd = TRY(open_at(found.dir.get(), found.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown));
  FamilyFile file;
  file.path = found.path;
  file.image = TRY(elf::Image::open(fd.get(), shown));
  file.version = TRY(elf::glibc_version(fd.get(), file.image, found.path));
  return file;
}

// Directories that may hold a libc, whatever the distribution: lib*, usr/lib*, and one level below.
std::vector<std::string> likely_dirs(const Root& root) {
  std::vector<std::string> dirs;
  for (const std::string top : {"", "usr/"}) {
    const auto top_fd = root.open_dir(str("/", top));
    const auto names = top_fd ? list_dir(top_fd->get(), root.shown(top)) : Result<std::vector<DirEntry>>();
    for (const DirEntry& entry : names.value_or(std::vector<DirEntry>())) {
      if (!entry.name.starts_with("lib"))
        continue;
      dirs.push_back(str(top, entry.name));
      const auto fd = root.open_dir(dirs.back());
      const std::string dir = dirs.back();
      const auto below = fd ? list_dir(fd->get(), root.shown(dir)) : Result<std::vector<DirEntry>>();
      for (const DirEntry& sub : below.value_or(std::vector<DirEntry>()))
        if (sub.name.contains("-linux-"))
          dirs.push_back(str(dir, '/', sub.name));
    }
  }
  return dirs;
}

// libc itself names the loader, being a program too: for roots that are nothing but a few packages.
Result<std::string> interpreter_from_libc(const Root& root) {
  std::string interp;
  bool is64 = false;
  for (const std::string& dir : likely_dirs(root)) {
    const auto image = read_image(root, str(dir, "/libc.so.6"));
    if (!image || image->interpreter.empty() || (is64 && !image->is64) || image->interpreter == interp)
      continue;
    if (!interp.empty() && is64 == image->is64)
      return with_status(
          fail("find glibc", root.path(), "there is more than one: for ", interp, " and for ", image->interpreter)
              .error(),
          Status::refused);
    interp = image->interpreter;
    is64 = image->is64;
  }
  return interp;
}

Result<std::string> find_interpreter(const Root& root) {
  for (const std::string_view program : witnesses) {
    const auto image = read_image(root, program);
    if (!image || image->interpreter.empty())
      continue;
    if (image->c_library() == elf::CLibrary::musl)
      return with_status(fail("find glibc", root.path(), "the programs of this root run on musl, not on glibc").error(),
                         Status::refused);
    return image->interpreter;
  }
  std::string interp = TRY(interpreter_from_libc(root));
  if (interp.empty())
    return with_status(fail("find glibc", root.path(), "no program and no libc.so.6 that could tell of it").error(),
                       Status::refused);
  return interp;
}

const elf::Arch* architecture_by_interpreter(std::string_view interp) {
  const auto rows = elf::architectures();
  const auto row = std::ranges::find(rows, interp, &elf::Arch::interpreter);
  return row == rows.end() ? nullptr : &*row;
}

std::vector<std::string> usual_dirs(const elf::Arch* arch) {
  if (arch == nullptr)
    return {"/lib", "/usr/lib"};
  return {str("/lib/", arch->triplet),
          str("/usr/lib/", arch->triplet),
          str("/", arch->lib64),
          str("/usr/", arch->lib64),
          "/lib",
          "/usr/lib"};
}

Result<> read_loader(const Root& root, GlibcFamily& family) {
  auto loader = read_file(root, family.interp);
  if (!loader) {
    family.faults.push_back(str("the loader ", family.interp, " cannot be read: ", message(loader.error())));
    return {};
  }
  if (loader->image.cut_short())
    family.faults.push_back(str("the loader ", loader->path, " is cut short"));
  const UniqueFd fd = TRY(root.open_file(loader->path));
  family.library_dirs = TRY(elf::read_loader_facts(fd.get(), loader->image, loader->path)).default_dirs;
  family.loader = std::move(*loader);
  return {};
}

void read_libc(const Root& root, GlibcFamily& family) {
  std::string why = "it is in none of the loader's directories";
  for (const std::string& dir : family.library_dirs) {
    auto libc = read_file(root, str(dir, "/libc.so.6"));
    if (!libc) {
      if (libc.error().code() != ENOENT && libc.error().code() != ENOTDIR)
        why = message(libc.error());
      continue;
    }
    if (family.loader && !libc->image.same_machine(family.loader->image)) {
      why = str(libc->path, " is for another machine");
      continue;
    }
    if (libc->image.cut_short())
      family.faults.push_back(str("libc.so.6 is cut short (", libc->path, ")"));
    family.libc = std::move(*libc);
    return;
  }
  family.faults.push_back(str("there is no usable libc.so.6: ", why));
}

// The loader and libc must come from one build.
void compare(GlibcFamily& family) {
  if (!family.loader || !family.libc)
    return;
  const auto& loader = family.loader->version;
  const auto& libc = family.libc->version;
  if (!libc)
    family.faults.push_back(str(family.libc->path, " does not say which glibc it is"));
  // The highest version name is only a lower bound of the release.
  const auto exact = [](const auto& version) {
    return version && version->source != elf::VersionSource::version_names;
  };
  if (!exact(loader) || !exact(libc))
    return;
  if (loader->version != libc->version)
    family.faults.push_back(str("the loader is of glibc ", loader->version, " and libc.so.6 of glibc ", libc->version));
  else if (!loader->package.empty() && !libc->package.empty() && loader->package != libc->package)
    family.faults.push_back(str("the loader is of ", loader->package, " and libc.so.6 of ", libc->package));
}

// --- What the programs need

// Below these there are no programs that a restore must serve, or no ELF files that a loader loads.
constexpr std::string_view unwatched[] = {"lib/modules",      "usr/lib/modules", "lib/firmware",
                                          "usr/lib/firmware", "usr/lib/debug",   "lib/debug"};

class NeedsScan {
 public:
  NeedsScan(const Root& root, const elf::Image& machine, const VersionNames& provides, std::vector<std::string>& unmet)
      : root_(root), machine_(machine), provides_(provides), unmet_(unmet) {}

  Result<> scan(const std::string& dir) {
    if (std::ranges::contains(unwatched, dir))
      return {};
    // One list after the other: a deep tree must not hold a descriptor for each level.
    std::vector<DirEntry> entries;
    {
      const auto found = root_.find(dir, Last::keep);
      if (!found || !found->exists || !S_ISDIR(found->info.st_mode))
        return {};
      const UniqueFd fd = TRY(root_.open_dir(dir));
      entries = TRY(list_dir(fd.get(), root_.shown(dir)));
      read_files(fd.get(), dir, entries);
    }
    for (const DirEntry& entry : entries)
      if (entry.type == DT_DIR || entry.type == DT_UNKNOWN)
        TRY(scan(str(dir, '/', entry.name)));
    return {};
  }

  VersionNames needs;

 private:
  void read_files(int dir_fd, const std::string& dir, const std::vector<DirEntry>& entries) {
    for (const DirEntry& entry : entries) {
      if (entry.type != DT_REG && entry.type != DT_UNKNOWN)
        continue;
      const auto fd = open_at(dir_fd, entry.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, entry.name);
      std::array<char, 4> head{};
      if (fd && pread_full(fd->get(), head, 0, entry.name).value_or(0) == head.size() &&
          elf::is_elf({head.data(), head.size()}))
        if (const auto image = elf::Image::open(fd->get(), entry.name); image && image->same_machine(machine_))
          add(*image, str(dir, '/', entry.name));
    }
  }

  void add(const elf::Image& image, const std::string& path) {
    for (const elf::VersionNeed& need : image.version_needs) {
      const auto provided = provides_.find(need.library);
      if (provided == provides_.end())
        continue;
      for (const elf::VersionName& version : need.versions) {
        if (version.weak)
          continue;
        const bool fresh = needs[need.library].insert(version.name).second;
        if (fresh && !provided->second.contains(version.name))
          unmet_.push_back(
              str(root_.shown(path), " needs ", version.name, " of ", need.library, ", which this root does not have"));
      }
    }
  }

  const Root& root_;
  const elf::Image& machine_;
  const VersionNames& provides_;
  std::vector<std::string>& unmet_;
};

}  // namespace

std::string GlibcFamily::version() const {
  return libc && libc->version ? libc->version->version : std::string();
}

Result<GlibcFamily> find_family(const Root& root) {
  GlibcFamily family;
  family.interp = TRY(find_interpreter(root));
  family.arch = architecture_by_interpreter(family.interp);
  TRY(read_loader(root, family));
  if (family.library_dirs.empty())
    family.library_dirs = usual_dirs(family.arch);
  read_libc(root, family);
  if (const FamilyFile* const any = family.libc ? &*family.libc : family.loader ? &*family.loader : nullptr)
    family.arch = elf::architecture_of(any->image);
  compare(family);
  return family;
}

bool is_for_machine(const Root& root, std::string_view path, const elf::Image& image) {
  const auto other = read_image(root, path);
  return other && other->same_machine(image);
}

Result<VersionNames> root_needs(const Root& root, const elf::Image& machine, const VersionNames& provides,
                                std::vector<std::string>& unmet) {
  NeedsScan scan(root, machine, provides, unmet);
  for (const std::string top : {"", "usr/"}) {
    const auto fd = root.open_dir(str("/", top));
    if (!fd)
      continue;
    for (const DirEntry& entry : TRY(list_dir(fd->get(), root.shown(top))))
      if (entry.name == "bin" || entry.name == "sbin" || entry.name.starts_with("lib"))
        TRY(scan.scan(str(top, entry.name)));
  }
  return std::move(scan.needs);
}

}  // namespace rescue
