// dirname: print paths without their last component.
#include "lib/base/applet.h"

namespace rescue {
namespace {

struct Options {
  bool zero = false;
};

constexpr Opt<Options> options[] = {
    {'z', "zero", &Options::zero, "end each with a zero byte instead of a newline"},
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return fail("missing operand", "", "give a NAME");
  for (const std::string_view name : args)
    io.out.put(dir_name(name), opt.zero ? '\0' : '\n');
  return 0;
}

}  // namespace

extern const Applet dirname_applet = {
    .name = "dirname",
    .summary = "print paths without their last component",
    .usage = "[OPTION] NAME...",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
