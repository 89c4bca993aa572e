// modprobe: load modules of the kernel, with what they need.
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/boot/modules.h"

namespace rescue {
namespace {

constexpr useconds_t pause_between = 300'000;

struct Options {
  bool all = false;
  bool quiet = false;
  bool verbose = false;
  bool dry_run = false;
  bool show = false;
  bool devices = false;
  std::string root;
  std::string version;
};

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "every operand is a module; else those after the first would be its parameters"},
    {'q', "quiet", &Options::quiet, "say nothing of modules that are not there (the kernel asks this way)"},
    {'v', "verbose", &Options::verbose, "print what is loaded"},
    {'n', "dry-run", &Options::dry_run, "load nothing"},
    {'D', "show-depends", &Options::show, "print what would be loaded, and load nothing"},
    {'d', "dirname", &Options::root, "take the modules of the system in DIR (default: /)", "DIR"},
    {'S', "set-version", &Options::version, "those of this kernel, in place of the one that runs", "VERSION"},
    {0, "devices", &Options::devices, "load what the devices of this machine ask for"},
};

Result<Modules> open_modules(const Options& opt) {
  std::string version = opt.version;
  struct utsname name{};
  if (version.empty() && ::uname(&name) == 0)
    version = name.release;
  return Modules::open(str(opt.root, "/lib/modules/", version));
}

Result<> load(const Options& opt, Io& io, Modules& modules, std::string_view name) {
  const auto names = modules.find(name);
  if (names.empty())
    return fail("find the module", name, "is not in ", modules.directory());
  for (const std::string& module : names) {
    if (opt.show && modules.is_builtin(module))
      io.out.put("builtin ", module, '\n');
    if (opt.show || opt.verbose)
      for (const std::string& file : TRY(modules.files_of(module)))
        io.out.put("insmod ", modules.directory(), '/', file, " \n");
  }
  return opt.dry_run || opt.show ? Result<>() : modules.load(name);
}

// A bus shows its devices when its own driver is there, a moment later: they ask for others again.
size_t load_for_devices(Modules& modules) {
  size_t count = 0;
  for (size_t more = 0; (more = modules.load_for_devices()) != 0; ::usleep(pause_between))
    count += more;
  return count;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  Modules modules = TRY(open_modules(opt));
  if (opt.devices)
    io.out.put(count_of(load_for_devices(modules), "module"), " loaded\n");
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
