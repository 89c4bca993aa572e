// Choosing processes by what they are, for pgrep and pkill.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/options.h"
#include "lib/sys/procfs.h"
#include "lib/text/regex.h"

namespace rescue {

// What is asked of a process. Lists are separated by commas; an empty one asks nothing.
struct ProcessCriteria {
  bool full = false, exact = false, ignore_case = false, inverse = false;
  bool newest = false, oldest = false, ignore_ancestors = false, locked = false;
  std::string groups, parents, sessions, terminals, users, real_users, real_groups, states, older, pid_file;
  std::string namespaces_of, namespace_list, control_groups;
};

// For an Options that is a ProcessCriteria.
template <typename O>
inline constexpr Opt<O> match_options[] = {
    Opt<O>{"Which processes"},
    {'A', "ignore-ancestors", &O::ignore_ancestors, "leave out what this command was started by"},
    {'f', "full", &O::full, "match the whole command line, not only the name"},
    {'g', "pgroup", &O::groups, "of these process groups; 0 is our own", "PGID,..."},
    {'G', "group", &O::real_groups, "of these groups of users, by name or number", "GID,..."},
    {'i', "ignore-case", &O::ignore_case, "let capitals match small letters"},
    {'n', "newest", &O::newest, "only the one that was started last"},
    {'o', "oldest", &O::oldest, "only the one that was started first"},
    {'O', "older", &O::older, "started at least SECONDS ago", "SECONDS"},
    {'P', "parent", &O::parents, "started by these processes", "PPID,..."},
    {'s', "session", &O::sessions, "of these sessions; 0 is our own", "SID,..."},
    {'t', "terminal", &O::terminals, "on these terminals, as \"pts/1\"", "TTY,..."},
    {'u', "euid", &O::users, "acting as these users", "ID,..."},
    {'U', "uid", &O::real_users, "started by these users", "ID,..."},
    {'v', "inverse", &O::inverse, "all others"},
    {'x', "exact", &O::exact, "the name must match as a whole"},
    {'F', "pidfile", &O::pid_file, "the process whose number FILE holds", "FILE"},
    {'L', "logpidfile", &O::locked, "fail where FILE of -F is not locked"},
    {'r', "runstates", &O::states, "in these states, as \"D,Z\"", "STATE,..."},
    {0, "cgroup", &O::control_groups, "in these control groups (version 2), as \"/system.slice\"", "GROUP,..."},
    {0, "ns", &O::namespaces_of, "in the same namespaces as process PID", "PID"},
    {0, "nslist", &O::namespace_list, "with --ns: of these kinds alone: ipc, mnt, net, pid, user, uts", "KIND,..."},
};

// The processes that fit, in the order of their numbers. This one is never among them.
class ProcessMatcher {
 public:
  // At most one pattern, an extended regular expression for the name.
  static Result<ProcessMatcher> make(const ProcessCriteria& criteria, const Args& patterns);
  Result<std::vector<Process>> find(const ProcFs& proc);

 private:
  struct Numbers {
    std::vector<int64_t> list;
    bool asked = false;
    bool allow(int64_t number) const;
  };

  explicit ProcessMatcher(const ProcessCriteria& criteria) : criteria_(criteria) {}
  Result<> read_lists();
  Result<> read_pid_file();
  bool fits(const ProcFs& proc, const Process& process);
  bool place_fits(const ProcFs& proc, int32_t pid) const;
  bool text_fits(const ProcFs& proc, const Process& process);

  ProcessCriteria criteria_;
  std::optional<Regex> expression_;
  Numbers groups_, parents_, sessions_, terminals_, users_, real_users_, real_groups_, pids_;
  std::optional<uint64_t> older_;
};

// The words of a command line with blanks between them; empty for the kernel's own threads.
std::string command_line(const ProcFs& proc, int32_t pid);

}  // namespace rescue
