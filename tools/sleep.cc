// sleep: wait.
#include <cerrno>

#include <time.h>

#include "lib/base/applet.h"
#include "lib/base/quote.h"
#include "lib/sys/duration.h"

namespace rescue {
namespace {

struct Options {};
constexpr Opt<Options> options[] = {Opt<Options>{"Options"}};

Result<int> run(const Options& /*opt*/, Io& /*io*/, Args& args) {
  if (args.empty())
    return fail("missing operand", "", "give a NUMBER of seconds");
  std::vector<struct timespec> lengths;
  for (const std::string_view word : args) {
    const auto length = parse_duration(std::string(word));
    if (!length)
      return fail("time", "", Quoted(word), " is no length of time");
    lengths.push_back(*length);
  }
  for (struct timespec& rest : lengths)
    while (::nanosleep(&rest, &rest) < 0)
      if (errno != EINTR)
        return fail("wait", "");
  return 0;
}

}  // namespace

extern const Applet sleep_applet = {
    .name = "sleep",
    .summary = "wait for some time",
    .usage = "NUMBER[smhd]...",
    .notes = dense<
        "NUMBER may have decimals; s is for seconds (the default), m minutes, h hours, d days. Several are added up.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
