#include "lib/bundle/restore.h"

#include <cerrno>
#include <string_view>
#include <vector>

#include "lib/base/text.h"
#include "lib/bundle/fit.h"
#include "lib/bundle/refresh.h"
#include "lib/bundle/reuse.h"
#include "lib/bundle/settle.h"
#include "lib/bundle/stage.h"
#include "lib/bundle/transaction.h"

namespace rescue {

namespace {

std::unexpected<Error> refused(const Root& root, std::string_view attempt, std::string_view why) {
  return with_status(fail(attempt, root.path(), why).error(), Status::refused);
}

// What broke off before it changed anything is cleared; what broke off in the middle is for the person to decide.
Result<> settle_leftovers(const Root& root, bool dry_run) {
  const Pending pending = TRY(latest_transaction(root));
  switch (pending.progress) {
    case Progress::committing:
    case Progress::undoing:
      return refused(root, "restore",
                     str("an earlier change (", Printable(pending.what),
                         ") broke off in the middle. Run `rescue-extract "
                         "--resume ",
                         root.path(), "` to finish it or `rescue-extract --undo ", root.path(),
                         "` to take it back, then this again"));
    case Progress::staging:
      if (!dry_run)
        TRY(resume(root));
      return {};
    case Progress::none:
    case Progress::done: return {};
  }
  return {};
}

// The plan for as much as there is room for: all, else the tiers that matter most. False where not even these fit.
Result<bool> plan_what_fits(const Root& root, const Bundle& bundle, PlanOptions options, RestoreReport& report) {
  report.plan = TRY(make_plan(root, bundle, options));
  report.shortage = std::nullopt;
  if (report.plan.nothing_to_do())
    return true;
  report.shortage = TRY(find_shortage(root, report.plan, bundle.manifest()));
  if (!report.shortage)
    return true;
  report.left_out = report.plan.steps.size();
  for (const Tier tier : {Tier::packages, Tier::login, Tier::loader}) {
    options.up_to = tier;
    Plan smaller = TRY(make_plan(root, bundle, options));
    if (smaller.nothing_to_do() || smaller.steps.size() == report.left_out ||
        TRY(find_shortage(root, smaller, bundle.manifest())))
      continue;
    report.left_out -= smaller.steps.size();
    report.up_to = tier;
    report.plan = std::move(smaller);
    return true;
  }
  return false;
}

// Where nothing fits: files that are dead make room for their own successors, and then for what else fits.
Result<bool> use_dead_files(const Root& root, Bundle& bundle, const RestoreOptions& options, RestoreReport& report) {
  if (report.shortage->read_only)
    return false;
  const auto dead = find_dead_files(root, report.plan, bundle.manifest());
  if (dead.empty())
    return false;
  const std::string files =
      count_of(dead.size(), "file that is empty or broken gives its", "files that are empty or broken give their");
  report.notes.push_back(
      str("the disk is full: ", files, " own room to what takes its place. This part cannot be undone"));
  if (options.dry_run)
    return true;
  TRY(reuse_dead_files(root, bundle, report.plan, dead));
  report.changed = true;
  const bool fits = TRY(plan_what_fits(root, bundle, {.replace_config = options.force, .up_to = Tier::rest}, report));
  if (!fits)
    report.plan = Plan{};
  return true;
}

Result<> choose_plan(const Root& root, Bundle& bundle, const RestoreOptions& options, RestoreReport& report) {
  const PlanOptions wish{.replace_config = options.force, .up_to = Tier::rest};
  if (TRY(plan_what_fits(root, bundle, wish, report)) || TRY(use_dead_files(root, bundle, options, report)))
    return {};
  return refused(root, "restore",
                 str("nothing was changed: on the file system of ", Printable(report.shortage->place), ", ",
                     report.shortage->advice()));
}

// An error before the commit: nothing was changed, and a full or read-only disk is for the person to mend.
Error before_commit(Error error) {
  if (error.code() == ENOSPC || error.code() == EROFS || error.code() == EDQUOT)
    error.set_status(Status::refused);
  return error;
}

// The cache comes last: it is made of what is in place by then. Without it the system works all the same.
void refresh(const Root& root, Transaction& transaction, std::vector<std::string>& notes) {
  const auto problem = [&](const Error& error) {
    notes.push_back(
        str("the library cache could not be brought up to date (", message(error), "); run ldconfig later"));
  };
  auto cache = plan_refresh(root, transaction.journal().steps, true);
  if (!cache)
    return problem(cache.error());
  if (!*cache)
    return;
  if (const auto put = transaction.put_late((*cache)->step, (*cache)->bytes); !put)
    return problem(put.error());
  notes.push_back(std::move((*cache)->why));
}

// What the steps put, as far as it is in memory.
std::vector<std::string_view> contents_of(const Plan& plan, const Bundle& bundle) {
  std::vector<std::string_view> contents(plan.steps.size());
  if (bundle.in_memory())
    for (size_t i = 0; i < contents.size(); ++i)
      if (const int entry = plan.entry_of_step[i]; entry >= 0)
        contents[i] = bundle.content(static_cast<size_t>(entry));
  return contents;
}

Result<> carry_out(const Root& root, Bundle& bundle, const RestoreOptions& options, RestoreReport& report) {
  Transaction transaction = TRY(Transaction::begin(root, base_name(bundle.path()), report.plan.steps));
  if (auto staged = stage_all(root, bundle, report.plan, transaction); !staged) {
    transaction.abandon();
    return std::unexpected(before_commit(std::move(staged).error()));
  }
  TRY(transaction.commit());
  report.changed = true;
  if (!options.no_cache)
    refresh(root, transaction, report.notes);
  TRY(transaction.finish());
  report.proof = prove(root, transaction.journal(), contents_of(report.plan, bundle));
  return {};
}

// Whether the files are right but the library cache is not, so that it alone must be made anew.
bool needs_cache_only(const Root& root, const RestoreOptions& options) {
  if (options.no_cache)
    return false;
  const auto cache = plan_refresh(root, {}, false);
  return cache && *cache;
}

}  // namespace

Result<RestoreReport> restore(const Root& root, Bundle& bundle, const RestoreOptions& options) {
  RestoreReport report;
  auto lock = options.dry_run ? Result<UniqueFd>() : lock_root(root);
  // Only looks, and may do that while the bundle is decoded on another processor.
  auto fits = check_fit(root, bundle, options.force, report.notes);
  TRY(bundle.verify());
  const UniqueFd held = TRY(std::move(lock));
  TRY(settle_leftovers(root, options.dry_run));
  TRY(std::move(fits));
  if (!options.dry_run)
    for (const std::string& path : TRY(put_back_reused(root)))
      report.notes.push_back(str("an earlier restore on a full disk had broken off at ", path));
  TRY(choose_plan(root, bundle, options, report));
  if (options.dry_run)
    return report;
  if (report.plan.nothing_to_do() && !needs_cache_only(root, options))
    report.proof = prove(root, Journal{});
  else
    TRY(carry_out(root, bundle, options, report));
  return report;
}

}  // namespace rescue
