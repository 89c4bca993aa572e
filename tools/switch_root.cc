// switch_root: leave an initramfs for the root file system.
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/boot/handover.h"
#include "lib/sys/process.h"

extern char** environ;

namespace rescue {
namespace {

struct Options {
  std::string console;
};

constexpr Opt<Options> options[] = {
    {'c', "console", &Options::console, "use this device of NEWROOT for input and output", "DEVICE"},
};

Result<> open_console(const std::string& path) {
  const UniqueFd fd = TRY(open_file(path, O_RDWR));
  for (int standard = 0; standard <= 2; ++standard)
    if (::dup2(fd.get(), standard) < 0)
      return fail("use the console", path);
  return {};
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  const std::string root(TRY(args.shift("NEWROOT")));
  if (args.empty())
    return usage_error("missing operand INIT");
  if (::getpid() != 1)
    return fail("switch", root, "only process 1 may do this");
  std::vector<std::string> words(args.begin(), args.end());
  TRY(switch_root(root));
  if (!opt.console.empty())
    if (const auto opened = open_console(opt.console); !opened)
      io.warn(opened.error());
  std::vector<std::string> environment;
  for (char** word = environ; *word != nullptr; ++word)
    environment.emplace_back(*word);
  reset_signals();
  return execute(words[0], words, environment);
}

}  // namespace

extern const Applet switch_root_applet = {
    .name = "switch_root",
    .summary = "leave an initramfs for the root file system",
    .usage = "[-c DEVICE] NEWROOT INIT [ARG]...",
    .section = 8,
    .usage_status = 1,
    .operands_end_options = true,
    .help_letter = 'h',
    .version_letter = 'V',
    .notes = dense<"It removes everything in the initramfs. Process 1 only: exec switch_root ...">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
