#include "lib/bundle/transaction.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/bundle/state_dir.h"
#include "lib/crypto/digest.h"
#include "lib/fs/node.h"

namespace rescue {

namespace {

std::string new_slot(size_t step) {
  return str("new-", step);
}
std::string old_slot(size_t step) {
  return str("old-", step);
}

// What stands at `name`, not following links.
Result<NodeKind> kind_at(int dir, const std::string& name, std::string_view shown) {
  struct stat info{};
  if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0)
    return kind_of(info.st_mode);
  if (errno == ENOENT)
    return NodeKind::nothing;
  return fail("find", shown);
}

Result<> rename_at(int from_dir, const std::string& from, int to_dir, const std::string& to, std::string_view shown) {
  if (::renameat(from_dir, from.c_str(), to_dir, to.c_str()) < 0)
    return fail("rename into place", shown);
  return {};
}

// Removes a file, a link or an empty directory; one that is gone is fine.
Result<> remove_at(int dir, const std::string& name, NodeKind kind, std::string_view shown) {
  if (::unlinkat(dir, name.c_str(), kind == NodeKind::dir ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT)
    return fail("remove", shown);
  return {};
}

// Owner before mode: changing the owner clears the set-id bits.
Result<> set_attributes(int dir, const std::string& name, const Attributes& a, std::string_view shown) {
  if (::fchownat(dir, name.c_str(), a.uid, a.gid, AT_SYMLINK_NOFOLLOW) < 0)
    return fail("set the owner", shown);
  if (::fchmodat(dir, name.c_str(), a.mode, 0) < 0)
    return fail("set the mode", shown);
  return {};
}

// A directory cannot be renamed over something else, nor something else over a directory.
bool needs_swap(const Step& step) {
  return step.old_kind != NodeKind::nothing && (step.old_kind == NodeKind::dir || step.kind == NodeKind::dir);
}

bool can_be_linked(const Step& step) {
  return step.action == Action::put && step.old_kind != NodeKind::nothing && !needs_swap(step);
}

}  // namespace

Result<int> DirCache::get(const std::string& path) {
  if (const auto known = dirs_.find(path); known != dirs_.end())
    return known->second.get();
  const Found found = TRY(root_->find_existing(path, Last::keep));
  if (found.path != path)
    return fail("find", root_->shown(path), "a symbolic link has come to stand on the way since it was looked at");
  UniqueFd fd = TRY(open_at(found.dir.get(), found.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, root_->shown(path)));
  return dirs_.emplace(path, std::move(fd)).first->second.get();
}

Result<int> DirCache::parent(std::string_view path) {
  const size_t slash = path.rfind('/');
  return get(std::string(slash == std::string_view::npos ? "" : path.substr(0, slash)));
}

Result<> DirCache::sync_all() {
  for (const auto& [path, fd] : dirs_)
    TRY(sync_fd(fd.get(), root_->shown(path)));
  return {};
}

// Staging.

Result<Transaction> Transaction::begin(const Root& root, std::string_view what, std::vector<Step> steps,
                                       bool continues) {
  Transaction t(root);
  t.journal_.what = what;
  t.journal_.continues = continues;
  t.journal_.steps = std::move(steps);
  auto ready = make_state_dir(root, t.journal_.made);
  if (ready) {
    t.dir_ = std::move(*ready);
    if (auto prepared = t.prepare_areas(); !prepared)
      ready = std::unexpected(std::move(prepared).error());
  }
  if (ready)
    return t;
  t.abandon();
  return with_status(std::move(ready).error(), Status::refused);
}

// Chooses an area for every step that puts or removes something, makes those outside of the transaction's own
// directory, and writes the journal that names them before anything is in them.
Result<> Transaction::prepare_areas() {
  AreaFinder finder(*root_, dirs_, dir_);
  for (Step& step : journal_.steps)
    if (step.action == Action::put || step.action == Action::remove)
      step.area = TRY(finder.area_for(step.path, journal_.areas, journal_.made));
  TRY(write_journal("staging"));
  return finder.make_areas(journal_.areas);
}

Result<> Transaction::write_journal(const char* name) {
  const int dir = TRY(dirs_.get(dir_));
  const std::string shown = root_->shown(str(dir_, '/', name));
  UniqueFd fd = TRY(open_at(dir, "journal.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, shown));
  TRY(write_all(fd.get(), journal_.print(), shown));
  TRY(sync_fd(fd.get(), shown));
  TRY(fd.close(shown));
  return rename_journal("journal.tmp", name);
}

Result<> Transaction::rename_journal(const char* from, const char* to) {
  const int dir = TRY(dirs_.get(dir_));
  const std::string shown = root_->shown(str(dir_, '/', to));
  TRY(rename_at(dir, from, dir, to, shown));
  return sync_fd(dir, shown);
}

Result<int> Transaction::area(size_t step) {
  return dirs_.get(journal_.areas[journal_.steps[step].area]);
}

Result<> Transaction::open_areas() {
  for (const std::string& path : journal_.areas)
    TRY(dirs_.get(path));
  return {};
}

Result<UniqueFd> Transaction::create_file(size_t i) {
  return open_at(TRY(area(i)), new_slot(i), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600,
                 root_->shown(journal_.steps[i].path));
}

Result<> Transaction::create_hard_link(size_t i, size_t of_step) {
  const std::string shown = root_->shown(journal_.steps[i].path);
  if (::linkat(TRY(area(of_step)), new_slot(of_step).c_str(), TRY(area(i)), new_slot(i).c_str(), 0) < 0)
    return fail("make hard link", shown);
  return {};
}

Result<> Transaction::create_hard_link_to_existing(size_t i, std::string_view path) {
  const std::string shown = root_->shown(journal_.steps[i].path);
  const std::string name(base_name(path));
  if (::linkat(TRY(dirs_.parent(path)), name.c_str(), TRY(area(i)), new_slot(i).c_str(), 0) < 0)
    return fail("make hard link", shown);
  return {};
}

Result<> Transaction::create_link(size_t i) {
  const Step& step = journal_.steps[i];
  const std::string shown = root_->shown(step.path);
  const int dir = TRY(area(i));
  if (::symlinkat(step.link.c_str(), dir, new_slot(i).c_str()) < 0)
    return fail("make link", shown);
  if (::fchownat(dir, new_slot(i).c_str(), step.attributes.uid, step.attributes.gid, AT_SYMLINK_NOFOLLOW) < 0)
    return fail("set the owner", shown);
  return {};
}

Result<> Transaction::create_dir(size_t i) {
  const Step& step = journal_.steps[i];
  const std::string shown = root_->shown(step.path);
  const int dir = TRY(area(i));
  if (::mkdirat(dir, new_slot(i).c_str(), 0700) < 0)
    return fail("make directory", shown);
  return set_attributes(dir, new_slot(i), step.attributes, shown);
}

void Transaction::abandon() {
  // Nothing of the root has been touched: whatever fails here leaves only hidden leftovers, which the next run clears.
  for (size_t i = 0; i < journal_.steps.size(); ++i)
    if (const Step& step = journal_.steps[i]; step.action == Action::put && step.area < journal_.areas.size())
      if (const auto dir = area(i))
        (void)remove_at(*dir, new_slot(i), step.kind, "");
  remove_state();
}

// Removes the journal, then the directories that held the state, as far as they are empty. The journal goes last of
// the files: until then another process can still clear up what it names.
void Transaction::remove_state() {
  if (dir_.empty())
    return;
  if (const auto dir = dirs_.get(dir_))
    for (const char* const name : {"journal.tmp", "staging", "undo"})
      ::unlinkat(*dir, name, 0);
  std::vector<std::string> dirs = journal_.areas;
  dirs.push_back(dir_);
  std::ranges::reverse(dirs);
  dirs.insert(dirs.end(), journal_.made.rbegin(), journal_.made.rend());
  for (const std::string& path : dirs)
    if (const auto parent = dirs_.parent(path))
      ::unlinkat(*parent, std::string(base_name(path)).c_str(), AT_REMOVEDIR);
}

// Commit.

Result<> Transaction::commit() {
  auto done = [&]() -> Result<> {
    TRY(dirs_.sync_all());
    return rename_journal("staging", "journal");
  }();
  if (!done && !has_journal("journal")) {
    abandon();
    return done;
  }
  if (done)
    done = apply_all();
  if (done)
    return {};
  Error error = std::move(done).error();
  if (auto back = revert_all(); !back) {
    const auto reason = error.code() != 0 ? errno_text(error.code()) : error.detail();
    const std::string both = str(reason, "; and taking the change back failed too (", message(back.error()),
                                 "). Run `rescue-extract --undo` or `--resume` when the cause is mended");
    error = Error(error.attempt(), error.path(), 0, both, error.status());
  }
  return std::unexpected(std::move(error));
}

Result<> Transaction::apply_all() {
  TRY(clear_flags(false));
  TRY(keep_old_files());
  for (size_t i = 0; i < journal_.steps.size(); ++i)
    TRY(apply(i));
  TRY(set_flags());
  return dirs_.sync_all();
}

bool Transaction::has_journal(const char* name) {
  const auto dir = dirs_.get(dir_);
  return dir && ::faccessat(*dir, name, F_OK, 0) == 0;
}

// Clears the flags that forbid the change; `undoing` takes whatever stands there by now.
Result<> Transaction::clear_flags(bool undoing) {
  for (const Step& step : journal_.steps) {
    if (step.action != Action::flags)
      continue;
    const std::string shown = root_->shown(step.path);
    const auto parent = dirs_.parent(step.path);
    if (!parent && undoing)
      continue;
    const std::string name(base_name(step.path));
    const NodeKind kind = TRY(kind_at(TRY(parent), name, shown));
    if (kind == NodeKind::file || kind == NodeKind::dir)
      TRY(set_inode_flags(*parent, name, step.flags & ~protecting_flags, shown));
  }
  return {};
}

Result<> Transaction::set_flags() {
  for (const Step& step : journal_.steps) {
    if (step.action != Action::flags)
      continue;
    const std::string shown = root_->shown(step.path);
    const int parent = TRY(dirs_.parent(step.path));
    const std::string name(base_name(step.path));
    const NodeKind kind = TRY(kind_at(parent, name, shown));
    if (kind == NodeKind::file || kind == NodeKind::dir)
      TRY(set_inode_flags(parent, name, step.flags, shown));
  }
  return {};
}

// A second name for every file that will be replaced, before the first is: the renames then follow one another
// without anything in between, and libc and its loader are of different builds for as short a time as can be.
Result<> Transaction::keep_old_files() {
  for (size_t i = 0; i < journal_.steps.size(); ++i) {
    const Step& step = journal_.steps[i];
    if (!can_be_linked(step))
      continue;
    const std::string shown = root_->shown(step.path);
    const int kept = TRY(area(i));
    if (TRY(kind_at(kept, new_slot(i), shown)) == NodeKind::nothing)
      continue;  // resumed: this one is in place already
    const std::string name(base_name(step.path));
    if (::linkat(TRY(dirs_.parent(step.path)), name.c_str(), kept, old_slot(i).c_str(), 0) == 0 || errno == EEXIST)
      continue;
    // File systems without hard links: apply_put() renames the old file away instead. ENOENT: it was renamed already.
    if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK && errno != ENOENT)
      return fail("keep the old file", shown);
  }
  return {};
}

Result<> Transaction::apply(size_t i) {
  const Step& step = journal_.steps[i];
  const std::string shown = root_->shown(step.path);
  if (step.action == Action::put)
    return apply_put(i);
  if (step.action == Action::flags)
    return {};
  const std::string name(base_name(step.path));
  const auto parent = dirs_.parent(step.path);
  if (step.action == Action::move) {
    const int to = TRY(dirs_.parent(step.to));
    const std::string to_name(base_name(step.to));
    if (TRY(kind_at(to, to_name, shown)) != NodeKind::nothing)
      return {};  // resumed: done already, and a link may stand in the directory's place by now
    return rename_at(TRY(parent), name, to, to_name, shown);
  }
  if (step.action == Action::attributes)
    return set_attributes(TRY(parent), name, step.attributes, shown);
  if (TRY(kind_at(TRY(parent), name, shown)) == NodeKind::nothing)
    return {};  // resumed: done already
  return rename_at(*parent, name, TRY(area(i)), old_slot(i), shown);
}

// One rename, where the old file has its second name already. What has to make room first leaves the name empty for
// an instant unless the kernel can exchange the two.
Result<> Transaction::apply_put(size_t i) {
  const Step& step = journal_.steps[i];
  const std::string shown = root_->shown(step.path);
  const int slots = TRY(area(i));
  const int parent = TRY(dirs_.parent(step.path));
  const std::string name(base_name(step.path));
  if (TRY(kind_at(slots, new_slot(i), shown)) == NodeKind::nothing)
    return {};  // resumed: in place already
  if (needs_swap(step))
    return swap_in(i, slots, parent);
  if (can_be_linked(step) && TRY(kind_at(slots, old_slot(i), shown)) == NodeKind::nothing)
    TRY(rename_at(parent, name, slots, old_slot(i), shown));
  return rename_at(slots, new_slot(i), parent, name, shown);
}

// The three states that a crash can leave: nothing done; exchanged, the old thing waiting under the new one's slot;
// the old thing away, the new one not yet in place. Old and new are never both directories, so their types tell.
Result<> Transaction::swap_in(size_t i, int area, int parent) {
  const Step& step = journal_.steps[i];
  const std::string shown = root_->shown(step.path);
  const std::string name(base_name(step.path));
  if (TRY(kind_at(area, new_slot(i), shown)) != step.kind)
    return rename_at(area, new_slot(i), area, old_slot(i), shown);
  if (TRY(kind_at(area, old_slot(i), shown)) == NodeKind::nothing) {
    if (TRY(exchange_names(area, new_slot(i), parent, name, shown)))
      return rename_at(area, new_slot(i), area, old_slot(i), shown);
    TRY(rename_at(parent, name, area, old_slot(i), shown));
  }
  return rename_at(area, new_slot(i), parent, name, shown);
}

// Taking back.

Result<> Transaction::revert_all() {
  for (const char* const name : {"journal", "done"})
    if (has_journal(name))
      if (auto renamed = rename_journal(name, "undo"); !renamed && !has_journal("undo"))
        return renamed;
  TRY(clear_flags(true));
  std::optional<Error> first;
  for (size_t i = journal_.steps.size(); i-- > 0;)
    if (auto reverted = revert(i); !reverted && !first)
      first = std::move(reverted).error();
  if (first)
    return std::unexpected(std::move(*first));
  TRY(set_flags());
  (void)dirs_.sync_all();
  remove_state();
  return {};
}

Result<> Transaction::revert(size_t i) {
  const Step& step = journal_.steps[i];
  const std::string shown = root_->shown(step.path);
  if (step.action == Action::put)
    return revert_put(i);
  if (step.action == Action::flags)
    return {};
  const int parent = TRY(dirs_.parent(step.path));
  const std::string name(base_name(step.path));
  if (step.action == Action::attributes)
    return set_attributes(parent, name, step.old_attributes, shown);
  const int from = step.action == Action::remove ? TRY(area(i)) : TRY(dirs_.parent(step.to));
  const std::string kept = step.action == Action::remove ? old_slot(i) : std::string(base_name(step.to));
  if (TRY(kind_at(from, kept, shown)) == NodeKind::nothing)
    return {};  // it was not done, or is taken back already
  if (TRY(kind_at(parent, name, shown)) != NodeKind::nothing)
    return {};  // a move whose source still stands never happened
  return rename_at(from, kept, parent, name, shown);
}

Result<> Transaction::revert_put(size_t i) {
  const Step& step = journal_.steps[i];
  const std::string shown = root_->shown(step.path);
  const int slots = TRY(area(i));
  const std::string name(base_name(step.path));
  const NodeKind staged = TRY(kind_at(slots, new_slot(i), shown));
  const NodeKind kept = TRY(kind_at(slots, old_slot(i), shown));
  const auto parent = dirs_.parent(step.path);
  if (!parent) {
    // Its directory would have been made by an earlier step, which never was done.
    if (kept != NodeKind::nothing)
      return std::unexpected(parent.error());
    return remove_at(slots, new_slot(i), staged, shown);
  }
  if (needs_swap(step))
    return swap_back(i, slots, *parent);
  if (staged != NodeKind::nothing) {
    const NodeKind there = TRY(kind_at(*parent, name, shown));
    if (kept != NodeKind::nothing && there == NodeKind::nothing)
      TRY(rename_at(slots, old_slot(i), *parent, name, shown));
    TRY(remove_at(slots, old_slot(i), NodeKind::file, shown));
    return remove_at(slots, new_slot(i), step.kind, shown);
  }
  if (step.old_kind == NodeKind::nothing)
    return remove_at(*parent, name, step.kind, shown);
  if (kept == NodeKind::nothing)
    return {};  // taken back already
  return rename_at(slots, old_slot(i), *parent, name, shown);
}

// The reverse of swap_in(), from each of its states.
Result<> Transaction::swap_back(size_t i, int area, int parent) {
  const Step& step = journal_.steps[i];
  const std::string shown = root_->shown(step.path);
  const std::string name(base_name(step.path));
  const NodeKind staged = TRY(kind_at(area, new_slot(i), shown));
  const NodeKind kept = TRY(kind_at(area, old_slot(i), shown));
  if (staged != NodeKind::nothing && staged != step.kind)
    TRY(rename_at(area, new_slot(i), area, old_slot(i), shown));
  else if (kept == NodeKind::nothing)
    return remove_at(area, new_slot(i), step.kind, shown);
  else if (kept == step.kind)
    return remove_at(area, old_slot(i), step.kind, shown);  // exchanged back already
  if (TRY(kind_at(parent, name, shown)) == NodeKind::nothing) {
    TRY(rename_at(area, old_slot(i), parent, name, shown));
    return remove_at(area, new_slot(i), step.kind, shown);
  }
  if (TRY(exchange_names(area, old_slot(i), parent, name, shown)))
    return remove_at(area, old_slot(i), step.kind, shown);
  TRY(rename_at(parent, name, area, new_slot(i), shown));
  TRY(rename_at(area, old_slot(i), parent, name, shown));
  return remove_at(area, new_slot(i), step.kind, shown);
}

// After the commit.

Result<> Transaction::put_late(Step step, std::string_view content) {
  AreaFinder finder(*root_, dirs_, dir_);
  step.area = TRY(finder.area_for(step.path, journal_.areas, journal_.made));
  const std::string shown = root_->shown(step.path);
  const size_t i = journal_.steps.size();
  journal_.steps.push_back(std::move(step));
  const auto placed = [&]() -> Result<> {
    TRY(finder.make_areas(journal_.areas));
    UniqueFd fd = TRY(create_file(i));
    TRY(write_all(fd.get(), content, shown));
    const Attributes& a = journal_.steps[i].attributes;
    if (::fchown(fd.get(), a.uid, a.gid) < 0 || ::fchmod(fd.get(), a.mode) < 0)
      return fail("set owner and mode", shown);
    TRY(sync_fd(fd.get(), shown));
    TRY(fd.close(shown));
    TRY(write_journal("journal"));
    TRY(keep_old_files());
    TRY(apply(i));
    return dirs_.sync_all();
  }();
  if (placed)
    return {};
  // The rest of the transaction stands: only this step is taken back.
  TRY(revert_put(i));
  journal_.steps.pop_back();
  TRY(write_journal("journal"));
  return placed;
}

Result<> Transaction::finish() {
  TRY(rename_journal("journal", "done"));
  // An area that keeps nothing need not stay on its file system.
  for (const std::string& area : journal_.areas) {
    if (area == dir_)
      continue;
    for (const std::string_view path : {std::string_view(area), dir_name(area)})
      if (const auto parent = dirs_.parent(path))
        ::unlinkat(*parent, std::string(base_name(path)).c_str(), AT_REMOVEDIR);
  }
  return {};
}

// Taking up what another process left.

Result<Transaction> Transaction::load(const Root& root, const std::string& dir, const char* name) {
  Transaction t(root);
  t.dir_ = dir;
  const std::string path = str(dir, '/', name);
  const std::string text = TRY(root.read_file(path));
  t.journal_ = TRY(Journal::parse(Bytes(text, root.shown(path))));
  return t;
}

Result<> Transaction::resume_commit() {
  TRY(apply_all());
  return finish();
}

Result<> Transaction::undo() {
  AreaFinder finder(*root_, dirs_, dir_);
  TRY(finder.make_areas(journal_.areas));
  return revert_all();
}

// Whether what step `i` put in place is still what stands there.
Result<bool> Transaction::is_untouched(size_t i) {
  const Step& step = journal_.steps[i];
  const std::string shown = root_->shown(step.path);
  const auto parent = dirs_.parent(step.path);
  if (!parent)
    return false;
  const std::string name(base_name(step.path));
  if (TRY(kind_at(*parent, name, shown)) != step.kind)
    return false;
  if (step.kind == NodeKind::link)
    return TRY(read_link_at(*parent, name, shown)) == step.link;
  if (step.kind == NodeKind::dir)
    return true;
  const UniqueFd fd = TRY(open_at(*parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown));
  return TRY(sha256_fd(fd.get(), shown)) == step.sha256;
}

Result<std::vector<std::string>> Transaction::touched_since() {
  std::vector<std::string> paths;
  for (size_t i = 0; i < journal_.steps.size(); ++i)
    if (journal_.steps[i].action == Action::put && !TRY(is_untouched(i)))
      paths.push_back(root_->shown(journal_.steps[i].path));
  return paths;
}

Result<UniqueFd> lock_root(const Root& root) {
  UniqueFd fd = TRY(root.open_dir(""));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) < 0)
    return errno == EWOULDBLOCK
               ? with_status(fail("lock", root.path(), "another rescue command is changing it").error(),
                             Status::refused)
               : fail("lock", root.path());
  return fd;
}

}  // namespace rescue
