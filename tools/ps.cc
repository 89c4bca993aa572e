// ps: list processes.
#include <algorithm>
#include <cerrno>
#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/base/time_text.h"
#include "lib/fs/names.h"
#include "lib/fs/root.h"
#include "lib/sys/procfs.h"

namespace rescue {
namespace {

// Documented here, read by hand: words with and without a dash mean different things.
struct Options {
  bool flag = false;
  std::string text;
};

constexpr Opt<Options> options[] = {
    Opt<Options>{"Which processes (without a choice: ours on this terminal)"},
    {'A', nullptr, &Options::flag, "all; -e is the same"},
    {'a', nullptr, &Options::flag, "all on terminals but session leaders; without a dash: those of all users"},
    {'d', nullptr, &Options::flag, "all but session leaders"},
    {'N', "deselect", &Options::flag, "all others"},
    {'C', nullptr, &Options::text, "with these names", "NAME,..."},
    {'p', "pid", &Options::text, "with these numbers; a number alone is the same", "PID,..."},
    {0, "ppid", &Options::text, "started by these processes", "PID,..."},
    {'s', "sid", &Options::text, "of these sessions", "SID,..."},
    {'t', "tty", &Options::text, "on these terminals", "TTY,..."},
    {'u', "user", &Options::text, "acting as these users; u without a dash is a format", "USER,..."},
    {'U', "User", &Options::text, "started by these users", "USER,..."},
    {'G', "Group", &Options::text, "started by these groups of users", "GROUP,..."},
    {'g', "group", &Options::text, "of these sessions, or acting as these groups of users", "GROUP,..."},
    {0, nullptr, &Options::flag,
     "x without a dash: those without a terminal too; r: only running ones; T: this terminal"},
    Opt<Options>{"What is printed"},
    {'f', nullptr, &Options::flag, "owner, parent, start and command line; f without a dash, or --forest: as a tree"},
    {'F', nullptr, &Options::flag, "the same, with sizes and processor"},
    {'l', nullptr, &Options::flag, "long; l without a dash: the long format of BSD"},
    {'j', nullptr, &Options::flag, "process groups and sessions; j without a dash: with those of the terminal"},
    {'y', nullptr, &Options::flag, "with -l: memory instead of flags and address"},
    {'o', "format", &Options::text, "these columns; KEY=TITLE gives a title, KEY= none", "KEY,..."},
    {'O', nullptr, &Options::text, "these columns among the usual ones", "KEY,..."},
    {'H', nullptr, &Options::flag, "children indented below their parents"},
    {'L', nullptr, &Options::flag, "threads, with LWP and NLWP; -T the same, with SPID"},
    {'P', nullptr, &Options::flag, "with the processor too"},
    {'c', nullptr, &Options::flag, "with the scheduling class and its priority"},
    {'n', nullptr, &Options::flag, "without a dash: numbers for users; e: the environment; c: the name alone"},
    {0, "sort", &Options::text, "in the order of these columns, downwards where - stands before; k is the same",
     "KEY,..."},
    {0, "no-headers", &Options::flag, "no titles; h without a dash is the same"},
    {0, "cols", &Options::text, "cut lines after so many columns", "COLUMNS"},
    {'w', nullptr, &Options::flag, "wider; twice: never cut a line"},
};

struct Moment {
  int64_t now = 0;
  int64_t boot = 0;
  double uptime = 0;
  uint64_t memory = 1;
};

struct Line {
  Process process;
  int32_t thread = 0;
  unsigned depth = 0;
  std::string branch;  // what a tree draws before the command
};

struct Setup {
  bool numeric = false;      // users as numbers
  bool environment = false;  // behind the command
  bool name_only = false;    // in place of the command line
  bool threads = false;
  Moment moment;
  Names* names = nullptr;
  const ProcFs* proc = nullptr;
};

struct Value {
  std::string text;
  double number = 0;
  bool is_number = false;
};

Value number(double value) {
  return {str(static_cast<int64_t>(value)), value, true};
}

Value tenths(double value) {
  const auto scaled = static_cast<int64_t>(value * 10);
  return {value >= 100 ? str(scaled / 10) : str(scaled / 10, '.', scaled % 10), value, true};
}

std::string two_digits(uint64_t n) {
  return n < 10 ? str('0', n) : str(n);
}

uint64_t cpu_ticks(const Process& p) {
  return p.user_ticks + p.system_ticks;
}

double seconds_alive(const Setup& s, const Process& p) {
  return std::max(0.0, s.moment.uptime - static_cast<double>(p.start_ticks) / ticks_per_second);
}

double cpu_percent(const Setup& s, const Process& p) {
  const double alive = seconds_alive(s, p);
  return alive <= 0 ? 0 : static_cast<double>(cpu_ticks(p)) / alive;
}

int64_t started_at(const Setup& s, const Process& p) {
  return s.moment.boot + static_cast<int64_t>(p.start_ticks / ticks_per_second);
}

// "1-02:03:04", where `hours` are always there.
std::string span_text(uint64_t seconds, bool hours) {
  const uint64_t days = seconds / 86400, rest = seconds % 86400;
  std::string text = days > 0 ? str(days, '-') : "";
  if (hours || days > 0 || rest >= 3600)
    text += two_digits(rest / 3600) + ':';
  return text + two_digits(rest / 60 % 60) + ':' + two_digits(rest % 60);
}

std::string start_text(const Setup& s, const Process& p, std::string_view recent, std::string_view old, bool by_day) {
  const int64_t start = started_at(s, p);
  const auto then = local_time(start), now = local_time(s.moment.now);
  if (!then || !now)
    return "?";
  if (by_day && then->tm_year != now->tm_year)
    return time_text("%Y", *then, start, 0);
  const bool is_recent = by_day ? then->tm_yday == now->tm_yday : s.moment.now - start < 86400;
  return time_text(is_recent ? recent : old, *then, start, 0);
}

std::string state_text(const Process& p) {
  std::string text(1, p.state);
  if (p.nice != 0)
    text += p.nice < 0 ? '<' : 'N';
  if (p.locked_kib > 0)
    text += 'L';
  if (p.session == p.pid)
    text += 's';
  if (p.threads > 1)
    text += 'l';
  if (p.foreground_group == p.group)
    text += '+';
  return text;
}

std::string id_text(const Setup& s, NameFile& file, uint32_t id) {
  const std::string_view name = s.numeric ? std::string_view() : file.name_of(id);
  return name.empty() ? str(id) : std::string(name);
}

std::string printable_line(std::string text) {
  for (char& c : text)
    if (static_cast<uint8_t>(c) < ' ' || c == 0x7f)
      c = c == '\0' ? ' ' : '?';
  while (text.ends_with(' '))
    text.pop_back();
  return text;
}

std::string command_text(const Setup& s, const Line& line, bool with_words) {
  const Process& p = line.process;
  std::string words = with_words && !s.name_only ? printable_line(s.proc->words(p.pid)) : "";
  if (words.empty())
    words = !with_words || s.name_only ? p.name + (p.state == 'Z' ? " <defunct>" : "")
            : p.state == 'Z'           ? str('[', p.name, "] <defunct>")
                                       : str('[', p.name, ']');
  if (s.environment && with_words)
    if (const std::string more = printable_line(s.proc->environment(p.pid)); !more.empty())
      words += str(' ', more);
  return str(line.branch, printable_line(words));
}

struct Column {
  std::string_view keys;  // the names that people give it, with blanks between
  std::string_view title;
  uint8_t width;
  bool right;
  Value (*value)(const Setup&, const Line&);
};

constexpr Column columns[] = {
    {"pid tgid", "PID", 5, true, [](const Setup&, const Line& l) { return number(l.process.pid); }},
    {"ppid", "PPID", 5, true, [](const Setup&, const Line& l) { return number(l.process.parent); }},
    {"pgid pgrp", "PGID", 5, true, [](const Setup&, const Line& l) { return number(l.process.group); }},
    {"sid sess session", "SID", 5, true, [](const Setup&, const Line& l) { return number(l.process.session); }},
    {"tpgid", "TPGID", 5, true, [](const Setup&, const Line& l) { return number(l.process.foreground_group); }},
    {"lwp spid tid", "LWP", 5, true, [](const Setup&, const Line& l) { return number(l.thread); }},
    {"nlwp thcount", "NLWP", 4, true,
     [](const Setup&, const Line& l) { return number(static_cast<double>(l.process.threads)); }},
    {"user euser uname", "USER", 8, false,
     [](const Setup& s, const Line& l) { return Value{id_text(s, s.names->users, l.process.uids[1])}; }},
    {"ruser", "RUSER", 8, false,
     [](const Setup& s, const Line& l) { return Value{id_text(s, s.names->users, l.process.uids[0])}; }},
    {"group egroup", "GROUP", 8, false,
     [](const Setup& s, const Line& l) { return Value{id_text(s, s.names->groups, l.process.gids[1])}; }},
    {"rgroup", "RGROUP", 8, false,
     [](const Setup& s, const Line& l) { return Value{id_text(s, s.names->groups, l.process.gids[0])}; }},
    {"uid euid", "UID", 5, true, [](const Setup&, const Line& l) { return number(l.process.uids[1]); }},
    {"ruid", "RUID", 5, true, [](const Setup&, const Line& l) { return number(l.process.uids[0]); }},
    {"gid egid", "GID", 5, true, [](const Setup&, const Line& l) { return number(l.process.gids[1]); }},
    {"rgid", "RGID", 5, true, [](const Setup&, const Line& l) { return number(l.process.gids[0]); }},
    {"comm ucmd ucomm", "COMMAND", 15, false,
     [](const Setup& s, const Line& l) { return Value{command_text(s, l, false)}; }},
    {"args cmd command", "COMMAND", 27, false,
     [](const Setup& s, const Line& l) { return Value{command_text(s, l, true)}; }},
    {"tty tt tname", "TT", 8, false,
     [](const Setup&, const Line& l) { return Value{terminal_name(l.process.terminal)}; }},
    {"time cputime", "TIME", 8, true,
     [](const Setup&, const Line& l) {
       const uint64_t ticks = cpu_ticks(l.process);
       return Value{span_text(ticks / ticks_per_second, true), static_cast<double>(ticks), true};
     }},
    {"bsdtime", "TIME", 6, true,
     [](const Setup&, const Line& l) {
       const uint64_t seconds = cpu_ticks(l.process) / ticks_per_second;
       return Value{str(seconds / 60, ':', two_digits(seconds % 60)), static_cast<double>(seconds), true};
     }},
    {"times cputimes", "TIME", 8, true,
     [](const Setup&, const Line& l) { return number(static_cast<double>(cpu_ticks(l.process)) / ticks_per_second); }},
    {"etime", "ELAPSED", 11, true,
     [](const Setup& s, const Line& l) {
       const double alive = seconds_alive(s, l.process);
       return Value{span_text(static_cast<uint64_t>(alive), false), alive, true};
     }},
    {"etimes", "ELAPSED", 7, true, [](const Setup& s, const Line& l) { return number(seconds_alive(s, l.process)); }},
    {"stime", "STIME", 5, false,
     [](const Setup& s, const Line& l) {
       return Value{start_text(s, l.process, "%H:%M", "%b%d", true), static_cast<double>(l.process.start_ticks), true};
     }},
    {"start_time", "START", 5, false,
     [](const Setup& s, const Line& l) {
       return Value{start_text(s, l.process, "%H:%M", "%b%d", true), static_cast<double>(l.process.start_ticks), true};
     }},
    {"bsdstart", "START", 6, true,
     [](const Setup& s, const Line& l) {
       return Value{start_text(s, l.process, "%H:%M", "%b %e", false), static_cast<double>(l.process.start_ticks),
                    true};
     }},
    {"start", "STARTED", 8, true,
     [](const Setup& s, const Line& l) {
       return Value{start_text(s, l.process, "%H:%M:%S", "%b %d", false), static_cast<double>(l.process.start_ticks),
                    true};
     }},
    {"lstart", "STARTED", 24, true,
     [](const Setup& s, const Line& l) {
       const int64_t start = started_at(s, l.process);
       const auto fields = local_time(start);
       return Value{fields ? time_text("%a %b %e %H:%M:%S %Y", *fields, start, 0) : "?",
                    static_cast<double>(l.process.start_ticks), true};
     }},
    {"stat", "STAT", 4, false, [](const Setup&, const Line& l) { return Value{state_text(l.process)}; }},
    {"s state", "S", 1, false, [](const Setup&, const Line& l) { return Value{std::string(1, l.process.state)}; }},
    {"pcpu %cpu", "%CPU", 4, true, [](const Setup& s, const Line& l) { return tenths(cpu_percent(s, l.process)); }},
    {"c", "C", 2, true,
     [](const Setup& s, const Line& l) { return number(std::min(99.0, cpu_percent(s, l.process))); }},
    {"pmem %mem", "%MEM", 4, true,
     [](const Setup& s, const Line& l) {
       return tenths(static_cast<double>(l.process.resident_kib) * 1024 * 100 / static_cast<double>(s.moment.memory));
     }},
    {"rss rssize rsz", "RSS", 5, true,
     [](const Setup&, const Line& l) { return number(static_cast<double>(l.process.resident_kib)); }},
    {"vsz vsize", "VSZ", 6, true,
     [](const Setup&, const Line& l) { return number(static_cast<double>(l.process.virtual_bytes) / 1024); }},
    {"sz", "SZ", 5, true,
     [](const Setup&, const Line& l) { return number(static_cast<double>(l.process.virtual_bytes) / 4096); }},
    {"ni nice", "NI", 3, true, [](const Setup&, const Line& l) { return number(static_cast<double>(l.process.nice)); }},
    {"pri", "PRI", 3, true,
     [](const Setup&, const Line& l) { return number(static_cast<double>(39 - l.process.priority)); }},
    {"priority", "PRI", 3, true,
     [](const Setup&, const Line& l) { return number(static_cast<double>(l.process.priority)); }},
    {"opri intpri", "PRI", 3, true,
     [](const Setup&, const Line& l) { return number(static_cast<double>(60 + l.process.priority)); }},
    {"rtprio", "RTPRIO", 6, true,
     [](const Setup&, const Line& l) {
       return l.process.policy == 1 || l.process.policy == 2 ? number(static_cast<double>(l.process.realtime_priority))
                                                             : Value{"-"};
     }},
    {"cls class policy", "CLS", 3, true,
     [](const Setup&, const Line& l) {
       constexpr std::string_view classes[] = {"TS", "FF", "RR", "B", "ISO", "IDL", "DLN"};
       return Value{std::string(l.process.policy < 7 ? classes[l.process.policy] : "?")};
     }},
    {"psr", "PSR", 3, true,
     [](const Setup&, const Line& l) { return number(static_cast<double>(l.process.processor)); }},
    {"f flag flags", "F", 1, true,
     [](const Setup&, const Line& l) { return number(static_cast<double>(l.process.flags >> 6 & 7)); }},
    {"min_flt minflt", "MINFL", 6, true,
     [](const Setup&, const Line& l) { return number(static_cast<double>(l.process.minor_faults)); }},
    {"maj_flt majflt", "MAJFL", 6, true,
     [](const Setup&, const Line& l) { return number(static_cast<double>(l.process.major_faults)); }},
    {"addr", "ADDR", 4, true, [](const Setup&, const Line&) { return Value{"-"}; }},
    {"wchan", "WCHAN", 6, false,
     [](const Setup& s, const Line& l) {
       std::string text = s.proc->file(l.process.pid, "wchan");
       return Value{text.empty() || text == "0" ? "-" : std::move(text)};
     }},
    {"exe", "EXE", 27, false,
     [](const Setup& s, const Line& l) {
       std::string text = s.proc->link(l.process.pid, "exe");
       return Value{text.empty() ? "-" : std::move(text)};
     }},
    {"cgroup", "CGROUP", 27, false,
     [](const Setup& s, const Line& l) {
       std::string text = printable_line(s.proc->file(l.process.pid, "cgroup"));
       return Value{text.empty() ? "-" : std::move(text)};
     }},
};

const Column* find_column(std::string_view key) {
  for (const Column& column : columns)
    for (const std::string_view name : split(column.keys, ' '))
      if (name == key)
        return &column;
  return nullptr;
}

struct Shown {
  const Column* column;
  std::string title;
  size_t width;
};

// The formats that have a letter.
constexpr struct {
  std::string_view letter;
  std::string_view columns;
} formats[] = {
    {"", "pid tname=TTY time cmd=CMD"},
    {"-f", "user=UID pid ppid c stime tname=TTY time args=CMD"},
    {"-F", "user=UID pid ppid c sz rss psr stime tname=TTY time args=CMD"},
    {"-l", "f s uid pid ppid c opri ni addr:1 sz wchan tname=TTY time cmd=CMD"},
    {"-ly", "s uid pid ppid c opri ni rss sz wchan tname=TTY time cmd=CMD"},
    {"-j", "pid pgid sid tname=TTY time cmd=CMD"},
    {"bsd", "pid tname=TTY stat bsdtime args"},
    {"u", "user pid pcpu pmem vsz rss tname=TTY stat start_time bsdtime args"},
    {"l", "f uid pid ppid priority ni vsz rss wchan stat tname=TTY bsdtime args"},
    {"j", "ppid pid pgid sid tname=TTY tpgid stat uid bsdtime args"},
};

// The words of one command line.
class Reader {
 public:
  explicit Reader(Setup& setup) : setup_(setup) {}

