// Libraries of another glibc where the loader looks first, or where the next ldconfig would turn a link to.
#include <algorithm>

#include <fcntl.h>

#include "lib/base/text.h"
#include "lib/bundle/state_dir.h"
#include "lib/elf/cache_plan.h"
#include "lib/health/checks.h"
#include "lib/health/places.h"

namespace rescue {

namespace {

class ShadowCheck {
 public:
  ShadowCheck(Patient& patient, Findings& findings) : p_(patient), findings_(findings) {}

  void run() {
    for (const Member& member : p_.members)
      look_at_own(member);
    auto plan = elf::plan_cache(p_.root);
    if (!plan)
      return;
    for (const elf::ScannedDirectory& dir : plan->directories)
      look_into(dir);
    p_.link_changes = std::move(plan->links);
  }

 private:
  void look_into(const elf::ScannedDirectory& dir) {
    const auto real = p_.root.find(dir.path);
    if (!real || !real->exists)
      return;
    const bool own = dir.hwcaps.empty() && dir.legacy_hwcaps == 0 && std::ranges::contains(p_.real_dirs, real->path);
    for (const elf::ScannedDirectory::Entry& entry : dir.entries)
      if (elf::is_glibc_soname(entry.soname))
        if (!own)
          look_at_foreign(real->path, dir, entry);
  }

  // In glibc's own directories: a file of another release, that ldconfig turns a link to sooner or later.
  void look_at_own(const Member& member) {
    if (!member.is_stray(p_.version) || p_.is_claimed(member.path()) || p_.right.contains(member.path()))
      return;
    Finding finding;
    finding.id = "LIBRARY_STRAY";
    finding.stage = Stage::settings;
    finding.weight = 55;
    finding.path = member.path();
    finding.headline = str(p_.shown(member.path()), " is of glibc ", member.version,
                           ", and ldconfig may take it for a library of this system");
    finding.evidence.push_back(str("glibc here is ", p_.version));
    add_removal(std::move(finding), member.path());
  }

  void look_at_foreign(const std::string& dir, const elf::ScannedDirectory& scanned,
                       const elf::ScannedDirectory::Entry& entry) {
    const std::string path = join_path(dir, entry.file);
    const auto place = p_.root.find(path);
    const auto file = place && place->exists ? elf::read_library(p_.root, *place) : nullptr;
    if (!file || file->error || p_.machine() == nullptr || !file->image.same_machine(*p_.machine()))
      return;
    if (!has_own(entry.soname))
      return;
    // The same release built for a better processor is meant to be there.
    if (!scanned.hwcaps.empty() && (version_of(*place, *file) == p_.version || !is_core(entry.soname)))
      return;
    Finding finding;
    finding.id = "LIBRARY_SHADOWED";
    finding.severity = is_core(entry.soname) ? Severity::fatal : Severity::problem;
    finding.stage = Stage::settings;
    finding.weight = is_core(entry.soname) ? 70 : 45;
    finding.path = path;
    finding.headline = str(p_.shown(path), " comes before this system's own ", entry.soname);
    finding.evidence.push_back(
        scanned.hwcaps.empty()
            ? str(Printable(scanned.from), " names ", p_.shown(dir), ", which the loader searches first")
            : str("the loader looks into ", Printable(scanned.hwcaps), " first on a processor of that kind"));
    if (const std::string version = version_of(*place, *file); !version.empty())
      finding.evidence.push_back(
          str("it is of glibc ", version, p_.version.empty() ? "" : ", and this system's is ", p_.version));
    add_removal(std::move(finding), path);
  }

  // What is shadowed must be there, and be good: otherwise the other one may be all that the programs have.
  bool has_own(std::string_view soname) const {
    return std::ranges::any_of(p_.members, [&](const Member& member) {
      return member.is_whole(p_.machine()) && member.file->image.soname == soname &&
             (member.version.empty() || member.version == p_.version);
    });
  }

  static bool is_core(std::string_view soname) { return elf::is_libc_soname(soname) || elf::is_loader_soname(soname); }

  std::string version_of(const Found& place, const elf::Library& file) const {
    const auto fd = p_.root.open_file(place.path, O_RDONLY | O_NONBLOCK);
    if (!fd)
      return {};
    const auto version = elf::glibc_version(fd->get(), file.image, place.path);
    return version && *version ? (*version)->version : std::string();
  }

  void add_removal(Finding finding, const std::string& path) {
    finding.repair = "move it to the undo area, and write the library cache anew";
    finding.steps.push_back(remove_step(p_, path));
    findings_.push_back(std::move(finding));
  }

  Patient& p_;
  Findings& findings_;
};

}  // namespace

void check_shadows(Patient& patient, Findings& findings) {
  ShadowCheck(patient, findings).run();
}

}  // namespace rescue
