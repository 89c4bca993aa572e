// nsenter: run a command in the namespaces of another process.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/sys/namespaces.h"
#include "lib/sys/process.h"
#include "lib/sys/procfs.h"

namespace rescue {
namespace {

using Name = std::optional<std::string>;

struct Options {
  std::string target, uid, gid;
  bool all = false, keep_ids = false, no_fork = false, environment = false;
  Name mount, uts, ipc, net, pid, user, cgroup, time, root, directory, directory_inside;
};

constexpr Opt<Options> options[] = {
    {'t', "target", &Options::target, "the process whose namespaces are entered", "PID"},
    {'a', "all", &Options::all, "all of its namespaces that are not ours"},
    {'m', "mount", &Options::mount, "that of mounts, or the one that FILE keeps; so for the others", "[FILE]"},
    {'u', "uts", &Options::uts, "that of the host's name", "[FILE]"},
    {'i', "ipc", &Options::ipc, "that of System V IPC", "[FILE]"},
    {'n', "net", &Options::net, "that of the network", "[FILE]"},
    {'p', "pid", &Options::pid, "that of process numbers", "[FILE]"},
    {'U', "user", &Options::user, "that of users", "[FILE]"},
    {'C', "cgroup", &Options::cgroup, "that of control groups", "[FILE]"},
    {'T', "time", &Options::time, "that of clocks", "[FILE]"},
    {'r', "root", &Options::root, "with the root directory of the process, or DIR", "[DIR]"},
    {'w', "wd", &Options::directory, "in the working directory of the process, or DIR", "[DIR]"},
    {'W', "wdns", &Options::directory_inside, "in DIR as the namespaces have it", "[DIR]"},
    {'e', "env", &Options::environment, "with the environment of the process"},
    {'F', "no-fork", &Options::no_fork,
     "with --pid, stay in this process instead of starting a child in the namespace"},
    {'S', "setuid", &Options::uid, "as this user there, by number", "UID"},
    {'G', "setgid", &Options::gid, "as this group there, by number", "GID"},
    {0, "preserve-credentials", &Options::keep_ids, "stay who we are in a user namespace"},
};

Name Options::* member_of(const NamespaceKind& kind) {
  switch (kind.letter) {
    case 'm': return &Options::mount;
    case 'u': return &Options::uts;
    case 'i': return &Options::ipc;
    case 'n': return &Options::net;
    case 'p': return &Options::pid;
    case 'U': return &Options::user;
    case 'C': return &Options::cgroup;
    default: return &Options::time;
  }
}

struct Door {
  const NamespaceKind* kind;
  UniqueFd fd;
};

// All that is needed of the process is opened first: afterwards it may be out of sight.
class Doors {
 public:
  explicit Doors(const Options& opt) : opt_(opt) {}

  Result<> open() {
    for (const NamespaceKind& kind : namespace_kinds()) {
      const Name& name = opt_.*member_of(kind);
      if (!name && !opt_.all)
        continue;
      const std::string own = str("/proc/self/ns/", kind.file);
      const std::string path = name && !name->empty() ? *name : TRY(of_target(str("ns/", kind.file)));
      auto fd = open_file(path, O_RDONLY);
      if (!fd) {
        if (!name && fd.error().code() == ENOENT)  // a kernel without this kind
          continue;
        return std::unexpected(fd.error());
      }
      if (!name && same_file(own, fd->get()))
        continue;
      doors.push_back({&kind, std::move(*fd)});
    }
    if (opt_.root)
      root = TRY(open_file(opt_.root->empty() ? TRY(of_target("root")) : *opt_.root, O_RDONLY | O_DIRECTORY));
    if (opt_.directory)
      directory =
          TRY(open_file(opt_.directory->empty() ? TRY(of_target("cwd")) : *opt_.directory, O_RDONLY | O_DIRECTORY));
    return {};
  }

  bool holds(char letter) const {
    return std::ranges::any_of(doors, [&](const Door& door) { return door.kind->letter == letter; });
  }

  std::vector<Door> doors;
  UniqueFd root, directory;

