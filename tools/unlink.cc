// unlink: remove a name, by the system call and nothing else.
#include <cerrno>

#include <unistd.h>

#include "lib/base/applet.h"

namespace rescue {
namespace {

struct Options {};
constexpr Opt<Options> options[] = {Opt<Options>{"Options"}};

Result<int> run(const Options& /*opt*/, Io& /*io*/, Args& args) {
  if (args.empty())
    return fail("missing operand", "", "give a FILE");
  if (args.size() > 1)
    return fail("extra operand", args[1], "it takes one FILE");
  const std::string path(args[0]);
  if (::unlink(path.c_str()) < 0)
    return fail("unlink", path);
  return 0;
}

}  // namespace

extern const Applet unlink_applet = {
    .name = "unlink",
    .summary = "remove a file by the system call alone",
    .usage = "FILE",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