  bool all = false, all_but_leaders = false, on_terminals = false, deselect = false;  // -e -d -a -N
  bool bsd = false, bsd_all = false, bsd_no_terminal = false, running = false;        // a x r
  bool tree = false, indent = false, headers = true;
  bool lwp = false, spid = false, processor = false, classes = false;  // -L -T -P -c
  unsigned wide = 0;
  std::optional<size_t> line_width;
  std::string format, sort, only_columns, more_columns;
  std::vector<int64_t> pids, parents, sessions, terminals, users, real_users, groups, real_groups;
  std::vector<std::string> names;
  bool chosen = false;

  Result<> read(Args& args) {
    bool first = true;
    while (!args.empty()) {
      const std::string_view word = TRY(args.shift("WORD"));
      if (word.starts_with("--"))
        TRY(long_option(word.substr(2), args));
      else if (word.starts_with('-') && !(first && is_old_bsd(word)))
        TRY(unix_options(word.substr(1), args));
      else if (!word.empty() && word[0] >= '0' && word[0] <= '9')
        bsd = true, TRY(numbers(word, pids, &Reader::plain_number));
      else
        TRY(bsd_options(word.starts_with('-') ? word.substr(1) : word, args));
      first = false;
    }
    return {};
  }

 private:
  // `ps -aux` was never right, and is what people type: there is no user of the name "x".
  static bool is_old_bsd(std::string_view word) {
    return word == "-aux" || word == "-auxw" || word == "-auxww" || word == "-axu";
  }

