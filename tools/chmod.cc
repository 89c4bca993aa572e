// chmod: change permissions.
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/applet.h"
#include "lib/base/quote.h"
#include "lib/fs/mode.h"
#include "lib/fs/mode_change.h"
#include "lib/fs/tree_walk.h"

namespace rescue {
namespace {

enum class Say : uint8_t { nothing, changes, everything };

struct Options {
  Say say = Say::nothing;
  std::string dashed;  // -x, -rw: a mode that looks like options
  std::optional<std::string> reference;
  bool silent = false;
  bool preserve_root = false;
  bool recursive = false;
};

constexpr Opt<Options> options[] = {
    {'c', "changes", set<&Options::say, Say::changes>, "say what is changed"},
    {'f', "silent", &Options::silent, "say nothing of what cannot be changed"},
    {0, "quiet", &Options::silent, "the same"},
    {'v', "verbose", set<&Options::say, Say::everything>, "say what is done to each file"},
    {0, "no-preserve-root", set<&Options::preserve_root, false>, "do not refuse to go through all of / (default)"},
    {0, "preserve-root", &Options::preserve_root, "refuse to go through all of /"},
    {0, "reference", &Options::reference, "give the permissions that RFILE has", "RFILE"},
    {'R', "recursive", &Options::recursive, "change directories with all that is in them"},
};

std::string shown_mode(mode_t mode) {
  const std::string octal = to_octal(mode & 07777);
  return str(std::string_view("0000").substr(std::min<size_t>(octal.size(), 4)), octal, " (", mode_text(mode).substr(1),
             ')');
}

class Changer final : public WalkVisitor {
 public:
  Changer(const Options& opt, const ModeChange& change, mode_t umask, Io& io)
      : opt_(opt), change_(change), umask_(umask), io_(io) {}

  bool enter(const WalkEntry& entry) override {
    if (opt_.recursive && opt_.preserve_root && is_root(entry)) {
      io_.warn(fail("refused", entry.path, "is the root of the system").error());
      return false;
    }
    if (!S_ISLNK(entry.info.st_mode)) {
      change(entry);
    } else if (entry.depth == 0) {
      complain(fail("change permissions", entry.path, "leads nowhere").error());
      if (opt_.say == Say::everything)
        io_.out.put(Quoted(entry.path), " could not be accessed\n");
    } else if (opt_.say == Say::everything) {
      io_.out.put("neither symbolic link ", Quoted(entry.path), " nor referent has been changed\n");
    }
    return opt_.recursive;
  }

  void leave(const WalkEntry& /*entry*/, bool /*complete*/) override {}

  void failed(const Error& error) override {
    complain(error);
    if (opt_.say == Say::everything)
      io_.out.put(Quoted(error.path()), " could not be accessed\n");
  }

 private:
  void complain(const Error& error) {
    if (opt_.silent)
      io_.fail_silently();
    else
      io_.warn(error);
  }

  static bool is_root(const WalkEntry& entry) {
    struct stat root{};
    return ::lstat("/", &root) == 0 && root.st_dev == entry.info.st_dev && root.st_ino == entry.info.st_ino;
  }

  // What the change left, where the kernel may keep set-ID bits back.
  static mode_t mode_now(const WalkEntry& entry, mode_t wanted) {
    struct stat info{};
    if ((wanted & 07000) != 0 && ::fstatat(entry.dir, entry.name, &info, 0) == 0)
      return info.st_mode;
    return wanted;
  }

  void change(const WalkEntry& entry) {
    const mode_t before = entry.info.st_mode;
    const mode_t wanted = change_.apply(before, umask_);
    const bool done = ::fchmodat(entry.dir, entry.name, wanted, 0) == 0;
    if (!done)
      complain(fail("change permissions", entry.path).error());
    const bool changed = done && ((mode_now(entry, wanted) ^ before) & 07777) != 0;
    if (opt_.say == Say::everything || (opt_.say == Say::changes && changed))
      describe(entry.path, before, wanted | (before & S_IFMT), done, changed);
    // chmod -w leaves what the umask keeps back, which may be a surprise.
    if (done && !opt_.dashed.empty() && (wanted & ~change_.apply(before, 0)) != 0)
      io_.warn(fail(str("the permissions are now ", mode_text(wanted).substr(1)), entry.path,
                    "the umask kept some of the bits as they were")
                   .error());
  }

  void describe(std::string_view path, mode_t before, mode_t wanted, bool done, bool changed) {
    const std::string name = quoted_word(path);
    if (done && !changed)
      io_.out.put("mode of ", name, " retained as ", shown_mode(wanted), '\n');
    else
      io_.out.put(done ? "mode of " : "failed to change mode of ", name, done ? " changed from " : " from ",
                  shown_mode(before), " to ", shown_mode(wanted), '\n');
  }

  const Options& opt_;
  const ModeChange& change_;
  const mode_t umask_;
  Io& io_;
};

Result<ModeChange> find_change(const Options& opt, Args& args) {
  if (opt.reference) {
    struct stat info{};
    if (::stat(opt.reference->c_str(), &info) < 0)
      return fail("look at", *opt.reference);
    // Five digits, so that a directory loses set-ID bits too.
    return *ModeChange::parse(
        str("0", std::string_view("0000").substr(std::min<size_t>(to_octal(info.st_mode & 07777).size(), 4)),
            to_octal(info.st_mode & 07777)));
  }
  const std::string text = opt.dashed.empty() ? std::string(TRY(args.shift("MODE"))) : opt.dashed;
  auto change = ModeChange::parse(text);
  if (!change)
    return fail("mode", "", '\'', Printable(text), "' cannot be understood");
  return *std::move(change);
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (opt.reference && !opt.dashed.empty())
    return fail("both a mode and --reference", "", "only one of them can be given");
  if (args.size() < (opt.reference || !opt.dashed.empty() ? 1 : 2))
    return fail("missing operand", "", args.empty() ? "give a MODE and a FILE" : "give a FILE");
  const ModeChange change = TRY(find_change(opt, args));
  const mode_t umask = ::umask(0);
  ::umask(umask);
  Changer changer(opt, change, umask, io);
  TreeWalk walk({.links = TreeWalk::Links::follow_named}, changer);
  for (const std::string_view path : args)
    walk.run(std::string(path));
  return io.status();
}

// -x and -rw are modes, and not options: they are taken out before the options are read.
int run_words(const Applet& applet, Io& io, std::span<const char* const> words) {
  Options opt;
  std::vector<const char*> rest;
  bool ended = false;
  for (const char* const word : words) {
    const std::string_view text(word);
    ended = ended || text == "--";
    if (!ended && text.size() > 1 && text[0] == '-' &&
        std::string_view("rwxXstugoa,+=01234567").find(text[1]) != std::string_view::npos)
      opt.dashed += str(opt.dashed.empty() ? "" : ",", text);
    else
      rest.push_back(word);
  }
  Args args;
  if (const auto status = detail::prepare(applet, &opt, io, rest, args))
    return *status;
  return detail::finish(applet, io, run(opt, io, args));
}

}  // namespace

extern const Applet chmod_applet = {
    .name = "chmod",
    .summary = "change permissions",
    .usage = "[OPTION]... MODE[,MODE]... FILE...\n[OPTION]... --reference=RFILE FILE...",
    .options = describe<options>,
    .run = run_words,
};
}  // namespace rescue
