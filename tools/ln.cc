// ln: make links.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/confirm.h"
#include "lib/base/quote.h"
#include "lib/fs/backup.h"
#include "lib/fs/canonical.h"

namespace rescue {
namespace {

struct Options {
  std::optional<std::string> backup_control;
  std::string suffix;
  std::optional<std::string> target_directory;
  bool backup = false;
  bool directories = false;
  bool force = false;
  bool interactive = false;
  bool follow = false;
  bool link_is_file = false;
  bool relative = false;
  bool symbolic = false;
  bool no_target_directory = false;
  bool verbose = false;
};

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

Result<> force(Options& o, std::string_view /*none*/) {
  o.force = true;
  o.interactive = false;
  return {};
}

Result<> interactive(Options& o, std::string_view /*none*/) {
  o.force = false;
  o.interactive = true;
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
    {'d', "directory", &Options::directories, "let root try to make hard links to directories"},
    {'F', nullptr, &Options::directories, "the same"},
    {'f', "force", force, "replace what is there, at one stroke"},
    {'i', "interactive", interactive, "ask before something is replaced"},
    {'L', "logical", set<&Options::follow, true>, "link to what a symbolic link TARGET leads to"},
    {'n', "no-dereference", &Options::link_is_file, "take a LINK that is a symbolic link to a directory as a file"},
    {'P', "physical", set<&Options::follow, false>, "make hard links to symbolic links themselves (default)"},
    {'r', "relative", &Options::relative, "with -s, make the link relative to where it stands"},
    {'s', "symbolic", &Options::symbolic, "make symbolic links"},
    {'t', "target-directory", choose_directory, "make the links in DIRECTORY", "DIRECTORY"},
    {'T', "no-target-directory", &Options::no_target_directory, "take LINK as a file, not as a place for it"},
    {'v', "verbose", &Options::verbose, "say what is linked"},
};

// What `name` says to lead to the target from where it stands. What cannot be found out stays as it is written.
std::string relative_text(const std::string& target, const std::string& name) {
  const auto from = canonical_path(dir_name(name), {.missing = Missing::any});
  const auto to = canonical_path(target, {.missing = Missing::any});
  return from && to ? relative_path(*to, *from) : target;
}

bool same_inode(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

class Linker {
 public:
  Linker(const Options& opt, const BackupPolicy& backup, Io& io) : opt_(opt), backup_(backup), io_(io) {}

  Result<> link(const std::string& target, const std::string& name) {
    struct stat info{};
    if (!opt_.symbolic)
      TRY(check_target(target, info));
    const std::string text = opt_.symbolic && opt_.relative ? relative_text(target, name) : target;
    std::string backup;
    if (make(text, name) < 0) {
      if (errno != EEXIST || (!opt_.force && !opt_.interactive && backup_.kind == Backup::none))
        return fail(str("link to ", Quoted(text)), name);
      if (!TRY(may_replace(target, info, name)))
        return {};
      if (backup_.kind != Backup::none)
        backup = TRY(make_backup(AT_FDCWD, name, backup_, name));
      TRY(make_over(text, name));
    }
    remember(name);
    if (opt_.verbose)
      say(text, name, backup);
    return {};
  }

 private:
  Result<> check_target(const std::string& target, struct stat& info) const {
    if ((opt_.follow ? ::stat(target.c_str(), &info) : ::lstat(target.c_str(), &info)) < 0)
      return fail("look at", target);
    if (S_ISDIR(info.st_mode) && !opt_.directories)
      return fail("link to it", target, "is a directory; only symbolic links can lead there");
    return {};
  }

  int make(const std::string& text, const std::string& name) const {
    if (opt_.symbolic)
      return ::symlink(text.c_str(), name.c_str());
    return ::linkat(AT_FDCWD, text.c_str(), AT_FDCWD, name.c_str(), opt_.follow ? AT_SYMLINK_FOLLOW : 0);
  }

  // Beside the place and then into it, so that there is no moment without: it may be the loader's link.
  Result<> make_over(const std::string& text, const std::string& name) const {
    for (unsigned attempt = 0;; ++attempt) {
      const std::string temporary = str(dir_name(name), "/.rescue-", ::getpid(), '-', attempt);
      if (make(text, temporary) < 0) {
        if (errno == EEXIST && attempt < 1000)
          continue;
        return fail(str("link to ", Quoted(text)), name);
      }
      const int done = ::rename(temporary.c_str(), name.c_str());
      const int code = errno;
      // It is still there where the rename failed, and where both were links to one file already.
      (void)::unlink(temporary.c_str());
      return done < 0 ? fail("replace", name, code) : Result<>();
    }
  }

  Result<bool> may_replace(const std::string& target, const struct stat& info, const std::string& name) {
    struct stat there{};
    if (::lstat(name.c_str(), &there) < 0)
      return fail("look at", name);
    if (S_ISDIR(there.st_mode))
      return fail("replace with a link", name, "is a directory");
    if (!opt_.symbolic && backup_.kind != Backup::numbered && made_.contains({there.st_dev, there.st_ino, name}))
      return fail(str("replace with a link to ", Quoted(target)), name, "was made only just now");
    struct stat source = info;
    const bool known = !opt_.symbolic || ::stat(target.c_str(), &source) == 0;
    const bool may_be_one = known && same_inode(source, there) && (backup_.kind == Backup::none || !opt_.symbolic);
    if (may_be_one && (there.st_nlink == 1 || is_same_name(target, name)))
      return fail("replace with a link to itself", name, "is the same file");
    return !opt_.interactive || confirm(io_, str("replace ", Quoted(name)));
  }

  static bool is_same_name(const std::string& a, const std::string& b) {
    struct stat above_a{};
    struct stat above_b{};
    return base_name(a) == base_name(b) && ::stat(std::string(dir_name(a)).c_str(), &above_a) == 0 &&
           ::stat(std::string(dir_name(b)).c_str(), &above_b) == 0 && same_inode(above_a, above_b);
  }

  void remember(const std::string& name) {
    struct stat info{};
    if (::lstat(name.c_str(), &info) == 0)
      made_.insert({info.st_dev, info.st_ino, name});
  }

  void say(const std::string& text, const std::string& name, const std::string& backup) {
    if (!backup.empty())
      io_.out.put(Quoted(backup), " ~ ");
    io_.out.put(Quoted(name), opt_.symbolic ? " -> " : " => ", Quoted(text), '\n');
  }

  const Options& opt_;
  const BackupPolicy& backup_;
  Io& io_;
  std::set<std::tuple<dev_t, ino_t, std::string>> made_;
};

bool is_directory(const Options& opt, const std::string& path) {
  struct stat info{};
  return (opt.link_is_file ? ::lstat(path.c_str(), &info) : ::stat(path.c_str(), &info)) == 0 && S_ISDIR(info.st_mode);
}

// Where the links go, where that is a directory; takes it off the operands.
Result<std::optional<std::string>> link_directory(const Options& opt, std::vector<std::string>& words) {
  if (words.empty())
    return fail("missing operand", "", "give a TARGET");
  if (opt.no_target_directory && opt.target_directory)
    return fail("both -t and -T", "", "only one of them can be given");
  if (opt.no_target_directory) {
    if (words.size() != 2)
      return fail(words.size() < 2 ? "missing operand" : "extra operand", words.back(),
                  "-T takes one TARGET and one LINK");
    return std::nullopt;
  }
  if (opt.target_directory) {
    if (!is_directory({}, *opt.target_directory))
      return fail("link into it", *opt.target_directory, "is not a directory");
    return opt.target_directory;
  }
  if (words.size() == 1)
    return ".";
  if (is_directory(opt, words.back())) {
    std::optional<std::string> directory = std::move(words.back());
    words.pop_back();
    return directory;
  }
  if (words.size() > 2)
    return fail("link into it", words.back(), "is not a directory");
  return std::nullopt;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  BackupPolicy backup;
  if (opt.backup)
    backup = {TRY(backup_kind(opt.backup_control.value_or(""))), backup_suffix(opt.suffix)};
  if (opt.relative && !opt.symbolic)
    return fail("--relative", "", "is for symbolic links; give --symbolic too");
  std::vector<std::string> words(args.begin(), args.end());
  const auto directory = TRY(link_directory(opt, words));
  Linker linker(opt, backup, io);
  if (!directory) {
    if (const auto done = linker.link(words[0], words[1]); !done)
      io.warn(done.error());
    return io.status();
  }
  for (const std::string& target : words) {
    const std::string name = str(*directory, directory->ends_with('/') ? "" : "/", base_name(target));
    if (const auto done = linker.link(target, name); !done)
      io.warn(done.error());
  }
  return io.status();
}

}  // namespace

extern const Applet ln_applet = {
    .name = "ln",
    .summary = "make links between files",
    .usage =
        "[OPTION]... [-T] TARGET LINK\n[OPTION]... TARGET\n[OPTION]... TARGET... DIRECTORY\n"
        "[OPTION]... -t DIRECTORY TARGET...",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
