// cp: copy files and trees.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/fs/attributes.h"
#include "lib/fs/backup.h"
#include "lib/fs/copy_console.h"
#include "lib/fs/tree_copy.h"

namespace rescue {
namespace {

using Links = CopyOptions::Links;
using Existing = CopyOptions::Existing;
using Update = CopyOptions::Update;

struct Options {
  CopyOptions copy;
  std::optional<Links> links;
  std::optional<std::string> backup_control;
  std::string suffix;
  std::optional<std::string> target_directory;
  bool backup = false;
  bool no_target_directory = false;
  bool parents = false;
  bool strip_slashes = false;
};

constexpr Choice<Sparse> sparse_words[] = {
    {"never", Sparse::never}, {"auto", Sparse::automatic}, {"always", Sparse::always}};
constexpr Choice<Reflink> reflink_words[] = {
    {"auto", Reflink::automatic}, {"always", Reflink::always}, {"never", Reflink::never}};
enum class UpdateWord : uint8_t { all, none, older };
constexpr Choice<UpdateWord> update_words[] = {
    {"all", UpdateWord::all}, {"none", UpdateWord::none}, {"older", UpdateWord::older}};
enum class Attribute : uint8_t { mode, timestamps, ownership, links, context, xattr, all };
constexpr Choice<Attribute> attribute_words[] = {
    {"mode", Attribute::mode},   {"timestamps", Attribute::timestamps}, {"ownership", Attribute::ownership},
    {"links", Attribute::links}, {"context", Attribute::context},       {"xattr", Attribute::xattr},
    {"all", Attribute::all}};

void set_attribute(CopyOptions& copy, Attribute attribute, bool keep) {
  const bool all = attribute == Attribute::all;
  if (all || attribute == Attribute::mode) {
    copy.keep_mode = keep;
    copy.default_mode = !keep;
  }
  if (all || attribute == Attribute::timestamps)
    copy.keep_times = keep;
  if (all || attribute == Attribute::ownership)
    copy.keep_owner = keep;
  if (all || attribute == Attribute::links)
    copy.keep_links = keep;
  if (all || attribute == Attribute::context)
    copy.keep_label = keep;
  if (all || attribute == Attribute::xattr)
    copy.keep_xattrs = keep;
  if (attribute == Attribute::xattr)
    copy.need_xattrs = keep;
}

Result<> set_attributes(CopyOptions& copy, std::string_view option, std::string_view list, bool keep) {
  for (const std::string_view word : split(list, ','))
    set_attribute(copy, TRY(choose(option, word, attribute_words)), keep);
  return {};
}

Result<> preserve_usual(Options& o, std::string_view /*none*/) {
  for (const Attribute attribute : {Attribute::mode, Attribute::ownership, Attribute::timestamps})
    set_attribute(o.copy, attribute, true);
  return {};
}

Result<> preserve(Options& o, std::string_view list) {
  return list.empty() ? preserve_usual(o, {}) : set_attributes(o.copy, "--preserve", list, true);
}

Result<> no_preserve(Options& o, std::string_view list) {
  return set_attributes(o.copy, "--no-preserve", list, false);
}

Result<> archive(Options& o, std::string_view /*none*/) {
  set_attribute(o.copy, Attribute::all, true);
  o.copy.quiet_xattrs = true;
  o.copy.recursive = true;
  o.links = Links::keep;
  return {};
}

Result<> keep_links(Options& o, std::string_view /*none*/) {
  o.copy.keep_links = true;
  o.links = Links::keep;
  return {};
}

template <bool CopyOptions::* member>
Result<> enable(Options& o, std::string_view /*none*/) {
  o.copy.*member = true;
  return {};
}

template <Existing value>
Result<> on_existing(Options& o, std::string_view /*none*/) {
  o.copy.existing = value;
  return {};
}

Result<> update_older(Options& o, std::string_view /*none*/) {
  o.copy.update = Update::older;
  return {};
}

Result<> choose_update(Options& o, std::string_view word) {
  const auto update = word.empty() ? UpdateWord::older : TRY(choose("--update", word, update_words));
  o.copy.update = update == UpdateWord::older ? Update::older : Update::all;
  if (update == UpdateWord::none)
    o.copy.existing = Existing::skip;
  return {};
}

Result<> choose_sparse(Options& o, std::string_view word) {
  o.copy.data.sparse = TRY(choose("--sparse", word, sparse_words));
  return {};
}

Result<> choose_reflink(Options& o, std::string_view word) {
  o.copy.data.reflink = word.empty() ? Reflink::always : TRY(choose("--reflink", word, reflink_words));
  return {};
}

Result<> choose_backup(Options& o, std::string_view word) {
  o.backup = true;
  if (!word.empty())
    o.backup_control = word;
  return {};
}

Result<> plain_backup(Options& o, std::string_view /*none*/) {
  o.backup = true;
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
    {'a', "archive", archive, "copy trees as they are: -dR --preserve=all"},
    {0, "attributes-only", enable<&CopyOptions::attributes_only>, "copy the attributes and not the content"},
    {0, "backup", choose_backup, "keep what is replaced: simple, numbered, existing or none", "[CONTROL]"},
    {'b', nullptr, plain_backup, "the same, as VERSION_CONTROL says"},
    {'S', "suffix", choose_suffix, "the end of a backup's name, in place of ~", "SUFFIX"},
    {0, "copy-contents", enable<&CopyOptions::copy_contents>, "with -R, copy what is in FIFOs and devices"},
    {'d', nullptr, keep_links, "the same as -P --preserve=links"},
    {'f', "force", enable<&CopyOptions::force>, "remove a target that cannot be opened, and try again"},
    {'i', "interactive", on_existing<Existing::ask>, "ask before a target is overwritten"},
    {'n', "no-clobber", on_existing<Existing::skip>, "leave targets that exist alone"},
    {'u', nullptr, update_older, "copy only what is newer than its target, or has none"},
    {0, "update", choose_update, "which targets to replace: all, none or older (default: older)", "[WHICH]"},
    {0, "remove-destination", enable<&CopyOptions::remove_destination>,
     "remove each target first: needed for libraries and programs in use, which would change under those who run them"},
    {'H', nullptr, set<&Options::links, Links::follow_named>, "follow symbolic links that are named"},
    {'L', "dereference", set<&Options::links, Links::follow>, "follow all symbolic links"},
    {'P', "no-dereference", set<&Options::links, Links::keep>, "copy symbolic links as links"},
    {'l', "link", enable<&CopyOptions::hard_link>, "make hard links instead of copies"},
    {'s', "symbolic-link", enable<&CopyOptions::symbolic_link>, "make symbolic links instead of copies"},
    {'p', nullptr, preserve_usual, "the same as --preserve=mode,ownership,timestamps"},
    {0, "preserve", preserve, "keep these: mode, ownership, timestamps, links, context, xattr, all", "[LIST]"},
    {0, "no-preserve", no_preserve, "do not keep these", "LIST"},
    {0, "parents", &Options::parents, "make the directories of SOURCE's path below DIRECTORY too"},
    {'R', "recursive", enable<&CopyOptions::recursive>, "copy directories with all that is in them"},
    {'r', nullptr, enable<&CopyOptions::recursive>, "the same"},
    {0, "reflink", choose_reflink, "share the blocks until they change: always, auto or never", "[WHEN]"},
    {0, "sparse", choose_sparse, "make holes where there are zeros: auto (as SOURCE has them), always, never", "WHEN"},
    {0, "strip-trailing-slashes", &Options::strip_slashes, "take slashes off the end of each SOURCE"},
    {'t', "target-directory", choose_directory, "copy everything into DIRECTORY", "DIRECTORY"},
    {'T', "no-target-directory", &Options::no_target_directory, "take TARGET as a file, not as a place for it"},
    {'v', "verbose", enable<&CopyOptions::verbose>, "say what is copied"},
    {'x', "one-file-system", enable<&CopyOptions::one_file_system>, "do not go into other file systems"},
};

std::string without_slashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.remove_suffix(1);
  return std::string(path);
}

std::string in_directory(std::string_view directory, std::string_view name) {
  if (name.empty())
    return std::string(directory);
  return str(directory, directory.ends_with('/') ? "" : "/", name);
}

bool is_directory(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Result<> need_directory(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) < 0)
    return fail("copy into it", path);
  if (!S_ISDIR(info.st_mode))
    return fail("copy into it", path, ENOTDIR);
  return {};
}

