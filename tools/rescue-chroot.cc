// rescue-chroot: work inside a root, with its file systems mounted.
#include "lib/base/applet.h"
#include "lib/boot/enter.h"

namespace rescue {
namespace {

struct Options {
  bool read_only = false;
  bool bare = false;
};

constexpr Opt<Options> options[] = {
    {'r', "read-only", &Options::read_only, "mount the device, and those of its fstab, read-only"},
    {'b', "bare", &Options::bare, "do not mount what its fstab names"},
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  EnterRequest request{.root = "/mnt", .command = {}, .read_only = opt.read_only, .own_file_systems = !opt.bare};
  if (!args.empty())
    request.root = TRY(args.shift("ROOT"));
  request.command.assign(args.begin(), args.end());
  const auto say = [&io](std::string_view text) { io.note(text); };
  return run_inside(request, say);
}

}  // namespace

extern const Applet rescue_chroot_applet;
const Applet rescue_chroot_applet = {
    .name = "rescue-chroot",
    .summary = "work inside a system on another disk",
    .usage = "[OPTION]... [DEVICE|DIRECTORY [COMMAND [ARG]...]]",
    .section = 8,
    .failure_status = 125,
    .operands_end_options = true,
    .notes = dense<"Example: rescue-chroot LABEL=server apt-get install --reinstall libc6">,
    .options = describe<options>,
    .run = entry<options, run>,
};

}  // namespace rescue
