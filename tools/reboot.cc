// reboot: restart the machine.
#include "lib/base/applet.h"
#include "lib/sys/shutdown_command.h"

namespace rescue {
namespace {

Result<int> run(const ShutdownOptions& opt, Io& /*io*/, const Args& args) {
  return run_shutdown(Ending::restart, opt, args);
}

}  // namespace

extern const Applet reboot_applet = {
    .name = "reboot",
    .summary = "restart the machine",
    .usage = "[OPTION]...",
    .section = 8,
    .options = describe<shutdown_options>,
    .run = entry<shutdown_options, run>,
};
}  // namespace rescue
