#include "lib/text/process_match.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/fs/names.h"

namespace rescue {

namespace {

constexpr uint64_t largest_pid_file = 4096;

using ToNumber = std::optional<int64_t> (*)(Names& names, std::string_view word);

std::optional<int64_t> plain_number(Names& /*names*/, std::string_view word) {
  return to_number<int32_t>(word);
}

std::optional<int64_t> group_of_processes(Names& names, std::string_view word) {
  const auto number = plain_number(names, word);
  return number && *number == 0 ? ::getpgrp() : number;
}

std::optional<int64_t> session_of_processes(Names& names, std::string_view word) {
  const auto number = plain_number(names, word);
  return number && *number == 0 ? ::getsid(0) : number;
}

std::optional<int64_t> user(Names& names, std::string_view word) {
  const auto id = names.users.id_of(word);
  return id ? id : to_number<uint32_t>(word);
}

std::optional<int64_t> group_of_users(Names& names, std::string_view word) {
  const auto id = names.groups.id_of(word);
  return id ? id : to_number<uint32_t>(word);
}

std::optional<int64_t> terminal(Names& /*names*/, std::string_view word) {
  if (word == "-" || word == "?")
    return 0;
  return terminal_number(word);
}

}  // namespace

std::string command_line(const ProcFs& proc, int32_t pid) {
  std::string words = proc.words(pid);
  while (words.ends_with('\0'))
    words.pop_back();
  std::ranges::replace(words, '\0', ' ');
  return words;
}

bool ProcessMatcher::Numbers::allow(int64_t number) const {
  return !asked || std::ranges::find(list, number) != list.end();
}

Result<> ProcessMatcher::read_lists() {
  Names names;
  const struct {
    const std::string& text;
    Numbers& into;
    ToNumber convert;
    std::string_view what;
  } lists[] = {
      {criteria_.groups, groups_, group_of_processes, "process group"},
      {criteria_.parents, parents_, plain_number, "process"},
      {criteria_.sessions, sessions_, session_of_processes, "session"},
      {criteria_.terminals, terminals_, terminal, "terminal"},
      {criteria_.users, users_, user, "user"},
      {criteria_.real_users, real_users_, user, "user"},
      {criteria_.real_groups, real_groups_, group_of_users, "group"},
  };
  for (const auto& list : lists) {
    if (list.text.empty())
      continue;
    list.into.asked = true;
    for (const std::string_view word : split(list.text, ',')) {
      const auto number = list.convert(names, word);
      if (!number)
        return usage_error("no such ", list.what, ": '", Printable(word), "'");
      list.into.list.push_back(*number);
    }
  }
  constexpr std::string_view kinds[] = {"ipc", "mnt", "net", "pid", "user", "uts"};
  for (const std::string_view kind : split(criteria_.namespace_list, ','))
    if (!kind.empty() && !std::ranges::contains(kinds, kind))
      return usage_error("no such kind of namespace: '", Printable(kind), "'");
  const auto model = to_number<int32_t>(criteria_.namespaces_of);
  if (!criteria_.namespaces_of.empty() && (!model || *model < 1))
    return usage_error("no such process: '", Printable(criteria_.namespaces_of), "'");
  if (!criteria_.older.empty()) {
    older_ = to_number<uint64_t>(criteria_.older);
    if (!older_)
      return usage_error("not a number of seconds: '", Printable(criteria_.older), "'");
  }
  return {};
}

Result<> ProcessMatcher::read_pid_file() {
  const std::string& path = criteria_.pid_file;
  if (path.empty())
    return criteria_.locked ? usage_error("-L needs -F") : Result<>();
  UniqueFd file = TRY(open_file(path, O_RDONLY));
  // Whoever wrote it holds a lock on it for as long as they live.
  if (criteria_.locked && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0)
    return fail("read", path, "is not locked: the process that wrote it has ended");
  const std::string text = TRY(read_all(file.get(), largest_pid_file, path));
  const auto pid = to_number<int32_t>(trim(std::string_view(text).substr(0, text.find('\n'))));
  if (!pid)
    return fail("read", path, "does not begin with the number of a process");
  pids_.asked = true;
  pids_.list.push_back(*pid);
  return {};
}

Result<ProcessMatcher> ProcessMatcher::make(const ProcessCriteria& criteria, const Args& patterns) {
  if (patterns.size() > 1)
    return usage_error("only one pattern can be given");
  if (criteria.newest && criteria.oldest)
    return usage_error("--newest and --oldest exclude each other");
  if (criteria.inverse && (criteria.newest || criteria.oldest))
    return usage_error("--inverse goes with neither --newest nor --oldest");
  ProcessMatcher matcher(criteria);
  TRY(matcher.read_lists());
  TRY(matcher.read_pid_file());
  if (!patterns.empty()) {
    RegexSyntax syntax;
    syntax.flavor = RegexSyntax::Flavor::extended;
    syntax.ignore_case = criteria.ignore_case;
    matcher.expression_.emplace(TRY(Regex::compile(patterns[0], syntax)));
  } else {
    const bool asks = matcher.groups_.asked || matcher.parents_.asked || matcher.sessions_.asked ||
                      matcher.terminals_.asked || matcher.users_.asked || matcher.real_users_.asked ||
                      matcher.real_groups_.asked || matcher.pids_.asked || matcher.older_ || !criteria.states.empty() ||
                      !criteria.control_groups.empty() || !criteria.namespaces_of.empty();
    if (!asks)
      return usage_error("nothing is asked for: give a pattern, or an option that chooses");
  }
  return matcher;
}

bool ProcessMatcher::text_fits(const ProcFs& proc, const Process& process) {
  if (!expression_)
    return true;
  std::string text = criteria_.full ? command_line(proc, process.pid) : process.name;
  // The kernel keeps 15 bytes of a name; where it is longer, the first word has the rest.
  if (!criteria_.full && text.size() == 15) {
    const std::string words = proc.words(process.pid);
    const std::string_view first = base_name(std::string_view(words).substr(0, words.find('\0')));
    if (first.starts_with(text))
      text = first;
  }
  if (text.empty())
    text = process.name;
  return criteria_.exact ? expression_->matches_whole(text) : expression_->matches(text);
}

// Its namespaces and its control group.
bool ProcessMatcher::place_fits(const ProcFs& proc, int32_t pid) const {
  if (!criteria_.control_groups.empty()) {
    const std::string groups = proc.file(pid, "cgroup");
    const size_t start = groups.find("0::");
    const std::string_view line =
        start == std::string::npos ? std::string_view() : std::string_view(groups).substr(start + 3);
    if (!std::ranges::contains(split(criteria_.control_groups, ','), line.substr(0, line.find('\n'))))
      return false;
  }
  if (criteria_.namespaces_of.empty())
    return true;
  const auto model = to_number<int32_t>(criteria_.namespaces_of).value_or(0);
  const std::string_view kinds =
      criteria_.namespace_list.empty() ? "ipc,mnt,net,pid,user,uts" : std::string_view(criteria_.namespace_list);
  return std::ranges::all_of(split(kinds, ','), [&](std::string_view kind) {
    const std::string link = str("ns/", kind);
    return proc.link(pid, link) == proc.link(model, link);
  });
}

bool ProcessMatcher::fits(const ProcFs& proc, const Process& p) {
  const bool fits = groups_.allow(p.group) && parents_.allow(p.parent) && sessions_.allow(p.session) &&
                    terminals_.allow(p.terminal) && users_.allow(p.uids[1]) && real_users_.allow(p.uids[0]) &&
                    real_groups_.allow(p.gids[0]) && pids_.allow(p.pid) &&
                    (criteria_.states.empty() || criteria_.states.find(p.state) != std::string::npos);
  if (!fits)
    return false;
  if (older_ && uptime_seconds() - static_cast<double>(p.start_ticks) / ticks_per_second < static_cast<double>(*older_))
    return false;
  return place_fits(proc, p.pid) && text_fits(proc, p);
}

Result<std::vector<Process>> ProcessMatcher::find(const ProcFs& proc) {
  std::vector<Process> found;
  std::vector<Process> all = TRY(proc.read_all());
  std::vector<int32_t> left_out = {::getpid()};
  for (bool grew = criteria_.ignore_ancestors; grew;) {
    const auto above = std::ranges::find(all, left_out.back(), &Process::pid);
    grew = above != all.end() && above->parent > 0;
    if (grew)
      left_out.push_back(above->parent);
  }
  for (Process& process : all)
    if (std::ranges::find(left_out, process.pid) == left_out.end() && fits(proc, process) != criteria_.inverse)
      found.push_back(std::move(process));
  if ((criteria_.newest || criteria_.oldest) && !found.empty()) {
    auto best = found.begin();
    for (auto it = found.begin(); it != found.end(); ++it)
      if (criteria_.newest ? it->start_ticks >= best->start_ticks : it->start_ticks < best->start_ticks)
        best = it;
    found = {std::move(*best)};
  }
  return found;
}

}  // namespace rescue
