// halt: stop the machine.
#include "lib/base/applet.h"
#include "lib/sys/shutdown_command.h"

namespace rescue {
namespace {

Result<int> run(const ShutdownOptions& opt, Io& /*io*/, const Args& args) {
  return run_shutdown(Ending::halt, opt, args);
}

}  // namespace

extern const Applet halt_applet = {
    .name = "halt",
    .summary = "stop the machine",
    .usage = "[OPTION]...",
    .section = 8,
    .options = describe<shutdown_options>,
    .run = entry<shutdown_options, run>,
};
}  // namespace rescue
