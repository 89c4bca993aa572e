// chattr: change the inode flags of files: immutable, append-only and their kin.
#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <linux/fs.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/fs/inode_flags.h"
#include "lib/fs/tree_walk.h"

namespace rescue {
namespace {

struct Options {
  std::optional<uint32_t> project;
  std::optional<uint32_t> generation;
  uint32_t add = 0, remove = 0, exactly = 0;
  bool has_exactly = false;
  bool recursive = false;
  bool silent = false;
  bool verbose = false;
};

Result<> choose_number(std::optional<uint32_t>& member, std::string_view text) {
  member = to_number<uint32_t>(text);
  if (!member)
    return usage_error('\'', Printable(text), "' is not a number");
  return {};
}
Result<> choose_project(Options& o, std::string_view text) {
  return choose_number(o.project, text);
}
Result<> choose_generation(Options& o, std::string_view text) {
  return choose_number(o.generation, text);
}

constexpr Opt<Options> options[] = {
    {'R', nullptr, &Options::recursive, "change directories with all that is in them"},
    {'V', nullptr, &Options::verbose, "say which flags each file gets"},
    {'f', nullptr, &Options::silent, "say nothing of what cannot be changed"},
    {'p', nullptr, choose_project, "set the number of the project, for quotas", "PROJECT"},
    {'v', nullptr, choose_generation, "set the version, or generation, of the file", "VERSION"},
};

class Changer final : public WalkVisitor {
 public:
  Changer(const Options& opt, Io& io) : opt_(opt), io_(io) {}

  bool enter(const WalkEntry& entry) override {
    // What is no file and no directory has no flags, and might do something when it is opened.
    if (S_ISREG(entry.info.st_mode) || S_ISDIR(entry.info.st_mode)) {
      if (const auto done = change(entry); !done)
        failed(done.error());
    } else if (entry.depth == 0) {
      failed(fail("change flags", entry.path, EOPNOTSUPP).error());
    }
    return opt_.recursive;
  }
  void leave(const WalkEntry& /*entry*/, bool /*complete*/) override {}
  void failed(const Error& error) override {
    if (opt_.silent)
      io_.fail_silently();
    else
      io_.warn(error);
  }

 private:
  Result<> change(const WalkEntry& entry) {
    const UniqueFd fd = TRY(open_at(entry.dir, entry.name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0, entry.path));
    unsigned flags = 0;
    if (::ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) < 0)
      return fail("read flags", entry.path);
    unsigned wanted = opt_.has_exactly ? opt_.exactly : (flags & ~opt_.remove) | opt_.add;
    // Only directories can sync their entries, or be the top of trees.
    if (!S_ISDIR(entry.info.st_mode))
      wanted &= ~directory_flags;
    if (opt_.verbose)
      io_.out.put("Flags of ", entry.path, " set as ", flags_text(wanted), '\n');
    if (::ioctl(fd.get(), FS_IOC_SETFLAGS, &wanted) < 0)
      return fail("set flags", entry.path);
    if (opt_.generation) {
      if (opt_.verbose)
        io_.out.put("Version of ", entry.path, " set as ", *opt_.generation, '\n');
      if (::ioctl(fd.get(), FS_IOC_SETVERSION, &*opt_.generation) < 0)
        return fail("set version", entry.path);
    }
    if (opt_.project)
      TRY(set_project(fd.get(), entry.path));
    return {};
  }

  Result<> set_project(int fd, std::string_view path) const {
    struct fsxattr attributes{};
    if (::ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
      return fail("read project", path);
    attributes.fsx_projid = *opt_.project;
    if (::ioctl(fd, FS_IOC_FSSETXATTR, &attributes) < 0)
      return fail("set project", path);
    return {};
  }

  const Options& opt_;
  Io& io_;
};

// +ia, -i and =a: flags, which are taken out before the options are read. Letters that are options end nothing here:
// -R, -V, -f, -p and -v are none of the flags.
Result<bool> take_flags(Options& opt, std::string_view word) {
  if (word.empty() || (word[0] != '+' && word[0] != '-' && word[0] != '=') || (word.size() < 2 && word != "="))
    return false;
  if (word[0] == '-' && std::string_view("RVfpv-").contains(word[1]))
    return false;
  const auto flags = parse_flags(word.substr(1));
  if (!flags)
    return usage_error("there is no flag in '", Printable(word), '\'');
  if (word[0] == '=')
    opt.has_exactly = true;
  (word[0] == '+' ? opt.add : word[0] == '-' ? opt.remove : opt.exactly) |= *flags;
  return true;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return usage_error("give a FILE");
  if (opt.has_exactly && (opt.add != 0 || opt.remove != 0))
    return usage_error("= cannot be given with + or -");
  if ((opt.add & opt.remove) != 0)
    return usage_error("a flag cannot be both set and cleared");
  if (!opt.has_exactly && opt.add == 0 && opt.remove == 0 && !opt.project && !opt.generation)
    return usage_error("give flags: +i, -i, =a");
  Changer changer(opt, io);
  TreeWalk walk({}, changer);
  for (const std::string_view path : args)
    walk.run(std::string(path));
  return io.status();
}

int run_words(const Applet& applet, Io& io, std::span<const char* const> words) {
  Options opt;
  std::vector<const char*> rest;
  bool ended = false;
  for (const char* const word : words) {
    ended = ended || std::string_view(word) == "--";
    const auto taken = ended ? Result<bool>(false) : take_flags(opt, word);
    if (!taken)
      return detail::finish(applet, io, std::unexpected(taken.error()));
    if (!*taken)
      rest.push_back(word);
  }
  Args args;
  if (const auto status = detail::prepare(applet, &opt, io, rest, args))
    return *status;
  return detail::finish(applet, io, run(opt, io, args));
}

}  // namespace

extern const Applet chattr_applet = {
    .name = "chattr",
    .summary = "change the flags of files: immutable, append-only and others",
    .usage = "[OPTION]... [+-=]FLAGS... FILE...",
    .notes = dense<
        "FLAGS: a append-only, A no access times, c compressed, C no copy on write, d no dump, D synchronous\n"
        "directory, e extents, F names without case, i immutable, j journalled data, m not compressed, P project\n"
        "of the directory above, s zeroed when deleted, S synchronous, t no tails, T top of a tree, u undeletable,\n"
        "x direct access.">,
    .options = describe<options>,
    .run = run_words,
};
}  // namespace rescue
