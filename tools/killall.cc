// killall: send a signal to all processes of a name.
#include <strings.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/confirm.h"
#include "lib/base/text.h"
#include "lib/fs/names.h"
#include "lib/sys/procfs.h"
#include "lib/sys/signals.h"
#include "lib/text/regex.h"

namespace rescue {
namespace {

struct Options {
  bool exact = false, ignore_case = false, group = false, interactive = false, list = false;
  bool quiet = false, expression = false, verbose = false, wait = false;
  std::string signal = "TERM", user, older, younger, space;
};

constexpr Opt<Options> options[] = {
    {'e', "exact", &Options::exact, "a name of more than 15 bytes must match as a whole"},
    {'I', "ignore-case", &Options::ignore_case, "let capitals match small letters"},
    {'g', "process-group", &Options::group, "signal the whole process group of each, once"},
    {'i', "interactive", &Options::interactive, "ask before each"},
    {'l', "list", &Options::list, "list the names of signals"},
    {'n', "ns", &Options::space, "only those in the same PID namespace as process PID; 0: any", "PID"},
    {'o', "older-than", &Options::older, "only those that have run for TIME: 30s, 5m, 2h, 1d, 1w, 1M, 1y", "TIME"},
    {'q', "quiet", &Options::quiet, "do not complain where there is none"},
    {'r', "regexp", &Options::expression, "NAME is an extended regular expression"},
    {'s', "signal", &Options::signal, "send SIGNAL, by name or number; -SIGNAL as the first word is the same",
     "SIGNAL"},
    {'u', "user", &Options::user, "only those of USER", "USER"},
    {'v', "verbose", &Options::verbose, "say what is signalled"},
    {'w', "wait", &Options::wait, "wait until they have ended"},
    {'y', "younger-than", &Options::younger, "only those that have run for less than TIME", "TIME"},
};

constexpr size_t kept_name = 15;  // what the kernel keeps of a name

// Seconds of "90s", "5m", "2h", "1d", "1w", "1M", "1y".
Result<std::optional<double>> span_of(const std::string& text) {
  if (text.empty())
    return std::nullopt;
  constexpr struct {
    char unit;
    double seconds;
  } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}, {'M', 2419200}, {'y', 31536000}};
  const auto number = to_number<uint32_t>(std::string_view(text).substr(0, text.size() - 1));
  for (const auto& unit : units)
    if (number && text.back() == unit.unit)
      return *number * unit.seconds;
  return usage_error("not a span of time: '", Printable(text), "'");
}

class Killer {
 public:
  Killer(const Options& opt, Io& io, const ProcFs& proc) : opt_(opt), io_(io), proc_(proc) {}

  Result<> prepare() {
    const auto number = signal_number(opt_.signal);
    if (!number)
      return usage_error("unknown signal '", Printable(opt_.signal), "'");
    signal_ = *number;
    older_ = TRY(span_of(opt_.older));
    younger_ = TRY(span_of(opt_.younger));
    if (!opt_.user.empty()) {
      Names names;
      user_ = names.users.id_of(opt_.user);
      if (!user_)
        return fail("find user", opt_.user, "there is none of this name");
    }
    if (!opt_.space.empty()) {
      const auto pid = to_number<int32_t>(opt_.space);
      if (!pid)
        return usage_error("--ns needs the number of a process");
      space_ = *pid == 0 ? std::string() : proc_.link(*pid, "ns/pid");
      if (*pid != 0 && space_.empty())
        return fail("look at the namespace of process", opt_.space, ESRCH);
    }
    all_ = TRY(proc_.read_all());
    return {};
  }

  Result<> kill(const std::string& name) {
    std::optional<Regex> expression;
    if (opt_.expression) {
      RegexSyntax syntax;
      syntax.flavor = RegexSyntax::Flavor::extended;
      syntax.ignore_case = opt_.ignore_case;
      expression.emplace(TRY(Regex::compile(name, syntax)));
    }
    bool found = false;
    for (const Process& process : all_)
      if (process.pid != ::getpid() && fits(process, name, expression))
        found = signal(process) || found;
    if (!found) {
      failed_ = true;
      if (!opt_.quiet)
        io_.err.put(io_.name, ": ", Printable(name), ": no process found\n");
    }
    return {};
  }

  bool failed() const { return failed_; }

  // Until all that were signalled are gone. One that does not go is waited for without end, as asked.
  void wait() {
    while (!signalled_.empty()) {
      std::erase_if(signalled_, [](pid_t pid) { return ::kill(pid, 0) < 0 && errno == ESRCH; });
      const timespec pause = {0, 100'000'000};
      if (!signalled_.empty())
        ::nanosleep(&pause, nullptr);
    }
  }

