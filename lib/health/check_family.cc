// What the files of glibc tell by themselves, where nothing else says what they should be.
#include <algorithm>
#include <cerrno>

#include "lib/base/text.h"
#include "lib/bundle/state_dir.h"
#include "lib/health/canonical_paths.h"
#include "lib/health/checks.h"
#include "lib/health/places.h"

namespace rescue {

namespace {

class FamilyCheck {
 public:
  FamilyCheck(Patient& patient, Findings& findings) : p_(patient), findings_(findings) {}

  void run() {
    check_loader_path();
    check_libc_path();
    check_links();
    check_files();
    check_versions();
  }

 private:
  bool is_of_family(const Member& member) const {
    return member.kind == NodeKind::file && member.is_whole(p_.machine()) &&
           (member.version.empty() || p_.version.empty() || member.version == p_.version);
  }

  // The whole file of this family that answers to a soname; null where there is none, or more than one.
  const Member* file_for(std::string_view soname, std::string_view dir) const {
    const Member* best = nullptr;
    for (const Member& member : p_.members) {
      if (!is_of_family(member) || member.file->image.soname != soname || (!dir.empty() && member.dir != dir))
        continue;
      if (best != nullptr && best->version == member.version)
        return nullptr;
      // One that says its version is surer than one that does not.
      if (best == nullptr || best->version.empty())
        best = &member;
    }
    return best;
  }

  void add_link(std::string_view path, const std::string& text, Fault fault, std::string_view because) {
    Finding finding = finding_at(p_, path, NodeKind::link, std::move(fault));
    finding.evidence.emplace_back(because);
    finding.repair = str("point it to ", Printable(text));
    finding.commands.push_back(link_command(p_, path, text));
    finding.steps.push_back(link_step(p_, path, text));
    p_.claimed.insert(std::string(path));
    findings_.push_back(std::move(finding));
  }

  // The path that programs name as their loader.
  void check_loader_path() {
    if (p_.interp.empty())
      return;
    const auto place = p_.root.find(p_.interp, Last::keep, &p_.assumed);
    if (!place || p_.is_claimed(place->path))
      return place ? void() : loader_out_of_reach();
    const auto target = p_.root.find(p_.interp, Last::follow, &p_.assumed);
    const bool leads = target && target->exists && S_ISREG(target->info.st_mode);
    if (target && p_.is_claimed(target->path))
      return;
    const Member* const loader = loader_file();
    if (leads && (loader == nullptr || target->path == loader->path() || is_right_loader(*target)))
      return;
    if (loader == nullptr || loader->path() == place->path) {
      // The file that the link leads to is what is missing, if that is a place for one.
      const bool known = target && is_loader_name(target->name);
      return report_lost(known ? target->path : place->path, NodeKind::file);
    }
    add_link(place->path, loader_link_text(p_, place->path, loader->path()),
             fault_at(p_, place->path, NodeKind::link, {}), str(p_.shown(loader->path()), " is the loader, and whole"));
  }

  bool is_right_loader(const Found& target) const {
    const Member* const member = p_.member(dir_name(target.path), target.name);
    return member == nullptr || is_of_family(*member);
  }

  // A directory on the way to the loader is not there, or is something else: it is made, and the link in it.
  void loader_out_of_reach() {
    if (p_.is_claimed(p_.interp.substr(1)) ||
        std::ranges::any_of(findings_, [](const Finding& f) { return f.stage == Stage::layout; }))
      return;
    std::string dir = first_broken(dir_name(p_.interp).substr(1));
    // Where a link leads to something that is no directory, that is what is in the way.
    if (const auto target = p_.root.find(dir); target && target->exists)
      dir = target->path;
    const auto there = p_.root.find(dir, Last::keep);
    const bool link = there && there->exists && S_ISLNK(there->info.st_mode);
    Finding finding;
    finding.id = "LOADER_MISSING";
    finding.severity = Severity::fatal;
    finding.weight = 80;
    finding.path = p_.interp.substr(1);
    finding.headline = str("loader ", p_.interp, " cannot be reached: ", p_.shown(dir), ' ',
                           fault_at(p_, dir, link ? NodeKind::link : NodeKind::dir, {}).predicate);
    if (const Member* const loader = loader_file()) {
      // Where /usr is merged, the directory belongs there; the link to it is put back next.
      const bool below = p_.merged && !finding.path.starts_with("usr/");
      const std::string place = str(below ? "usr/" : "", finding.path);
      const std::string text = loader_link_text(p_, place, loader->path());
      finding.evidence.push_back(str(p_.shown(loader->path()), " is the loader, and whole"));
      finding.repair =
          str("make the directory ", p_.shown(dir_name(place)), ", and in it the link to ", Printable(text));
      finding.steps.push_back(link_step(p_, place, text));
    }
    findings_.push_back(std::move(finding));
  }

  // The first directory on the way to `path`, or itself, that is none.
  std::string first_broken(std::string_view path) const {
    for (size_t end = path.find('/'); end < path.size(); end = path.find('/', end + 1)) {
      const auto found = p_.root.find(path.substr(0, end));
      if (!found || !found->exists || !S_ISDIR(found->info.st_mode))
        return std::string(path.substr(0, end));
    }
    return std::string(path);
  }

  // The loader of this family: by its name in the library directories, or under its versioned name.
  const Member* loader_file() const {
    const std::string soname(base_name(p_.interp));
    if (const Member* const there = file_for(soname, p_.home))
      return there;
    return file_for(soname, {});
  }

