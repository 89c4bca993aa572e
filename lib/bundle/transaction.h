// A change to a root that is made whole or not at all, survives a crash at any instant, and can be taken back.
//
// The state of transaction N is kept in var/lib/rescue/N/ of the root (".rescue/N/" where that cannot be made). The
// name of the journal in it says how far things are:
//
//   staging   new files are being written to the area; nothing else of the root has been touched
//   journal   all is staged and on disk; the steps are being done. From here on it is finished by resume()
//   done      all steps are done; kept, with what was replaced, for undo()
//   undo      the steps are being taken back
//
// New files wait in an "area" of the file system that they belong to: the transaction's own directory where that is
// on it, otherwise a directory `.rescue` at the top of that file system. So an interrupted staging leaves nothing in
// any library directory, where ldconfig or the loader could take it for a library. Every step is a rename within one
// file system; what is replaced is kept there under another name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/fd.h"
#include "lib/bundle/journal.h"
#include "lib/fs/root.h"

namespace rescue {

// Directories of a root by their path without links, opened once; their descriptors can be synced.
class DirCache {
 public:
  explicit DirCache(const Root& root) : root_(&root) {}
  // The descriptor of the directory `path`; fails if a link has come to stand on the way.
  Result<int> get(const std::string& path);
  // That of the directory that holds `path`.
  Result<int> parent(std::string_view path);
  // Writes all that was changed in them to disk.
  Result<> sync_all();

 private:
  const Root* root_;
  std::map<std::string, UniqueFd, std::less<>> dirs_;
};

class Transaction {
 public:
  // Makes the state directory and the areas, and writes `steps` to the journal. Sets Step::area. Fails with status
  // refused when the root cannot hold them (read-only, full); then nothing is left behind. `continues`: an undo takes
  // back the transaction before it as well.
  static Result<Transaction> begin(const Root& root, std::string_view what, std::vector<Step> steps,
                                   bool continues = false);

  const Journal& journal() const { return journal_; }

  // Staging of step `i`, which must be a put of that kind. `create_file` gives an empty file that the caller fills;
  // the others are complete. After open_areas() several threads may create files at once.
  Result<> open_areas();
  Result<UniqueFd> create_file(size_t i);
  Result<> create_hard_link(size_t i, size_t of_step);
  Result<> create_hard_link_to_existing(size_t i, std::string_view path);
  Result<> create_link(size_t i);
  Result<> create_dir(size_t i);

  // Removes all that was staged. For errors before commit().
  void abandon();

  // Everything staged becomes durable, then the steps are done. After an error all steps are taken back; the error
  // says if even that failed, and the root then waits for resume() or undo().
  Result<> commit();

  // Replaces the file `path` after the commit, as one more step of this transaction.
  Result<> put_late(Step step, std::string_view content);

  // The change is final; it can still be taken back by undo_last().
  Result<> finish();

  // Takes up the transaction in the directory `dir` whose journal is called `name`.
  static Result<Transaction> load(const Root& root, const std::string& dir, const char* name);
  // Does the steps that are not done yet, from whichever state a crash left, and finishes.
  Result<> resume_commit();
  // Takes all steps back, from whichever state, and removes what was kept.
  Result<> undo();
  // The paths, as shown, where something else stands by now than what this transaction put there.
  Result<std::vector<std::string>> touched_since();

 private:
  explicit Transaction(const Root& root) : root_(&root), dirs_(root) {}

  Result<> prepare_areas();
  Result<> write_journal(const char* name);
  Result<> rename_journal(const char* from, const char* to);
  bool has_journal(const char* name);
  Result<int> area(size_t step);
  Result<> clear_flags(bool undoing);
  Result<> set_flags();
  Result<> keep_old_files();
  Result<> apply_all();
  Result<> apply(size_t i);
  Result<> apply_put(size_t i);
  Result<> swap_in(size_t i, int area, int parent);
  Result<> revert_all();
  Result<> revert(size_t i);
  Result<> revert_put(size_t i);
  Result<> swap_back(size_t i, int area, int parent);
  Result<bool> is_untouched(size_t i);
  void remove_state();

  const Root* root_;
  DirCache dirs_;
  std::string dir_;  // path of the transaction's directory
  Journal journal_;
};

// One writer at a time: holds an advisory lock on the root directory itself, which needs no file of its own.
Result<UniqueFd> lock_root(const Root& root);

}  // namespace rescue
