#include "lib/health/sources.h"

#include <algorithm>

#include "lib/base/append.h"
#include "lib/base/text.h"
#include "lib/bundle/state_dir.h"
#include "lib/crypto/digest.h"
#include "lib/health/places.h"

namespace rescue {

namespace {

class SourceFinder {
 public:
  SourceFinder(Patient& patient, Findings& findings) : p_(patient), findings_(findings) {}

  void run() {
    std::vector<Wanted> wanted;
    for (const Finding& finding : findings_)
      for (const FileWish& wish : finding.wishes)
        wanted.push_back(completed(wish.wanted));
    if (wanted.empty())
      return;
    DonorOptions options;
    if (!p_.options.bundle_file.empty())
      options.bundles.push_back(p_.options.bundle_file);
    options.use_bundles = !p_.bundle;
    options.trust = kit_trust(p_.options.require_signature, p_.options.public_key);
    DonorFinder finder(p_.root, p_.packages.get(), std::move(options));
    auto found = finder.find(wanted);
    size_t i = 0;
    for (Finding& finding : findings_)
      fulfil(finding, std::span(found).subspan(std::exchange(i, i + finding.wishes.size()), finding.wishes.size()));
  }

 private:
  // The soname of "libc-2.31.so" is that of the link which leads to it.
  Wanted completed(Wanted wanted) const {
    if (wanted.soname.empty())
      for (const Member& member : p_.members)
        if (member.kind == NodeKind::link && base_name(member.link) == base_name(wanted.path) &&
            elf::is_glibc_soname(member.name))
          wanted.soname = member.name;
    return wanted;
  }

  void fulfil(Finding& finding, std::span<std::vector<Donor>> donors) {
    size_t missing = 0;
    for (size_t i = 0; i < finding.wishes.size(); ++i) {
      const FileWish& wish = finding.wishes[i];
      Donor* const donor = choose(finding, wish, donors[i]);
      if (donor != nullptr)
        take(finding, wish, std::move(*donor));
      else if (!wish.has_step)
        ++missing;
    }
    if (finding.wishes.empty())
      return;
    if (missing > 0)
      say_what_is_missing(finding);
    else if (finding.repair.empty() && !finding.steps.empty())
      finding.repair = str("restore it from ", finding.steps.back().origin);
  }

  // What is exactly right comes first. What is of the right version is better than a system on which nothing runs.
  Donor* choose(const Finding& finding, const FileWish& wish, std::vector<Donor>& donors) const {
    const bool known = !wish.wanted.digests.empty() || (p_.packages && p_.packages->libc_package());
    std::shared_ptr<const std::string> only;
    for (Donor& donor : donors) {
      if (donor.content == nullptr || (wish.has_step && donor.kind == DonorKind::bundle))
        continue;
      if (donor.certainty == Certainty::exact)
        return &donor;
      if (known && (finding.severity != Severity::fatal || wish.has_step || donor.kind == DonorKind::bundle))
        continue;
      if (donor.certainty != Certainty::plausible)
        return &donor;
      // A guess is taken from the root itself only, and only where there is nothing to choose.
      const bool own =
          donor.kind == DonorKind::other_name || donor.kind == DonorKind::leftover || donor.kind == DonorKind::process;
      if (own && !known && std::ranges::all_of(donors, [&](const Donor& other) {
            return other.content == nullptr || *other.content == *donor.content;
          }))
        return &donor;
    }
    return nullptr;
  }

  void take(Finding& finding, const FileWish& wish, Donor donor) {
    const std::string& path = wish.wanted.path;
    finding.evidence.push_back(str("good bytes are in ", donor.where, ": ", donor.why));
    if (can_move(donor, path))
      return move_back(finding, wish, donor);
    RepairStep repair;
    repair.step.path = path;
    repair.step.kind = NodeKind::file;
    const auto there = p_.root.find(path, Last::keep, &p_.assumed);
    repair.step.old_kind = there && there->exists ? kind_of(there->info.st_mode) : NodeKind::nothing;
    repair.step.attributes = wish.attributes;
    if (!wish.has_step && donor.mode && donor.kind != DonorKind::other_name)
      repair.step.attributes = {*donor.mode & 07777U, donor.uid.value_or(0), donor.gid.value_or(0)};
    repair.step.sha256 = Sha256::of(*donor.content);
    repair.from = ContentFrom::donor;
    repair.index = p_.donors.size();
    repair.origin = donor.where;
    repair.order = is_loader_name(base_name(path)) || is_libc_name(base_name(path)) ? order::core : order::libraries;
    p_.donors.push_back(std::move(donor));
    if (wish.has_step)
      finding.steps[wish.step] = std::move(repair);
    else
      finding.steps.push_back(std::move(repair));
  }

  // A file that was only renamed is renamed back; one that somebody keeps elsewhere is left to him, and copied.
  bool can_move(const Donor& donor, const std::string& path) const {
    if (donor.path.empty() || (donor.kind != DonorKind::other_name && donor.kind != DonorKind::leftover) ||
        dir_name(donor.path) != dir_name(path))
      return false;
    const auto there = p_.root.find(donor.path, Last::keep);
    return there && there->exists && S_ISREG(there->info.st_mode) && there->info.st_nlink == 1;
  }

  void move_back(Finding& finding, const FileWish& wish, const Donor& donor) {
    const std::string& path = wish.wanted.path;
    std::vector<RepairStep> steps;
    const auto there = p_.root.find(path, Last::keep);
    if (there && there->exists)
      steps.push_back(remove_step(p_, path));
    steps.push_back(move_step(donor.path, path));
    // Right before what stands on it; the two must follow each other.
    for (RepairStep& step : steps)
      step.order = order::moves;
    steps.back().origin = donor.where;
    if (wish.has_step) {
      finding.steps[wish.step] = std::move(steps.front());
      steps.erase(steps.begin());
    }
    append(finding.steps, steps);
    finding.repair = str("rename ", p_.shown(donor.path), " back");
  }

  void say_what_is_missing(Finding& finding) const {
    if (!finding.packages.empty())
      return;
    if (p_.packages && !p_.build.empty())
      finding.repair = str("no good copy of it was found on this system. Make a bundle from the packages of glibc ",
                           p_.build, " (rescue-bundle create -o glibc.tzst PACKAGE...), and take it from there");
    else
      finding.repair =
          "no good copy of it was found on this system. Make a bundle on a system of the same release, or "
          "from its packages (rescue-bundle create -o glibc.tzst), and take it from there";
    finding.commands.clear();
    finding.commands.push_back(p_.command(
        "rescue-doctor",
        str("--fix ", p_.root.is_system_root() ? "" : str("--root ", p_.root.path(), ' '), "--bundle glibc.tzst")));
  }

  Patient& p_;
  Findings& findings_;
};

}  // namespace

void find_sources(Patient& patient, Findings& findings) {
  SourceFinder(patient, findings).run();
}

}  // namespace rescue
