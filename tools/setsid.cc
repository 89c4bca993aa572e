// setsid: run a program in a new session.
#include <cerrno>
#include <csignal>

#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/sys/process.h"

namespace rescue {
namespace {

struct Options {
  bool terminal = false;
  bool fork = false;
  bool wait = false;
};

constexpr Opt<Options> options[] = {
    {'c', "ctty", &Options::terminal, "make the terminal at standard input the session's own"},
    {'f', "fork", &Options::fork, "always start another process"},
    {'w', "wait", &Options::wait, "wait for the program, and end with its status"},
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return usage_error("give a PROGRAM");
  // A leader of a group can have no session of its own.
  if (opt.fork || ::getpgrp() == ::getpid()) {
    const pid_t child = ::fork();
    if (child < 0)
      return fail("start a process", "");
    if (child > 0)
      return opt.wait ? wait_for(child) : 0;
  }
  if (::setsid() < 0)
    return fail("make a session", "");
  if (opt.terminal && ::ioctl(STDIN_FILENO, TIOCSCTTY, 1) < 0)
    return fail("take the terminal", "");
  std::signal(SIGPIPE, SIG_DFL);
  const auto error = execute_found(std::vector<std::string>(args.begin(), args.end()));
  io.warn(error.error());
  return error.error().code() == ENOENT ? 127 : 126;
}

}  // namespace

extern const Applet setsid_applet = {
    .name = "setsid",
    .summary = "run a program in a new session",
    .usage = "[OPTION]... PROGRAM [ARG]...",
    .usage_status = 1,
    .operands_end_options = true,
    .help_letter = 'h',
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
