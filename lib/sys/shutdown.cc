#include "lib/sys/shutdown.h"

#include <cerrno>
#include <csignal>
#include <string>

#include <fcntl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/sys/shutdown_command.h"

namespace rescue {

namespace {

// systemd(1): SIGRTMIN+3 and on, counted from the C library's SIGRTMIN of 34 that systemd is built with.
constexpr int systemd_halt = 34 + 3;
constexpr int systemd_power_off = 34 + 4;
constexpr int systemd_restart = 34 + 5;

std::string read_link(const char* path) {
  char target[4096];
  const ssize_t length = ::readlink(path, target, sizeof target);
  return length > 0 ? std::string(target, static_cast<size_t>(length)) : std::string();
}

std::string name_of_init() {
  const auto fd = open_file("/proc/1/comm", O_RDONLY);
  const std::string text = fd ? read_all(fd->get(), 256, "/proc/1/comm").value_or("") : "";
  return text.substr(0, text.find('\n'));
}

bool same_program(const char* a, const char* b) {
  struct stat first{};
  struct stat second{};
  return ::stat(a, &first) == 0 && ::stat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

// What the kit's init and busybox's understand.
constexpr int plain_signal(Ending ending) {
  switch (ending) {
    case Ending::restart: return SIGTERM;
    case Ending::halt: return SIGUSR1;
    case Ending::power_off: return SIGUSR2;
  }
  return SIGTERM;
}

constexpr int systemd_signal(Ending ending) {
  switch (ending) {
    case Ending::restart: return systemd_restart;
    case Ending::halt: return systemd_halt;
    case Ending::power_off: return systemd_power_off;
  }
  return systemd_restart;
}

}  // namespace

Result<> ask_init(Ending ending) {
  const std::string name = name_of_init();
  const std::string executable = read_link("/proc/1/exe");
  const std::string_view program = base_name(executable);
  int signal = 0;
  if (same_program("/proc/1/exe", "/proc/self/exe") || program == "rescue" || program == "busybox")
    signal = plain_signal(ending);
  else if (name == "systemd")
    signal = systemd_signal(ending);
  else
    return fail("ask process 1", name, "is no init that is known here; -f does without it");
  if (::kill(1, signal) < 0)
    return fail("ask process 1", name);
  return {};
}

Result<> end_now(Ending ending, bool sync) {
  if (sync)
    ::sync();
  const int how = ending == Ending::restart ? RB_AUTOBOOT : ending == Ending::halt ? RB_HALT_SYSTEM : RB_POWER_OFF;
  if (::reboot(how) < 0)
    return fail("tell the kernel", "");
  return {};
}

Result<int> run_shutdown(Ending by_name, const ShutdownOptions& opt, const Args& args) {
  TRY(args.expect_end());
  const Ending ending = opt.ending.value_or(by_name);
  if (!opt.only_record)
    TRY(opt.force != 0 ? end_now(ending, !opt.no_sync) : ask_init(ending));
  return 0;
}

}  // namespace rescue