// The directories that --parents makes below the target; they get their attributes when all is copied.
class Parents {
 public:
  Parents(const CopyOptions& opt, Io& io, mode_t umask) : opt_(opt), io_(io), umask_(umask) {}

  // Makes the directories of `source` below `directory`.
  Result<> make(const std::string& source, const std::string& directory) {
    for (size_t slash = source.find('/', 1); slash != std::string::npos; slash = source.find('/', slash + 1)) {
      const std::string from = source.substr(0, slash);
      if (from.ends_with('/'))
        continue;
      TRY(make_one(from, in_directory(directory, from.substr(std::min(from.find_first_not_of('/'), from.size())))));
    }
    return {};
  }

  Result<> finish() {
    for (; !made_.empty(); made_.pop_back())
      TRY(finish_one(made_.back()));
    return {};
  }

 private:
  struct Made {
    std::string from, to;
    struct stat info{};
    bool is_new = false;
    mode_t mode = 0;
  };

  Result<> make_one(const std::string& from, const std::string& to) {
    struct stat there{};
    const bool missing = ::stat(to.c_str(), &there) < 0;
    if (!missing && !S_ISDIR(there.st_mode))
      return fail("copy below it", to, "is not a directory");
    if (!missing && !opt_.keep_owner && !opt_.keep_mode && !opt_.keep_times)
      return {};
    Made made{.from = from, .to = to, .is_new = missing};
    if (::stat(from.c_str(), &made.info) < 0)
      return fail("look at", from);
    if (!S_ISDIR(made.info.st_mode))
      return fail("look at", from, ENOTDIR);
    if (missing)
      TRY(make_directory(made));
    made_.push_back(std::move(made));
    return {};
  }

