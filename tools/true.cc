// true: do nothing, successfully.
#include "lib/base/applet.h"

namespace rescue {
namespace {

Result<int> run(Io& /*io*/, Args /*args*/) {
  return 0;
}

}  // namespace

extern const Applet true_applet = {
    .name = "true",
    .summary = "do nothing, successfully",
    .usage = "[ignored arguments]",
    .run = plain_entry<run>,
};
}  // namespace rescue
