#include "lib/health/fix.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include "lib/base/append.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/bundle/fit.h"
#include "lib/bundle/restore.h"
#include "lib/bundle/settle.h"
#include "lib/bundle/state_dir.h"
#include "lib/bundle/transaction.h"
#include "lib/fs/node.h"
#include "lib/health/old_users.h"
#include "lib/health/reference.h"
#include "lib/health/stage_repair.h"

namespace rescue {

namespace {

constexpr unsigned most_rounds = 8;

std::string_view parent_of(std::string_view path) {
  return path.contains('/') ? dir_name(path) : std::string_view();
}

bool replaces_library(const Finding& finding) {
  return finding.stage == Stage::files && std::ranges::any_of(finding.steps, [](const RepairStep& step) {
           return step.step.action == Action::put && is_family_name(base_name(step.step.path));
         });
}

bool is_about_library(const Finding& finding) {
  return finding.stage == Stage::files && finding.severity != Severity::note && !finding.path.empty() &&
         is_family_name(base_name(finding.path)) && !finding.id.ends_with("_NOT_READABLE");
}

// A glibc that works, though it is not the right one, is replaced as a whole or not at all: half of it would be worse.
bool must_wait(const Diagnosis& diagnosis) {
  return diagnosis.patient.census.ran && std::ranges::any_of(diagnosis.findings, [](const Finding& finding) {
           return is_about_library(finding) && finding.steps.empty() && !finding.id.ends_with("_MISSING");
         });
}

// A directory was moved, and a person has to say which it is: until then nothing is put in its place.
bool must_be_chosen(const Diagnosis& diagnosis) {
  return std::ranges::any_of(diagnosis.findings, [](const Finding& finding) {
    return finding.id == "DIRECTORY_MOVED" && finding.steps.empty();
  });
}

class RoundPlanner {
 public:
  RoundPlanner(const Diagnosis& diagnosis, Stage stage) : p_(diagnosis.patient), diagnosis_(diagnosis), stage_(stage) {}

  std::vector<RepairStep> run() {
    if (stage_ != Stage::layout && must_be_chosen(diagnosis_))
      return {};
    const bool wait = must_wait(diagnosis_);
    for (const Finding& finding : diagnosis_.findings)
      if (finding.stage == stage_ && !(wait && replaces_library(finding)))
        for (const RepairStep& step : finding.steps)
          take(step);
    make_parents();
    rescue::sort(steps_, {}, &RepairStep::order);
    lift_flags();
    return std::move(steps_);
  }

 private:
  // The first finding that wants something of a place has it; what replaces a file gives it its mode as well.
  void take(const RepairStep& step) {
    const auto same = [&](const RepairStep& other) {
      return other.step.path == step.step.path &&
             (other.step.action == step.step.action || other.step.action == Action::put);
    };
    if (std::ranges::any_of(steps_, same))
      return;
    if (step.step.action == Action::put)
      std::erase_if(steps_, [&](const RepairStep& other) {
        return other.step.path == step.step.path && other.step.action == Action::attributes;
      });
    steps_.push_back(step);
  }

  // Directories on the way that are not there.
  void make_parents() {
    for (size_t i = 0; i < steps_.size(); ++i) {
      const Step& step = steps_[i].step;
      if (step.action != Action::put && step.action != Action::move)
        continue;
      make_dir(std::string(parent_of(step.action == Action::move ? step.to : step.path)));
    }
  }

  void make_dir(const std::string& dir) {
    if (dir.empty() || std::ranges::any_of(steps_, [&](const RepairStep& other) {
          return (other.step.action == Action::put && other.step.path == dir) ||
                 (other.step.action == Action::move && other.step.to == dir);
        }))
      return;
    const auto there = p_.root.find(dir, Last::keep);
    const auto target = p_.root.find(dir);
    // A link that leads to a directory is one.
    if (target && target->exists && S_ISDIR(target->info.st_mode))
      return;
    make_dir(std::string(parent_of(dir)));
    RepairStep repair;
    repair.step.path = dir;
    repair.step.kind = NodeKind::dir;
    repair.step.old_kind = there && there->exists ? kind_of(there->info.st_mode) : NodeKind::nothing;
    repair.step.attributes = {0755, 0, 0};
    repair.order = order::dirs;
    steps_.push_back(std::move(repair));
  }

