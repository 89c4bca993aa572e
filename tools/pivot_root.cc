// pivot_root: exchange the root file system for another.
#include <cerrno>

#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/applet.h"

namespace rescue {
namespace {

struct Options {};

constexpr Opt<Options> options[] = {Opt<Options>{"Options"}};

Result<int> run(const Options& /*opt*/, Io& io, Args& args) {
  const std::string root(TRY(args.shift("NEWROOT")));
  const std::string old(TRY(args.shift("PUTOLD")));
  TRY(args.expect_end());
  if (::syscall(SYS_pivot_root, root.c_str(), old.c_str()) < 0)
    return fail(str("make it the root, with the old one at ", Printable(old)), root);
  return io.status();
}

}  // namespace

extern const Applet pivot_root_applet = {
    .name = "pivot_root",
    .summary = "exchange the root file system for another",
    .usage = "NEWROOT PUTOLD",
    .section = 8,
    .usage_status = 1,
    .help_letter = 'h',
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