  std::optional<int64_t> plain_number(std::string_view word) { return to_number<int32_t>(word); }
  std::optional<int64_t> terminal(std::string_view word) {
    return word == "-" || word == "?" ? 0 : terminal_number(word);
  }
  std::optional<int64_t> user(std::string_view word) {
    const auto id = setup_.names->users.id_of(word);
    return id ? id : to_number<uint32_t>(word);
  }
  std::optional<int64_t> group(std::string_view word) {
    const auto id = setup_.names->groups.id_of(word);
    return id ? id : to_number<uint32_t>(word);
  }

  Result<> numbers(std::string_view text, std::vector<int64_t>& into,
                   std::optional<int64_t> (Reader::*convert)(std::string_view)) {
    chosen = true;
    size_t count = 0;
    for (const std::string_view piece : split(text, ','))
      for (const std::string_view word : split(piece, ' ')) {
        if (word.empty())
          continue;
        const auto value = (this->*convert)(word);
        if (!value)
          return usage_error("cannot be understood in a list: '", Printable(word), "'");
        into.push_back(*value);
        ++count;
      }
    return count > 0 ? Result<>() : usage_error("a list is empty");
  }

  Result<> choice(char letter, std::string_view text) {
    switch (letter) {
      case 'p':
      case 'q': return numbers(text, pids, &Reader::plain_number);
      case 's': return numbers(text, sessions, &Reader::plain_number);
      case 't': return numbers(text, terminals, &Reader::terminal);
      case 'u': return numbers(text, users, &Reader::user);
      case 'U': return numbers(text, real_users, &Reader::user);
      case 'G': return numbers(text, real_groups, &Reader::group);
      case 'g':
        if (text[0] >= '0' && text[0] <= '9')
          return numbers(text, sessions, &Reader::plain_number);
        return numbers(text, groups, &Reader::group);
      default:
        chosen = true;
        for (const std::string_view word : split(text, ','))
          names.emplace_back(word);
        return {};
    }
  }

