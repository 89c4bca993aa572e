// [: evaluate a condition, up to a closing bracket.
#include "lib/base/applet.h"
#include "lib/text/condition.h"

namespace rescue {
namespace {

Result<int> run(Io& /*io*/, const Args& args) {
  if (args.empty() || args[args.size() - 1] != "]")
    return fail("condition", "", "the closing bracket is missing");
  Args condition;
  for (size_t i = 0; i + 1 < args.size(); ++i)
    condition.push(args[i].data());
  return TRY(evaluate_condition(condition)) ? 0 : 1;
}

}  // namespace

extern const Applet bracket_applet = {
    .name = "[",
    .summary = "evaluate a condition",
    .usage = "[CONDITION] ]",
    .failure_status = 2,
    .closed_output_is_fine = true,
    .notes =
        dense<"Strings: S, -n S, -z S, S = S, S != S, -l S (length). Numbers: -eq -ne -lt -le -gt -ge.\n"
              "Files: -e (there) -f -d -b -c -p -S -h -L (types) -s (not empty) -r -w -x -u -g -k -O -G -N -t FD,\n"
              "F -nt F, F -ot F (newer, older), F -ef F (the same). Also: ! C, ( C ), C -a C, C -o C.">,
    .run = plain_entry<run>,
};
}  // namespace rescue
