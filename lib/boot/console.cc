#include "lib/boot/console.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/sys/terminal.h"

namespace rescue {

namespace {

std::vector<std::string> active_consoles() {
  const std::string path = "/sys/class/tty/console/active";
  const auto fd = open_file(path, O_RDONLY);
  const std::string text = fd ? read_all(fd->get(), 4096, path).value_or("") : "";
  std::vector<std::string> names;
  for (const std::string_view word : split(std::string_view(text).substr(0, text.find('\n')), ' '))
    if (!word.empty())
      names.emplace_back(word);
  return names;
}

}  // namespace

std::vector<std::string> console_names(const KernelLine& line) {
  std::vector<std::string> names = active_consoles();
  if (names.empty())
    for (const std::string& console : line.values("console"))
      if (const std::string name = console.substr(0, console.find(',')); !std::ranges::contains(names, name))
        names.push_back(name);
  if (names.empty())
    names.emplace_back("console");
  return names;
}

Result<UniqueFd> open_console(const std::string& name) {
  const std::string path = str("/dev/", name);
  UniqueFd fd = TRY(open_file(path, O_RDWR | O_NONBLOCK));
  TRY(make_console_sane(fd.get(), path));
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK) < 0)
    return fail("set the terminal", path);
  return fd;
}

std::string_view terminal_type(std::string_view name) {
  const bool screen = name.starts_with("tty") && name.size() > 3 && name[3] >= '0' && name[3] <= '9';
  return screen ? "linux" : "vt220";
}

Result<> take_terminal(int fd, std::string_view path) {
  (void)::setsid();
  // 1: also where another session holds it; that one is gone or about to go.
  if (::ioctl(fd, TIOCSCTTY, 1) < 0)
    return fail("make it the controlling terminal", path);
  (void)::tcsetpgrp(fd, ::getpid());
  for (int standard = 0; standard <= 2; ++standard)
    if (::dup2(fd, standard) < 0)
      return fail("use the terminal", path);
  return {};
}

}  // namespace rescue
