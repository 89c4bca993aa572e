// poweroff: switch the machine off.
#include "lib/base/applet.h"
#include "lib/sys/shutdown.h"

namespace rescue {
namespace {

struct Options {
  unsigned force = 0;
  bool no_sync = false;
  bool only_record = false;
};

constexpr Opt<Options> options[] = {
    {'f', "force", &Options::force, "do it at once, without process 1: nothing is ended or detached before"},
    {'n', "no-sync", &Options::no_sync, "with -f: do not write to the disks what is still in memory"},
    {'w', "wtmp-only", &Options::only_record, "do nothing: no record is kept here"},
};

Result<int> run(const Options& opt, Io& io, Args args) {
  TRY(args.expect_end());
  if (!opt.only_record)
    TRY(opt.force != 0 ? end_now(Ending::power_off, !opt.no_sync) : ask_init(Ending::power_off));
  return io.status();
}

}  // namespace

extern const Applet poweroff_applet = {
    .name = "poweroff",
    .summary = "switch the machine off",
    .usage = "[OPTION]...",
    .section = 8,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
