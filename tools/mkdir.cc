// mkdir: make directories.
#include <cerrno>

#include <sys/stat.h>

#include "lib/base/applet.h"
#include "lib/base/quote.h"
#include "lib/fs/mode_change.h"

namespace rescue {
namespace {

struct Options {
  std::optional<std::string> mode;
  bool parents = false;
  bool verbose = false;
};

constexpr Opt<Options> options[] = {
    {'m', "mode", &Options::mode, "give them these permissions, written as for chmod", "MODE"},
    {'p', "parents", &Options::parents, "make the directories above them too; it is no error that they exist"},
    {'v', "verbose", &Options::verbose, "say what is made"},
};

class Maker {
 public:
  Maker(const Options& opt, Io& io) : opt_(opt), io_(io), umask_(::umask(0)) { ::umask(umask_); }

  Result<> prepare() {
    if (!opt_.mode)
      return {};
    const auto change = ModeChange::parse(*opt_.mode);
    if (!change)
      return fail("mode", "", '\'', Printable(*opt_.mode), "' cannot be understood");
    wanted_ = change->apply(S_IFDIR | 0777, umask_, &touched_);
    return {};
  }

  Result<> make(const std::string& path) {
    if (opt_.parents)
      TRY(make_parents(path));
    // What was asked for starts from a=rwx, as POSIX has it, and the umask has no say in it.
    ::umask(opt_.mode ? 0 : umask_);
    const int done = ::mkdir(path.c_str(), wanted_ & 0777);
    const int code = errno;
    ::umask(umask_);
    if (done < 0)
      return opt_.parents && is_directory(path) ? Result<>() : fail("make directory", path, code);
    say(path);
    return opt_.mode ? correct_mode(path) : Result<>();
  }

 private:
  static bool is_directory(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
  }

  // Set-ID and sticky bits are not mkdir's to set, and some come from the directory above.
  Result<> correct_mode(const std::string& path) const {
    struct stat info{};
    if (::stat(path.c_str(), &info) < 0)
      return fail("look at", path);
    const mode_t mode = wanted_ | (info.st_mode & 06000 & ~touched_);
    if (mode != (info.st_mode & 07777) && ::chmod(path.c_str(), mode) < 0)
      return fail("set permissions", path);
    return {};
  }

  void say(const std::string& path) {
    if (opt_.verbose)
      io_.out.put("mkdir: created directory ", Quoted(path), '\n');
  }

  // Directories on the way can be entered and written by their owner, or the way would end there.
  Result<> make_parents(const std::string& path) {
    const size_t end = path.find_last_not_of('/');
    for (size_t slash = path.find('/', 1); slash < end; slash = path.find('/', slash + 1)) {
      const std::string parent = path.substr(0, slash);
      if (parent.ends_with('/'))
        continue;
      ::umask(umask_ & ~0300U);
      const int done = ::mkdir(parent.c_str(), 0777);
      const int code = errno;
      ::umask(umask_);
      if (done == 0)
        say(parent);
      else if (!is_directory(parent))
        return fail("make directory", parent, code);
    }
    return {};
  }

  const Options& opt_;
  Io& io_;
  mode_t umask_;
  mode_t wanted_ = 0777;
  mode_t touched_ = 0;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return fail("missing operand", "", "give a DIRECTORY");
  Maker maker(opt, io);
  TRY(maker.prepare());
  for (const std::string_view path : args)
    if (const auto done = maker.make(std::string(path)); !done)
      io.warn(done.error());
  return io.status();
}

}  // namespace

extern const Applet mkdir_applet = {
    .name = "mkdir",
    .summary = "make directories",
    .usage = "[OPTION]... DIRECTORY...",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
