// install: copy files into their place, with owner and permissions; make directories.
#include <cerrno>
#include <cstdio>
#include <set>

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/quote.h"
#include "lib/fs/attributes.h"
#include "lib/fs/backup.h"
#include "lib/fs/copy_data.h"
#include "lib/fs/mode_change.h"
#include "lib/fs/owner_spec.h"
#include "lib/sys/process.h"

namespace rescue {
namespace {

struct Options {
  std::optional<std::string> backup_control;
  std::optional<std::string> group;
  std::optional<std::string> mode;
  std::optional<std::string> owner;
  std::optional<std::string> target_directory;
  std::string suffix;
  std::string strip_program = "strip";
  bool backup = false;
  bool compare = false;
  bool directories = false;
  bool ignored = false;
  bool make_parents = false;
  bool no_target_directory = false;
  bool preserve_label = false;
  bool preserve_times = false;
  bool strip = false;
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
    {'c', nullptr, &Options::ignored, "ignored, as GNU's install does"},
    {'C', "compare", &Options::compare, "leave alone what is there already as it should be"},
    {'d', "directory", &Options::directories, "make all operands as directories"},
    {'D', nullptr, &Options::make_parents, "make the directories above the target"},
    {'g', "group", &Options::group, "give them this group", "GROUP"},
    {'m', "mode", &Options::mode, "give them these permissions, written as for chmod (default: rwxr-xr-x)", "MODE"},
    {'o', "owner", &Options::owner, "give them this owner", "OWNER"},
    {'p', "preserve-timestamps", &Options::preserve_times, "keep the times of access and modification"},
    {0, "preserve-context", &Options::preserve_label, "keep the SELinux label"},
    {'s', "strip", &Options::strip, "take symbol tables away, by the program strip"},
    {0, "strip-program", &Options::strip_program, "by this program", "PROGRAM"},
    {'t', "target-directory", choose_directory, "copy everything into DIRECTORY", "DIRECTORY"},
    {'T', "no-target-directory", &Options::no_target_directory, "take TARGET as a file, not as a place for it"},
    {'v', "verbose", &Options::verbose, "say what is made"},
};

bool is_directory(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// What all files get.
struct Wanted {
  mode_t mode = 0755;
  mode_t directory_mode = 0755;
  mode_t directory_mentioned = 07777;
  std::optional<uint32_t> user;
  std::optional<uint32_t> group;
  BackupPolicy backup;
};

Result<> run_strip(const Options& opt, const std::string& path) {
  // A name that begins with a dash is no option.
  const std::string shown = path.starts_with('-') ? str("./", path) : path;
  std::string program = opt.strip_program;
  std::string file = shown;
  char* words[] = {program.data(), file.data(), nullptr};
  pid_t child;
  int status = 0;
  expect_children();
  if (const int code = ::posix_spawnp(&child, program.c_str(), nullptr, nullptr, words, environ); code != 0)
    return fail("run", program, code);
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return fail("wait for", program);
  if (status != 0)
    return fail("strip", path, program, " did not succeed");
  return {};
}

class Installer {
 public:
  Installer(const Options& opt, const Wanted& wanted, Io& io) : opt_(opt), wanted_(wanted), io_(io) {}

  Result<> make_directory(const std::string& path) {
    TRY(make_parents(path));
    if (::mkdir(path.c_str(), 0755 & ~mode_t{022}) == 0)
      say_directory(path);
    else if (errno != EEXIST || !is_directory(path))
      return fail("make directory", path);
    struct stat info{};
    if (::stat(path.c_str(), &info) < 0)
      return fail("look at", path);
    TRY(give_owner(path, AT_FDCWD));
    const mode_t kept = info.st_mode & 06000 & ~wanted_.directory_mentioned;
    if (::chmod(path.c_str(), wanted_.directory_mode | kept) < 0)
      return fail("set permissions", path);
    return {};
  }

  Result<> install(const std::string& source, const std::string& target) {
    if (opt_.make_parents)
      TRY(make_parents(target));
    UniqueFd in = TRY(open_file(source, O_RDONLY | O_NONBLOCK));
    struct stat from{};
    struct stat there{};
    if (::fstat(in.get(), &from) < 0)
      return fail("look at", source);
    if (S_ISDIR(from.st_mode))
      return fail("copy", source, "is a directory, and left out");
    const bool exists = ::lstat(target.c_str(), &there) == 0;
    if (exists && S_ISDIR(there.st_mode))
      return fail("replace with a file", target, EISDIR);
    if (exists && from.st_dev == there.st_dev && from.st_ino == there.st_ino)
      return fail("copy", source, "is the same file as ", Quoted(target));
    if (exists && wanted_.backup.kind != Backup::numbered && made_.contains({there.st_dev, there.st_ino}))
      return fail(str("replace with ", Quoted(source)), target, "was made only just now");
    if (opt_.compare && exists && TRY(is_as_wanted(source, in.get(), from, target, there)))
      return {};
    TRY(replace(source, in.get(), from, target, exists));
    if (::lstat(target.c_str(), &there) == 0)
      made_.insert({there.st_dev, there.st_ino});
    return {};
  }

  // The directories above `path`, as any new directory.
  Result<> make_parents(const std::string& path) {
    const size_t end = path.find_last_not_of('/');
    for (size_t slash = path.find('/', 1); slash != std::string::npos && slash < end;
         slash = path.find('/', slash + 1)) {
      const std::string parent = path.substr(0, slash);
      if (parent.ends_with('/') || is_directory(parent))
        continue;
      if (::mkdir(parent.c_str(), 0755) < 0 && !is_directory(parent))
        return fail("make directory", parent);
      say_directory(parent);
    }
    return {};
  }

 private:
  void say_directory(const std::string& path) {
    if (opt_.verbose)
      io_.out.put("install: creating directory ", Quoted(path), '\n');
  }

  Result<> give_owner(const std::string& path, int dir) const {
    if (!wanted_.user && !wanted_.group)
      return {};
    constexpr auto as_it_is = static_cast<uint32_t>(-1);
    if (::fchownat(dir, path.c_str(), wanted_.user.value_or(as_it_is), wanted_.group.value_or(as_it_is),
                   AT_SYMLINK_NOFOLLOW) < 0)
      return fail("change owner", path);
    return {};
  }

  // Whether the target has the content, the owner and the permissions already.
  Result<bool> is_as_wanted(const std::string& source, int in, const struct stat& from, const std::string& target,
                            const struct stat& there) const {
    if (!S_ISREG(from.st_mode) || !S_ISREG(there.st_mode) || from.st_size != there.st_size)
      return false;
    if ((from.st_mode & 07000) != 0 || (there.st_mode & 07777) != wanted_.mode ||
        there.st_uid != wanted_.user.value_or(::geteuid()) || there.st_gid != wanted_.group.value_or(::getegid()))
      return false;
    const UniqueFd other = TRY(open_file(target, O_RDONLY));
    for (uint64_t offset = 0;;) {
      char ours[32768];
      char theirs[32768];
      const size_t count = TRY(pread_full(in, ours, offset, source));
      if (TRY(pread_full(other.get(), theirs, offset, target)) != count ||
          std::string_view(ours, count) != std::string_view(theirs, count))
        return false;
      if (count < sizeof ours)
        return true;
      offset += count;
    }
  }

  // Writes the file beside its place and renames it there when it is whole: a library is never half there.
  Result<> replace(const std::string& source, int in, const struct stat& from, const std::string& target, bool exists) {
    const std::string beside = str(dir_name(target), "/.rescue-", ::getpid(), '-', base_name(target));
    const auto written = write(source, in, from, beside);
    if (!written) {
      (void)::unlink(beside.c_str());
      return written;
    }
    std::string backup;
    if (exists && wanted_.backup.kind != Backup::none)
      backup = TRY(make_backup(AT_FDCWD, target, wanted_.backup, target));
    if (::rename(beside.c_str(), target.c_str()) < 0) {
      const int code = errno;
      (void)::unlink(beside.c_str());
      return fail("replace", target, code);
    }
    if (!opt_.verbose)
      return {};
    if (exists && backup.empty())
      io_.out.put("removed ", Quoted(target), '\n');
    io_.out.put(Quoted(source), " -> ", Quoted(target));
    if (!backup.empty())
      io_.out.put(" (backup: ", Quoted(backup), ')');
    io_.out.put('\n');
    return {};
  }

  Result<> write(const std::string& source, int in, const struct stat& from, const std::string& path) {
    UniqueFd out = TRY(open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
    struct stat info{};
    if (::fstat(out.get(), &info) < 0)
      return fail("look at", path);
    TRY(copier_.copy(in, from, source, out.get(), info, path));
    const FileRef from_ref{.fd = in, .dir = AT_FDCWD, .name = source, .shown = source};
    const FileRef to_ref{.fd = out.get(), .dir = AT_FDCWD, .name = path, .shown = path};
    if (opt_.preserve_label)
      TRY(copy_xattrs(from_ref, to_ref, {.label = true}));
    TRY(out.close(path));
    if (opt_.strip)
      TRY(run_strip(opt_, path));
    const FileRef named{.dir = AT_FDCWD, .name = path, .shown = path};
    if (opt_.preserve_times)
      TRY(set_times(named, from));
    TRY(give_owner(path, AT_FDCWD));
    // Who a folder's list lets in is not among those that the permissions name.
    (void)::removexattr(path.c_str(), "system.posix_acl_access");
    if (::chmod(path.c_str(), wanted_.mode) < 0)
      return fail("set permissions", path);
    return {};
  }

  const Options& opt_;
  const Wanted& wanted_;
  Io& io_;
  DataCopier copier_{DataPolicy{}};
  std::set<std::pair<dev_t, ino_t>> made_;
};

Result<Wanted> find_wanted(const Options& opt) {
  Wanted wanted;
  Names names;
  if (opt.mode) {
    const auto change = ModeChange::parse(*opt.mode);
    if (!change)
      return fail("mode", "", '\'', Printable(*opt.mode), "' cannot be understood");
    wanted.mode = change->apply(S_IFREG, 0);
    wanted.directory_mode = change->apply(S_IFDIR, 0, &wanted.directory_mentioned);
  }
  if (opt.owner && !opt.owner->empty())
    wanted.user = TRY(parse_user(*opt.owner, names));
  if (opt.group && !opt.group->empty())
    wanted.group = TRY(parse_group(*opt.group, names));
  if (opt.backup)
    wanted.backup = {TRY(backup_kind(opt.backup_control.value_or(""))), backup_suffix(opt.suffix)};
  return wanted;
}

// Where everything goes, where that is a directory; takes it off the operands.
Result<std::optional<std::string>> take_directory(const Options& opt, std::vector<std::string>& words) {
  if (words.empty())
    return fail("missing operand", "", "give a SOURCE and a TARGET");
  if (opt.target_directory) {
    if (opt.no_target_directory)
      return fail("both -t and -T", "", "only one of them can be given");
    if (!opt.make_parents && !is_directory(*opt.target_directory))
      return fail("copy into it", *opt.target_directory, "is not a directory");
    return opt.target_directory;
  }
  if (words.size() == 1)
    return fail("missing operand", "", "where should ", Printable(words[0]), " be copied to?");
  if (opt.no_target_directory) {
    if (words.size() > 2)
      return fail("extra operand", words[2], "-T takes one SOURCE and one TARGET");
    return std::nullopt;
  }
  if (is_directory(words.back())) {
    std::optional<std::string> directory = std::move(words.back());
    words.pop_back();
    return directory;
  }
  if (words.size() > 2)
    return fail("copy into it", words.back(), "is not a directory");
  return std::nullopt;
}

Result<> check(const Options& opt) {
  if (opt.strip && opt.directories)
    return fail("both -s and -d", "", "directories cannot be stripped");
  if (opt.directories && opt.target_directory)
    return fail("both -d and -t", "", "directories are made where they are named");
  if (opt.compare && (opt.strip || opt.preserve_times))
    return fail("--compare", "", "cannot be given with --strip or --preserve-timestamps");
  return {};
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(check(opt));
  const Wanted wanted = TRY(find_wanted(opt));
  std::vector<std::string> words(args.begin(), args.end());
  Installer installer(opt, wanted, io);
  ::umask(0);
  const auto note = [&](const Result<>& done) {
    if (!done)
      io.warn(done.error());
  };
  if (opt.directories) {
    if (words.empty())
      return fail("missing operand", "", "give a DIRECTORY");
    for (const std::string& path : words)
      note(installer.make_directory(path));
    return io.status();
  }
  const auto directory = TRY(take_directory(opt, words));
  if (!directory) {
    note(installer.install(words[0], words[1]));
    return io.status();
  }
  if (opt.make_parents)
    TRY(installer.make_parents(str(*directory, "/.")));
  for (const std::string& source : words)
    note(installer.install(source, str(*directory, directory->ends_with('/') ? "" : "/", base_name(source))));
  return io.status();
}

}  // namespace

extern const Applet install_applet = {
    .name = "install",
    .summary = "copy files with owner and permissions, make directories",
    .usage =
        "[OPTION]... [-T] SOURCE TARGET\n[OPTION]... SOURCE... DIRECTORY\n[OPTION]... -t DIRECTORY SOURCE...\n"
        "[OPTION]... -d DIRECTORY...",
    .notes = dense<
        "The target is replaced at one stroke when its successor is whole: programs that use it keep the old file.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
