#include "lib/sys/trial.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/sys/process.h"

namespace rescue {

namespace {

// What the child could not do, sent over a pipe that a successful exec closes.
struct ChildError {
  int stage = 0;
  int code = 0;
};
constexpr int stage_enter = 1;
constexpr int stage_exec = 2;

[[noreturn]] void run_child(int root, char* const* words, int output, int report) {
  ChildError error{stage_enter, 0};
  // Without a standard input of its own it could eat the operator's next words.
  ::close(0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  ::setsid();
  ::signal(SIGPIPE, SIG_DFL);
  if (::fchdir(root) == 0 && ::chroot(".") == 0 && ::chdir("/") == 0) {
    char* const environment[] = {nullptr};
    ::execve(words[0], words, environment);
    error.stage = stage_exec;
  }
  error.code = errno;
  (void)!::write(report, &error, sizeof error);
  ::_exit(127);
}

struct Pipe {
  UniqueFd read, write;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) < 0)
    return fail("make a pipe", "");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

int64_t now_ms() {
  struct timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

// Collects what the child prints until it closes the pipe or the time is up; then it is killed.
std::string collect(int fd, pid_t child, unsigned seconds, bool& timed_out) {
  std::string text;
  const int64_t end = now_ms() + int64_t{seconds} * 1000;
  while (true) {
    const int64_t left = end - now_ms();
    struct pollfd wait{fd, POLLIN, 0};
    const int ready = left > 0 ? ::poll(&wait, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready <= 0) {
      timed_out = true;
      ::kill(-child, SIGKILL);
      ::kill(child, SIGKILL);
      return text;
    }
    char buffer[512];
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count <= 0)
      return text;
    if (text.size() < 4096)
      text.append(buffer, static_cast<size_t>(count));
  }
}

std::string ending(int status) {
  if (WIFSIGNALED(status))
    return str("killed by signal ", WTERMSIG(status), " (", ::strsignal(WTERMSIG(status)), ')');
  return str("exit status ", WEXITSTATUS(status));
}

TrialResult verdict_of_error(const ChildError& error, const std::string& program) {
  using Kind = TrialResult::Kind;
  if (error.stage == stage_enter)
    return {Kind::not_for_here, str("the root cannot be entered: ", errno_text(error.code))};
  if (error.code == ENOEXEC)
    return {Kind::not_for_here, "it is made for another machine"};
  if (error.code == ENOENT)
    return {Kind::failed, str(program, ": cannot be executed: the loader that it names is missing")};
  return {Kind::failed, str(program, ": cannot be executed: ", errno_text(error.code))};
}

}  // namespace

Result<TrialResult> try_program(const Root& root, const std::vector<std::string>& words, unsigned seconds) {
  Pipe output = TRY(make_pipe());
  Pipe report = TRY(make_pipe());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t child = fork_child();
  if (child < 0)
    return fail("start a process", words[0]);
  if (child == 0)
    run_child(root.fd(), argv.data(), output.write.get(), report.write.get());
  output.write.reset();
  report.write.reset();
  bool timed_out = false;
  const std::string text = collect(output.read.get(), child, seconds, timed_out);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ChildError error;
  if (const auto got = read_full(report.read.get(), {reinterpret_cast<char*>(&error), sizeof error}, "");
      got && *got == sizeof error)
    return verdict_of_error(error, words[0]);
  if (timed_out)
    return TrialResult{TrialResult::Kind::failed, str(words[0], ": did not end within ", seconds, " s")};
  if (status == 0)
    return TrialResult{};
  const std::string said = printable(trim(text.substr(0, text.find('\n'))));
  return TrialResult{TrialResult::Kind::failed, str(words[0], ": ", ending(status), said.empty() ? "" : ": ", said)};
}

}  // namespace rescue
