#include "lib/health/stage_repair.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/bundle/label.h"
#include "lib/bundle/stage.h"

namespace rescue {

namespace {

class RepairStager {
 public:
  RepairStager(Patient& patient, std::span<const RepairStep> steps, Transaction& transaction)
      : p_(patient), steps_(steps), transaction_(transaction), labels_(patient.root) {}

  Result<> run() {
    bool from_bundle = false;
    for (size_t i = 0; i < steps_.size(); ++i) {
      from_bundle = from_bundle || steps_[i].from == ContentFrom::bundle;
      if (steps_[i].step.action == Action::put && steps_[i].from != ContentFrom::bundle)
        TRY(stage(i));
    }
    return from_bundle ? stage_from_bundle() : Result<>();
  }

 private:
  Result<> stage(size_t i) {
    switch (steps_[i].step.kind) {
      case NodeKind::link: return transaction_.create_link(i);
      case NodeKind::dir: return transaction_.create_dir(i);
      default: return stage_file(i);
    }
  }

  Result<> stage_file(size_t i) {
    const RepairStep& repair = steps_[i];
    const std::string shown = p_.root.shown(repair.step.path);
    const Donor* const donor = repair.from == ContentFrom::donor ? &p_.donors[repair.index] : nullptr;
    UniqueFd fd = TRY(transaction_.create_file(i));
    TRY(write_all(fd.get(), donor != nullptr ? std::string_view(*donor->content) : std::string_view(repair.text),
                  shown));
    const Attributes& a = repair.step.attributes;
    // Owner before mode: changing the owner clears the set-id bits.
    if (::fchown(fd.get(), a.uid, a.gid) < 0)
      return fail("set the owner", shown);
    if (::fchmod(fd.get(), a.mode) < 0)
      return fail("set the mode", shown);
    if (donor != nullptr)
      TRY(set_extras(fd.get(), *donor, shown));
    const bool labelled = donor != nullptr && std::ranges::contains(donor->xattrs, label_name, &Xattr::name);
    if (!labelled)
      labels_.set_label(fd.get(), repair.step);
    TRY(sync_fd(fd.get(), shown));
    return fd.close(shown);
  }

  static Result<> set_extras(int fd, const Donor& donor, std::string_view shown) {
    for (const Xattr& xattr : donor.xattrs)
      if (::fsetxattr(fd, xattr.name.c_str(), xattr.value.data(), xattr.value.size(), 0) < 0 && errno != EOPNOTSUPP)
        return fail(str("set the attribute ", xattr.name), shown);
    if (!donor.mtime)
      return {};
    const struct timespec time{*donor.mtime, donor.mtime_ns};
    const struct timespec times[2] = {time, time};
    if (::futimens(fd, times) < 0)
      return fail("set the times", shown);
    return {};
  }

  Result<> stage_from_bundle() {
    Plan plan;
    for (const RepairStep& repair : steps_) {
      plan.steps.push_back(repair.step);
      plan.entry_of_step.push_back(repair.from == ContentFrom::bundle ? static_cast<int>(repair.index) : -1);
    }
    plan.place_of_entry = p_.place_of_entry;
    return stage_all(p_.root, *p_.bundle, plan, transaction_);
  }

  Patient& p_;
  std::span<const RepairStep> steps_;
  Transaction& transaction_;
  LabelFinder labels_;
};

}  // namespace

Result<> stage_repair(Patient& patient, std::span<const RepairStep> steps, Transaction& transaction) {
  return RepairStager(patient, steps, transaction).run();
}

}  // namespace rescue