 private:
  Result<std::string> of_target(std::string_view name) const {
    if (opt_.target.empty())
      return usage_error("no process is given: --target PID");
    if (!to_number<pid_t>(opt_.target))
      return usage_error("--target must be the number of a process");
    return str("/proc/", opt_.target, '/', name);
  }

  static bool same_file(const std::string& path, int fd) {
    struct stat one{}, other{};
    return ::stat(path.c_str(), &one) == 0 && ::fstat(fd, &other) == 0 && one.st_ino == other.st_ino &&
           one.st_dev == other.st_dev;
  }

  const Options& opt_;
};

Result<> enter(Doors& doors) {
  for (const Door& door : doors.doors)
    if (::setns(door.fd.get(), door.kind->flag) < 0)
      return fail("enter the namespace", door.kind->name);
  if (doors.root && (::fchdir(doors.root.get()) < 0 || ::chroot(".") < 0 || ::chdir("/") < 0))
    return fail("enter new root", "");
  if (doors.directory && ::fchdir(doors.directory.get()) < 0)
    return fail("change directory", "");
  return {};
}

Result<> become(const Options& opt, bool in_user_namespace) {
  const auto gid = opt.gid.empty() ? std::optional<gid_t>(0) : to_number<gid_t>(opt.gid);
  const auto uid = opt.uid.empty() ? std::optional<uid_t>(0) : to_number<uid_t>(opt.uid);
  if (!gid || !uid)
    return usage_error("users and groups are given by their numbers");
  const bool by_namespace = in_user_namespace && !opt.keep_ids;
  if (by_namespace || !opt.gid.empty()) {
    (void)::setgroups(0, nullptr);  // not allowed in every namespace
    if (::setgid(*gid) < 0)
      return fail("become group", str(*gid));
  }
  if ((by_namespace || !opt.uid.empty()) && ::setuid(*uid) < 0)
    return fail("become user", str(*uid));
  return {};
}

Result<std::vector<std::string>> environment_of(const Options& opt) {
  const auto pid = to_number<int32_t>(opt.target);
  if (!pid)
    return usage_error("--env needs --target PID");
  std::vector<std::string> words;
  const std::string text = TRY(ProcFs::open()).environment(*pid);
  for (const std::string_view word : split(text, '\0'))
    if (!word.empty())
      words.emplace_back(word);
  return words;
}

Result<int> run(const Options& opt, Io& io, const Args& args) {
  Doors doors(opt);
  TRY(doors.open());
  if (opt.environment) {
    const auto words = TRY(environment_of(opt));
    ::clearenv();
    for (const std::string& word : words)
      if (const size_t equals = word.find('='); equals != std::string::npos)
        ::setenv(word.substr(0, equals).c_str(), word.c_str() + equals + 1, 1);
  }
  TRY(enter(doors));
  if (opt.directory_inside && ::chdir(opt.directory_inside->empty() ? "/" : opt.directory_inside->c_str()) < 0)
    return fail("change directory", *opt.directory_inside);
  // Only children are in a new namespace of process numbers.
  if (doors.holds('p') && !opt.no_fork) {
    const pid_t child = fork_child();
    if (child < 0)
      return fail("start a process", "");
    if (child > 0) {
      ignore_keyboard_signals(true);
      return wait_for(child);
    }
  }
  TRY(become(opt, doors.holds('U')));
  std::vector<std::string> words(args.begin(), args.end());
  if (words.empty()) {
    const char* shell = ::getenv("SHELL");
    words.emplace_back(shell != nullptr ? shell : "/bin/sh");
  }
  auto error = execute_found(words).error();
  const int status = error.code() == ENOENT ? 127 : 126;
  io.report(error);
  return status;
}

}  // namespace

extern const Applet nsenter_applet = {
    .name = "nsenter",
    .summary = "run a command in the namespaces of another process",
    .usage = "[OPTION]... [COMMAND [ARG]...]",
    .usage_status = 1,
    .operands_end_options = true,
    .dies_with_reader = true,
    .help_letter = 'h',
    .version_letter = 'V',
    .notes = dense<
        "Without a COMMAND, a shell is run. A static program of the kit runs in a container whose glibc is gone.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
