// egrep: grep for patterns that are expressions, extended ones. See lib/text/grep.h.
#include "lib/text/grep.h"

namespace rescue {
namespace {

Result<int> run(grep::Options& opt, Io& io, Args& args) {
  return grep::run(opt, io, args, RegexSyntax::Flavor::extended);
}

}  // namespace

extern const Applet egrep_applet = {
    .name = "egrep",
    .summary = "print the lines that match a pattern (grep -E)",
    .usage = "[OPTION]... PATTERNS [FILE]...",
    .failure_status = 2,
    .dies_with_reader = true,
    .options = describe<grep::options>,
    .run = entry<grep::options, run>,
};
}  // namespace rescue
