#include "lib/elf/directory_scan.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/base/text_index.h"
#include "lib/elf/glibc.h"
#include "lib/elf/library_head.h"
#include "lib/fs/directory.h"

namespace rescue::elf {

namespace {

constexpr unsigned max_links = 40;

// A file that a name of the directory leads to, links followed.
struct File {
  bool exists = false;
  int error = ENOENT;  // why not
  dev_t device = 0;
  ino_t inode = 0;
  mode_t mode = 0;
  uint32_t number = 0;  // a name that leads to it, for messages
  std::optional<LibraryHead> head;
  std::optional<Error> complaint;
};

bool looks_like_library(std::string_view name) {
  return (name.starts_with("lib") || name.starts_with("ld-")) && name.find(".so") != std::string_view::npos;
}

// Files of prelink and of package managers in the middle of their work.
bool is_temporary(std::string_view name, const CacheStyle& style) {
  constexpr std::string_view prelink = ".#prelink#";
  constexpr size_t suffix = 7;  // ".XXXXXX"
  if (name.ends_with(prelink) || (name.size() >= prelink.size() + suffix &&
                                  name.substr(name.size() - prelink.size() - suffix).starts_with(".#prelink#.")))
    return true;
  return style.skips_temporaries &&
         (name.find(';') != std::string_view::npos || name.ends_with(".dpkg-new") || name.ends_with(".dpkg-tmp"));
}

class Scan {
 public:
  Scan(const Root& root, const LibraryDir& dir, const CacheStyle& style, bool make_links, const AssumedLinks& assumed,
       const AuxCache& known)
      : root_(root), dir_(dir), style_(style), make_links_(make_links), assumed_(assumed), known_(known) {}

  Result<ScanResult> run() {
    TRY(list());
    for (uint32_t number = 0; number < names_.size(); ++number)
      take(number);
    finish();
    return std::move(result_);
  }

  Result<ScanResult> run_one(const std::string& name) {
    TRY(list());
    const uint32_t number = numbers_.find(name);
    if (number == TextIndex::none)
      return fail("find", root_.shown(path_of(name)), ENOENT);
    if (names_[number].second != DT_REG)
      return fail("make its link", root_.shown(path_of(name)), "is not a regular file");
    File& file = look(number);
    if (file.complaint)
      return std::unexpected(*file.complaint);
    if (!file.head)
      return fail("make its link", root_.shown(path_of(name)), "is not a library");
    add(name, file, false);
    finish();
    return std::move(result_);
  }

 private:
  struct Winner {
    std::string soname;
    std::string name;
    bool is_link = false;
    const File* file = nullptr;
    int32_t flags = 0;  // of the first file with the soname: ldconfig keeps them, but see settle_flags()
  };

  std::string path_of(std::string_view name) const { return str(dir_.path, '/', name); }
  std::string shown(const File& file) const { return root_.shown(path_of(names_[file.number].first)); }
  std::string found_path_of(std::string_view name) const {
    return dir_.found.empty() ? std::string(name) : str(dir_.found, '/', name);
  }

  Result<> list();
  void take(uint32_t number);
  void stale(const std::string& name, const File& file);
  void add(const std::string& name, const File& file, bool is_link);
  bool is_platform(std::string_view name) const {
    return style_.legacy_hwcaps && dir_.hwcaps.empty() && legacy_hwcap_bit(style_, name).has_value();
  }

  File& look(uint32_t number);
  File& follow(uint32_t number);
  File& here(uint32_t number);
  File& elsewhere(uint32_t number);
  bool is_known(File& file, int dir, const std::string& name) const;
  void read(File& file, int dir, const std::string& name);

  void finish();
  void plan_link(const Winner& winner, ScannedDirectory::Entry& entry);
  void put_link(const std::string& name, std::string target);

