// test: evaluate a condition. `[` is the same, with a bracket at its end.
#include "lib/base/applet.h"
#include "lib/text/condition.h"

namespace rescue {
namespace {

Result<int> run(Io& /*io*/, const Args& args) {
  return TRY(evaluate_condition(args)) ? 0 : 1;
}

// All words are part of the condition, --help too.
int run_test(const Applet& applet, Io& io, std::span<const char* const> words) {
  const Args args(words);
  return detail::finish(applet, io, run(io, args));
}

}  // namespace

extern const Applet test_applet = {
    .name = "test",
    .summary = "evaluate a condition",
    .usage = "[CONDITION]",
    .failure_status = 2,
    .closed_output_is_fine = true,
    .run = run_test,
};
}  // namespace rescue
