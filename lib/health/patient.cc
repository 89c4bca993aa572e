#include "lib/health/patient.h"

#include <algorithm>
#include <array>

#include <fcntl.h>

#include "lib/base/kit.h"
#include "lib/base/quote.h"
#include "lib/base/text.h"
#include "lib/bundle/family.h"
#include "lib/bundle/programs.h"
#include "lib/bundle/state_dir.h"
#include "lib/elf/abi.h"

namespace rescue {

namespace {

// Names of the family up to ".so" or the version.
constexpr std::string_view stems[] = {"libc",
                                      "libm",
                                      "libmvec",
                                      "libpthread",
                                      "libdl",
                                      "librt",
                                      "libutil",
                                      "libanl",
                                      "libresolv",
                                      "libnss_files",
                                      "libnss_dns",
                                      "libnss_compat",
                                      "libnss_hesiod",
                                      "libnsl",
                                      "libthread_db",
                                      "libBrokenLocale",
                                      "libc_malloc_debug",
                                      "libSegFault",
                                      "libmemusage",
                                      "libpcprofile"};

std::string_view stem_of(std::string_view name) {
  return name.substr(0, name.find_first_of(".-"));
}

// "2.31" of "libm-2.31.so".
std::string_view version_in_name(std::string_view name) {
  const size_t dash = name.find('-');
  if (dash == std::string_view::npos || !name.ends_with(".so"))
    return {};
  const std::string_view number = name.substr(dash + 1, name.size() - dash - 4);
  // libthread_db-1.0.so has a version of its own.
  const bool plain = number.find_first_not_of("0123456789.") == std::string_view::npos && number.contains('.');
  return plain && !name.starts_with("libthread_db") ? number : std::string_view();
}

// What the links of a path lead to, as an open file; null where there is nothing that could be opened.
std::unique_ptr<elf::Library> file_at(const Root& root, std::string_view path) {
  const auto found = root.find(path);
  return found && found->exists && S_ISREG(found->info.st_mode) ? elf::read_library(root, *found) : nullptr;
}

class Looking {
 public:
  explicit Looking(Patient& patient) : p_(patient), root_(patient.root) {}

  void run() {
    p_.os = read_os_release(root_);
    look_at_programs();
    look_at_top();
    find_directories();
    for (const std::string& dir : p_.real_dirs)
      find_members(dir);
    settle_machine();
    choose_home();
    choose_version();
    read_packages();
  }

 private:
  void look_at_programs() {
    p_.sample = sample_program(root_);
    if (p_.sample) {
      p_.is_musl = p_.sample->image.c_library() == elf::CLibrary::musl;
      p_.interp = p_.sample->image.interpreter;
      p_.arch = elf::architecture_of(p_.sample->image);
      return;
    }
    if (const auto family = find_family(root_)) {
      p_.interp = family->interp;
      p_.arch = family->arch;
    }
  }

  void look_at_top() {
    int links = 0;
    for (const std::string name : {"bin", "sbin", "lib", "lib64"}) {
      const auto found = root_.find(name, Last::keep);
      if (!found || !found->exists || !S_ISLNK(found->info.st_mode))
        continue;
      const auto text = root_.read_link(name);
      links += text &&
               (*text == str("usr/", name) || *text == str("/usr/", name) || *text == "usr/bin" || *text == "usr/lib");
    }
    // Where all of these links are lost, usr/bin/sh tells: an unmerged system has its shell in /bin alone.
    const auto bin = root_.find("bin", Last::keep);
    const bool lost = bin && !bin->exists && root_.exists("usr/bin/sh");
    p_.merged = links > 0 || lost;
  }

