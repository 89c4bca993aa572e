// false: do nothing, unsuccessfully.
#include "lib/base/applet.h"

namespace rescue {
namespace {

Result<int> run(Io& /*io*/, Args /*args*/) {
  return 1;
}

// Asked for its help, it fails all the same: a script that says `false "$@"` counts on it.
int run_and_fail(const Applet& applet, Io& io, std::span<const char* const> words) {
  (void)plain_entry<run>(applet, io, words);
  return 1;
}

}  // namespace

extern const Applet false_applet = {
    .name = "false",
    .summary = "do nothing, unsuccessfully",
    .usage = "[ignored arguments]",
    .run = run_and_fail,
};
}  // namespace rescue
