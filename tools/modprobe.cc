// modprobe: load modules of the kernel, with what they need.
#include "lib/base/applet.h"
#include "lib/boot/modules.h"

namespace rescue {
namespace {

struct Options {
  bool all = false;
  bool quiet = false;
  bool dry_run = false;
  bool devices = false;
  std::string directory;
};

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "every operand is a module; else those after the first would be its parameters"},
    {'q', "quiet", &Options::quiet, "say nothing of modules that are not there (the kernel asks this way)"},
    {'n', "dry-run", &Options::dry_run, "print the files that would be loaded"},
    {0, "devices", &Options::devices, "load what the devices of this machine ask for"},
    {'d', "dirname", &Options::directory, "take the modules of DIRECTORY in place of /lib/modules/VERSION",
     "DIRECTORY"},
};

Result<> load(const Options& opt, Io& io, Modules& modules, std::string_view name) {
  if (!opt.dry_run)
    return modules.load(name);
  const auto names = modules.find(name);
  if (names.empty())
    return fail("find the module", name, "is not there");
  for (const std::string& module : names)
    for (const std::string& file : TRY(modules.files_of(module)))
      io.out.put(file, '\n');
  return {};
}

Result<int> run(const Options& opt, Io& io, Args args) {
  Modules modules = TRY(opt.directory.empty() ? Modules::of_this_kernel() : Modules::open(opt.directory));
  if (opt.devices)
    io.out.put(count_of(modules.load_for_devices(), "module"), " loaded\n");
  else if (args.empty())
    return usage_error("missing operand NAME");
  if (!opt.all && args.size() > 1)
    return usage_error("parameters of a module are not taken; -a loads several modules");
  for (const std::string_view name : args)
    if (const auto done = load(opt, io, modules, name); !done) {
      if (opt.quiet)
        return 1;
      io.warn(done.error());
    }
  return io.status();
}

}  // namespace

extern const Applet modprobe_applet = {
    .name = "modprobe",
    .summary = "load modules of the kernel",
    .usage = "[OPTION]... NAME\n-a [OPTION]... NAME...\n--devices",
    .section = 8,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
