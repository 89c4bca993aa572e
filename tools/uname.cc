// uname: print what kernel this is.
#include <cerrno>

#include <sys/utsname.h>

#include "lib/base/applet.h"

namespace rescue {
namespace {

struct Options {
  bool all = false, kernel = false, node = false, release = false, version = false, machine = false;
  bool processor = false, platform = false, system = false;
};

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "print all, in this order, but for what is unknown"},
    {'s', "kernel-name", &Options::kernel, "print the kernel's name (default)"},
    {'n', "nodename", &Options::node, "print the name of the machine in the network"},
    {'r', "kernel-release", &Options::release, "print the kernel's release"},
    {'v', "kernel-version", &Options::version, "print the kernel's version"},
    {'m', "machine", &Options::machine, "print the kind of machine"},
    {'p', "processor", &Options::processor, "print the kind of processor: unknown"},
    {'i', "hardware-platform", &Options::platform, "print the hardware platform: unknown"},
    {'o', "operating-system", &Options::system, "print the operating system"},
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(args.expect_end());
  struct utsname name{};
  if (::uname(&name) < 0)
    return fail("ask the kernel", "");
  const bool other =
      opt.node || opt.release || opt.version || opt.machine || opt.processor || opt.platform || opt.system;
  std::string line;
  const auto add = [&](bool wanted, std::string_view word) {
    if (wanted)
      line += str(line.empty() ? "" : " ", word);
  };
  add(opt.all || opt.kernel || !other, name.sysname);
  add(opt.all || opt.node, name.nodename);
  add(opt.all || opt.release, name.release);
  add(opt.all || opt.version, name.version);
  add(opt.all || opt.machine, name.machine);
  add(opt.processor && !opt.all, "unknown");
  add(opt.platform && !opt.all, "unknown");
  add(opt.all || opt.system, "GNU/Linux");
  io.out.put(line, '\n');
  return 0;
}

}  // namespace

extern const Applet uname_applet = {
    .name = "uname",
    .summary = "print what kernel and machine this is",
    .usage = "[OPTION]...",
    .usage_status = 1,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