  void find_directories() {
    if (!p_.interp.empty())
      if (const auto found = root_.find(p_.interp); found && found->exists && S_ISREG(found->info.st_mode))
        if (const auto loader = elf::read_library(root_, *found); is_sound_loader(loader.get()))
          if (const auto fd = root_.open_file(found->path, O_RDONLY | O_NONBLOCK))
            if (auto facts = elf::read_loader_facts(fd->get(), loader->image, found->path))
              p_.library_dirs = std::move(facts->default_dirs);
    if (p_.library_dirs.empty())
      p_.library_dirs = elf::likely_default_dirs(p_.arch);
    for (const std::string& dir : p_.library_dirs)
      add_directory(dir);
    // A loader of another distribution looks elsewhere than this system's libraries are.
    const auto has_libc = [&](const std::string& dir) {
      const auto found = root_.find(str(dir, "/libc.so.6"), Last::keep);
      return found && found->exists;
    };
    if (std::ranges::none_of(p_.real_dirs, has_libc))
      for (const std::string& dir : elf::likely_default_dirs(p_.arch))
        if (has_libc(dir))
          add_directory(dir);
  }

  void add_directory(const std::string& dir) {
    const auto found = root_.find(dir);
    if (found && found->exists && S_ISDIR(found->info.st_mode) && !std::ranges::contains(p_.real_dirs, found->path))
      p_.real_dirs.push_back(found->path);
  }

  bool is_sound_loader(const elf::Library* loader) const {
    return loader != nullptr && !loader->error && !loader->image.truncated() &&
           (!p_.sample || loader->image.same_machine(p_.sample->image));
  }

  void find_members(const std::string& dir) {
    const auto fd = root_.open_dir(dir);
    const auto entries = fd ? list_dir(fd->get(), dir) : Result<std::vector<DirEntry>>(std::unexpected(fd.error()));
    if (!entries)
      return;
    for (const DirEntry& entry : *entries)
      if (is_family_name(entry.name))
        add_member(fd->get(), dir, entry.name);
  }

  void add_member(int fd, const std::string& dir, const std::string& name) {
    Member member;
    member.dir = dir;
    member.name = name;
    if (::fstatat(fd, name.c_str(), &member.info, AT_SYMLINK_NOFOLLOW) < 0)
      return;
    member.kind = kind_of(member.info.st_mode);
    if (member.kind == NodeKind::link)
      member.link = read_link_at(fd, name, name).value_or("");
    if (member.kind == NodeKind::link || member.kind == NodeKind::file)
      member.file = file_at(root_, member.path());
    if (member.kind == NodeKind::file)
      read_version(member);
    p_.members.push_back(std::move(member));
  }

  void read_version(Member& member) {
    member.version = version_in_name(member.name);
    if ((!is_libc_name(member.name) && !is_loader_name(member.name)) || !member.file || member.file->error)
      return;
    const auto fd = root_.open_file(member.path(), O_RDONLY | O_NONBLOCK);
    if (!fd)
      return;
    const auto version = elf::glibc_version(fd->get(), member.file->image, member.path());
    if (version && *version && (*version)->source != elf::VersionSource::version_names) {
      member.version = (*version)->version;
      member.package = (*version)->package;
    }
  }

  // Without a program that could tell, the libc itself must.
  void settle_machine() {
    if (p_.sample)
      return;
    for (const Member& member : p_.members)
      if (is_libc_name(member.name) && member.kind == NodeKind::file && member.is_whole(nullptr)) {
        p_.sample = file_at(root_, member.path());
        p_.arch = elf::architecture_of(p_.sample->image);
        return;
      }
  }

  // A link to another directory, as /lib64/ld-linux-x86-64.so.2 of Debian, says that glibc is there.
  void choose_home() {
    std::map<std::string, int, std::less<>> count;
    std::string led_to;
    for (const Member& member : p_.members)
      if (member.kind == NodeKind::link && member.link.contains('/'))
        led_to = dir_name(member.link);
      else if (member.kind == NodeKind::file || member.kind == NodeKind::link)
        ++count[member.dir];
    int most = 0;
    for (const std::string& dir : p_.real_dirs)
      if (count[dir] > most) {
        most = count[dir];
        p_.home = dir;
      }
    if (p_.home.empty() && led_to.starts_with('/'))
      if (const auto found = root_.find(led_to))
        p_.home = found->path;
  }

