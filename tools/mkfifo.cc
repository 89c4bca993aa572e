// mkfifo: make FIFOs.
#include <cerrno>

#include <sys/stat.h>

#include "lib/base/applet.h"
#include "lib/fs/mode_change.h"

namespace rescue {
namespace {

struct Options {
  std::optional<std::string> mode;
};

constexpr Opt<Options> options[] = {
    {'m', "mode", &Options::mode, "give them these permissions, written as for chmod", "MODE"},
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return fail("missing operand", "", "give a NAME");
  mode_t mode = 0666;
  if (opt.mode) {
    const auto change = ModeChange::parse(*opt.mode);
    const mode_t umask = ::umask(0);
    mode = change ? change->apply(S_IFREG | 0666, umask) : 01000;
    if ((mode & ~mode_t{0777}) != 0)
      return fail("mode", "", '\'', Printable(*opt.mode), "' is not a set of permissions");
  }
  for (const std::string_view word : args) {
    const std::string path(word);
    if (::mkfifo(path.c_str(), mode) < 0)
      io.warn(fail("make", path).error());
  }
  return io.status();
}

}  // namespace

extern const Applet mkfifo_applet = {
    .name = "mkfifo",
    .summary = "make FIFOs (named pipes)",
    .usage = "[OPTION] NAME...",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
