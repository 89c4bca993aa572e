#include "lib/bundle/settle.h"

#include <array>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/bundle/reuse.h"
#include "lib/bundle/state_dir.h"
#include "lib/bundle/transaction.h"

namespace rescue {

namespace {

struct NameOf {
  Progress progress;
  const char* name;
};
// In this order: a journal that is being renamed stands under one name only.
constexpr std::array<NameOf, 4> journal_names = {{{Progress::undoing, "undo"},
                                                  {Progress::committing, "journal"},
                                                  {Progress::done, "done"},
                                                  {Progress::staging, "staging"}}};

const NameOf* progress_of(const Root& root, const std::string& dir) {
  for (const NameOf& candidate : journal_names)
    if (root.exists(str(dir, '/', candidate.name)))
      return &candidate;
  return nullptr;
}

// A directory without a journal: a crash before the journal was there, or after it was removed. What it may hold is
// known; anything else is left alone, and the directory with it.
void clear_leftover(const Root& root, const std::string& dir) {
  const auto place = root.find(dir, Last::keep);
  const auto fd = root.open_dir(dir);
  if (!place || !fd)
    return;
  ::unlinkat(fd->get(), "journal.tmp", 0);
  ::unlinkat(place->dir.get(), place->name.c_str(), AT_REMOVEDIR);
}

struct Latest {
  Pending pending;
  std::optional<Transaction> transaction;
};

// The newest transaction that has a journal. Leftovers without one are cleared on the way if `clear`.
Result<Latest> load_latest(const Root& root, bool clear) {
  for (const StateDir& dir : TRY(list_state_dirs(root))) {
    const NameOf* const name = progress_of(root, dir.path);
    if (name == nullptr) {
      if (clear)
        clear_leftover(root, dir.path);
      continue;
    }
    Transaction t = TRY(Transaction::load(root, dir.path, name->name));
    Latest latest{{name->progress, root.shown(dir.path), t.journal().what, t.journal().steps.size()}, {}};
    latest.transaction = std::move(t);
    return latest;
  }
  return Latest{};
}

std::string first_few(const std::vector<std::string>& paths) {
  std::string text;
  for (size_t i = 0; i < paths.size() && i < 3; ++i)
    text += str(i > 0 ? ", " : "", Printable(paths[i]));
  return paths.size() > 3 ? str(text, " and ", paths.size() - 3, " more") : text;
}

Result<> undo_one(Latest& latest, bool force) {
  if (latest.pending.progress == Progress::done && !force) {
    const auto touched = TRY(latest.transaction->touched_since());
    if (!touched.empty())
      return with_status(fail("undo", latest.pending.dir, "changed by something else since: ", first_few(touched),
                              ". It was not undone; --force undoes it all the same")
                             .error(),
                         Status::refused);
  }
  return latest.transaction->undo();
}

}  // namespace

Result<Pending> latest_transaction(const Root& root) {
  return TRY(load_latest(root, false)).pending;
}

Result<Pending> resume(const Root& root) {
  Latest latest = TRY(load_latest(root, true));
  switch (latest.pending.progress) {
    case Progress::staging: latest.transaction->abandon(); break;
    case Progress::committing: TRY(latest.transaction->resume_commit()); break;
    case Progress::undoing: TRY(latest.transaction->undo()); break;
    case Progress::none:
    case Progress::done: TRY(put_back_reused(root)); break;
  }
  return latest.pending;
}

Result<Pending> undo_last(const Root& root, bool force) {
  Latest latest = TRY(load_latest(root, true));
  if (latest.pending.progress == Progress::staging) {
    // Nothing was changed by it; the one before it is the last that did something.
    latest.transaction->abandon();
    latest = TRY(load_latest(root, true));
  }
  TRY(put_back_reused(root));
  if (latest.pending.progress == Progress::none)
    return latest.pending;
  Pending pending = latest.pending;
  TRY(undo_one(latest, force));
  while (latest.transaction->journal().continues) {
    latest = TRY(load_latest(root, true));
    if (latest.pending.progress == Progress::none)
      break;
    TRY(undo_one(latest, force));
    pending.changes += latest.pending.changes;
  }
  return pending;
}

Result<> undo_last_step(const Root& root) {
  Latest latest = TRY(load_latest(root, true));
  return latest.transaction ? undo_one(latest, true) : Result<>();
}

}  // namespace rescue