  Result<> unix_options(std::string_view letters, Args& args) {
    for (size_t i = 0; i < letters.size(); ++i) {
      const char c = letters[i];
      if (std::string_view("CpqstuUGgoO").find(c) != std::string_view::npos) {
        std::string_view text = letters.substr(i + 1);
        if (text.empty())
          text = TRY(args.shift("LIST"));
        if (text.empty())
          return usage_error("a list is empty");
        if (c != 'o' && c != 'O')
          return choice(c, text);
        (c == 'o' ? only_columns : more_columns) += str(text, ',');
        return {};
      }
      TRY(unix_letter(c));
    }
    return {};
  }

  Result<> unix_letter(char c) {
    switch (c) {
      case 'A':
      case 'e': all = true; return {};
      case 'a': on_terminals = true; return {};
      case 'd': all_but_leaders = true; return {};
      case 'N': deselect = true; return {};
      case 'H': indent = true; return {};
      case 'L':
      case 'T':
        setup_.threads = true;
        (c == 'L' ? lwp : spid) = true;
        return {};
      case 'P': processor = true; return {};
      case 'c': classes = true; return {};
      case 'w': ++wide; return {};
      case 'f':
      case 'F':
      case 'l':
      case 'j': format = str('-', c, format == "-ly" || format == "-y" ? "y" : ""); return {};
      case 'y': format = str(format.empty() ? "-" : format, 'y'); return {};
      default: return usage_error("unknown option -- '", c, "'");
    }
  }

