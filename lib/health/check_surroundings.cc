// What stands in the way of glibc, or of its repair: mounts, flags, space.
#include <algorithm>

#include <fcntl.h>
#include <sys/statvfs.h>

#include "lib/base/quote.h"
#include "lib/base/text.h"
#include "lib/bundle/settle.h"
#include "lib/bundle/state_dir.h"
#include "lib/fs/node.h"
#include "lib/health/checks.h"
#include "lib/health/places.h"

namespace rescue {

namespace {

class SurroundingsCheck {
 public:
  SurroundingsCheck(Patient& patient, Findings& findings) : p_(patient), findings_(findings) {}

  void run() {
    check_unfinished();
    std::vector<std::string> places = {"", p_.home, "var"};
    for (const std::string& place : places)
      check_file_system(place);
    if (const auto home = p_.root.find(p_.home, Last::keep); home && home->exists && !p_.home.empty())
      check_flags(*home);
    for (const Member& member : p_.members)
      check_member(member);
  }

 private:
  Finding& add(std::string_view id, Severity severity, unsigned weight, std::string_view path, std::string headline) {
    Finding finding;
    finding.id = id;
    finding.severity = severity;
    finding.weight = weight;
    finding.path = path;
    finding.headline = std::move(headline);
    findings_.push_back(std::move(finding));
    return findings_.back();
  }

  void check_unfinished() {
    const auto pending = latest_transaction(p_.root);
    if (!pending || (pending->progress != Progress::committing && pending->progress != Progress::undoing))
      return;
    Finding& finding = add("UNFINISHED_RESTORE", Severity::problem, 88, pending->dir,
                           str("an earlier change (", Printable(pending->what), ") broke off in the middle"));
    finding.stage = Stage::layout;
    finding.evidence.push_back(str("its journal is in ", Printable(pending->dir)));
    finding.repair = "finish it (or take it back: --undo)";
    finding.commands.push_back(p_.command("rescue-extract", str("--resume ", p_.root.path())));
  }

  void check_file_system(const std::string& place) {
    const auto dir = p_.root.open_dir(place);
    struct statvfs info{};
    struct stat self{};
    if (!dir || ::fstatvfs(dir->get(), &info) < 0 || ::fstat(dir->get(), &self) < 0)
      return;
    // One file system may be mounted twice, with flags of its own each time.
    const auto mount = std::pair(self.st_dev, info.f_flag);
    if (std::ranges::contains(seen_, mount))
      return;
    seen_.push_back(mount);
    const std::string shown = p_.shown(place);
    const std::string word = quoted(p_.root.shown(place), QuotingStyle::shell_escape);
    if ((info.f_flag & ST_RDONLY) != 0) {
      Finding& finding =
          add("READ_ONLY", Severity::note, 0, place, str("the file system of ", shown, " is mounted read-only"));
      finding.repair =
          "make it writable before a repair; where the system is meant to be so (an image), replace the image";
      finding.commands.push_back(str("mount -o remount,rw ", word));
    }
    if ((info.f_flag & ST_NOEXEC) != 0 && place != "var")
      add_noexec(place);
    const uint64_t free = static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
    const bool no_inodes = info.f_files != 0 && info.f_favail < 16;
    if ((info.f_flag & ST_RDONLY) == 0 && (free < (1 << 20) || no_inodes)) {
      Finding& finding = add("DISK_FULL", Severity::note, 0, place,
                             str("the file system of ", shown, " is full: ", human_size(free), " and ",
                                 info.f_files == 0 ? 0 : info.f_favail, " inodes are free"));
      finding.repair = "make room: old logs, package caches, deleted files that processes keep open";
    }
  }

  void add_noexec(const std::string& place) {
    Finding& finding =
        add("NOEXEC", Severity::fatal, 72, place,
            str("the file system of ", p_.shown(place), " is mounted noexec, so that no program can use it"));
    finding.repair = "mount it without noexec";
    finding.commands.push_back(
        str("mount -o remount,bind,exec ", quoted(p_.root.shown(place), QuotingStyle::shell_escape)));
  }

  void check_member(const Member& member) {
    const auto found = p_.root.find(member.path(), Last::keep);
    if (!found || !found->exists)
      return;
    if (is_mount_point(found->dir.get(), found->name)) {
      const bool bad = !member.is_whole(p_.machine());
      struct statvfs info{};
      const auto file = p_.root.open_file(member.path(), O_RDONLY | O_NONBLOCK);
      if (file && ::fstatvfs(file->get(), &info) == 0 && (info.f_flag & ST_NOEXEC) != 0)
        add_noexec(member.path());
      Finding& finding = add("MOUNTED_OVER", bad ? Severity::fatal : Severity::note, 82, member.path(),
                             str("something is mounted on ", p_.shown(member.path()), ", which hides the file itself"));
      finding.repair = "unmount that, and look again";
      finding.commands.push_back(str("umount ", quoted(p_.root.shown(member.path()), QuotingStyle::shell_escape)));
      if (bad)
        p_.claimed.insert(member.path());
    }
    if (member.kind == NodeKind::file)
      check_flags(*found);
  }

  void check_flags(const Found& found) {
    const auto flags = inode_flags(found.dir.get(), found.name, found.path);
    if (flags && *flags && (**flags & protecting_flags) != 0)
      add("IMMUTABLE", Severity::note, 0, found.path,
          str(p_.shown(found.path), " is immutable or append-only; a repair lifts that and puts it back"));
  }

  Patient& p_;
  Findings& findings_;
  std::vector<std::pair<dev_t, unsigned long>> seen_;
};

}  // namespace

void check_surroundings(Patient& patient, Findings& findings) {
  SurroundingsCheck(patient, findings).run();
}

}  // namespace rescue
