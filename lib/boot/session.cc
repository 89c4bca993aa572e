#include "lib/boot/session.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/io.h"
#include "lib/base/kit.h"
#include "lib/base/text.h"
#include "lib/boot/console.h"
#include "lib/boot/password.h"
#include "lib/sys/process.h"

namespace rescue {

namespace {

constexpr unsigned wrong_password_pause = 3;
constexpr int shell_not_there = 127;

// One line of what is typed; nothing at the end of the input.
std::optional<std::string> read_line() {
  std::string line;
  for (char c = 0;;) {
    const ssize_t count = ::read(0, &c, 1);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return std::nullopt;
    if (c == '\n')
      return line;
    if (line.size() < 1024)
      line += c;
  }
}

// The same without an echo. Only then the question: what is typed as soon as it shows must neither show nor be lost.
std::optional<std::string> ask_secret(std::string_view question, Output& out) {
  struct termios settings{};
  if (::tcgetattr(0, &settings) < 0)
    return std::nullopt;
  struct termios silent = settings;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  (void)::tcsetattr(0, TCSAFLUSH, &silent);
  out.put(question);
  auto line = read_line();
  (void)::tcsetattr(0, TCSANOW, &settings);
  return line;
}

Result<std::string> wanted_hash(const SessionSetup& setup) {
  if (!setup.config.password_hash.empty())
    return setup.config.password_hash;
  return root_password_hash(TRY(Root::open(setup.root)));
}

// Returns when the right password was given; never, where there is none that could be.
void ask_for_password(const SessionSetup& setup, Output& out) {
  if (!setup.config.problem.empty())
    out.put("rescue: ", Printable(kit_path("etc/rescue.conf")), ": ", setup.config.problem, "\n");
  for (;;) {
    const auto hash = wanted_hash(setup);
    out.put("\nrescue: root's password is needed for the shell (Ctrl-D: ask again).\n");
    if (!hash)
      out.put("rescue: ", message(hash.error()), "; nobody can be let in\n");
    const auto password = ask_secret("Password: ", out);
    out.put("\n");
    if (password && hash && password_matches(*password, *hash))
      return;
    ::sleep(wrong_password_pause);
    if (password)
      out.put("rescue: that is not the password\n");
  }
}

Wish ask_what_to_do(const SessionSetup& setup, Output& out) {
  for (;;) {
    out.put("\n  f   look for what is broken, repair it, and go on booting\n",
            "  s   a shell, to look and repair by hand\n", "  b   go on booting as it is\n",
            setup.root.empty() ? "\n(no root file system was found: only the shell is of use)\n" : "", "\nf, s or b? ");
    const auto line = read_line();
    if (!line)
      return Wish::none;
    if (*line == "f")
      return Wish::fix;
    if (*line == "b")
      return Wish::boot;
    if (*line == "s")
      return Wish::none;
  }
}

[[noreturn]] void run_session(const SessionSetup& setup, UniqueFd terminal, UniqueFd wishes) {
  const std::string path = str("/dev/", setup.console);
  Output out(1, "console", false);
  if (const auto taken = take_terminal(terminal.get(), path); !taken) {
    const Output log(2, "console", false);
    ::_exit(1);
  }
  terminal.reset();
  if (setup.config.require_password) {
    // At the question nothing can be broken off but the question itself.
    ignore_keyboard_signals(true);
    ask_for_password(setup, out);
    ignore_keyboard_signals(false);
  }
  if (setup.menu)
    if (const Wish wish = ask_what_to_do(setup, out); wish != Wish::none) {
      const char letter = static_cast<char>(wish);
      (void)!::write(wishes.get(), &letter, 1);
      ::_exit(0);
    }
  const std::string shell = kit_path("bin/sh");
  const auto failed = execute(shell, {"mksh", "-i"}, shell_environment(setup));
  out.put("rescue: ", message(failed.error()), "\n");
  ::sleep(wrong_password_pause);
  ::_exit(shell_not_there);
}

}  // namespace

std::vector<std::string> shell_environment(const SessionSetup& setup) {
  const std::string bin = kit_path("bin");
  std::vector<std::string> words = {
      str("PATH=", bin, ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
      str("ENV=", kit_path("etc/profile")),
      str("SHELL=", kit_path("bin/sh")),
      str("HOME=", ::access("/root", X_OK) == 0 ? "/root" : "/"),
      str("TERM=", terminal_type(setup.console)),
      str("RESCUE_KIT=", kit_path("")),
      str("RESCUE_ROOT=", setup.root),
      str("RESCUE_MOUNTS=", setup.own_mounts),
      str("RESCUE_CONSOLE=", setup.console),
      "USER=root",
      "LOGNAME=root",
  };
  if (!setup.root_device.empty())
    words.push_back(str("RESCUE_DEVICE=", setup.root_device));
  return words;
}

Wish Session::wish() const {
  char letter = 0;
  return wishes && ::read(wishes.get(), &letter, 1) == 1 ? static_cast<Wish>(letter) : Wish::none;
}

Result<Session> start_session(const SessionSetup& setup) {
  UniqueFd terminal = TRY(open_console(setup.console));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0)
    return fail("make a pipe", "");
  Session session{.pid = -1, .wishes = UniqueFd(ends[0])};
  UniqueFd writes(ends[1]);
  session.pid = fork_child();
  if (session.pid < 0)
    return fail("start a process", setup.console);
  if (session.pid == 0) {
    reset_signals();
    run_session(setup, std::move(terminal), std::move(writes));
  }
  return session;
}

}  // namespace rescue