 private:
  bool fits(const Process& process, const std::string& name, std::optional<Regex>& expression) const {
    if (!space_.empty() && proc_.link(process.pid, "ns/pid") != space_)
      return false;
    if (user_ && process.uids[0] != *user_)
      return false;
    const double age = uptime_seconds() - static_cast<double>(process.start_ticks) / ticks_per_second;
    if ((older_ && age < *older_) || (younger_ && age > *younger_))
      return false;
    if (expression)
      return expression->matches(full_name(process));
    if (name.find('/') != std::string::npos)
      return runs_file(process, name);
    return same_name(process, name);
  }

  bool same(std::string_view a, std::string_view b) const {
    return a.size() == b.size() && (opt_.ignore_case ? ::strncasecmp(a.data(), b.data(), a.size()) == 0 : a == b);
  }

  bool same_name(const Process& process, std::string_view name) const {
    if (name.size() <= kept_name || process.name.size() < kept_name)
      return same(process.name, name);
    const std::string full = full_name(process);
    return full.size() > kept_name || opt_.exact ? same(full, name) : same(process.name, name.substr(0, kept_name));
  }

  // The name with what the kernel does not keep, from the first word or, of a script, the second one.
  std::string full_name(const Process& process) const {
    if (process.name.size() < kept_name)
      return process.name;
    const std::string words = proc_.words(process.pid);
    for (const std::string_view word : split(words, '\0'))
      if (base_name(word).starts_with(process.name))
        return std::string(base_name(word));
    return process.name;
  }

  bool runs_file(const Process& process, const std::string& path) const {
    struct stat file{}, running{};
    return ::stat(path.c_str(), &file) == 0 &&
           ::fstatat(proc_.fd(), str(process.pid, "/exe").c_str(), &running, 0) == 0 && file.st_dev == running.st_dev &&
           file.st_ino == running.st_ino;
  }

  bool signal(const Process& process) {
    const pid_t target = opt_.group ? -process.group : process.pid;
    if (opt_.group && std::ranges::find(groups_, process.group) != groups_.end())
      return true;
    groups_.push_back(process.group);
    if (opt_.interactive &&
        !confirm(io_, str(signal_ == SIGTERM ? "Kill " : str("Signal ", process.name, " with ", opt_.signal, ": "),
                          process.name, '(', process.pid, ") ? (y/N) ")))
      return true;
    if (::kill(target, signal_) < 0) {
      if (errno != ESRCH)
        io_.warn(fail("send signal", str(process.name, '(', process.pid, ')')).error());
      return false;
    }
    if (opt_.verbose)
      io_.err.put("Killed ", process.name, '(', process.pid, ") with signal ", signal_, '\n');
    if (opt_.wait)
      signalled_.push_back(process.pid);
    return true;
  }

  const Options& opt_;
  Io& io_;
  const ProcFs& proc_;
  int signal_ = SIGTERM;
  std::optional<double> older_, younger_;
  std::optional<uint32_t> user_;
  std::string space_;  // of processes, as the kernel names it; "" for any
  std::vector<Process> all_;
  std::vector<pid_t> signalled_;
  std::vector<int32_t> groups_;
  bool failed_ = false;
};

Result<int> run(const Options& opt, Io& io, const Args& args) {
  if (opt.list) {
    list_signals(io.out);
    return 0;
  }
  if (args.empty() && opt.user.empty())
    return usage_error("missing operand NAME");
  const ProcFs proc = TRY(ProcFs::open());
  Killer killer(opt, io, proc);
  TRY(killer.prepare());
  for (const std::string_view name : args)
    TRY(killer.kill(std::string(name)));
  if (opt.wait)
    killer.wait();
  return killer.failed() || io.status() != 0 ? 1 : 0;
}

int run_with_signal(const Applet& applet, Io& io, std::span<const char* const> words) {
  const auto all = with_signal_option(words);
  std::vector<const char*> texts;
  texts.reserve(all.size());
  for (const std::string& word : all)
    texts.push_back(word.c_str());
  return entry<options, run>(applet, io, texts);
}

}  // namespace

extern const Applet killall_applet = {
    .name = "killall",
    .summary = "send a signal to all processes of a name",
    .usage = "[-SIGNAL] [OPTION]... NAME...",
    .version_letter = 'V',
    .notes = dense<"A NAME with a slash is a program file. Without a signal, TERM is sent.">,
    .options = describe<options>,
    .run = run_with_signal,
};
}  // namespace rescue
