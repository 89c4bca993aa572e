// fgrep: grep for patterns that are strings. See lib/text/grep.h.
#include "lib/text/grep.h"

namespace rescue {
namespace {

Result<int> run(grep::Options& opt, Io& io, Args& args) {
  return grep::run(opt, io, args, RegexSyntax::Flavor::fixed);
}

}  // namespace

extern const Applet fgrep_applet = {
    .name = "fgrep",
    .summary = "print the lines that match a pattern (grep -F)",
    .usage = "[OPTION]... PATTERNS [FILE]...",
    .failure_status = 2,
    .dies_with_reader = true,
    .options = describe<grep::options>,
    .run = entry<grep::options, run>,
};
}  // namespace rescue
