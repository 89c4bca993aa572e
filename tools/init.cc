// init: process 1 of a machine whose own init cannot run.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/append.h"
#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/kit.h"
#include "lib/boot/console.h"
#include "lib/boot/early.h"
#include "lib/boot/find_root.h"
#include "lib/boot/handover.h"
#include "lib/boot/own_mounts.h"
#include "lib/boot/session.h"
#include "lib/sys/block.h"
#include "lib/sys/mounting.h"
#include "lib/sys/process.h"

extern char** environ;

namespace rescue {
namespace {

constexpr unsigned default_timeout = 5;
constexpr int quiet_console_level = 4;  // the kernel's errors still show
constexpr int set_console_level = 8;    // syslog(2): SYSLOG_ACTION_CONSOLE_LEVEL
constexpr const char* image_root = "/sysroot";

struct ConsoleSession {
  SessionSetup setup;
  Session session;
  unsigned exits = 0;  // how often the person left the shell although the system is broken
};

class Init {
 public:
  Init(Io& io, Args words) : io_(io), words_(std::move(words)) {}

  // Only returns when there is nothing left to be done, which must not happen to process 1.
  void run() {
    for (const std::string& problem : mount_kernel_file_systems())
      problems_.push_back(problem);
    take_console();
    line_ = KernelLine::read();
    config_ = read_boot_config();
    (void)::klogctl(set_console_level, nullptr, quiet_console_level);
    (void)::reboot(RB_DISABLE_CAD);  // Ctrl-Alt-Del comes as SIGINT
    block_signals();
    for (const std::string& problem : problems_)
      say(problem);
    find_root();
    mount_own();
    if (line_.has("rescue.fix") && has_root_ && !person_wants_shell() && repair())
      boot(true);
    start_sessions();
    for (;;)
      handle_events();
  }

 private:
  void say(std::string_view text) { io_.out.put("rescue: ", text, '\n'), (void)io_.out.flush(); }

  // The last console of the kernel line is /dev/console. The messages of this process go there; not as its
  // controlling terminal, or Ctrl-C would reach it.
  void take_console(const std::string& path = "/dev/console") {
    const int fd = ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
      return;
    (void)::fcntl(fd, F_SETFL, O_RDWR);
    for (int standard = 0; standard <= 2; ++standard)
      (void)::dup2(fd, standard);
    if (fd > 2)
      (void)::close(fd);
  }

  void block_signals() {
    ::sigemptyset(&signals_);
    for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPWR})
      ::sigaddset(&signals_, signal);
    (void)::sigprocmask(SIG_BLOCK, &signals_, nullptr);
  }

  // On the disk it is our own; in an initramfs it is looked for.
  void find_root() {
    if (!runs_from_initramfs()) {
      root_ = "/";
      has_root_ = true;
      return;
    }
    in_image_ = true;
    root_ = image_root;
    const auto tell = [this](std::string_view text) { say(text); };
    const auto found = mount_broken_root(line_, root_, volumes_, tell);
    has_root_ = found.has_value();
    if (!found) {
      say(message(found.error()));
      return;
    }
    device_ = found->device;
    say(str("the root file system is on ", found->device, " (", found->type, ", ", found->why, "), mounted at ",
            root_));
  }

  // What fstab names: a /usr of its own holds the glibc, /var what a repair writes down.
  void mount_own() {
    if (!has_root_)
      return;
    serve_modules();
    const auto tell = [this](std::string_view text) { say(text); };
    // The system's initramfs has set up what the root needs and no more.
    if (!in_image_)
      (void)volumes_.activate(list_block_devices().value_or(std::vector<BlockDevice>()), nullptr, tell);
    own_ = mount_own_file_systems(root_, is_read_only(), tell);
    for (const std::string& place : own_)
      say(str("mounted ", place, ", as the system's fstab says"));
  }

  // What the kernel starts when a file system needs a module: the system's own program cannot run.
  void serve_modules() {
    constexpr const char* path = "/proc/sys/kernel/modprobe";
    const auto fd = open_file(path, O_RDWR);
    if (!fd)
      return;
    const auto old = read_all(fd->get(), 4096, path);
    if (old && write_all(fd->get(), kit_path("bin/modprobe"), path))
      modprobe_ = *old;
  }

  void give_back_modules() {
    constexpr const char* path = "/proc/sys/kernel/modprobe";
    if (const auto fd = open_file(path, O_WRONLY); fd && !modprobe_.empty())
      (void)write_all(fd->get(), modprobe_, path);
  }