  Result<> make_directory(Made& made) {
    const mode_t wanted = opt_.default_mode ? 0777 : made.info.st_mode & 07777;
    const mode_t later = wanted & (opt_.keep_owner ? 077 : opt_.keep_mode ? 022 : 0);
    if (::mkdir(made.to.c_str(), (wanted & 01777 & ~later) | 0700) < 0)
      return fail("make directory", made.to);
    struct stat now{};
    if (::stat(made.to.c_str(), &now) < 0)
      return fail("look at", made.to);
    made.mode = (now.st_mode & 07777 & ~(0700 & ~wanted)) | (later & ~umask_);
    if (opt_.verbose)
      io_.out.put(made.from, " -> ", made.to, '\n');
    return {};
  }

  Result<> finish_one(const Made& made) const {
    const FileRef from{.dir = AT_FDCWD, .name = made.from, .shown = made.from};
    const FileRef to{.dir = AT_FDCWD, .name = made.to, .shown = made.to};
    mode_t mode = made.info.st_mode & 07777;
    if (opt_.keep_owner && !TRY(set_owner(to, made.info)))
      mode &= 0777;
    if (opt_.keep_mode) {
      TRY(copy_xattrs(from, to, {.access_lists = true}));
      TRY(set_mode(to, mode));
    } else if (made.is_new) {
      TRY(set_mode(to, made.mode));
    }
    return opt_.keep_times ? set_times(to, made.info) : Result<>();
  }

  const CopyOptions& opt_;
  Io& io_;
  mode_t umask_;
  std::vector<Made> made_;
};

class Command {
 public:
  Command(const Options& opt, const CopyOptions& copy, Io& io)
      : opt_(opt),
        io_(io),
        console_(io, copy.force || copy.remove_destination),
        copier_(copy, console_),
        parents_(copy, io, copier_.umask()) {}

  void copy_to(const std::string& source, const std::string& target) { copier_.copy(source, target, false); }

  void copy_into(const std::vector<std::string>& sources, const std::string& directory) {
    const bool several = sources.size() > 1;
    for (const std::string& source : sources)
      if (const auto done = copy_one_into(source, directory, several); !done)
        io_.warn(done.error());
  }

