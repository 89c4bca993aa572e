// Modes and owners that keep users or programs out, by what every distribution has.
#include <algorithm>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/bundle/state_dir.h"
#include "lib/health/checks.h"
#include "lib/health/places.h"

namespace rescue {

namespace {

class AttributesCheck {
 public:
  AttributesCheck(Patient& patient, Findings& findings) : p_(patient), findings_(findings) {}

  void run() {
    for (const std::string& dir : p_.real_dirs)
      check_directory(dir);
    for (const std::string& dir : p_.real_dirs)
      check_files(dir);
    check_links();
    if (!p_.home.empty())
      check_below(p_.home);
  }

 private:
  void add(const std::string& path, const struct stat& info, const Attributes& wanted) {
    Finding finding = finding_of_attributes(p_, path, {info.st_mode & 07777U, info.st_uid, info.st_gid}, wanted);
    finding.evidence.push_back(
        str("mode ", to_octal(info.st_mode & 07777U), ", owner ", info.st_uid, ':', info.st_gid));
    if (S_ISREG(info.st_mode) && info.st_nlink > 1)
      add_successor(p_, finding, path, wanted, {});
    else
      finding.steps.push_back(attributes_step(path, info, wanted));
    p_.claimed.insert(path);
    findings_.push_back(std::move(finding));
  }

  // The directories down to the libraries must let everybody through, and nobody else write.
  void check_directory(const std::string& dir) {
    for (std::string path = dir;; path = dir_name(path)) {
      const auto found = p_.root.find(path, Last::keep);
      if (found && found->exists && S_ISDIR(found->info.st_mode) && !p_.is_claimed(path) && is_odd(found->info, 0555))
        add(path, found->info, {0755, 0, 0});
      if (!path.contains('/'))
        return;
    }
  }

  static bool is_odd(const struct stat& info, mode_t needed) {
    return (info.st_mode & needed) != needed || info.st_uid != 0 || (info.st_mode & 0022) != 0 ||
           (info.st_mode & 06000) != 0;
  }

  // Libraries, glibc's and others'. Those of Debian are not executable, but for the loader and libc.
  void check_files(const std::string& dir) {
    const auto fd = p_.root.open_dir(dir);
    const auto entries = fd ? list_dir(fd->get(), dir) : Result<std::vector<DirEntry>>(std::unexpected(fd.error()));
    if (!entries)
      return;
    for (const DirEntry& entry : *entries) {
      if (!entry.name.contains(".so") || (entry.type != DT_REG && entry.type != DT_UNKNOWN))
        continue;
      struct stat info{};
      const std::string path = join_path(dir, entry.name);
      if (::fstatat(fd->get(), entry.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(info.st_mode) ||
          p_.is_claimed(path))
        continue;
      const bool loader = is_loader_name(entry.name);
      const bool odd = is_odd(info, loader ? 0555 : 0444);
      if (odd && (loader || is_library(path)))
        add(path, info, usual_attributes(p_, path));
    }
  }

  // A link has an owner too; it is changed by putting it there again.
  void check_links() {
    for (const Member& member : p_.members) {
      const std::string path = member.path();
      if (member.kind != NodeKind::link || (member.info.st_uid == 0 && member.info.st_gid == 0) || p_.is_claimed(path))
        continue;
      Finding finding =
          finding_at(p_, path, NodeKind::link,
                     {"WRONG_OWNER", str("belongs to ", member.info.st_uid, ':', member.info.st_gid), false});
      finding.repair = "give it to root";
      finding.commands.push_back(p_.command("chown", str("-h 0:0 ", p_.shown(path))));
      finding.steps.push_back(link_step(p_, path, member.link));
      p_.claimed.insert(path);
      findings_.push_back(std::move(finding));
    }
  }

  // Modules of PAM, of ciphers, of character sets: in directories of their own below that of glibc.
  void check_below(const std::string& dir) {
    const auto fd = p_.root.open_dir(dir);
    const auto entries = fd ? list_dir(fd->get(), dir) : Result<std::vector<DirEntry>>(std::unexpected(fd.error()));
    for (const DirEntry& entry : entries.value_or(std::vector<DirEntry>())) {
      if (entry.type == DT_LNK)
        continue;
      struct stat info{};
      const std::string path = join_path(dir, entry.name);
      if (::fstatat(fd->get(), entry.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0)
        continue;
      const mode_t needed = S_ISDIR(info.st_mode) ? 0555 : 0444;
      const bool odd = (info.st_mode & needed) != needed || info.st_uid != 0;
      if (S_ISDIR(info.st_mode)) {
        if (odd && !p_.is_claimed(path))
          add(path, info, {0755, 0, 0});
        check_below(path);
      } else if (S_ISREG(info.st_mode) && odd && entry.name.contains(".so") && !p_.is_claimed(path) &&
                 is_library(path)) {
        add(path, info, usual_attributes(p_, path));
      }
    }
  }

  bool is_library(const std::string& path) const {
    const auto found = p_.root.find(path, Last::keep);
    const auto file = found && found->exists ? elf::read_library(p_.root, *found) : nullptr;
    return file && !file->error;
  }

  Patient& p_;
  Findings& findings_;
};

}  // namespace

void check_attributes(Patient& patient, Findings& findings) {
  AttributesCheck(patient, findings).run();
}

}  // namespace rescue
