// poweroff: switch the machine off.
#include "lib/base/applet.h"
#include "lib/sys/shutdown_command.h"

namespace rescue {
namespace {

Result<int> run(const ShutdownOptions& opt, Io& /*io*/, const Args& args) {
  return run_shutdown(Ending::power_off, opt, args);
}

}  // namespace

extern const Applet poweroff_applet = {
    .name = "poweroff",
    .summary = "switch the machine off",
    .usage = "[OPTION]...",
    .section = 8,
    .options = describe<shutdown_options>,
    .run = entry<shutdown_options, run>,
};
}  // namespace rescue