  bool is_read_only() const { return !line_.has("rw") || in_image_; }

  // Gives a person the time to say no to the unattended repair.
  bool person_wants_shell() {
    if (line_.has("rescue.shell") && !line_.has("rescue.timeout"))
      return true;
    const unsigned seconds = to_number<unsigned>(line_.value("rescue.timeout").value_or("")).value_or(default_timeout);
    if (seconds == 0)
      return false;
    say(str("the repair starts by itself in ", count_of(seconds, "second"), "; press Enter for a shell instead"));
    std::vector<UniqueFd> consoles;
    std::vector<struct pollfd> polled;
    for (const std::string& name : console_names(line_))
      if (auto fd = open_console(name)) {
        polled.push_back({.fd = fd->get(), .events = POLLIN, .revents = 0});
        consoles.push_back(*std::move(fd));
      }
    const bool pressed = ::poll(polled.data(), polled.size(), static_cast<int>(seconds) * 1000) > 0;
    for (const UniqueFd& fd : consoles)
      (void)::tcflush(fd.get(), TCIFLUSH);
    return pressed;
  }

  // Status 0: healthy.
  bool is_healthy() {
    const auto status = run_applet_command({"rescue-doctor", "--root", root_});
    return status && *status == 0;
  }

  // The doctor alone decides whether it worked.
  bool repair() {
    say("looking for what is broken");
    if (is_healthy())
      return true;
    if (!make_writable(true))
      return false;
    // What a power cut broke off comes first.
    (void)run_applet_command({"rescue-extract", "--resume", root_});
    const auto status = run_applet_command({"rescue-doctor", "--fix", "-y", "--root", root_});
    const bool healthy = status && *status == 0;
    say(healthy ? "the system is repaired" : "not everything could be repaired");
    if (healthy)
      (void)make_writable(false);
    return healthy;
  }

  bool make_writable(bool writable) {
    ::sync();
    bool done = make_writable(root_, writable);
    for (const std::string& place : own_)
      done &= make_writable(place, writable);
    return done;
  }

  bool make_writable(const std::string& place, bool writable) {
    const auto done = mount_once("none", place, "", MS_REMOUNT | (writable ? 0UL : MS_RDONLY), "");
    if (!done)
      say(message(done.error()));
    else if (writable)
      say(str("mounted ", place, " writable, for the repair"));
    return done.has_value();
  }

  // The system's init mounts them itself, as it is used to; but it lies on /usr.
  void detach_own() {
    const std::string usr = str(root_ == "/" ? "" : root_, "/usr");
    while (!own_.empty() && own_.back() != usr) {
      (void)::umount2(own_.back().c_str(), MNT_DETACH);
      own_.pop_back();
    }
  }

  void start_sessions() {
    std::string own;
    for (const std::string& place : own_)
      own += str(own.empty() ? "" : " ", place);
    for (const std::string& name : console_names(line_)) {
      ConsoleSession console;
      console.setup = {.console = name,
                       .root = has_root_ ? root_ : "",
                       .root_device = device_,
                       .read_only = is_read_only(),
                       .own_mounts = own,
                       .menu = in_image_ && !line_.has("rescue.shell"),
                       .config = config_};
      start(console);
      sessions_.push_back(std::move(console));
    }
  }

  void start(ConsoleSession& console) {
    auto session = start_session(console.setup);
    if (session)
      console.session = *std::move(session);
    else
      say(message(session.error()));
  }

  // Whatever happens: a child ended, Ctrl-Alt-Del, a signal of `reboot`.
  void handle_events() {
    struct timespec second = {.tv_sec = 1, .tv_nsec = 0};
    switch (::sigtimedwait(&signals_, nullptr, &second)) {
      case SIGINT:
      case SIGTERM: shut_down(RB_AUTOBOOT, "restarting");
      case SIGUSR1: shut_down(RB_HALT_SYSTEM, "halting");
      case SIGUSR2:
      case SIGPWR: shut_down(RB_POWER_OFF, "switching off");
      default: reap();
    }
  }

