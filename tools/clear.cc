// clear: clear the terminal's screen.
#include "lib/base/applet.h"

namespace rescue {
namespace {

struct Options {
  bool keep_scrollback = false;
};

constexpr Opt<Options> options[] = {
    {'x', nullptr, &Options::keep_scrollback, "keep what has scrolled out of sight"},
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(args.expect_end());
  // The cursor home, the screen, and xterm's and Linux' lines that have scrolled away.
  io.out.put("\033[H\033[2J", opt.keep_scrollback ? "" : "\033[3J");
  return 0;
}

}  // namespace

extern const Applet clear_applet = {
    .name = "clear",
    .summary = "clear the terminal's screen",
    .usage = "[-x]",
    .usage_status = 2,
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