  // What is immutable or append-only is made changeable, and the transaction puts it back.
  void lift_flags() {
    std::vector<RepairStep> flags;
    std::set<std::string> seen;
    for (const RepairStep& repair : steps_)
      for (const std::string& path :
           {repair.step.path, std::string(parent_of(repair.step.path)), std::string(parent_of(repair.step.to))})
        if (!path.empty() && seen.insert(path).second)
          add_flags(path, flags);
    steps_.insert(steps_.begin(), flags.begin(), flags.end());
  }

  void add_flags(const std::string& path, std::vector<RepairStep>& flags) const {
    const auto there = p_.root.find(path, Last::keep);
    if (!there || !there->exists || (!S_ISREG(there->info.st_mode) && !S_ISDIR(there->info.st_mode)))
      return;
    const auto have = inode_flags(there->dir.get(), there->name, path);
    if (!have || !*have || (**have & protecting_flags) == 0)
      return;
    RepairStep repair;
    repair.step.action = Action::flags;
    repair.step.path = path;
    repair.step.flags = **have;
    flags.push_back(std::move(repair));
  }

  const Patient& p_;
  const Diagnosis& diagnosis_;
  Stage stage_;
  std::vector<RepairStep> steps_;
};

PlannedChange change_of(const Patient& patient, const RepairStep& repair) {
  const Step& step = repair.step;
  switch (step.action) {
    case Action::attributes:
      return {"adjust", step.path,
              str("mode ", to_octal(step.attributes.mode), ", owner ", step.attributes.uid, ':', step.attributes.gid)};
    case Action::remove: return {"put aside", step.path, "kept for an undo"};
    case Action::move: return {"rename", step.path, str("to ", patient.shown(step.to))};
    case Action::flags: return {"unlock", step.path, "immutable or append-only; locked again at the end"};
    case Action::put: break;
  }
  if (step.kind == NodeKind::link)
    return {"link", step.path, str("to ", Printable(step.link))};
  if (step.kind == NodeKind::dir)
    return {"make", step.path, "a directory"};
  return repair.from == ContentFrom::text ? PlannedChange{"write", step.path, "anew"}
                                          : PlannedChange{"restore", step.path, str("from ", repair.origin)};
}

size_t fatal_in(const Diagnosis& diagnosis) {
  return static_cast<size_t>(std::ranges::count(diagnosis.findings, Severity::fatal, &Finding::severity));
}

// Worse only where programs that found their libraries no longer do, or nothing runs where something ran. A shell or a
// login that is lost is never outweighed by a glibc that is in order (programs of a newer release were unpacked, too).
// What works is counted, not what is broken: with the link /bin put back, more broken programs come to light.
bool is_worse(const Diagnosis& before, const Diagnosis& after) {
  const Patient::Census& was = before.patient.census;
  const Patient::Census& is = after.patient.census;
  if ((was.ran && is.trial_failed) || (is.key_working() < was.key_working() && !was.trial_failed))
    return true;
  return is.working() < was.working() && fatal_in(after) >= fatal_in(before);
}

class Fixer {
 public:
  Fixer(const Root& root, const DoctorOptions& options, std::optional<Diagnosis>& diagnosis, FixReport& report)
      : root_(root), options_(options), diagnosis_(diagnosis), report_(report) {}