  Result<> bsd_options(std::string_view letters, Args& args) {
    bsd = true;
    for (size_t i = 0; i < letters.size(); ++i) {
      const char c = letters[i];
      if (std::string_view("opqtUk").find(c) != std::string_view::npos) {
        std::string_view text = letters.substr(i + 1);
        if (text.empty())
          text = TRY(args.shift("LIST"));
        if (c == 'o')
          only_columns += str(text, ',');
        else if (c == 'k')
          sort = text;
        else
          return choice(c, text);
        return {};
      }
      TRY(bsd_letter(c));
    }
    return {};
  }

  Result<> bsd_letter(char c) {
    switch (c) {
      case 'a': bsd_all = true; return {};
      case 'x': bsd_no_terminal = true; return {};
      case 'r': running = true; return {};
      case 'T':
        return numbers(terminal_name(setup_.proc->read(::getpid()).value_or(Process{}).terminal), terminals,
                       &Reader::terminal);
      case 'f': tree = true; return {};
      case 'h': headers = false; return {};
      case 'n': setup_.numeric = true; return {};
      case 'e': setup_.environment = true; return {};
      case 'c': setup_.name_only = true; return {};
      case 'w': ++wide; return {};
      case 'u':
      case 'l':
      case 'j': format = std::string(1, c); return {};
      default: return usage_error("unknown option -- '", c, "'");
    }
  }

