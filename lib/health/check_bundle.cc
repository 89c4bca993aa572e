// All files of glibc against the bundle that says what they should be.
#include <algorithm>

#include <fcntl.h>

#include "lib/base/text.h"
#include "lib/bundle/plan.h"
#include "lib/bundle/state_dir.h"
#include "lib/health/checks.h"
#include "lib/health/places.h"

namespace rescue {

namespace {

unsigned order_of(const Patient& patient, const Step& step) {
  switch (step.action) {
    case Action::attributes: return order::attributes;
    case Action::remove: return order::removals;
    case Action::move: return order::moves;
    default: break;
  }
  switch (role_of(patient, step.path, step.kind)) {
    case Role::directory: return order::dirs;
    case Role::alias: return order::aliases;
    case Role::library: return order::libraries;
    case Role::loader:
    case Role::libc: return step.kind == NodeKind::link ? order::core_links : order::core;
    default: return order::files;
  }
}

class BundleCheck {
 public:
  BundleCheck(Patient& patient, Findings& findings) : p_(patient), findings_(findings) {}

  void run() {
    auto plan = make_plan(p_.root, *p_.bundle, {});
    if (!plan) {
      p_.notes.push_back(
          str("the bundle ", Printable(p_.bundle->path()), " could not be compared: ", message(plan.error())));
      p_.bundle.reset();
      return;
    }
    for (size_t i = 0; i < plan->steps.size(); ++i)
      take(plan->steps[i], plan->entry_of_step[i]);
    // All that the bundle holds is judged; what was found right is right.
    for (const std::string& place : plan->place_of_entry)
      p_.claimed.insert(place);
    p_.place_of_entry = std::move(plan->place_of_entry);
  }

 private:
  void take(const Step& step, int entry) {
    // What the finding about a whole directory or alias covers, and what only makes way.
    if (step.action == Action::flags || p_.is_claimed(step.path) ||
        p_.is_claimed(step.path.substr(0, step.path.find('/'))))
      return;
    if (step.action == Action::put && step.kind == NodeKind::link && leads_there(step))
      return;
    if (step.action == Action::move)
      return strays_.push_back({step, ContentFrom::nowhere, {}, 0, {}, order::moves});
    Finding finding = step.action == Action::attributes ? about_attributes(step) : about_content(step);
    if (finding.severity == Severity::note)
      return findings_.push_back(std::move(finding));
    RepairStep repair{step, ContentFrom::nowhere, {}, 0, {}, order_of(p_, step)};
    if (step.action == Action::put && step.kind == NodeKind::file) {
      repair.from = ContentFrom::bundle;
      repair.index = static_cast<size_t>(entry);
      repair.origin = str("the bundle ", Printable(base_name(p_.bundle->path())));
      wish(p_, finding, step.path,
           {DigestAlgorithm::sha256, to_hex({reinterpret_cast<const char*>(step.sha256.data()), step.sha256.size()})});
      finding.wishes.back().attributes = step.attributes;
      finding.wishes.back().has_step = true;
      finding.wishes.back().step = strays_.size();
    } else if (step.action == Action::put && step.kind == NodeKind::link) {
      repair.origin = str("a link to ", Printable(step.link));
      finding.commands.push_back(link_command(p_, step.path, step.link));
    }
    finding.steps = std::move(strays_);
    strays_.clear();
    finding.steps.push_back(std::move(repair));
    findings_.push_back(std::move(finding));
  }

  // A link with another text that leads to the same place serves as well.
  bool leads_there(const Step& step) const {
    const auto have = p_.root.find(step.path);
    const auto self = p_.root.find(step.path, Last::keep);
    const auto want = p_.root.find(
        step.link.starts_with('/') || !step.path.contains('/') ? step.link : str(dir_name(step.path), '/', step.link));
    const bool of_owner = self && self->exists && S_ISLNK(self->info.st_mode) &&
                          self->info.st_uid == step.attributes.uid && self->info.st_gid == step.attributes.gid;
    return of_owner && have && have->exists && want && want->exists && have->info.st_dev == want->info.st_dev &&
           have->info.st_ino == want->info.st_ino;
  }

  Finding about_attributes(const Step& step) const {
    Finding finding = finding_of_attributes(p_, step.path, step.old_attributes, step.attributes);
    finding.evidence.push_back(str("the bundle says mode ", to_octal(step.attributes.mode), ", owner ",
                                   step.attributes.uid, ':', step.attributes.gid, "; here mode ",
                                   to_octal(step.old_attributes.mode), ", owner ", step.old_attributes.uid, ':',
                                   step.old_attributes.gid));
    return finding;
  }

  // A file with other names elsewhere is replaced for its mode alone.
  std::optional<Finding> about_shared(const Step& step) const {
    const auto there = p_.root.find(step.path, Last::keep);
    if (!there || !there->exists || !S_ISREG(there->info.st_mode) || there->info.st_nlink == 1)
      return std::nullopt;
    const Attributes have{there->info.st_mode & 07777U, there->info.st_uid, there->info.st_gid};
    if (have == step.attributes)
      return std::nullopt;
    return finding_of_attributes(p_, step.path, have, step.attributes);
  }

  Finding about_content(const Step& step) const {
    Fault fault = fault_at(p_, step.path, step.kind, step.link);
    if (fault.suffix.empty())
      if (auto shared = about_shared(step))
        return *std::move(shared);
    const Role role = role_of(p_, step.path, step.kind);
    if (fault.suffix.empty() && (role == Role::loader || role == Role::libc)) {
      const Member* const member = p_.member(dir_name(step.path), base_name(step.path));
      const std::string& want = p_.bundle->info().glibc_version;
      if (member != nullptr && !member->version.empty() && member->version != want) {
        Finding finding =
            finding_at(p_, step.path, step.kind,
                       {"MIXED", str("is of glibc ", member->version, ", and this system's is ", want), true});
        finding.id = "LIBC_MIXED";
        return finding;
      }
    }
    const bool whole = fault.suffix.empty();
    if (whole)
      if (auto note = finding_of_prelinked(p_, step.path))
        return *std::move(note);
    if (whole)
      fault = {"DIFFERS", str("is not the file that belongs to glibc ", p_.bundle->info().glibc_version, " here"),
               false};
    Finding finding = finding_at(p_, step.path, step.kind, std::move(fault));
    finding.evidence.push_back(str("the bundle ", Printable(base_name(p_.bundle->path())), " has it otherwise"));
    if (whole && base_name(step.path).contains(".so"))
      finding.evidence.emplace_back(may_be_meant);
    return finding;
  }

  Patient& p_;
  Findings& findings_;
  std::vector<RepairStep> strays_;
};

}  // namespace

void check_bundle(Patient& patient, Findings& findings) {
  if (patient.bundle)
    BundleCheck(patient, findings).run();
}

}  // namespace rescue