  void reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      const auto console = std::ranges::find(sessions_, pid, [](const ConsoleSession& c) { return c.session.pid; });
      if (console != sessions_.end())
        session_ended(*console, status);
    }
  }

  // Who has left a shell sees what comes of it there, though the kernel may call another console its own.
  void session_ended(ConsoleSession& console, int status) {
    console.session.pid = -1;
    take_console(str("/dev/", console.setup.console));
    const Wish wish = console.session.wish();
    if (wish == Wish::fix && has_root_ && repair())
      boot(true);
    else if (wish == Wish::boot && has_root_)
      boot(false);
    else if (wish == Wish::none && WIFEXITED(status) && WEXITSTATUS(status) != 127 && has_root_)
      leave_shell(console);
    take_console();
    ::sleep(1);  // a console that fails at once must not keep the machine busy
    start(console);
  }

  // `exit`: to the system, if that works; a second one in a row goes on all the same.
  void leave_shell(ConsoleSession& console) {
    console.setup.menu = false;  // the person has chosen the shell
    say("does the system work again?");
    if (is_healthy())
      boot(true);
    else if (++console.exits > 1)
      boot(false);
    else
      say("it is still broken, see above; its own init would hardly run. `exit` once more boots it all the same");
  }

  // Only returns where that cannot work.
  void boot(bool healthy) {
    const auto root = Root::open(root_);
    const auto init = root ? find_init(*root, line_.value("rescue.init").value_or(""))
                           : Result<std::string>(std::unexpected(root.error()));
    if (!init) {
      say(message(init.error()));
      return;
    }
    end_processes();
    detach_own();
    if (is_read_only())
      (void)make_writable(false);
    volumes_.hand_over();
    give_back_modules();
    say(str(healthy ? "the system is healthy; going on with " : "going on with ", *init));
    if (in_image_)
      if (const auto done = switch_root(root_); !done) {
        say(message(done.error()));
        return;
      }
    hand_over(*init);
  }

  void hand_over(const std::string& init) {
    std::vector<std::string> words = {init};
    append(words, words_);
    std::vector<std::string> environment;
    for (char** word = environ; *word != nullptr; ++word)
      environment.emplace_back(*word);
    reset_signals();
    (void)::reboot(RB_ENABLE_CAD);
    const auto failed = execute(init, words, environment);
    (void)::reboot(RB_DISABLE_CAD);
    block_signals();
    say(message(failed.error()));
  }

  // Everything but this process. Children that end are reaped, so that no disk is kept busy.
  void end_processes() {
    (void)::kill(-1, SIGHUP);
    (void)::kill(-1, SIGCONT);
    (void)::kill(-1, SIGTERM);
    for (int i = 0; i < 20 && ::waitpid(-1, nullptr, WNOHANG) >= 0; ++i)
      ::usleep(50'000);
    (void)::kill(-1, SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
    for (ConsoleSession& console : sessions_)
      console.session = {};
  }

  [[noreturn]] void shut_down(int how, std::string_view doing) {
    say(doing);
    end_processes();
    ::sync();
    (void)run_applet_command({"umount", "-a", "-r", "-q"});
    (void)mount_once("none", "/", "", MS_REMOUNT | MS_RDONLY, "");
    ::sync();
    (void)::reboot(how);
    for (;;)
      ::pause();
  }

  Io& io_;
  Args words_;
  KernelLine line_{""};
  BootConfig config_;
  std::vector<std::string> problems_;
  sigset_t signals_{};
  std::vector<ConsoleSession> sessions_;
  std::string root_;
  std::string device_;
  std::vector<std::string> own_;  // where what its fstab names is mounted
  LogicalVolumes volumes_;
  std::string modprobe_;  // the kernel's setting before ours
  bool has_root_ = false;
  bool in_image_ = false;
};

Result<int> run(Io& io, Args& args) {
  if (::getpid() != 1)
    return fail("start", "", "this is for process 1: put init=/opt/rescue/bin/init on the kernel's command line");
  Init(io, std::move(args)).run();
  return 1;
}

}  // namespace

extern const Applet init_applet = {
    .name = "init",
    .summary = "boot to a rescue shell, or repair and go on booting",
    .usage = "[WORD]...",
    .section = 8,
    .closed_output_is_fine = true,
    .notes = dense<"On the kernel's command line: init=/opt/rescue/bin/init, and one of\n"
                   "  rescue.shell       a shell at once\n"
                   "  rescue.fix         repair unattended, and go on booting\n"
                   "  rescue.timeout=N   with rescue.fix: wait N seconds for a person (default 5)\n"
                   "  rescue.init=PATH   the init to go on with, in place of /sbin/init">,
    .run = plain_entry<run>,
};
}  // namespace rescue