  Result<> long_option(std::string_view word, Args& args) {
    constexpr struct {
      std::string_view name;
      char letter;
    } lists[] = {{"pid", 'p'},  {"quick-pid", 'q'}, {"ppid", 'P'},    {"sid", 's'},   {"tty", 't'},
                 {"user", 'u'}, {"User", 'U'},      {"Group", 'G'},   {"group", 'g'}, {"format", 'o'},
                 {"sort", 'k'}, {"cols", 'W'},      {"columns", 'W'}, {"width", 'W'}};
    const std::string_view name = word.substr(0, word.find('='));
    for (const auto& list : lists)
      if (list.name == name) {
        const std::string_view text =
            name.size() < word.size() ? word.substr(name.size() + 1) : TRY(args.shift("LIST"));
        return long_value(list.letter, text);
      }
    if (word == "forest")
      tree = true;
    else if (word == "deselect")
      deselect = true;
    else if (word == "no-headers" || word == "no-heading" || word == "noheader" || word == "noheading" ||
             word == "noheaders")
      headers = false;
    else
      return usage_error("unknown option '--", Printable(word), "'");
    return {};
  }

  Result<> long_value(char letter, std::string_view text) {
    if (text.empty())
      return usage_error("a list is empty");
    switch (letter) {
      case 'o': only_columns += str(text, ','); return {};
      case 'k': sort = text; return {};
      case 'P': return numbers(text, parents, &Reader::plain_number);
      case 'W':
        line_width = to_number<size_t>(text);
        return line_width ? Result<>() : usage_error("the width must be a number");
      default: return choice(letter, text);
    }
  }

  Setup& setup_;
};

bool is_among(const std::vector<int64_t>& list, int64_t value) {
  return std::ranges::find(list, value) != list.end();
}

bool is_chosen(const Reader& r, const Process& p, const Process& self) {
  if (is_among(r.pids, p.pid) || is_among(r.parents, p.parent) || is_among(r.sessions, p.session) ||
      is_among(r.terminals, p.terminal) || is_among(r.users, p.uids[1]) || is_among(r.real_users, p.uids[0]) ||
      is_among(r.groups, p.gids[1]) || is_among(r.real_groups, p.gids[0]) ||
      std::ranges::find(r.names, p.name) != r.names.end())
    return true;
  if (r.all || (r.all_but_leaders && p.session != p.pid) || (r.on_terminals && p.session != p.pid && p.terminal != 0))
    return true;
  if (r.bsd_all || r.bsd_no_terminal || (r.bsd && !r.chosen && !r.all && !r.all_but_leaders && !r.on_terminals))
    return (r.bsd_all || p.uids[1] == self.uids[1]) && (r.bsd_no_terminal || p.terminal != 0) &&
           (r.bsd_all || r.bsd_no_terminal || p.terminal == self.terminal);
  if (r.chosen || r.all_but_leaders || r.on_terminals)
    return false;
  return p.uids[1] == self.uids[1] && p.terminal == self.terminal;
}

Result<> add_columns(std::string_view list, char separator, std::vector<Shown>& shown) {
  size_t at = 0;
  while (at < list.size()) {
    size_t end = std::min(list.find(separator, at), list.size());
    std::string_view word = list.substr(at, end - at);
    at = end + 1;
    if (trim(word).empty())
      continue;
    for (const std::string_view piece : separator == ',' && word.find('=') == std::string_view::npos
                                            ? split(word, ' ')
                                            : std::vector<std::string_view>{word}) {
      if (piece.empty())
        continue;
      const size_t equals = piece.find('=');
      std::string_view key = piece.substr(0, equals);
      std::optional<size_t> width;
      if (const size_t colon = key.find(':'); colon != std::string_view::npos) {
        width = to_number<size_t>(key.substr(colon + 1));
        key = key.substr(0, colon);
      }
      const Column* column = find_column(key);
      if (column == nullptr)
        return usage_error("there is no column '", Printable(key), "'");
      std::string title(equals != std::string_view::npos ? piece.substr(equals + 1) : column->title);
      if (equals == std::string_view::npos && separator == ',')
        title = key == "cmd" || key == "ucmd" ? "CMD"
                : key == "tname"              ? "TTY"
                : key == "spid"               ? "SPID"
                : key == "tid"                ? "TID"
                : key == "euser"              ? "EUSER"
                : key == "euid"               ? "EUID"
                : key == "egroup"             ? "EGROUP"
                : key == "egid"               ? "EGID"
                : key == "thcount"            ? "THCNT"
                                              : title;
      const size_t least = width ? *width : column->width;
      const size_t full =
          width ? least : std::max(least, equals != std::string_view::npos && separator == ',' ? title.size() : least);
      shown.push_back({column, std::move(title), full});
    }
  }
  return {};
}

// The columns of a format, with those that -L, -T, -P and -c put among them.
std::string with_more(std::string_view list, const Reader& r) {
  const std::vector<std::string_view> words = split(list, ' ');
  const bool has_load = std::ranges::contains(words, "c");
  const char* const threads = r.lwp && r.format.size() > 1 && (r.format[1] == 'f' || r.format[1] == 'F') ? "nlwp " : "";
  size_t ids = 0;  // where they end
  for (size_t i = 0; i < words.size(); ++i)
    if (words[i] == "pid" || words[i] == "ppid" || words[i] == "pgid" || words[i] == "sid")
      ids = i + 1;
  std::string all;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i == ids)
      all += str(r.lwp ? "lwp " : "", r.processor ? "psr " : "", r.classes && !has_load ? "cls pri " : "");
    if (words[i] == "c")
      all += r.classes ? str(threads, "cls pri ") : str("c ", threads);
    else if ((!r.classes || (words[i] != "opri" && words[i] != "ni")) && (!r.processor || words[i] != "psr"))
      all += str(words[i], words[i] == "pid" && r.spid ? " spid=SPID " : " ");
  }
  return all;
}

