// nohup: run a command that survives the end of the login.
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/quote.h"
#include "lib/sys/process.h"

namespace rescue {
namespace {

constexpr int status_own_failure = 125;

struct Options {};
constexpr Opt<Options> options[] = {Opt<Options>{"Options"}};

// nohup.out here, or in the home directory where here nothing can be written.
Result<std::string> open_output() {
  std::string path = "nohup.out";
  auto file = open_file(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  const char* const home = ::getenv("HOME");
  if (!file && home != nullptr) {
    path = str(home, "/nohup.out");
    file = open_file(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  }
  const UniqueFd fd = TRY(std::move(file));
  if (::dup2(fd.get(), STDOUT_FILENO) < 0)
    return fail("send output to", path);
  return path;
}

Result<int> run(const Options& /*opt*/, Io& io, Args& args) {
  if (args.empty())
    return usage_error("give a COMMAND");
  const bool ignore_input = ::isatty(STDIN_FILENO) == 1;
  const bool redirect_output = ::isatty(STDOUT_FILENO) == 1;
  const bool stdout_closed = ::fcntl(STDOUT_FILENO, F_GETFL) >= 0 && (::fcntl(STDOUT_FILENO, F_GETFL) & O_PATH) != 0;
  const bool redirect_errors = ::isatty(STDERR_FILENO) == 1;
  if (ignore_input) {
    // Write-only, so that reading fails and does not wait.
    const UniqueFd nothing = TRY(open_file("/dev/null", O_WRONLY));
    if (::dup2(nothing.get(), STDIN_FILENO) < 0)
      return fail("ignore input", "");
  }
  if (redirect_output || (redirect_errors && stdout_closed)) {
    const std::string path = TRY(open_output());
    io.note(ignore_input ? "ignoring input and " : "", "appending output to ", Quoted(path));
  } else if (ignore_input) {
    io.note(redirect_errors ? "ignoring input and redirecting stderr to stdout" : "ignoring input");
  } else if (redirect_errors) {
    io.note("redirecting stderr to stdout");
  }
  // Ours stays for the case that the command cannot be run.
  UniqueFd own_errors;
  if (redirect_errors) {
    own_errors = UniqueFd(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (::dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
      return fail("send errors to the output", "");
  }
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGPIPE, SIG_DFL);
  const auto error = execute_found(std::vector<std::string>(args.begin(), args.end()));
  if (own_errors)
    (void)::dup2(own_errors.get(), STDERR_FILENO);
  io.warn(error.error());
  return error.error().code() == ENOENT ? 127 : 126;
}

}  // namespace

extern const Applet nohup_applet = {
    .name = "nohup",
    .summary = "run a command that survives the end of the login",
    .usage = "COMMAND [ARG]...",
    .failure_status = status_own_failure,
    .usage_status = status_own_failure,
    .operands_end_options = true,
    .notes = dense<"Output to a terminal goes to nohup.out, here or in the home directory.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
