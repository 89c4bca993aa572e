// link: make a hard link, by the system call and nothing else.
#include <cerrno>

#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/quote.h"

namespace rescue {
namespace {

struct Options {};
constexpr Opt<Options> options[] = {Opt<Options>{"Options"}};

Result<int> run(const Options& /*opt*/, Io& /*io*/, Args& args) {
  if (args.size() < 2)
    return fail("missing operand", "", "give an existing file and a new name");
  if (args.size() > 2)
    return fail("extra operand", args[2], "there is only one new name");
  const std::string from(args[0]);
  const std::string to(args[1]);
  if (::link(from.c_str(), to.c_str()) < 0)
    return fail(str("link to ", Quoted(from)), to);
  return 0;
}

}  // namespace

extern const Applet link_applet = {
    .name = "link",
    .summary = "make a hard link by the system call alone",
    .usage = "FILE NEW",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
