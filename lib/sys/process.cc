#include "lib/sys/process.h"

#include <cerrno>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/append.h"
#include "lib/base/kit.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> list;
  list.reserve(words.size() + 1);
  for (const std::string& word : words)
    list.push_back(const_cast<char*>(word.c_str()));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  list.push_back(nullptr);
  return list;
}

}  // namespace

std::unexpected<Error> execute(const std::string& path, const std::vector<std::string>& words,
                               const std::vector<std::string>& environment) {
  ::execve(path.c_str(), pointers(words).data(), pointers(environment).data());
  return fail("run", path);
}

std::unexpected<Error> execute_found(const std::vector<std::string>& words) {
  ::execvp(words[0].c_str(), pointers(words).data());
  return fail("run", words[0]);
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal)
    if (signal != SIGKILL && signal != SIGSTOP)
      (void)std::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void ignore_keyboard_signals(bool ignore) {
  for (const int signal : {SIGINT, SIGQUIT, SIGTSTP})
    (void)std::signal(signal, ignore ? SIG_IGN : SIG_DFL);
}

int exit_status(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

void expect_children() {
  std::signal(SIGCHLD, SIG_DFL);
}

pid_t fork_child() {
  expect_children();
  return ::fork();
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR)
      return 1;
  return exit_status(status);
}

Result<int> run_applet_command(const std::vector<std::string>& words) {
  const std::string kit = kit_path("bin/rescue");
  const pid_t pid = fork_child();
  if (pid < 0)
    return fail("start a process", words[0]);
  if (pid == 0) {
    reset_signals();
    std::vector<std::string> all = {"rescue"};
    append(all, words);
    ::execv(kit.c_str(), pointers(all).data());
    ::_exit(127);
  }
  return wait_for(pid);
}

}  // namespace rescue
