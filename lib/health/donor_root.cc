// Files of the root itself: under another name, in a directory that was moved aside, or left by a package manager.
#include <algorithm>
#include <map>
#include <set>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/elf/arch.h"
#include "lib/health/donor_search.h"

namespace rescue {

namespace {

// Where people put what they move away.
constexpr std::string_view places[] = {"root", "", "usr", "opt", "tmp", "var/tmp", "home", "dev/shm"};

// File systems of the kernel's own.
constexpr std::string_view not_disks[] = {"proc", "sys", "dev"};

// Directories that every system has beside its library directories.
constexpr std::string_view usual_names[] = {"bin",   "sbin",    "lib",   "lib32", "lib64", "libx32",
                                            "share", "include", "local", "src",   "games", "libexec"};

// A file of a directory, as far as its name and its ELF headers tell.
struct Candidate {
  std::string name;
  ino_t inode = 0;
  dev_t device = 0;
  std::string soname;  // empty where it is no library
};

bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// dpkg unpacks to name.dpkg-new and keeps the old file as name.dpkg-tmp; rpm unpacks to "name;" and some hex digits.
bool is_leftover(std::string_view name, std::string_view of) {
  if (!name.starts_with(of))
    return false;
  name.remove_prefix(of.size());
  return name == ".dpkg-new" || name == ".dpkg-tmp" || (name.starts_with(';') && is_hex(name.substr(1)));
}

// From where to where a directory has to go back.
struct Aside {
  std::string from;
  std::string to;
};

class RootSearch {
 public:
  explicit RootSearch(DonorSearch& search) : search_(search), root_(search.root()) {}

  void run() {
    for (Request& request : search_.requests()) {
      if (!search_.is_open(request))
        continue;
      request_ = &request;
      seen_.clear();
      remember_own_place();
      look_in(directory_of(request.key));
      look_aside();
      for (const std::string& dir : library_dirs())
        look_in(dir);
      for (const std::string_view place : places)
        look_around(place);
    }
  }

 private:
  // What stands at the place already is what is to be replaced.
  void remember_own_place() {
    const auto found = root_.find(request_->wanted.path);
    if (found && found->exists)
      seen_.insert({found->info.st_dev, found->info.st_ino});
  }

  std::vector<std::string> library_dirs() const {
    std::vector<std::string> dirs;
    const elf::Arch* arch = request_->wanted.arch;
    for (const std::string_view top : {"", "usr/"}) {
      for (const std::string_view lib : {"lib", "lib64"})
        dirs.push_back(str(top, lib));
      if (arch != nullptr)
        dirs.push_back(str(top, "lib/", arch->triplet));
    }
    return dirs;
  }