  // Once the file or directory that another finding is about is back, the link leads to it.
  bool leads_to_claimed(const std::string& path) const {
    const std::string text = p_.root.read_link(path).value_or("");
    return p_.is_claimed(CanonicalPaths(p_.root).of(text.starts_with('/') ? text : join_path(dir_name(path), text)));
  }

  // Nothing of this system's own files can take the place.
  void report_lost(const std::string& path, NodeKind kind) {
    Fault fault = fault_at(p_, path, kind, {});
    if (fault.suffix.empty() || (fault.suffix == "LINK_DANGLING" && leads_to_claimed(path)))
      return;
    Finding finding = finding_at(p_, path, kind, std::move(fault));
    wish(p_, finding, path, {});
    p_.claimed.insert(path);
    findings_.push_back(std::move(finding));
  }

  // libc.so.6 must be somewhere; where not, it belongs where the rest of the family is.
  void check_libc_path() {
    const bool there = std::ranges::any_of(p_.members, [](const Member& m) { return elf::is_libc_soname(m.name); });
    // While a directory is to be moved back, nobody knows what is in it.
    const bool moved = std::ranges::contains(findings_, "DIRECTORY_MOVED", &Finding::id);
    if (there || moved || p_.home.empty() || p_.interp.empty() || p_.is_claimed(join_path(p_.home, "libc.so.6")))
      return;
    if (file_for("libc.so.6", p_.home) == nullptr)
      report_lost(join_path(p_.home, "libc.so.6"), NodeKind::file);
  }

  // Every versioned file must be found under its soname.
  void check_links() {
    std::vector<std::pair<std::string, std::string>> seen;
    for (const Member& member : p_.members) {
      if (!is_of_family(member) || member.file->image.soname.empty())
        continue;
      const std::string soname = member.file->image.soname;
      const auto place = std::pair(member.dir, soname);
      if (!elf::is_glibc_soname(soname) || std::ranges::contains(seen, place))
        continue;
      seen.push_back(place);
      check_link(member.dir, soname);
    }
  }

  void check_link(const std::string& dir, const std::string& soname) {
    const std::string path = join_path(dir, soname);
    const Member* const wanted = file_for(soname, dir);
    if (wanted == nullptr || wanted->name == soname || p_.is_claimed(path))
      return;
    const Member* const there = p_.member(dir, soname);
    if (there != nullptr && there->is_whole(p_.machine()) && there->file->image.soname == soname &&
        (there->file->inode == wanted->info.st_ino || is_equal_version(*there)))
      return;
    Fault fault = fault_at(p_, path, NodeKind::link, wanted->name);
    if (there != nullptr && fault.suffix == "LINK_WRONG" && elf::is_libc_soname(soname))
      fault.predicate += ", which is of another build than the rest of glibc";
    add_link(path, wanted->name, std::move(fault),
             str(p_.shown(wanted->path()), " answers to ", soname, " and is whole",
                 wanted->version.empty() ? "" : str(", of glibc ", wanted->version)));
  }

  // What stands at a soname is of the family's version, as far as it can be told.
  bool is_equal_version(const Member& there) const {
    if (there.kind == NodeKind::file)
      return is_of_family(there) && !there.version.empty();
    const auto target = p_.root.find(there.path());
    const Member* const file = target ? p_.member(dir_name(target->path), target->name) : nullptr;
    return file != nullptr && is_of_family(*file);
  }

  void check_files() {
    for (const Member& member : p_.members) {
      if (p_.is_claimed(member.path()) || member.is_stray(p_.version))
        continue;
      if (member.kind == NodeKind::link) {
        // A link that leads to a file which is reported itself says nothing new.
        const auto target = p_.root.find(member.path(), Last::follow, &p_.assumed);
        if (target && (p_.is_claimed(target->path) || (target->exists && S_ISREG(target->info.st_mode))))
          continue;
        report_lost(member.path(), NodeKind::link);
      } else if (member.kind != NodeKind::file || !member.is_whole(p_.machine()) || member.file->image.cut_short()) {
        report_lost(member.path(), NodeKind::file);
      }
    }
  }

  // Loader, libc and the versioned files must be of one version.
  void check_versions() {
    if (p_.version.empty())
      return;
    for (const Member& member : p_.members) {
      const bool core = is_libc_name(member.name) || is_loader_name(member.name);
      if (!core || member.kind != NodeKind::file || member.version.empty() || member.version == p_.version ||
          p_.is_claimed(member.path()) || !is_used(member))
        continue;
      Finding finding = finding_at(
          p_, member.path(), NodeKind::file,
          {"MIXED", str("is of glibc ", member.version, ", and the rest of this system's is ", p_.version), true});
      finding.id = "LIBC_MIXED";
      if (!member.package.empty())
        finding.evidence.push_back(str("it calls itself ", Printable(member.package)));
      wish(p_, finding, member.path(), {});
      p_.claimed.insert(member.path());
      findings_.push_back(std::move(finding));
    }
  }

  // Whether something leads to the file: a stranger that lies beside is another finding.
  bool is_used(const Member& member) const {
    return elf::is_glibc_soname(member.name) || std::ranges::any_of(p_.members, [&](const Member& other) {
             return other.kind == NodeKind::link && other.file && other.file->inode == member.info.st_ino &&
                    !p_.is_claimed(other.path());
           });
  }

  Patient& p_;
  Findings& findings_;
};

}  // namespace

void check_family(Patient& patient, Findings& findings) {
  FamilyCheck(patient, findings).run();
}

}  // namespace rescue
