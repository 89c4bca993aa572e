// whoami: print the name of who we are.
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/fs/names.h"

namespace rescue {
namespace {

struct Options {};
constexpr Opt<Options> options[] = {Opt<Options>{"Options"}};

Result<int> run(const Options& /*opt*/, Io& io, Args& args) {
  TRY(args.expect_end());
  Names names;
  const std::string_view name = names.users.name_of(::geteuid());
  if (name.empty())
    return fail("user", "", "the number ", ::geteuid(), " has no name in /etc/passwd");
  io.out.put(name, '\n');
  return 0;
}

}  // namespace

extern const Applet whoami_applet = {
    .name = "whoami",
    .summary = "print the name of the effective user",
    .usage = "",
    .usage_status = 1,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
