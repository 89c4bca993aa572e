// mv: rename files and trees, or move them to another file system.
#include <cerrno>
#include <cstdio>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/base/quote.h"
#include "lib/fs/backup.h"
#include "lib/fs/copy_console.h"
#include "lib/fs/remove_console.h"
#include "lib/fs/tree_copy.h"
#include "lib/fs/tree_remove.h"

namespace rescue {
namespace {

enum class Existing : uint8_t { replace, careful, ask, skip };
enum class UpdateWord : uint8_t { all, none, older };

struct Options {
  Existing existing = Existing::careful;
  std::optional<std::string> backup_control;
  std::string suffix;
  std::optional<std::string> target_directory;
  bool backup = false;
  bool no_target_directory = false;
  bool strip_slashes = false;
  bool only_newer = false;
  bool verbose = false;
};

constexpr Choice<UpdateWord> update_words[] = {
    {"all", UpdateWord::all}, {"none", UpdateWord::none}, {"older", UpdateWord::older}};

Result<> choose_backup(Options& o, std::string_view word) {
  o.backup = true;
  if (!word.empty())
    o.backup_control = word;
  return {};
}

Result<> choose_suffix(Options& o, std::string_view word) {
  o.backup = true;
  o.suffix = word;
  return {};
}

Result<> choose_update(Options& o, std::string_view word) {
  const auto update = word.empty() ? UpdateWord::older : TRY(choose("--update", word, update_words));
  o.only_newer = update == UpdateWord::older;
  if (update == UpdateWord::none)
    o.existing = Existing::skip;
  return {};
}

Result<> choose_directory(Options& o, std::string_view word) {
  if (o.target_directory)
    return fail("--target-directory", "", "is given more than once");
  o.target_directory = word;
  return {};
}

constexpr Opt<Options> options[] = {
    {0, "backup", choose_backup, "keep what is replaced: simple, numbered, existing or none", "[CONTROL]"},
    {'b', nullptr, set<&Options::backup, true>, "the same, as VERSION_CONTROL says"},
    {'S', "suffix", choose_suffix, "the end of a backup's name, in place of ~", "SUFFIX"},
    {'f', "force", set<&Options::existing, Existing::replace>, "ask nothing before a target is replaced"},
    {'i', "interactive", set<&Options::existing, Existing::ask>, "ask before a target is replaced"},
    {'n', "no-clobber", set<&Options::existing, Existing::skip>, "leave targets that exist alone"},
    {'u', nullptr, set<&Options::only_newer, true>, "move only what is newer than its target, or has none"},
    {0, "update", choose_update, "which targets to replace: all, none or older (default: older)", "[WHICH]"},
    {0, "strip-trailing-slashes", &Options::strip_slashes, "take slashes off the end of each SOURCE"},
    {'t', "target-directory", choose_directory, "move everything into DIRECTORY", "DIRECTORY"},
    {'T', "no-target-directory", &Options::no_target_directory, "take TARGET as a file, not as a place for it"},
    {'v', "verbose", &Options::verbose, "say what is moved"},
};

// A copy on the other file system that is as the original in all that it has.
CopyOptions whole_copy(bool verbose) {
  CopyOptions copy;
  copy.verbose = verbose;
  copy.links = CopyOptions::Links::keep;
  copy.recursive = true;
  copy.keep_mode = copy.keep_owner = copy.keep_times = copy.keep_links = copy.keep_xattrs = copy.keep_label = true;
  copy.quiet_xattrs = true;
  copy.remove_destination = true;
  copy.removes_sources = true;
  return copy;
}

bool same_inode(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool same_name(const std::string& a, const std::string& b) {
  struct stat above_a{};
  struct stat above_b{};
  return base_name(a) == base_name(b) && ::stat(std::string(dir_name(a)).c_str(), &above_a) == 0 &&
         ::stat(std::string(dir_name(b)).c_str(), &above_b) == 0 && same_inode(above_a, above_b);
}

class Mover {
 public:
  Mover(const Options& opt, const BackupPolicy& backup, Io& io)
      : opt_(opt),
        backup_(backup),
        io_(io),
        copy_console_(io, true),
        copier_(copy_, copy_console_),
        remove_console_(io),
        remover_(remove_, remove_console_) {}

  Result<> move(const std::string& source, const std::string& target) {
    struct stat from{};
    struct stat to{};
    if (::lstat(source.c_str(), &from) < 0)
      return fail("look at", source);
    const bool exists = ::lstat(target.c_str(), &to) == 0;
    if (!exists && errno != ENOENT && errno != ENOTDIR)
      return fail("look at", target);
    std::string backup;
    if (exists) {
      if (!TRY(may_replace(source, from, target, to)))
        return {};
      if (backup_.kind != Backup::none)
        backup = TRY(make_backup(AT_FDCWD, target, backup_, target));
    }
    const auto moved = rename_or_copy(source, target, from, backup);
    // The backup was made for nothing.
    if (!moved && !backup.empty())
      (void)::rename(backup.c_str(), target.c_str());
    if (moved)
      remember(target);
    return moved;
  }

 private:
  Result<bool> may_replace(const std::string& source, const struct stat& from, const std::string& target,
                           const struct stat& to) {
    if (same_inode(from, to) && (backup_.kind == Backup::none || same_name(source, target)))
      return fail("move", source, "is the same file as ", Quoted(target));
    // The link would lead to itself, and the file be gone.
    struct stat referent{};
    if (S_ISLNK(from.st_mode) && backup_.kind == Backup::none && ::stat(source.c_str(), &referent) == 0 &&
        same_inode(referent, to))
      return fail("move", source, "leads to ", Quoted(target), ", which would be gone");
    const bool newer = from.st_mtim.tv_sec != to.st_mtim.tv_sec ? from.st_mtim.tv_sec > to.st_mtim.tv_sec
                                                                : from.st_mtim.tv_nsec > to.st_mtim.tv_nsec;
    if (opt_.only_newer && opt_.existing != Existing::skip && !S_ISDIR(from.st_mode) && !newer)
      return false;
    if (opt_.existing == Existing::skip)
      return false;
    const bool writable = S_ISLNK(to.st_mode) || ::faccessat(AT_FDCWD, target.c_str(), W_OK, AT_EACCESS) == 0;
    const bool careful = opt_.existing == Existing::careful && !writable && ::isatty(io_.in) == 1;
    if ((opt_.existing == Existing::ask || careful) && !copy_console_.may_replace(target, to.st_mode, writable))
      return false;
    if (S_ISDIR(from.st_mode) && !S_ISDIR(to.st_mode) && backup_.kind == Backup::none)
      return fail("replace with a directory", target, "is not a directory");
    if (!S_ISDIR(from.st_mode) && S_ISDIR(to.st_mode) && backup_.kind == Backup::none)
      return fail("replace with a file", target, "is a directory");
    if (backup_.kind != Backup::numbered && made_.contains({to.st_dev, to.st_ino}))
      return fail(str("replace with ", Quoted(source)), target, "was moved there only just now");
    return true;
  }

  void remember(const std::string& target) {
    struct stat info{};
    if (::lstat(target.c_str(), &info) == 0)
      made_.insert({info.st_dev, info.st_ino});
  }

  void say(std::string_view what, const std::string& source, const std::string& target, const std::string& backup) {
    if (!opt_.verbose)
      return;
    io_.out.put(what, ' ', Quoted(source), " -> ", Quoted(target));
    if (!backup.empty())
      io_.out.put(" (backup: ", Quoted(backup), ')');
    io_.out.put('\n');
  }

  Result<> rename_or_copy(const std::string& source, const std::string& target, const struct stat& from,
                          const std::string& backup) {
    if (::rename(source.c_str(), target.c_str()) == 0) {
      say("renamed", source, target, backup);
      return {};
    }
    if (errno == EINVAL && S_ISDIR(from.st_mode))
      return fail("move", source, "cannot be moved into itself, ", Quoted(target));
    if (errno != EXDEV)
      return fail(str("move ", Quoted(source)), target);
    return copy_over(source, target, from, backup);
  }

  // To another file system. What is there gives way at the end, when its successor is whole.
  Result<> copy_over(const std::string& source, const std::string& target, const struct stat& from,
                     const std::string& backup) {
    struct stat there{};
    const bool exists = ::lstat(target.c_str(), &there) == 0;
    if (exists && S_ISDIR(there.st_mode) && ::rmdir(target.c_str()) < 0)
      return fail("replace", target);
    const bool beside = exists && !S_ISDIR(there.st_mode) && !S_ISDIR(from.st_mode);
    const std::string place = beside ? str(dir_name(target), "/.rescue-", ::getpid(), '-', base_name(target)) : target;
    if (!S_ISDIR(from.st_mode))
      say("copied", source, target, backup);
    if (!copier_.copy(source, place, false)) {
      remover_.remove(place);
      return fail("move", source, "was not copied as a whole; it stays where it is");
    }
    if (beside && ::rename(place.c_str(), target.c_str()) < 0) {
      const int code = errno;
      (void)::unlink(place.c_str());
      return fail("replace", target, code);
    }
    if (beside)
      copier_.renamed(place, target);
    if (is_dot_or_dot_dot(base_name(source)))
      return fail("remove after copying", source, "is . or .., and stays where it is");
    if (!remover_.remove(source))
      return fail("remove after copying", source, "is still there");
    return {};
  }

  const Options& opt_;
  const BackupPolicy& backup_;
  Io& io_;
  const CopyOptions copy_ = whole_copy(opt_.verbose);
  CopyConsole copy_console_;
  TreeCopier copier_;
  const RemoveOptions remove_{.ignore_missing = true, .recursive = true, .verbose = opt_.verbose};
  RemoveConsole remove_console_;
  TreeRemover remover_;
  std::set<std::pair<dev_t, ino_t>> made_;
};

bool is_directory(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// Where everything goes, where that is a directory; takes it off the operands.
Result<std::optional<std::string>> target_directory(const Options& opt, std::vector<std::string>& words) {
  if (words.empty())
    return fail("missing operand", "", "give a SOURCE and a TARGET");
  if (words.size() == 1 && !opt.target_directory)
    return fail("missing operand", "", "where should ", Printable(words[0]), " be moved to?");
  if (opt.no_target_directory && opt.target_directory)
    return fail("both -t and -T", "", "only one of them can be given");
  if (opt.target_directory) {
    if (!is_directory(*opt.target_directory))
      return fail("move into it", *opt.target_directory, "is not a directory");
    return opt.target_directory;
  }
  if (opt.no_target_directory && words.size() > 2)
    return fail("extra operand", words[2], "-T takes one SOURCE and one TARGET");
  if (!opt.no_target_directory && is_directory(words.back())) {
    std::optional<std::string> directory = std::move(words.back());
    words.pop_back();
    return directory;
  }
  if (words.size() > 2)
    return fail("move into it", words.back(), "is not a directory");
  return std::nullopt;
}

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  return path;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (opt.backup && opt.existing == Existing::skip)
    return fail("both --backup and --no-clobber", "", "only one of them can be given");
  BackupPolicy backup;
  if (opt.backup)
    backup = {TRY(backup_kind(opt.backup_control.value_or(""))), backup_suffix(opt.suffix)};
  std::vector<std::string> words(args.begin(), args.end());
  const auto directory = TRY(target_directory(opt, words));
  if (opt.strip_slashes)
    for (std::string& word : words)
      word = without_slashes(word);
  Mover mover(opt, backup, io);
  if (!directory) {
    if (const auto done = mover.move(words[0], words[1]); !done)
      io.warn(done.error());
    return io.status();
  }
  for (const std::string& source : words) {
    const std::string target = str(*directory, directory->ends_with('/') ? "" : "/", base_name(source));
    if (const auto done = mover.move(source, target); !done)
      io.warn(done.error());
  }
  return io.status();
}

}  // namespace

extern const Applet mv_applet = {
    .name = "mv",
    .summary = "move or rename files",
    .usage = "[OPTION]... [-T] SOURCE TARGET\n[OPTION]... SOURCE... DIRECTORY\n[OPTION]... -t DIRECTORY SOURCE...",
    .notes =
        dense<"Within a file system the target is replaced at one stroke: programs that use it keep the old file.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