  Result<> run() {
    const UniqueFd lock = TRY(lock_root(root_));
    if (const std::string work = package_manager_at_work(root_); !work.empty())
      return with_status(fail("repair", root_.path(), work, ". Nothing was changed").error(), Status::refused);
    TRY(settle_unfinished());
    for (unsigned round = 0; round < most_rounds; ++round) {
      Round plan = plan_round(*diagnosis_);
      if (plan.steps.empty() || !is_new(plan))
        return {};
      TRY(carry_out(plan));
      if (TRY(look_again(plan)))
        return {};
    }
    return {};
  }

 private:
  // A restore that broke off is finished first: its journal says how.
  Result<> settle_unfinished() {
    const Pending pending = TRY(latest_transaction(root_));
    if (pending.progress == Progress::none || pending.progress == Progress::done)
      return {};
    const Pending found = TRY(resume(root_));
    if (found.progress == Progress::staging)
      return {};
    report_.changed = settled_ = true;
    report_.notes.push_back(str("an earlier change (", Printable(found.what), ") had broken off; it was ",
                                found.progress == Progress::undoing ? "taken back" : "finished"));
    diagnosis_.emplace(diagnose(root_, options_));
    return {};
  }

  // The same steps once more would do no more than the first time.
  bool is_new(const Round& plan) {
    std::string text;
    for (const RepairStep& repair : plan.steps)
      text += str(static_cast<unsigned>(repair.step.action), ' ', repair.step.path, ' ', repair.step.link, '\n');
    return seen_.insert(std::move(text)).second;
  }

  Result<> carry_out(const Round& plan) {
    std::vector<Step> steps;
    steps.reserve(plan.steps.size());
    for (const RepairStep& repair : plan.steps)
      steps.push_back(repair.step);
    Transaction transaction = TRY(Transaction::begin(root_, "rescue-doctor", std::move(steps), transactions_ > 0));
    if (auto staged = stage_repair(diagnosis_->patient, plan.steps, transaction); !staged) {
      transaction.abandon();
      Error error = std::move(staged).error();
      if (error.code() == ENOSPC || error.code() == EROFS || error.code() == EDQUOT)
        error.set_status(Status::refused);
      return std::unexpected(std::move(error));
    }
    TRY(transaction.commit());
    TRY(transaction.finish());
    ++transactions_;
    report_.changed = true;
    return {};
  }

  // True when that is the end of it: the round did not do what it was for, and was taken back.
  Result<bool> look_again(const Round& plan) {
    Diagnosis after = diagnose(root_, options_);
    const bool worse = is_worse(*diagnosis_, after);
    const bool wrong_guess = after.patient.census.trial_failed && std::ranges::any_of(plan.steps, &RepairStep::guess);
    if (!worse && !wrong_guess) {
      append(report_.done, plan.changes);
      diagnosis_.emplace(std::move(after));
      return false;
    }
    TRY(undo_last_step(root_));
    report_.changed = transactions_ > 1 || settled_;
    report_.notes.emplace_back(worse ? "a step after which less worked than before was taken back"
                                     : "a step that did not help was taken back");
    return true;
  }