 private:
  Result<> copy_one_into(const std::string& source, const std::string& directory, bool several) {
    if (!opt_.parents) {
      // DIR/.. and / have no name of their own: what is in them goes into the target itself.
      const std::string_view name = base_name(source);
      copier_.copy(source, in_directory(directory, name == ".." || name == "/" ? "" : name), several);
      return {};
    }
    const std::string path = without_slashes(source);
    TRY(parents_.make(path, directory));
    copier_.copy(source, in_directory(directory, path.substr(std::min(path.find_first_not_of('/'), path.size()))),
                 several);
    return parents_.finish();
  }

  const Options& opt_;
  Io& io_;
  CopyConsole console_;
  TreeCopier copier_;
  Parents parents_;
};

Result<CopyOptions> settle(const Options& opt) {
  CopyOptions copy = opt.copy;
  if (copy.hard_link && copy.symbolic_link)
    return fail("both --link and --symbolic-link", "", "only one of them can be given");
  if (opt.backup && copy.existing == Existing::skip)
    return fail("both --backup and --no-clobber", "", "only one of them can be given");
  if (copy.data.reflink == Reflink::always && copy.data.sparse != Sparse::automatic)
    return fail("--reflink", "", "can only be used with --sparse=auto");
  if (opt.backup)
    copy.backup = {TRY(backup_kind(opt.backup_control.value_or(""))), backup_suffix(opt.suffix)};
  copy.links = opt.links.value_or(copy.recursive && !copy.hard_link ? Links::keep : Links::follow);
  if (copy.force && (copy.hard_link || copy.symbolic_link))
    copy.remove_destination = true;
  return copy;
}

// `cp -f --backup FILE FILE` makes a backup of a file by copying it.
Result<std::string> own_backup(CopyOptions& copy, const std::string& source, const std::string& target) {
  struct stat info{};
  const bool wanted = copy.force && copy.backup.kind != Backup::none && source == target &&
                      ::stat(target.c_str(), &info) == 0 && S_ISREG(info.st_mode);
  if (!wanted)
    return target;
  std::string backup = TRY(backup_name(AT_FDCWD, target, copy.backup, target));
  copy.backup.kind = Backup::none;
  return backup;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  CopyOptions copy = TRY(settle(opt));
  std::vector<std::string> sources(args.begin(), args.end());
  if (sources.empty())
    return fail("missing operand", "", "give a SOURCE and a TARGET");
  if (sources.size() == 1 && !opt.target_directory)
    return fail("missing operand", "", "where should ", Printable(sources[0]), " be copied to?");
  if (opt.no_target_directory && opt.target_directory)
    return fail("both -t and -T", "", "only one of them can be given");
  if (opt.no_target_directory && sources.size() > 2)
    return fail("extra operand", sources[2], "-T takes one SOURCE and one TARGET");
  if (opt.target_directory)
    TRY(need_directory(*opt.target_directory));
  std::optional<std::string> directory = opt.target_directory;
  if (!directory && !opt.no_target_directory && is_directory(sources.back())) {
    directory = sources.back();
    sources.pop_back();
  }
  if (opt.strip_slashes)
    for (std::string& source : sources)
      source = without_slashes(source);
  if (directory) {
    Command(opt, copy, io).copy_into(sources, *directory);
    return io.status();
  }
  if (sources.size() > 2)
    return fail("copy into it", sources.back(), "is not a directory");
  if (opt.parents)
    return fail("--parents", sources.back(), "is not a directory");
  const std::string target = TRY(own_backup(copy, sources[0], sources[1]));
  Command(opt, copy, io).copy_to(sources[0], target);
  return io.status();
}

}  // namespace

extern const Applet cp_applet = {
    .name = "cp",
    .summary = "copy files and directories",
    .usage = "[OPTION]... [-T] SOURCE TARGET\n[OPTION]... SOURCE... DIRECTORY\n[OPTION]... -t DIRECTORY SOURCE...",
    .notes = dense<"A library or program that is in use must not be written into: use --remove-destination, or\n"
                   "rescue-extract, which replaces files by rename.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