  // Most files of the family tell; ldconfig, which is no library, is told of more than once because nobody replaces
  // it by hand.
  void choose_version() {
    std::map<std::string, int, std::less<>> votes;
    for (const Member& member : p_.members)
      if (!member.version.empty() && member.is_whole(p_.machine()))
        ++votes[member.version];
    for (const std::string_view path : {"sbin/ldconfig", "usr/sbin/ldconfig", "usr/bin/ldconfig"}) {
      const auto bytes = root_.read_file(path, 16 << 20);
      if (const auto banner = bytes ? elf::find_banner(*bytes) : std::nullopt) {
        votes[banner->version] += 3;
        break;
      }
    }
    int most = 0;
    for (const auto& [version, count] : votes)
      if (count > most) {
        most = count;
        p_.version = version;
      }
  }

  // What the package manager says is installed settles it, as long as it knows of a libc.
  void read_packages() {
    auto packages = PackageDb::open(root_);
    if (!packages) {
      p_.notes.push_back(str("the package database cannot be read: ", message(packages.error())));
      return;
    }
    p_.packages = std::move(*packages);
    const auto libc = p_.packages ? p_.packages->libc_package() : std::nullopt;
    if (!libc || !p_.packages->packages()[*libc].installed)
      return;
    p_.build = p_.packages->packages()[*libc].version;
    if (const std::string_view release = upstream_version(p_.build); !release.empty())
      p_.version = release;
  }

  Patient& p_;
  const Root& root_;
};

}  // namespace

bool Member::is_whole(const elf::Image* like) const {
  return file != nullptr && !file->error && !file->image.damage && !file->image.truncated() &&
         file->image.linkage() == elf::Linkage::library && (like == nullptr || file->image.same_machine(*like));
}

bool Member::is_stray(std::string_view release) const {
  const std::string_view of_name = version_in_name(name);
  return kind == NodeKind::file && !of_name.empty() && !release.empty() && of_name != release;
}

const Member* Patient::member(std::string_view dir, std::string_view name) const {
  const auto found = std::ranges::find_if(members, [&](const Member& m) { return m.dir == dir && m.name == name; });
  return found == members.end() ? nullptr : &*found;
}

bool Patient::is_claimed(std::string_view path) const {
  if (claimed.contains(path))
    return true;
  for (size_t slash = path.rfind('/'); slash != std::string_view::npos; slash = path.rfind('/', slash - 1)) {
    if (claimed.contains(str(path.substr(0, slash), "/")))
      return true;
    if (slash == 0)
      break;
  }
  return false;
}

std::string Patient::printable_path(std::string_view path) const {
  return printable(root.shown(path));
}

std::string Patient::command(std::string_view name, std::string_view words) const {
  const std::string bin = kit_path("bin");
  return str(bin.empty() ? std::string() : str(bin, '/'), name, ' ', words);
}

bool is_loader_name(std::string_view name) {
  if (elf::is_loader_soname(name))
    return true;
  return name.starts_with("ld-") && !version_in_name(name).empty();
}

bool is_libc_name(std::string_view name) {
  return elf::is_libc_soname(name) || (name.starts_with("libc-") && !version_in_name(name).empty());
}

bool is_family_name(std::string_view name) {
  if (elf::is_glibc_soname(name) || is_loader_name(name))
    return true;
  if (!std::ranges::contains(stems, stem_of(name)) || !name.contains(".so"))
    return false;
  // Behind ".so" there are numbers: a copy (libc.so.6.bak) answers to no soname.
  const std::string_view end = name.substr(name.find(".so") + 3);
  return end.find_first_not_of(".0123456789") == std::string_view::npos && name != "libc.so" && name != "libm.so";
}

std::string join_path(std::string_view dir, std::string_view name) {
  return dir.empty() ? std::string(name) : str(dir, '/', name);
}

Patient look_at(const Root& root, const DoctorOptions& options) {
  Patient patient(root, options);
  Looking(patient).run();
  return patient;
}

}  // namespace rescue