  const Root& root_;
  const DoctorOptions& options_;
  std::optional<Diagnosis>& diagnosis_;
  FixReport& report_;
  std::set<std::string> seen_;
  unsigned transactions_ = 0;
  bool settled_ = false;  // an earlier change was finished or taken back
};

constexpr Stage stages[] = {Stage::layout, Stage::files, Stage::settings, Stage::cache};

Round plan_stage(const Diagnosis& diagnosis, Stage stage) {
  Round round;
  round.stage = stage;
  round.steps = RoundPlanner(diagnosis, stage).run();
  for (const RepairStep& repair : round.steps)
    round.changes.push_back(change_of(diagnosis.patient, repair));
  return round;
}

// Whether glibc is still broken, and no bundle of this very glibc was there.
bool needs_whole_bundle(const Diagnosis& diagnosis) {
  const Patient& patient = diagnosis.patient;
  return !patient.bundle && !patient.is_musl && !patient.interp.empty() &&
         std::ranges::any_of(diagnosis.findings, [](const Finding& finding) {
           return finding.severity == Severity::fatal && finding.stage == Stage::files && finding.steps.empty() &&
                  (finding.id.starts_with("LIBC_") || finding.id.starts_with("LOADER_") || finding.id == "ABI_TOO_OLD");
         });
}

void add_changes(const Plan& plan, std::string_view bundle, std::vector<PlannedChange>& changes) {
  for (const Change& change : plan.changes)
    changes.push_back({"restore", change.path, str("from the bundle ", Printable(base_name(bundle)))});
}

// What the last resort would do: the first bundle that fits.
Round plan_whole(const Diagnosis& diagnosis) {
  Round round;
  const DoctorOptions& options = diagnosis.patient.options;
  for (const std::string& file : bundle_files(options)) {
    auto bundle = Bundle::open(file, kit_trust(options.require_signature, options.public_key));
    if (!bundle || !bundle->verify())
      continue;
    const auto planned = restore(diagnosis.patient.root, *bundle, {.dry_run = true});
    if (planned)
      add_changes(planned->plan, file, round.changes);
    if (!round.changes.empty())
      break;
  }
  return round;
}

// The last resort: all of another glibc, where the checks of a restore say that it fits the programs of this root.
void restore_whole(const Root& root, const DoctorOptions& options, std::optional<Diagnosis>& diagnosis,
                   FixReport& report) {
  for (const std::string& file : bundle_files(options)) {
    auto bundle = Bundle::open(file, kit_trust(options.require_signature, options.public_key));
    if (!bundle || !bundle->verify())
      continue;
    const auto restored = restore(root, *bundle, {});
    if (!restored) {
      report.notes.push_back(str("the bundle ", Printable(file), " was not restored: ", message(restored.error())));
      continue;
    }
    if (!restored->changed)
      continue;
    Diagnosis after = diagnose(root, options);
    if (is_worse(*diagnosis, after)) {
      if (auto undone = undo_last_step(root); !undone) {
        report.changed = true;
        report.stopped = std::move(undone).error();
        diagnosis.emplace(std::move(after));
        return;
      }
      report.notes.push_back(str("the bundle ", Printable(file), " was restored, and taken back: less worked with it"));
      continue;
    }
    add_changes(restored->plan, file, report.done);
    report.notes.push_back(str("the glibc of ", Printable(base_name(file)),
                               " is another build than the one that was here; let the package manager install its own "
                               "again. Its restore is one step of its own to --undo"));
    report.changed = true;
    diagnosis.emplace(std::move(after));
    return;
  }
}

}  // namespace

Round plan_round(const Diagnosis& diagnosis) {
  Round round;
  for (const Stage stage : stages)
    if (round = plan_stage(diagnosis, stage); !round.steps.empty())
      break;
  return round;
}

std::vector<Round> plan_all(const Diagnosis& diagnosis) {
  std::vector<Round> rounds;
  for (const Stage stage : stages)
    if (Round round = plan_stage(diagnosis, stage); !round.steps.empty())
      rounds.push_back(std::move(round));
  if (needs_whole_bundle(diagnosis))
    if (Round round = plan_whole(diagnosis); !round.changes.empty())
      rounds.push_back(std::move(round));
  return rounds;
}

FixReport fix(const Root& root, const DoctorOptions& options, std::optional<Diagnosis>& diagnosis) {
  FixReport report;
  if (auto done = Fixer(root, options, diagnosis, report).run(); !done)
    report.stopped = std::move(done).error();
  else if (needs_whole_bundle(*diagnosis))
    restore_whole(root, options, diagnosis, report);
  if (report.changed)
    if (std::string users = users_of_deleted_libraries(root); !users.empty())
      report.notes.push_back(std::move(users));
  return report;
}

}  // namespace rescue