Result<std::vector<Shown>> chosen_columns(const Reader& r) {
  std::vector<Shown> shown;
  if (!r.only_columns.empty()) {
    TRY(add_columns(r.only_columns, ',', shown));
    return shown;
  }
  if (!r.more_columns.empty()) {
    TRY(add_columns("pid", ' ', shown));
    TRY(add_columns(r.more_columns, ',', shown));
    TRY(add_columns("s tname=TTY time args", ' ', shown));
    return shown;
  }
  const std::string letter = r.format == "-y" ? "-ly" : r.format.empty() && r.bsd ? "bsd" : r.format;
  for (const auto& format : formats)
    if (format.letter == letter) {
      // The name alone stands in the formats that have no command line.
      std::string list = letter.size() == 1 ? std::string(format.columns) : with_more(format.columns, r);
      if (const size_t cmd = list.find("cmd=CMD"); cmd != std::string::npos)
        list.replace(cmd, 7, "comm=CMD");
      TRY(add_columns(list, ' ', shown));
      return shown;
    }
  return usage_error("these formats do not go together");
}

void add_below(const std::vector<Line>& lines, size_t i, unsigned depth, std::string prefix, bool drawn,
               std::vector<Line>& out, std::vector<char>& done) {
  if (done[i] != 0)
    return;
  done[i] = 1;
  out.push_back(lines[i]);
  Line& line = out.back();
  line.depth = depth;
  const bool last =
      std::ranges::none_of(lines.begin() + static_cast<ptrdiff_t>(i) + 1, lines.end(),
                           [&](const Line& other) { return other.process.parent == lines[i].process.parent; });
  line.branch = depth == 0 ? "" : drawn ? str(prefix, " \\_ ") : std::string(2 * depth, ' ');
  if (depth > 0)
    prefix += last ? "    " : " |  ";
  for (size_t j = 0; j < lines.size(); ++j)
    if (lines[j].process.parent == lines[i].process.pid && j != i)
      add_below(lines, j, depth + 1, prefix, drawn, out, done);
}

std::vector<Line> as_tree(const std::vector<Line>& lines, bool drawn) {
  std::vector<Line> out;
  std::vector<char> done(lines.size(), 0);
  for (size_t i = 0; i < lines.size(); ++i)
    if (std::ranges::none_of(lines, [&](const Line& other) {
          return other.process.pid == lines[i].process.parent && other.process.pid != lines[i].process.pid;
        }))
      add_below(lines, i, 0, "", drawn, out, done);
  return out;
}

Result<> sort_lines(const Setup& s, std::string_view keys, std::vector<Line>& lines) {
  struct Key {
    const Column* column;
    bool down;
  };
  std::vector<Key> order;
  for (std::string_view word : split(keys, ',')) {
    const bool down = word.starts_with('-');
    if (down || word.starts_with('+'))
      word.remove_prefix(1);
    const Column* column = find_column(word);
    if (column == nullptr)
      return usage_error("there is no column '", Printable(word), "' to sort by");
    order.push_back({column, down});
  }
  rescue::sort(lines, [&](const Line& a, const Line& b) {
    for (const Key& key : order) {
      const Value left = key.column->value(s, a), right = key.column->value(s, b);
      const int compared =
          left.is_number ? (left.number > right.number) - (left.number < right.number) : left.text.compare(right.text);
      if (compared != 0)
        return key.down ? compared > 0 : compared < 0;
    }
    return false;
  });
  return {};
}

class Printer {
 public:
  Printer(Io& io, std::vector<Shown> shown, size_t width) : io_(io), shown_(std::move(shown)), width_(width) {}

  void titles() {
    if (std::ranges::all_of(shown_, [](const Shown& s) { return s.title.empty(); }))
      return;
    start();
    for (size_t i = 0; i < shown_.size(); ++i)
      cell(shown_[i].title, i);
    end();
  }

