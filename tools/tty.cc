// tty: print which terminal standard input is.
#include <unistd.h>

#include "lib/base/applet.h"

namespace rescue {
namespace {

struct Options {
  bool silent = false;
};

constexpr Opt<Options> options[] = {
    {'s', "silent", &Options::silent, "print nothing; the exit status says it"},
    {0, "quiet", &Options::silent, "the same"},
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(args.expect_end());
  const bool terminal = ::isatty(io.in) == 1;
  if (!opt.silent) {
    char name[256];
    io.out.put(terminal && ::ttyname_r(io.in, name, sizeof name) == 0 ? name : "not a tty", '\n');
  }
  return terminal ? 0 : 1;
}

}  // namespace

extern const Applet tty_applet = {
    .name = "tty",
    .summary = "print which terminal standard input is",
    .usage = "[OPTION]...",
    .failure_status = 3,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
