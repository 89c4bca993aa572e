// grep: print the lines that match a pattern. See lib/text/grep.h.
#include "lib/text/grep.h"

namespace rescue {
namespace {

Result<int> run(grep::Options& opt, Io& io, Args& args) {
  return grep::run(opt, io, args, RegexSyntax::Flavor::basic);
}

}  // namespace

extern const Applet grep_applet = {
    .name = "grep",
    .summary = "print the lines that match a pattern",
    .usage = "[OPTION]... PATTERNS [FILE]...\n[OPTION]... -e PATTERNS ... [FILE]...\n[OPTION]... -f FILE ... [FILE]...",
    .failure_status = 2,
    .dies_with_reader = true,
    .notes = dense<"Without a FILE, standard input is read, with -r the working directory.\n"
                   "Exit status: 0 if a line is selected, 1 if none is, 2 if something failed.">,
    .options = describe<grep::options>,
    .run = entry<grep::options, run>,
};
}  // namespace rescue