  void line(const Setup& s, const Line& line) {
    start();
    for (size_t i = 0; i < shown_.size(); ++i) {
      std::string text = shown_[i].column->value(s, line).text;
      const bool is_owner = shown_[i].column->width == 8 && shown_[i].column->title.ends_with("USER");
      // A name that does not fit is cut, and marked so.
      if (is_owner && text.size() > shown_[i].width)
        text = str(std::string_view(text).substr(0, shown_[i].width - 1), '+');
      cell(text, i);
    }
    end();
  }

 private:
  void start() { text_.clear(), missing_ = 0; }

  // A column that ran over takes its room from the next ones, where they have some to spare.
  void cell(std::string_view text, size_t i) {
    const Shown& column = shown_[i];
    const bool last = i + 1 == shown_.size();
    const size_t room = column.width > missing_ ? column.width - missing_ : 0;
    const size_t pad = text.size() < room ? room - text.size() : 0;
    if (i > 0)
      text_ += ' ';
    if (column.column->right)
      text_.append(pad, ' ');
    text_ += text;
    if (!column.column->right && !last)
      text_.append(pad, ' ');
    missing_ = text.size() > room ? text.size() - room : 0;
  }

  void end() { io_.out.put(std::string_view(text_).substr(0, width_), '\n'); }

  Io& io_;
  std::vector<Shown> shown_;
  size_t width_;
  std::string text_;
  size_t missing_ = 0;
};

std::vector<Line> with_threads(const ProcFs& proc, const std::vector<Line>& lines) {
  std::vector<Line> all;
  for (const Line& line : lines) {
    const std::string where = str(line.process.pid, "/task");
    const auto dir = open_at(proc.fd(), where, O_RDONLY | O_DIRECTORY, 0, where);
    const auto entries = dir ? list_dir(dir->get(), where) : Result<std::vector<DirEntry>>();
    if (!entries)
      continue;
    for (const DirEntry& entry : *entries) {
      Line thread = line;
      Process own;
      thread.thread = to_number<int32_t>(entry.name).value_or(0);
      if (!parse_stat(proc.file(line.process.pid, str("task/", entry.name, "/stat")), own))
        continue;
      thread.process.name = own.name;
      thread.process.state = own.state;
      // The first thread stands for the whole process.
      if (own.pid != line.process.pid) {
        thread.process.user_ticks = own.user_ticks;
        thread.process.system_ticks = own.system_ticks;
      }
      thread.process.processor = own.processor;
      all.push_back(std::move(thread));
    }
  }
  rescue::sort(all, {}, [](const Line& l) { return std::pair(l.process.pid, l.thread); });
  return all;
}

size_t line_width(const Reader& r, const Io& io) {
  if (r.wide >= 2)
    return std::string::npos;
  if (r.line_width)
    return *r.line_width;
  struct winsize size{};
  if (!io.out.is_terminal())
    return std::string::npos;
  const size_t width = ::ioctl(io.out.fd(), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  return r.wide == 1 ? std::max<size_t>(width, 132) : width;
}

Result<int> run(Io& io, Args& args) {
  Names names;
  const ProcFs proc = TRY(ProcFs::open());
  Setup setup;
  setup.names = &names;
  setup.proc = &proc;
  struct sysinfo machine{};
  if (::sysinfo(&machine) == 0)
    setup.moment.memory = std::max<uint64_t>(1, static_cast<uint64_t>(machine.totalram) * machine.mem_unit);
  setup.moment.now = ::time(nullptr);
  setup.moment.uptime = uptime_seconds();
  setup.moment.boot = boot_time();
  Reader reader(setup);
  TRY(reader.read(args));
  const auto self = proc.read(::getpid());
  std::vector<Line> lines;
  for (Process& process : TRY(proc.read_all())) {
    const bool fits = is_chosen(reader, process, self.value_or(Process{})) != reader.deselect &&
                      (!reader.running || process.state == 'R' || process.state == 'D');
    if (fits)
      lines.push_back({std::move(process)});
    if (fits)
      lines.back().thread = lines.back().process.pid;
  }
  if (setup.threads)
    lines = with_threads(proc, lines);
  if (!reader.sort.empty())
    TRY(sort_lines(setup, reader.sort, lines));
  if (reader.tree || reader.indent)
    lines = as_tree(lines, reader.tree);
  Printer printer(io, TRY(chosen_columns(reader)), line_width(reader, io));
  if (reader.headers)
    printer.titles();
  for (const Line& line : lines)
    printer.line(setup, line);
  return lines.empty() ? 1 : 0;
}

}  // namespace

extern const Applet ps_applet = {
    .name = "ps",
    .summary = "list processes",
    .usage = "[OPTION]... [PID]...\naux",
    .failure_status = 1,
    .usage_status = 1,
    .dies_with_reader = true,
    .version_letter = 'V',
    .notes = dense<"Words without a dash are options as BSD has them: aux, axf, u.">,
    .options = describe<options>,
    .run = plain_entry<run>,
};
}  // namespace rescue
