// unshare: run a command with namespaces of its own.
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/fs/names.h"
#include "lib/sys/namespaces.h"
#include "lib/sys/process.h"
#include "lib/sys/signals.h"

namespace rescue {
namespace {

using Name = std::optional<std::string>;

struct Options {
  Name mount, uts, ipc, net, pid, user, cgroup, time;
  Name mount_proc, kill_child;
  bool fork = false, map_auto = false, map_root = false, map_current = false, keep_caps = false;
  std::string map_user, map_group, map_users, map_groups, monotonic, boottime;
  std::string propagation = "private", set_groups, root, directory, uid, gid;
};

// The letters take no FILE: `-pf` is `-p -f`.
template <Name Options::* member>
Result<> own(Options& o, std::string_view /*none*/) {
  if (!(o.*member))
    o.*member = "";
  return {};
}

constexpr Opt<Options> options[] = {
    Opt<Options>{"Namespaces of its own; a bind mount on FILE keeps one alive"},
    {'m', nullptr, own<&Options::mount>, "of mounts"},
    {0, "mount", &Options::mount, "the same, kept alive by FILE", "[FILE]"},
    {'u', nullptr, own<&Options::uts>, "of the host's name"},
    {0, "uts", &Options::uts, "the same, kept alive by FILE", "[FILE]"},
    {'i', nullptr, own<&Options::ipc>, "of System V IPC"},
    {0, "ipc", &Options::ipc, "the same, kept alive by FILE", "[FILE]"},
    {'n', nullptr, own<&Options::net>, "of the network"},
    {0, "net", &Options::net, "the same, kept alive by FILE", "[FILE]"},
    {'p', nullptr, own<&Options::pid>, "of process numbers, for its children: see --fork"},
    {0, "pid", &Options::pid, "the same, kept alive by FILE", "[FILE]"},
    {'U', nullptr, own<&Options::user>, "of users"},
    {0, "user", &Options::user, "the same, kept alive by FILE", "[FILE]"},
    {'C', nullptr, own<&Options::cgroup>, "of control groups"},
    {0, "cgroup", &Options::cgroup, "the same, kept alive by FILE", "[FILE]"},
    {'T', nullptr, own<&Options::time>, "of clocks"},
    {0, "time", &Options::time, "the same, kept alive by FILE", "[FILE]"},
    Opt<Options>{"Other options"},
    {'f', "fork", &Options::fork, "run the command as a child"},
    {'r', "map-root-user", &Options::map_root, "be root in the user namespace (implies --user)"},
    {'c', "map-current-user", &Options::map_current, "be oneself in the user namespace (implies --user)"},
    {0, "map-user", &Options::map_user, "be this user there, by number (implies --user)", "UID"},
    {0, "map-group", &Options::map_group, "be this group there, by number (implies --user)", "GID"},
    {0, "map-users", &Options::map_users,
     "COUNT users from OUTER on are those from INNER on there; auto: of /etc/subuid", "OUTER,INNER,COUNT"},
    {0, "map-groups", &Options::map_groups, "the same for groups", "OUTER,INNER,COUNT"},
    {0, "map-auto", &Options::map_auto, "both auto: users and groups of /etc/subuid and subgid"},
    {0, "keep-caps", &Options::keep_caps, "the command keeps the capabilities of the user namespace"},
    {0, "monotonic", &Options::monotonic, "in a time namespace: the monotonic clock is SECONDS ahead", "SECONDS"},
    {0, "boottime", &Options::boottime, "in a time namespace: the clock since boot is SECONDS ahead", "SECONDS"},
    {0, "kill-child", &Options::kill_child, "when we end, send SIGNAL (KILL) to the child (implies --fork)",
     "[SIGNAL]"},
    {0, "mount-proc", &Options::mount_proc, "mount a /proc of its own at DIR (implies --mount)", "[DIR]"},
    {0, "propagation", &Options::propagation, "of its mounts: private, slave, shared or unchanged", "WAY"},
    {0, "setgroups", &Options::set_groups, "allow or deny setgroups in the user namespace", "WAY"},
    {'R', "root", &Options::root, "with DIR as its root directory", "DIR"},
    {'w', "wd", &Options::directory, "in this directory", "DIR"},
    {'S', "setuid", &Options::uid, "as this user there, by number", "UID"},
    {'G', "setgid", &Options::gid, "as this group there, by number", "GID"},
};

constexpr unsigned long unchanged = 1;

constexpr Choice<unsigned long> propagations[] = {{"private", MS_REC | MS_PRIVATE},
                                                  {"slave", MS_REC | MS_SLAVE},
                                                  {"shared", MS_REC | MS_SHARED},
                                                  {"unchanged", unchanged}};

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

Result<> write_proc(const std::string& path, std::string_view text) {
  UniqueFd file = TRY(open_file(path, O_WRONLY));
  TRY(write_all(file.get(), text, path));
  return file.close(path);
}

// What is mapped, of users or of groups.
struct IdMap {
  std::string_view kind;  // "uid", "gid"
  const std::string& inner;
  const std::string& range;
  uint32_t own;
};

// The user's first range in /etc/subuid or subgid, USER:OUTER:COUNT, as --map-users takes it; empty where there is
// none.
Result<std::string> own_range(std::string_view kind, uid_t user) {
  const std::string path = str("/etc/sub", kind);
  const UniqueFd file = TRY(open_file(path, O_RDONLY));
  const std::string text = TRY(read_all(file.get(), 1 << 20, path));
  Names names;
  for (const std::string_view line : split(text, '\n'))
    if (const auto fields = split(line, ':');
        fields.size() == 3 && (fields[0] == names.users.name_of(user) || fields[0] == str(user)))
      return str(fields[1], ",0,", fields[2]);
  return std::string();
}

// The lines of uid_map and gid_map: "INNER OUTER COUNT". One that is mapped alone is left out of the range.
Result<std::string> map_lines(const IdMap& map, const Options& opt, uid_t user) {
  std::string lines;
  std::optional<uint32_t> id;
  const uint32_t own = map.own;
  if (!map.inner.empty() || opt.map_root || opt.map_current) {
    id = map.inner.empty() ? std::optional(opt.map_root ? 0 : own) : to_number<uint32_t>(map.inner);
    if (!id)
      return usage_error("not a number: '", Printable(map.inner), "'");
    lines = str(*id, ' ', own, " 1\n");
  }
  if (!map.range.empty()) {
    const std::string range = map.range == "auto" ? TRY(own_range(map.kind, user)) : map.range;
    const auto words = split(range, ',');
    std::optional<uint64_t> numbers[3];
    for (size_t i = 0; i < 3 && words.size() == 3; ++i)
      numbers[i] = to_number<uint64_t>(words[i]);
    if (!numbers[0] || !numbers[1] || !numbers[2])
      return usage_error("not of the form OUTER,INNER,COUNT, nor a range of the user: '", Printable(map.range), "'");
    auto [from, to, left] = std::tuple(*numbers[0], *numbers[1], *numbers[2]);
    const auto is_within = [&](uint64_t begin, uint64_t number) { return number >= begin && number - begin < left; };
    left -= id && (is_within(from, own) || is_within(to, *id)) ? 1 : 0;
    while (left > 0) {
      from += id && from == own ? 1 : 0;
      to += id && to == *id ? 1 : 0;
      uint64_t count = left;
      if (id && is_within(from, own))
        count = own - from;
      if (id && is_within(to, *id))
        count = std::min<uint64_t>(count, *id - to);
      lines += str(to, ' ', from, ' ', count, '\n');
      from += count;
      to += count;
      left -= count;
    }
  }
  return lines;
}

bool maps_anybody(const Options& opt) {
  return opt.map_root || opt.map_current || !opt.map_user.empty() || !opt.map_group.empty() || !opt.map_users.empty() ||
         !opt.map_groups.empty();
}

// Ranges have to be written from outside; what is one's own, from inside.
Result<> write_maps(const Options& opt, const std::string& process, bool ranges, uid_t uid, gid_t gid) {
  for (const IdMap& map :
       {IdMap{"uid", opt.map_user, opt.map_users, uid}, IdMap{"gid", opt.map_group, opt.map_groups, gid}}) {
    if (ranges == map.range.empty())
      continue;
    const std::string lines = TRY(map_lines(map, opt, uid));
    if (!lines.empty())
      TRY(write_proc(str("/proc/", process, '/', map.kind, "_map"), lines));
  }
  return {};
}

Result<> map_user(const Options& opt, uid_t uid, gid_t gid) {
  const std::string_view ways = opt.set_groups;
  if (!ways.empty() && ways != "allow" && ways != "deny")
    return usage_error("--setgroups is allow or deny");
  const bool deny = opt.map_groups.empty() && (opt.map_root || opt.map_current || !opt.map_group.empty());
  if (deny) {
    // Whoever may not set groups can have their own mapped all the same.
    if (const auto denied = write_proc("/proc/self/setgroups", "deny"); !denied && denied.error().code() != ENOENT)
      return denied;
  } else if (!ways.empty()) {
    TRY(write_proc("/proc/self/setgroups", ways));
  }
  return write_maps(opt, "self", false, uid, gid);
}

// Before the first process is in it, a time namespace may have its clocks set.
Result<> set_clocks(const Options& opt) {
  for (const auto& [text, clock] : {std::pair{&opt.monotonic, "monotonic"}, {&opt.boottime, "boottime"}}) {
    if (text->empty())
      continue;
    const auto seconds = to_number<int64_t>(*text);
    if (!seconds)
      return usage_error("not a number of seconds: '", Printable(*text), "'");
    TRY(write_proc("/proc/self/timens_offsets", str(clock, ' ', *seconds, " 0")));
  }
  return {};
}

// What a process may do beyond its user's rights is lost at exec, save what is ambient.
Result<> keep_capabilities() {
  struct __user_cap_header_struct head{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct data[2]{};
  if (::syscall(SYS_capget, &head, data) < 0)
    return fail("read capabilities", "");
  for (auto& half : data)
    half.inheritable = half.permitted;
  if (::syscall(SYS_capset, &head, data) < 0)
    return fail("set capabilities", "");
  for (unsigned i = 0; i < 64; ++i)
    if ((data[i / 32].permitted >> (i % 32) & 1) != 0 &&
        ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, static_cast<unsigned long>(i), 0UL, 0UL) < 0 && errno != EINVAL)
      return fail("keep capabilities", "");
  return {};
}

// A child, which is still outside, maps ranges, and binds the files of our namespaces to the places that keep them.
Result<> keep_namespaces(const Options& opt, pid_t parent, uid_t uid, gid_t gid) {
  TRY(write_maps(opt, str(parent), true, uid, gid));
  for (const NamespaceKind& kind : namespace_kinds())
    if (const Name& file = opt.*member_of(kind); file && !file->empty()) {
      const std::string source = str("/proc/", parent, "/ns/", kind.letter == 'p' ? "pid_for_children" : kind.file);
      if (::mount(source.c_str(), file->c_str(), nullptr, MS_BIND, nullptr) < 0)
        return fail("keep the namespace", *file);
    }
  return {};
}

Result<pid_t> start_keeper(const Options& opt, Io& io, int (&pipe)[2], uid_t uid, gid_t gid) {
  bool wanted = !opt.map_users.empty() || !opt.map_groups.empty();
  for (const NamespaceKind& kind : namespace_kinds())
    wanted = wanted || !(opt.*member_of(kind)).value_or("").empty();
  if (!wanted)
    return 0;
  if (::pipe2(pipe, O_CLOEXEC) < 0)
    return fail("make a pipe", "");
  const pid_t parent = ::getpid(), child = fork_child();
  if (child < 0)
    return fail("start a process", "");
  if (child > 0)
    return child;
  char go = 0;
  ::close(pipe[1]);
  if (::read(pipe[0], &go, 1) != 1)
    ::_exit(1);
  const auto kept = keep_namespaces(opt, parent, uid, gid);
  ::_exit(kept ? 0 : io.report(kept.error()));
}

Result<> prepare(const Options& opt, bool own_mounts) {
  if (own_mounts) {
    const unsigned long flags = TRY(choose("propagation", opt.propagation, propagations));
    if (flags != unchanged && ::mount("none", "/", nullptr, flags, nullptr) < 0)
      return fail("set the propagation of mounts", "/");
  }
  if (!opt.root.empty() && (::chroot(opt.root.c_str()) < 0 || ::chdir("/") < 0))
    return fail("enter new root", opt.root);
  if (!opt.directory.empty() && ::chdir(opt.directory.c_str()) < 0)
    return fail("change directory", opt.directory);
  if (opt.mount_proc) {
    const std::string place = opt.mount_proc->empty() ? "/proc" : *opt.mount_proc;
    if (opt.root.empty() && ::mount("none", place.c_str(), nullptr, MS_PRIVATE | MS_REC, nullptr) < 0 &&
        errno != EINVAL)
      return fail("set the propagation of mounts", place);
    if (::mount("proc", place.c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) < 0)
      return fail("mount", place);
  }
  const auto gid = to_number<gid_t>(opt.gid), uid = to_number<uid_t>(opt.uid);
  if ((!opt.gid.empty() && !gid) || (!opt.uid.empty() && !uid))
    return usage_error("users and groups are given by their numbers");
  if (gid && ::setgid(*gid) < 0)
    return fail("become group", opt.gid);
  if (uid && ::setuid(*uid) < 0)
    return fail("become user", opt.uid);
  return {};
}

Result<int> run(Options& opt, Io& io, const Args& args) {
  if (opt.map_auto)
    opt.map_users = opt.map_groups = "auto";
  if (maps_anybody(opt) && !opt.user)
    opt.user = "";
  if (opt.mount_proc && !opt.mount)
    opt.mount = "";
  const auto child_signal = signal_number(opt.kill_child && !opt.kill_child->empty() ? *opt.kill_child : "KILL");
  if (!child_signal)
    return usage_error("--kill-child: there is no such signal");
  int flags = 0;
  for (const NamespaceKind& kind : namespace_kinds())
    flags |= opt.*member_of(kind) ? kind.flag : 0;
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  int pipe[2] = {-1, -1};
  const pid_t keeper = TRY(start_keeper(opt, io, pipe, uid, gid));
  if (::unshare(flags) < 0)
    return fail("make namespaces", "");
  if (keeper > 0) {
    (void)!::write(pipe[1], "x", 1);
    if (wait_for(keeper) != 0)
      return 1;
  }
  TRY(map_user(opt, uid, gid));
  TRY(set_clocks(opt));
  if (opt.fork || opt.kill_child) {
    const pid_t child = fork_child();
    if (child < 0)
      return fail("start a process", "");
    if (child > 0) {
      ignore_keyboard_signals(true);
      return wait_for(child);
    }
    if (opt.kill_child && ::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(*child_signal)) < 0)
      return fail("ask for a signal", "");
  }
  TRY(prepare(opt, opt.mount.has_value()));
  if (opt.keep_caps)
    TRY(keep_capabilities());
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

extern const Applet unshare_applet = {
    .name = "unshare",
    .summary = "run a command with namespaces of its own",
    .usage = "[OPTION]... [COMMAND [ARG]...]",
    .usage_status = 1,
    .operands_end_options = true,
    .dies_with_reader = true,
    .help_letter = 'h',
    .version_letter = 'V',
    .notes = dense<"Without a COMMAND, a shell is run.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
