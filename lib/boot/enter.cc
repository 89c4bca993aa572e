#include "lib/boot/enter.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/kit.h"
#include "lib/base/text.h"
#include "lib/boot/own_mounts.h"
#include "lib/fs/root.h"
#include "lib/sys/mounting.h"
#include "lib/sys/process.h"
#include "lib/sys/trial.h"

namespace rescue {

namespace {

constexpr int cannot_enter = 125;
constexpr int cannot_run = 126;
constexpr int not_found = 127;
constexpr unsigned trial_seconds = 10;
constexpr const char* kit_inside = "/run/rescue";

bool is_directory(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

class Inside {
 public:
  Inside(const EnterRequest& request, Listener say) : request_(request), say_(say) {}

  // In the new namespaces, as their process 1. Gives the exit status.
  int run() {
    auto status = mount_and_run();
    if (!status)
      say_(message(status.error()));
    detach();
    return status.value_or(cannot_enter);
  }

 private:
  Result<int> mount_and_run() {
    TRY(mount_once("none", "/", "", MS_REC | MS_PRIVATE, ""));
    TRY(mount_root());
    mount_kernel();
    if (request_.own_file_systems)
      for (std::string& target : mount_own_file_systems(root_, request_.read_only, say_))
        mounted_.push_back(std::move(target));
    return run_command();
  }

  // A directory is bound onto itself, so that it is a mount of its own: to be detached with all that is in it.
  Result<> mount_root() {
    if (is_directory(request_.root)) {
      root_ = request_.root;
      TRY(mount_once(root_, root_, "", MS_BIND | MS_REC, ""));
      mounted_.push_back(root_);
      return {};
    }
    root_ = TRY(place_for_device());
    MountRequest mount{.source = request_.root, .target = root_, .type = "", .options = {}};
    if (request_.read_only)
      mount.options.flags |= MS_RDONLY;
    TRY(mount_file_system(mount));
    mounted_.push_back(root_);
    return {};
  }

  // Over /mnt, which nobody outside sees; where there is none a directory is made, and one that is killed leaves it.
  Result<std::string> place_for_device() {
    if (is_directory("/mnt"))
      return std::string("/mnt");
    for (const std::string_view folder : {"/tmp", "/run"}) {
      made_ = str(folder, "/rescue-chroot.XXXXXX");
      if (::mkdtemp(made_.data()) != nullptr)
        return made_;
    }
    return fail("make a directory to mount at", std::exchange(made_, ""));
  }

  void attach(const std::string& source, std::string_view place, const char* type, unsigned long flags) {
    const std::string target = str(root_, place);
    (void)::mkdir(target.c_str(), 0755);
    if (const auto done = mount_once(source, target, type, flags, ""); !done)
      say_(message(done.error()));
    else
      mounted_.push_back(target);
  }

  void mount_kernel() {
    attach("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC);
    attach("/sys", "/sys", "", MS_BIND | MS_REC);
    attach("/dev", "/dev", "", MS_BIND | MS_REC);
    attach("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV);
    attach(kit_path(""), kit_inside, "", MS_BIND);
  }

  Result<int> run_command() {
    std::vector<std::string> command = request_.command;
    if (command.empty()) {
      const Root root = TRY(Root::open(root_));
      command = TRY(own_shell_of(root));
      if (command.empty()) {
        say_("its own shell cannot run; this is the kit's");
        command = {str(kit_inside, "/bin/sh"), "-i"};
      }
    }
    const pid_t pid = fork_child();
    if (pid < 0)
      return fail("start a process", command[0]);
    if (pid == 0)
      start(command);
    ignore_keyboard_signals(true);
    return wait_for(pid);
  }

  // bash or sh, whichever of them can run.
  static Result<std::vector<std::string>> own_shell_of(const Root& root) {
    for (const std::string path : {"/bin/bash", "/bin/sh"}) {
      const auto trial = try_program(root, {path, "-c", ":"}, trial_seconds);
      if (trial && trial->kind == TrialResult::Kind::succeeded)
        return std::vector<std::string>{path, "-i"};
    }
    return std::vector<std::string>();
  }

  [[noreturn]] void start(const std::vector<std::string>& command) {
    reset_signals();
    if (::chroot(root_.c_str()) < 0 || ::chdir("/") < 0)
      ::_exit(cannot_run);
    // The kit comes after the root's own commands; they are what is to be tried. Its shell puts it first again.
    (void)::setenv("PATH",
                   str("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:", kit_inside, "/bin").c_str(), 1);
    (void)::setenv("ENV", str(kit_inside, "/etc/profile").c_str(), 1);
    (void)::setenv("RESCUE_KIT", kit_inside, 1);
    (void)::setenv("RESCUE_ROOT", "/", 1);
    (void)::unsetenv("RESCUE_CONSOLE");
    const auto failed = execute_found(command);
    say_(message(failed.error()));
    ::_exit(failed.error().code() == ENOENT ? not_found : cannot_run);
  }

  // In the reverse order; what somebody still uses goes with the namespace.
  void detach() {
    (void)::kill(-1, SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
    for (auto it = mounted_.rbegin(); it != mounted_.rend(); ++it)
      if (::umount2(it->c_str(), 0) < 0)
        (void)::umount2(it->c_str(), MNT_DETACH);
    if (!made_.empty())
      (void)::rmdir(made_.c_str());
  }

  const EnterRequest& request_;
  Listener say_;
  std::string root_;
  std::string made_;  // the directory that we made for it
  std::vector<std::string> mounted_;
};

}  // namespace

Result<int> run_inside(const EnterRequest& request, Listener say) {
  if (::unshare(CLONE_NEWNS | CLONE_NEWPID) < 0)
    return fail("make namespaces of its own", "");
  const pid_t pid = fork_child();
  if (pid < 0)
    return fail("start a process", "");
  if (pid == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::_exit(Inside(request, say).run());
  }
  ignore_keyboard_signals(true);
  return wait_for(pid);
}

}  // namespace rescue
