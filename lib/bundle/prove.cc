#include "lib/bundle/prove.h"

#include <cerrno>
#include <set>

#include <fcntl.h>
#include <sys/statvfs.h>

#include "lib/base/side_by_side.h"
#include "lib/base/text.h"
#include "lib/bundle/programs.h"
#include "lib/bundle/state_dir.h"
#include "lib/bundle/transaction.h"
#include "lib/crypto/digest.h"
#include "lib/elf/search.h"
#include "lib/sys/trial.h"

namespace rescue {

namespace {

// How long one of the root's programs may take to do nothing.
constexpr unsigned trial_seconds = 20;

// Why the disk has something else than the step put there; empty if it is right. `content` is the file's, if it is
// known: to compare is quicker than to work out a digest.
Result<std::string> look_again(const Root& root, int dir, const Step& step, std::string_view content) {
  const std::string shown = root.shown(step.path);
  const std::string name(base_name(step.path));
  struct stat info{};
  if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0)
    return fail("find", shown);
  if (kind_of(info.st_mode) != step.kind)
    return "is of another type";
  if (step.kind == NodeKind::link)
    return TRY(read_link_at(dir, name, shown)) == step.link ? "" : "leads elsewhere";
  if (Attributes{info.st_mode & 07777U, info.st_uid, info.st_gid} != step.attributes)
    return "has another mode or owner";
  if (step.kind == NodeKind::dir)
    return "";
  const UniqueFd fd = TRY(open_at(dir, name, O_RDONLY | O_NOFOLLOW, 0, shown));
  // What the kernel still has in memory would prove nothing about the disk.
  (void)::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
  const bool same =
      content.empty() ? TRY(sha256_fd(fd.get(), shown)) == step.sha256 : TRY(reads_as(fd.get(), content, shown));
  return same ? "" : "does not read back as it was written";
}

// What the threads of check_files() share.
struct Checking {
  struct Place {
    const Step* step;
    std::string_view content;
    int dir;              // that holds it
    std::string problem;  // empty if it is right
  };
  const Root& root;
  std::vector<Place> places;
};

void check_place(void* shared, size_t i) {
  Checking& checking = *static_cast<Checking*>(shared);
  Checking::Place& place = checking.places[i];
  auto wrong = look_again(checking.root, place.dir, *place.step, place.content);
  if (!wrong)
    place.problem = message(wrong.error());
  else if (!wrong->empty())
    place.problem = str(Printable(checking.root.shown(place.step->path)), ": ", *wrong);
}

void check_files(const Root& root, const Journal& journal, std::span<const std::string_view> contents, Proof& proof) {
  DirCache dirs(root);
  Checking checking{root, {}};
  for (size_t i = 0; i < journal.steps.size(); ++i) {
    const Step& step = journal.steps[i];
    if (step.action != Action::put)
      continue;
    ++proof.files_checked;
    if (const auto dir = dirs.parent(step.path))
      checking.places.push_back({&step, i < contents.size() ? contents[i] : std::string_view(), *dir, {}});
    else
      proof.problems.push_back(message(dir.error()));
  }
  side_by_side(checking.places.size(), 8, check_place, &checking);
  for (Checking::Place& place : checking.places)
    if (!place.problem.empty())
      proof.problems.push_back(std::move(place.problem));
}

void check_programs(const Root& root, Proof& proof) {
  elf::Resolver resolver(root);
  // One broken library breaks many programs: each problem is told once.
  std::set<std::string> told;
  for (const std::string& program : key_programs(root)) {
    const auto closure = resolver.resolve(program);
    if (!closure)
      continue;  // a script, or not there: nothing that a library decides
    ++proof.programs_checked;
    for (const std::string& problem : elf::problems_of(*closure))
      if (told.insert(problem).second)
        proof.problems.push_back(str(program, ": ", problem));
  }
  if (proof.programs_checked == 0)
    proof.problems.push_back(str(Printable(root.path()),
                                 ": has no program that could be checked. Is it the right directory, and is its disk "
                                 "mounted there?"));
}

// What lies beside the files of a bundle, and keeps every program from starting all the same.
void name_suspects(const Root& root, Proof& proof) {
  constexpr std::string_view preload = "etc/ld.so.preload";
  if (const auto text = root.read_file(preload); text && !text->empty())
    proof.problems.push_back(
        str(Printable(root.shown(preload)),
            ": makes every program load a library first; move this file away if that is the cause"));
  struct statvfs info{};
  const auto top = root.open_dir("");
  if (top && ::fstatvfs(top->get(), &info) == 0 && (info.f_flag & ST_NOEXEC) != 0)
    proof.problems.push_back(str(Printable(root.path()), ": is mounted noexec, so no program on it can run; `mount -o ",
                                 "remount,exec` it"));
}

void run_one(const Root& root, Proof& proof) {
  for (const auto& words : {std::vector<std::string>{"/bin/true"}, {"/bin/sh", "-c", ":"}}) {
    if (!root.exists(words[0]))
      continue;
    const auto result = try_program(root, words, trial_seconds);
    if (!result) {
      proof.not_run_because = message(result.error());
      return;
    }
    switch (result->kind) {
      case TrialResult::Kind::succeeded: proof.ran_program = true; break;
      case TrialResult::Kind::failed:
        proof.problems.push_back(str("trial run: ", result->why));
        return name_suspects(root, proof);
      case TrialResult::Kind::not_for_here: proof.not_run_because = result->why; return;
    }
  }
}

}  // namespace

Proof prove(const Root& root, const Journal& journal, std::span<const std::string_view> contents) {
  Proof proof;
  check_files(root, journal, contents, proof);
  check_programs(root, proof);
  run_one(root, proof);
  return proof;
}

}  // namespace rescue