  const Root& root_;
  const LibraryDir& dir_;
  const CacheStyle& style_;
  bool make_links_;
  const AssumedLinks& assumed_;
  const AuxCache& known_;
  UniqueFd fd_;
  std::vector<std::pair<std::string, uint8_t>> names_;  // in the directory's own order, which decides among equals
  TextIndex numbers_;                                   // of these names
  std::vector<std::unique_ptr<File>> files_;            // by number: what is read once
  std::vector<File*> leads_;                            // by number: where a name leads to
  File absent_, circle_;
  std::vector<Winner> winners_;  // in the order in which their sonames were seen first
  TextIndex sonames_;            // of these
  ScanResult result_;
};

Result<> Scan::list() {
  fd_ = TRY(root_.open_dir(str('/', dir_.found)));
  const std::string shown = root_.shown(dir_.path);
  DirectoryReader reader(fd_.get(), shown);
  names_.reserve(256);
  while (TRY(reader.next())) {
    if (is_dot_or_dot_dot(reader.name()))
      continue;
    uint8_t type = reader.type();
    struct stat info{};
    if (type == DT_UNKNOWN && ::fstatat(fd_.get(), reader.name().data(), &info, AT_SYMLINK_NOFOLLOW) == 0)
      type = static_cast<uint8_t>(IFTODT(info.st_mode));
    names_.emplace_back(reader.name(), type);
  }
  numbers_.reserve(names_.size());
  for (size_t i = 0; i < names_.size();) {
    if (numbers_.add(names_[i].first) == i) {
      ++i;
      continue;
    }
    // Where others change the directory meanwhile, a name can come twice.
    names_.erase(names_.begin() + static_cast<ptrdiff_t>(i));
    numbers_ = {};
    numbers_.reserve(names_.size());
    i = 0;
  }
  files_.resize(numbers_.size());
  leads_.resize(numbers_.size());
  winners_.reserve(numbers_.size());
  circle_.error = ELOOP;
  return {};
}

bool Scan::is_known(File& file, int dir, const std::string& name) const {
  struct stat info{};
  if (known_.empty() || ::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(info.st_mode))
    return false;
  file.device = info.st_dev;
  file.inode = info.st_ino;
  file.mode = info.st_mode;
  file.head = known_.find(info);
  return file.head.has_value();
}

// Opens and reads what should be a regular file.
void Scan::read(File& file, int dir, const std::string& name) {
  if (is_known(file, dir, name))
    return;
  const std::string path = shown(file);
  const auto fd = open_at(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, path);
  struct stat info{};
  if (!fd || ::fstat(fd->get(), &info) < 0) {
    file.complaint = fd ? fail("look at", path).error() : fd.error();
    return;
  }
  file.device = info.st_dev;
  file.inode = info.st_ino;
  file.mode = info.st_mode;
  if (!S_ISREG(info.st_mode))
    return;
  auto head = read_library_head(fd->get(), static_cast<uint64_t>(info.st_size), path, style_);
  if (head)
    file.head = std::move(*head);
  else
    file.complaint = std::move(head).error();
}

File& Scan::here(uint32_t number) {
  if (files_[number])
    return *files_[number];
  const auto& [name, type] = names_[number];
  File& file = *(files_[number] = std::make_unique<File>());
  file.exists = true;
  file.mode = DTTOIF(type);
  file.number = number;
  if (type == DT_REG)
    read(file, fd_.get(), name);
  return file;
}

// A link that leads out of the directory.
File& Scan::elsewhere(uint32_t number) {
  if (files_[number])
    return *files_[number];
  const std::string& name = names_[number].first;
  File& file = *(files_[number] = std::make_unique<File>());
  file.number = number;
  const auto found = root_.find(found_path_of(name), Last::follow, &assumed_);
  if (!found || !found->exists) {
    file.error = found ? ENOENT : found.error().code();
    return file;
  }
  file.exists = true;
  file.device = found->info.st_dev;
  file.inode = found->info.st_ino;
  file.mode = found->info.st_mode;
  if (S_ISREG(file.mode))
    read(file, found->dir.get(), found->name);
  return file;
}

// What a name of this directory leads to. Nearly all links lead to another name in it.
File& Scan::look(uint32_t number) {
  if (leads_[number] == nullptr)
    leads_[number] = &follow(number);
  return *leads_[number];
}

File& Scan::follow(uint32_t number) {
  for (unsigned depth = 0; depth < max_links; ++depth) {
    const auto& [name, type] = names_[number];
    if (type != DT_LNK)
      return here(number);
    const auto target = read_link_at(fd_.get(), name, name);
    if (!target || target->contains('/') || is_dot_or_dot_dot(*target))
      return elsewhere(number);
    number = numbers_.find(*target);
    if (number == TextIndex::none)
      return absent_;
  }
  return circle_;
}

void Scan::take(uint32_t number) {
  const auto& [name, type] = names_[number];
  if (type != DT_LNK && type != DT_REG && type != DT_DIR)
    return;
  // In a glibc-hwcaps subdirectory, ldconfig takes links of any name.
  if (!looks_like_library(name) && (type == DT_REG || (dir_.hwcaps.empty() && !is_platform(name))))
    return;
  if (is_temporary(name, style_))
    return;
  const bool is_link = type == DT_LNK;
  if (type == DT_DIR) {
    if (is_platform(name))
      result_.subdirs.push_back(name);
    return;
  }
  const File& file = look(number);
  if (is_link && !file.exists)
    return stale(name, file);
  if (S_ISDIR(file.mode) && is_platform(name)) {
    result_.subdirs.push_back(name);
    return;
  }
  if (file.complaint) {
    if (!is_link || file.complaint->path() == root_.shown(path_of(name)))
      result_.warnings.push_back(message(*file.complaint));
    return;
  }
  if (file.head)
    add(name, file, is_link);
}

// What ldconfig writes as the kind of a soname when a better file for it has other flags than the one so far: those of
// the new one only where one of the two does not tell which libc it is for (1), and the other one does (2, 3).
int32_t settle_flags(int32_t before, int32_t now) {
  const auto tells = [](int32_t flags) { return flags == 2 || flags == 3; };
  return (before == 1 && tells(now)) || (tells(before) && now == 1) ? now : before;
}

// ldconfig removes links that lead nowhere. We only do where that is certain: not on a disk that fails.
void Scan::stale(const std::string& name, const File& file) {
  const std::string shown = root_.shown(path_of(name));
  if (file.error != ENOENT && file.error != ENOTDIR && file.error != ELOOP) {
    result_.warnings.push_back(message(fail("follow link", shown, file.error).error()));
    return;
  }
  result_.remarks.push_back(str(Printable(shown), ": leads nowhere"));
  if (make_links_ && name.find(".so.") != std::string::npos)
    result_.links.push_back({found_path_of(name), {}});
}

void Scan::add(const std::string& name, const File& file, bool is_link) {
  std::string soname = file.head->soname.value_or(name);
  // A link by its soname, and the .so for the linker, stand for themselves; any other is as good as a file.
  if (is_link && name != soname && !(name.ends_with(".so") && soname.starts_with(name)))
    is_link = false;
  if (is_link)
    soname = name;
  const uint32_t known = sonames_.find(soname);
  if (known == TextIndex::none) {
    // There is room for one of each name, so that they stay where they are.
    winners_.push_back({std::move(soname), name, is_link, &file, file.head->flags});
    sonames_.add(winners_.back().soname);
    return;
  }
  Winner& winner = winners_[known];
  if ((!is_link && winner.is_link) || (is_link == winner.is_link && compare_library_names(winner.name, name) < 0)) {
    winner.name = name;
    winner.is_link = is_link;
    winner.file = &file;
    winner.flags = settle_flags(winner.flags, file.head->flags);
  }
}

void Scan::put_link(const std::string& name, std::string target) {
  const std::string path = found_path_of(name);
  std::erase_if(result_.links, [&](const LinkChange& change) { return change.path == path; });
  result_.links.push_back({path, std::move(target)});
}

void Scan::plan_link(const Winner& winner, ScannedDirectory::Entry& entry) {
  const std::string& soname = winner.soname;
  if (!make_links_ || soname.empty())
    return;
  if (soname.find('/') != std::string::npos || is_dot_or_dot_dot(soname)) {
    // glibc's would make the link, wherever that leads.
    result_.warnings.push_back(
        str(shown(*winner.file), ": calls itself ", Printable(soname), ", which is no file name: no link is made"));
    entry.skipped = true;
    return;
  }
  const uint32_t number = numbers_.find(soname);
  const File* there = number != TextIndex::none ? &look(number) : nullptr;
  if (there != nullptr && there->exists) {
    if (there->device == winner.file->device && there->inode == winner.file->inode)
      return;
    if (style_.keeps_loader_link && is_loader_soname(soname)) {
      result_.warnings.push_back(str(shown(*winner.file), ": is a loader, whose link is left alone"));
      return;
    }
    if (names_[number].second != DT_LNK) {
      result_.warnings.push_back(str(root_.shown(path_of(soname)), ": is not a symbolic link: left alone"));
      return;
    }
  }
  entry.changes = true;
  put_link(soname, winner.name);
}

void Scan::finish() {
  const uint64_t legacy = style_.legacy_hwcaps && dir_.hwcaps.empty() ? legacy_hwcaps_of(style_, dir_.path) : 0;
  result_.lines.reserve(winners_.size());
  result_.entries.reserve(winners_.size());
  for (auto winner = winners_.rbegin(); winner != winners_.rend(); ++winner) {
    const LibraryHead& head = *winner->file->head;
    ScannedDirectory::Entry entry{winner->soname, winner->name, false, false, winner->is_link};
    if (dir_.hwcaps.empty() && !winner->is_link)
      plan_link(*winner, entry);
    CacheLine line;
    line.soname = winner->soname;
    // The link is named, so that an update of the library needs no new cache; in glibc-hwcaps there are no links.
    line.path = path_of(dir_.hwcaps.empty() ? winner->soname : winner->name);
    line.flags = winner->flags == 1 && style_.old_libcs ? dir_.flags : winner->flags;
    line.os_version = head.os_version;
    line.legacy_hwcap = legacy;
    line.hwcaps = dir_.hwcaps;
    line.isa_level = head.isa_level;
    result_.lines.push_back(std::move(line));
    result_.entries.push_back(std::move(entry));
  }
}

}  // namespace

Result<ScanResult> scan_directory(const Root& root, const LibraryDir& dir, const CacheStyle& style, bool make_links,
                                  const AssumedLinks& assumed, const AuxCache& known) {
  return Scan(root, dir, style, make_links, assumed, known).run();
}

Result<ScanResult> scan_file(const Root& root, const LibraryDir& dir, const std::string& name,
                             const CacheStyle& style) {
  return Scan(root, dir, style, true, {}, {}).run_one(name);
}

}  // namespace rescue::elf