  // The directory with what is in it; each is read once.
  const std::vector<Candidate>& read_dir(const std::string& path) {
    auto [known, is_new] = dirs_.try_emplace(path);
    if (!is_new)
      return known->second;
    const auto dir = root_.open_dir(path);
    const auto entries = dir ? list_dir(dir->get(), root_.shown(path)) : Result<std::vector<DirEntry>>();
    for (const DirEntry& entry : entries.value_or(std::vector<DirEntry>())) {
      struct stat info{};
      if ((entry.type != DT_REG && entry.type != DT_UNKNOWN) ||
          ::fstatat(dir->get(), entry.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(info.st_mode) ||
          info.st_size == 0)
        continue;
      Candidate candidate{entry.name, info.st_ino, info.st_dev, {}};
      const std::string shown = root_.shown(str(path, '/', entry.name));
      const auto fd = open_at(dir->get(), entry.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown);
      if (const auto image = fd ? elf::Image::open(fd->get(), shown) : std::unexpected(fd.error()))
        candidate.soname = image->soname;
      known->second.push_back(std::move(candidate));
    }
    return known->second;
  }

  bool fits(const Candidate& candidate) const {
    const std::string& soname = request_->wanted.soname;
    if (!soname.empty() && candidate.soname == soname)
      return true;
    // What is no library is known by its name alone.
    return candidate.name == request_->name || is_leftover(candidate.name, request_->name) ||
           (soname.empty() && candidate.name.starts_with(request_->name));
  }

  void look_in(std::string_view spelt, const Aside& aside = {}) {
    const auto dir = root_.find(spelt);
    if (!dir || !dir->exists || !S_ISDIR(dir->info.st_mode))
      return;
    const std::string path = dir->path;
    for (const Candidate& candidate : read_dir(path)) {
      if (!fits(candidate) || !seen_.insert({candidate.device, candidate.inode}).second)
        continue;
      offer(str(path, path.empty() ? "" : "/", candidate.name), trust_of(dir->info), aside);
    }
  }

  void offer(const std::string& path, Trust trust, const Aside& aside) {
    const auto found = root_.find_existing(path, Last::keep);
    if (!found)
      return;
    const std::string shown = root_.shown(path);
    const auto fd = open_at(found->dir.get(), found->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown);
    Donor donor;
    const auto read = fd ? read_donor(fd->get(), shown, donor) : std::unexpected(fd.error());
    if (!read)
      search_.note(message(read.error()));
    if (!read || !*read)
      return;
    const bool leftover = is_leftover(found->name, request_->name);
    donor.kind = leftover ? DonorKind::leftover : DonorKind::other_name;
    donor.where = leftover ? str(Printable(shown), ", left by a package manager that was interrupted")
                           : str("the file ", Printable(shown));
    donor.path = path;
    if (found->name == request_->name) {
      donor.aside_from = aside.from;
      donor.aside_to = aside.to;
    }
    search_.offer(*request_, std::move(donor), std::max(trust, trust_of(found->info)));
  }

  // Somebody may have renamed a directory on the way: /usr/lib64.bk. Its place is then empty, or there is another
  // directory by now; the rest of the path is found in one of its neighbours.
  void look_aside() {
    const std::string& key = request_->key;
    std::vector<std::string> spellings = {key};
    if (without_usr(key) != key)
      spellings.emplace_back(without_usr(key));
    for (const std::string& path : spellings)
      for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
        look_at_neighbours(path.substr(0, slash), path.substr(slash + 1));
  }

  void look_at_neighbours(const std::string& dir, std::string_view rest) {
    const std::string_view parent = directory_of(dir);
    const bool is_gone = !root_.exists(dir);
    for (const std::string& name : subdirectories(parent)) {
      const std::string neighbour = str(parent, parent.empty() ? "" : "/", name);
      if (neighbour == dir)
        continue;
      // A directory that belongs where it is was not moved aside, whatever is in it.
      const bool moved = is_gone && !std::ranges::contains(usual_names, name);
      look_in(directory_of(str(neighbour, '/', rest)), moved ? Aside{neighbour, dir} : Aside{});
    }
  }

  // Directories that are there themselves: a link leads to what is looked at anyway.
  std::vector<std::string> subdirectories(std::string_view path) {
    std::vector<std::string> names;
    const auto dir = root_.open_dir(path);
    const auto entries = dir ? list_dir(dir->get(), root_.shown(path)) : Result<std::vector<DirEntry>>();
    for (const DirEntry& entry : entries.value_or(std::vector<DirEntry>())) {
      struct stat info{};
      if (::fstatat(dir->get(), entry.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode))
        names.push_back(entry.name);
    }
    return names;
  }

  // The place itself, and a library directory that was moved there whole.
  void look_around(std::string_view place) {
    const bool is_system = place.empty() || place == "usr";
    if (!is_system)
      look_in(place);
    const std::string own_place(directory_of(request_->key));
    const bool is_gone = !root_.exists(own_place);
    for (const std::string& name : subdirectories(place)) {
      const std::string dir = str(place, place.empty() ? "" : "/", name);
      if (dir == own_place || std::ranges::contains(not_disks, dir) ||
          (is_system && std::ranges::contains(usual_names, name)))
        continue;
      for (const std::string& moved : {dir, str(dir, '/', base_name(own_place))})
        // One that is called like no library directory is looked at if the very name is in it.
        if (name.contains("lib") || name.contains("-linux-") || root_.exists(str(moved, '/', request_->name)))
          look_in(moved, is_gone ? Aside{moved, own_place} : Aside{});
    }
  }

  DonorSearch& search_;
  const Root& root_;
  Request* request_ = nullptr;
  std::map<std::string, std::vector<Candidate>> dirs_;
  std::set<std::pair<dev_t, ino_t>> seen_;  // of the current request
};

}  // namespace

void search_root(DonorSearch& search) {
  RootSearch(search).run();
}

}  // namespace rescue
