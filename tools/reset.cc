// reset: bring a terminal back to a state in which one can work.
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/sys/terminal.h"

namespace rescue {
namespace {

struct Options {};

constexpr Opt<Options> options[] = {Opt<Options>{"Options"}};

Result<int> run(const Options& /*opt*/, Io& io, Args& args) {
  TRY(args.expect_end());
  for (int fd = 0; fd <= 2; ++fd)
    if (::isatty(fd) == 1) {
      struct termios settings{};
      if (::tcgetattr(fd, &settings) == 0) {
        make_sane(settings);
        (void)::tcsetattr(fd, TCSADRAIN, &settings);
      }
      break;
    }
  // Full reset (RIS), plain letters again, the cursor on, no mouse, no bracketed paste.
  io.out.put("\033c\033(B\017\033[0m\033[?25h\033[?1000l\033[?2004l\033[!p");
  return 0;
}

}  // namespace

extern const Applet reset_applet = {
    .name = "reset",
    .summary = "bring a terminal back to a state in which one can work",
    .usage = "",
    .usage_status = 1,
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
