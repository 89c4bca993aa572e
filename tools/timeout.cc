// timeout: run a command, and end it when its time is over.
#include <cerrno>
#include <csignal>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/quote.h"
#include "lib/sys/duration.h"
#include "lib/sys/process.h"
#include "lib/sys/signals.h"

namespace rescue {
namespace {

constexpr int status_timed_out = 124;
constexpr int status_own_failure = 125;
constexpr int status_cannot_run = 126;
constexpr int status_not_found = 127;

struct Options {
  std::optional<struct timespec> kill_after;
  int signal = SIGTERM;
  bool foreground = false;
  bool preserve = false;
  bool verbose = false;
};

Result<> choose_kill(Options& o, std::string_view text) {
  o.kill_after = parse_duration(std::string(text));
  if (!o.kill_after)
    return usage_error(Quoted(text), " is no length of time");
  return {};
}

Result<> choose_signal(Options& o, std::string_view text) {
  const auto number = signal_number(text);
  if (!number)
    return usage_error(Quoted(text), " is no signal");
  o.signal = *number;
  return {};
}

constexpr Opt<Options> options[] = {
    {0, "preserve-status", &Options::preserve, "end with the command's own status, also when its time is over"},
    {0, "foreground", &Options::foreground, "let it read from the terminal, and leave what it has started alone"},
    {'k', "kill-after", choose_kill, "send KILL too, so long after the first signal", "DURATION"},
    {'s', "signal", choose_signal, "send this signal: a name like HUP, or a number (default: TERM)", "SIGNAL"},
    {'v', "verbose", &Options::verbose, "say which signal is sent"},
};

bool is_zero(const struct timespec& time) {
  return time.tv_sec == 0 && time.tv_nsec == 0;
}

struct timespec now() {
  struct timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time;
}

struct timespec after(const struct timespec& length) {
  struct timespec end = now();
  end.tv_sec += length.tv_sec;
  end.tv_nsec += length.tv_nsec;
  if (end.tv_nsec >= 1000000000) {
    ++end.tv_sec;
    end.tv_nsec -= 1000000000;
  }
  return end;
}

// What is left until then; zero when it is over.
struct timespec until(const struct timespec& end) {
  struct timespec left = now();
  left.tv_sec = end.tv_sec - left.tv_sec;
  left.tv_nsec = end.tv_nsec - left.tv_nsec;
  if (left.tv_nsec < 0) {
    --left.tv_sec;
    left.tv_nsec += 1000000000;
  }
  return left.tv_sec < 0 ? timespec{} : left;
}

class Guard {
 public:
  Guard(const Options& opt, Io& io, pid_t child, std::string command)
      : opt_(opt), io_(io), child_(child), command_(std::move(command)) {}

  // Waits for the end of the command, and sends it signals when its time is over or we are to end ourselves.
  int watch(const struct timespec& length, sigset_t signals) {
    std::optional<struct timespec> end;
    if (!is_zero(length))
      end = after(length);
    while (true) {
      int wait_status = 0;
      if (::waitpid(child_, &wait_status, WNOHANG) == child_)
        return status_of(wait_status);
      const struct timespec left = end ? until(*end) : timespec{};
      const int got = end ? ::sigtimedwait(&signals, nullptr, &left) : ::sigwaitinfo(&signals, nullptr);
      if (got == SIGCHLD || (got < 0 && errno == EINTR))
        continue;
      if (got < 0) {
        timed_out_ = true;
        end.reset();
      }
      const int signal = got < 0 ? signal_ : got;
      // We are in the group that gets it, and shall not take our own signal for somebody else's.
      ::sigdelset(&signals, signal);
      send(signal);
      // A second signal follows where that was asked for.
      if (opt_.kill_after && !is_zero(*opt_.kill_after) && !killing_) {
        killing_ = true;
        signal_ = SIGKILL;
        end = after(*opt_.kill_after);
      }
    }
  }

 private:
  void send(int signal) {
    if (opt_.verbose)
      io_.err.put(str("timeout: sending signal ", signal == 0 ? "EXIT" : signal_name(signal), " to command ",
                      quoted(command_, QuotingStyle::locale), '\n'));
    last_ = signal;
    ::kill(child_, signal);
    if (opt_.foreground)
      return;
    // Everybody in our group, which is the command and what it has started; KILL ends us with them.
    ::kill(0, signal);
    if (signal != SIGKILL && signal != SIGCONT) {
      ::kill(child_, SIGCONT);
      ::kill(0, SIGCONT);
    }
  }

  int status_of(int wait_status) const {
    // Whoever waits for us is to see how the command ended.
    if (WIFSIGNALED(wait_status) && !timed_out_) {
      const int signal = WTERMSIG(wait_status);
      (void)::prctl(PR_SET_DUMPABLE, 0);
      std::signal(signal, SIG_DFL);
      sigset_t one;
      ::sigemptyset(&one);
      ::sigaddset(&one, signal);
      ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
      ::raise(signal);
    }
    int status = exit_status(wait_status);
    const bool killed = WIFSIGNALED(wait_status) && timed_out_ && last_ == SIGKILL;
    if (timed_out_ && !opt_.preserve && !killed)
      status = status_timed_out;
    return status;
  }

  const Options& opt_;
  Io& io_;
  const pid_t child_;
  const std::string command_;
  int signal_ = opt_.signal;
  int last_ = 0;
  bool timed_out_ = false;
  bool killing_ = false;
};

[[noreturn]] void run_child(const std::vector<std::string>& words, const sigset_t& before, Io& io) {
  for (const int signal : {SIGTTIN, SIGTTOU, SIGPIPE})
    std::signal(signal, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  const auto error = execute_found(words);
  io.warn(error.error());
  ::_exit(error.error().code() == ENOENT ? status_not_found : status_cannot_run);
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.size() < 2)
    return usage_error("give a DURATION and a COMMAND");
  const auto length = parse_duration(std::string(TRY(args.shift("DURATION"))));
  if (!length)
    return usage_error("the DURATION is no length of time");
  const std::vector<std::string> words(args.begin(), args.end());
  // A group of our own, so that all that the command starts gets the signal.
  if (!opt.foreground)
    ::setpgid(0, 0);
  std::signal(SIGTTIN, SIG_IGN);
  std::signal(SIGTTOU, SIG_IGN);
  sigset_t signals;
  sigset_t before;
  ::sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGALRM})
    ::sigaddset(&signals, signal);
  ::sigaddset(&signals, opt.signal == 0 ? SIGTERM : opt.signal);
  ::sigprocmask(SIG_BLOCK, &signals, &before);
  const pid_t child = fork_child();
  if (child < 0)
    return fail("start a process", "");
  if (child == 0)
    run_child(words, before, io);
  return Guard(opt, io, child, words[0]).watch(*length, signals);
}

}  // namespace

extern const Applet timeout_applet = {
    .name = "timeout",
    .summary = "run a command with a time limit",
    .usage = "[OPTION]... DURATION COMMAND [ARG]...",
    .failure_status = status_own_failure,
    .usage_status = status_own_failure,
    .operands_end_options = true,
    .notes = dense<
        "DURATION is a number with s, m, h or d behind it; 0 is no limit. The exit status is 124 when time was over, "
        "137\n"
        "when the command had to be killed, 126 or 127 when it could not be run, else the command's own.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
