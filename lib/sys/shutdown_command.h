// The options and the work that reboot, halt and poweroff share: they are one command under three names.
#pragma once

#include "lib/base/options.h"
#include "lib/sys/shutdown.h"

namespace rescue {

struct ShutdownOptions {
  unsigned force = 0;
  bool no_sync = false;
  bool only_record = false;
  bool quiet = false;
  std::optional<Ending> ending;
};

inline constexpr Opt<ShutdownOptions> shutdown_options[] = {
    {'f', "force", &ShutdownOptions::force, "do it at once, without process 1: nothing is ended or detached before"},
    {'n', "no-sync", &ShutdownOptions::no_sync, "with -f: do not write to the disks what is still in memory"},
    {'w', "wtmp-only", &ShutdownOptions::only_record, "do nothing: no record is kept here"},
    {'d', "no-wtmp", &ShutdownOptions::quiet, "keep no record; none is kept"},
    {0, "no-wall", &ShutdownOptions::quiet, "tell the users nothing; nothing is told"},
    {0, "halt", set<&ShutdownOptions::ending, Ending::halt>, "halt, whatever the name of the command"},
    {'p', "poweroff", set<&ShutdownOptions::ending, Ending::power_off>, "switch off"},
    {0, "reboot", set<&ShutdownOptions::ending, Ending::restart>, "restart"},
};

// What the command of that name does.
Result<int> run_shutdown(Ending by_name, const ShutdownOptions& opt, const Args& args);

}  // namespace rescue
