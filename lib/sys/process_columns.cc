#include "lib/sys/process_columns.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "lib/base/text.h"
#include "lib/base/time_text.h"

namespace rescue::ps {
namespace {

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

uint64_t cpu_ticks(const Setup& s, const Process& p) {
  return p.user_ticks + p.system_ticks + (s.cumulative ? p.children_ticks : 0);
}

double seconds_alive(const Setup& s, const Process& p) {
  return std::max(0.0, s.moment.uptime - static_cast<double>(p.start_ticks) / ticks_per_second);
}

double cpu_percent(const Setup& s, const Process& p) {
  const double alive = seconds_alive(s, p);
  return alive <= 0 ? 0 : static_cast<double>(cpu_ticks(s, p)) / alive;
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

// A file of the process, or of its thread.
std::string own_file(const Setup& s, const Line& l, std::string_view name) {
  return s.proc->file(l.process.pid, l.is_thread ? str("task/", l.thread, '/', name) : std::string(name));
}

Value nothing(const Setup& /*none*/, const Line& /*none*/, std::string_view /*none*/) {
  return {"-"};
}

Value text_or_dash(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  const auto number = to_number<int64_t>(text);
  return {text.empty() ? "-" : printable_line(std::string(text)), static_cast<double>(number.value_or(0)),
          number.has_value()};
}

// Of a file with lines like "SigBlk:\t0000000000000002", what stands behind the key.
Value field(const Setup& s, const Line& l, std::string_view file, std::string_view key) {
  const std::string text = own_file(s, l, file);
  for (const std::string_view line : split(text, '\n'))
    if (line.starts_with(key) && line.substr(key.size()).starts_with(':'))
      return text_or_dash(trim(line.substr(key.size() + 1)));
  return {"-"};
}

Value status_field(const Setup& s, const Line& l, std::string_view key) {
  return field(s, l, "status", key);
}

Value io_field(const Setup& s, const Line& l, std::string_view key) {
  return field(s, l, "io", key);
}

// KiB of several lines of a file: "FILE KEY...", of those that begin with a key.
Value memory_sum(const Setup& s, const Line& l, std::string_view detail) {
  const std::vector<std::string_view> words = split(detail, ' ');
  const std::string text = s.proc->file(l.process.pid, words[0]);
  uint64_t sum = 0;
  for (const std::string_view line : split(text, '\n'))
    if (line.starts_with(words[1]) || line.starts_with(words.back()))
      sum += kibibytes(line);
  return number(static_cast<double>(sum));
}

Value namespace_number(const Setup& s, const Line& l, std::string_view name) {
  const std::string link = s.proc->link(l.process.pid, name);  // "mnt:[4026531832]"
  const size_t start = link.find('[') + 1;
  return text_or_dash(std::string_view(link).substr(start, link.find(']') - start));
}

Value whole_file(const Setup& s, const Line& l, std::string_view name) {
  return text_or_dash(own_file(s, l, name));
}

Value user_id(const Setup& /*none*/, const Line& l, std::string_view which) {
  return number(l.process.uids[which[0] - '0']);
}

Value group_id(const Setup& /*none*/, const Line& l, std::string_view which) {
  return number(l.process.gids[which[0] - '0']);
}

Value user_name(const Setup& s, const Line& l, std::string_view which) {
  return {id_text(s, s.names->users, l.process.uids[which[0] - '0'])};
}

Value group_name(const Setup& s, const Line& l, std::string_view which) {
  return {id_text(s, s.names->groups, l.process.gids[which[0] - '0'])};
}

Value hexadecimal(uint64_t value) {
  std::string text(16, '0');
  for (size_t i = 16; i-- > 0; value >>= 4)
    text[i] = "0123456789abcdef"[value & 15];
  return {text};
}

template <auto of>
Value member(const Setup& /*none*/, const Line& l, std::string_view /*none*/) {
  return number(static_cast<double>(l.process.*of));
}

template <auto of>
Value address(const Setup& /*none*/, const Line& l, std::string_view /*none*/) {
  return hexadecimal(l.process.*of);
}

Value thousandths(double value) {
  const auto scaled = static_cast<uint64_t>(value * 1000);
  return {str(scaled / 1000, '.', str(scaled % 1000 + 1000).substr(1)), value, true};
}

Value other_groups(const Setup& s, const Line& l, std::string_view form) {
  std::string list;
  const std::string words = field(s, l, "status", "Groups").text;
  for (const std::string_view word : split(words, ' '))
    if (const auto id = to_number<uint32_t>(word))
      list += str(list.empty() ? "" : ",", form == "names" ? id_text(s, s.names->groups, *id) : std::string(word));
  return text_or_dash(list);
}

// A number of "/autogroup-25 nice 0".
Value autogroup(const Setup& s, const Line& l, std::string_view before) {
  const std::string text = s.proc->file(l.process.pid, "autogroup");
  const size_t start = text.find(before);
  if (start == std::string::npos)
    return {before == "-" ? "-1" : "0"};
  return text_or_dash(split(std::string_view(text).substr(start + before.size()), ' ')[0]);
}

// All but those that are at the top of their hierarchy; with a detail only what stands behind that, where it does.
Value control_groups(const Setup& s, const Line& l, std::string_view detail) {
  const std::string text = s.proc->file(l.process.pid, "cgroup");
  std::string list;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty() || line.ends_with(":/"))
      continue;
    if (const size_t at = line.find(detail); !detail.empty() && at != std::string_view::npos)
      return text_or_dash(line.substr(at + detail.size()));
    list += str(list.empty() ? "" : ",", line);
  }
  return text_or_dash(list);
}

Value scheduling_class(const Setup& /*none*/, const Line& l, std::string_view /*none*/) {
  constexpr std::string_view classes[] = {"TS", "FF", "RR", "B", "ISO", "IDL", "DLN"};
  return {std::string(l.process.policy < 7 ? classes[l.process.policy] : "?")};
}

Value unit_name(const Setup& s, const Line& l, std::string_view kind) {
  return {unit_of(s.proc->file(l.process.pid, "cgroup"), kind)};
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

using Detail = std::string_view;  // that the functions which are written in their row do not read

constexpr Column columns[] = {
    {"pid tgid|PID", 5, true, Part::process, member<&Process::pid>},
    {"ppid|PPID", 5, true, Part::process, member<&Process::parent>},
    {"pgid pgrp|PGID", 5, true, Part::process, member<&Process::group>},
    {"sid sess session|SID", 5, true, Part::process, member<&Process::session>},
    {"tpgid|TPGID", 5, true, Part::process, member<&Process::foreground_group>},
    {"lwp spid tid|LWP", 5, true, Part::thread, [](const Setup&, const Line& l, Detail) { return number(l.thread); }},
    {"nlwp thcount|NLWP", 4, true, Part::process, member<&Process::threads>},
    {"user euser uname|USER|1", 8, false, Part::both, user_name},
    {"ruser|RUSER|0", 8, false, Part::both, user_name},
    {"group egroup|GROUP|1", 8, false, Part::both, group_name},
    {"rgroup|RGROUP|0", 8, false, Part::both, group_name},
    {"uid euid|UID|1", 5, true, Part::both, user_id},
    {"ruid|RUID|0", 5, true, Part::both, user_id},
    {"gid egid|GID|1", 5, true, Part::both, group_id},
    {"rgid|RGID|0", 5, true, Part::both, group_id},
    {"comm ucmd ucomm|COMMAND", 15, false, Part::process,
     [](const Setup& s, const Line& l, Detail) { return Value{command_text(s, l, false)}; }},
    {"args cmd command|COMMAND", 27, false, Part::process,
     [](const Setup& s, const Line& l, Detail) { return Value{command_text(s, l, true)}; }},
    {"tty tt tname|TT", 8, false, Part::process,
     [](const Setup&, const Line& l, Detail) { return Value{terminal_name(l.process.terminal)}; }},
    {"time cputime|TIME", 8, true, Part::both, [](const Setup& s, const Line& l, Detail) {
       const uint64_t ticks = cpu_ticks(s, l.process);
       return Value{span_text(ticks / ticks_per_second, true), static_cast<double>(ticks), true};
     }},
    {"bsdtime|TIME", 6, true, Part::both, [](const Setup& s, const Line& l, Detail) {
       const uint64_t seconds = cpu_ticks(s, l.process) / ticks_per_second;
       return Value{str(seconds / 60, ':', two_digits(seconds % 60)), static_cast<double>(seconds), true};
     }},
    {"times cputimes|TIME", 8, true, Part::both,
     [](const Setup& s, const Line& l, Detail) {
       return number(static_cast<double>(cpu_ticks(s, l.process)) / ticks_per_second);
     }},
    {"etime|ELAPSED", 11, true, Part::both, [](const Setup& s, const Line& l, Detail) {
       const double alive = seconds_alive(s, l.process);
       return Value{span_text(static_cast<uint64_t>(alive), false), alive, true};
     }},
    {"etimes|ELAPSED", 7, true, Part::both,
     [](const Setup& s, const Line& l, Detail) { return number(seconds_alive(s, l.process)); }},
    {"stime|STIME", 5, false, Part::both, [](const Setup& s, const Line& l, Detail) {
       return Value{start_text(s, l.process, "%H:%M", "%b%d", true), static_cast<double>(l.process.start_ticks), true};
     }},
    {"start_time|START", 5, false, Part::both, [](const Setup& s, const Line& l, Detail) {
       return Value{start_text(s, l.process, "%H:%M", "%b%d", true), static_cast<double>(l.process.start_ticks), true};
     }},
    {"bsdstart|START", 6, true, Part::both, [](const Setup& s, const Line& l, Detail) {
       return Value{start_text(s, l.process, "%H:%M", "%b %e", false), static_cast<double>(l.process.start_ticks),
                    true};
     }},
    {"start|STARTED", 8, true, Part::both, [](const Setup& s, const Line& l, Detail) {
       return Value{start_text(s, l.process, "%H:%M:%S", "%b %d", false), static_cast<double>(l.process.start_ticks),
                    true};
     }},
    {"lstart|STARTED", 24, true, Part::both, [](const Setup& s, const Line& l, Detail) {
       const int64_t start = started_at(s, l.process);
       const auto fields = local_time(start);
       return Value{fields ? time_text("%a %b %e %H:%M:%S %Y", *fields, start, 0) : "?",
                    static_cast<double>(l.process.start_ticks), true};
     }},
    {"stat|STAT", 4, false, Part::thread,
     [](const Setup&, const Line& l, Detail) { return Value{state_text(l.process)}; }},
    {"s state|S", 1, false, Part::thread,
     [](const Setup&, const Line& l, Detail) { return Value{std::string(1, l.process.state)}; }},
    {"pcpu %cpu|%CPU", 4, true, Part::both,
     [](const Setup& s, const Line& l, Detail) { return tenths(cpu_percent(s, l.process)); }},
    {"c|C", 2, true, Part::both,
     [](const Setup& s, const Line& l, Detail) { return number(std::min(99.0, cpu_percent(s, l.process))); }},
    {"pmem %mem|%MEM", 4, true, Part::process, [](const Setup& s, const Line& l, Detail) {
       return tenths(static_cast<double>(l.process.resident_kib) * 1024 * 100 / static_cast<double>(s.moment.memory));
     }},
    {"rss rssize rsz|RSS", 5, true, Part::process, member<&Process::resident_kib>},
    {"vsz vsize|VSZ", 6, true, Part::process,
     [](const Setup&, const Line& l, Detail) { return number(static_cast<double>(l.process.virtual_bytes) / 1024); }},
    {"sz|SZ", 5, true, Part::process,
     [](const Setup&, const Line& l, Detail) { return number(static_cast<double>(l.process.virtual_bytes) / 4096); }},
    {"ni nice|NI", 3, true, Part::thread, member<&Process::nice>},
    {"pri|PRI", 3, true, Part::thread,
     [](const Setup&, const Line& l, Detail) { return number(static_cast<double>(39 - l.process.priority)); }},
    {"priority|PRI", 3, true, Part::thread, member<&Process::priority>},
    {"opri intpri|PRI", 3, true, Part::thread,
     [](const Setup&, const Line& l, Detail) { return number(static_cast<double>(60 + l.process.priority)); }},
    {"rtprio|RTPRIO", 6, true, Part::thread, [](const Setup&, const Line& l, Detail) {
       return l.process.policy == 1 || l.process.policy == 2 ? number(static_cast<double>(l.process.realtime_priority))
                                                             : Value{"-"};
     }},
    {"cls|CLS", 3, true, Part::thread, scheduling_class},
    {"class|CLS", 3, false, Part::thread, scheduling_class},
    {"policy|POL", 3, false, Part::thread, scheduling_class},
    {"psr|PSR", 3, true, Part::thread, member<&Process::processor>},
    {"f flag flags|F", 1, true, Part::both,
     [](const Setup&, const Line& l, Detail) { return number(static_cast<double>(l.process.flags >> 6 & 7)); }},
    {"min_flt minflt|MINFL", 6, true, Part::both, member<&Process::minor_faults>},
    {"maj_flt majflt|MAJFL", 6, true, Part::both, member<&Process::major_faults>},
    {"addr|ADDR", 4, true, Part::thread, nothing},
    {"wchan wname|WCHAN", 6, false, Part::thread, [](const Setup& s, const Line& l, Detail) {
       std::string text = own_file(s, l, "wchan");
       return Value{text.empty() || text == "0" ? "-" : std::move(text)};
     }},
    {"exe|EXE", 27, false, Part::process, [](const Setup& s, const Line& l, Detail) {
       std::string text = s.proc->link(l.process.pid, "exe");
       return Value{text.empty() ? "-" : std::move(text)};
     }},
    {"cgroup|CGROUP", 27, false, Part::process, control_groups},
    {"cgname|CGNAME|:name=", 27, false, Part::process, control_groups},
    {"nwchan|WCHAN", 6, true, Part::thread, nothing},
    {"tmout|TMOUT", 5, true, Part::both, nothing},
    {"alarm|ALARM", 5, true, Part::both, nothing},
    {"fname|COMMAND", 8, false, Part::process,
     [](const Setup&, const Line& l, Detail) { return Value{l.process.name.substr(0, 8)}; }},
    {"blocked sigmask sig_block|BLOCKED|SigBlk", 16, true, Part::thread, status_field},
    {"caught sigcatch sig_catch|CAUGHT|SigCgt", 16, true, Part::thread, status_field},
    {"ignored sigignore sig_ignore|IGNORED|SigIgn", 16, true, Part::thread, status_field},
    {"pending sig|PENDING|ShdPnd", 16, true, Part::both, status_field},
    {"suid svuid|SUID|2", 5, true, Part::both, user_id},
    {"suser svuser|SUSER|2", 8, false, Part::both, user_name},
    {"sgid svgid|SGID|2", 5, true, Part::both, group_id},
    {"sgroup svgroup|SGROUP|2", 8, false, Part::both, group_name},
    {"fuid fsuid|FUID|3", 5, true, Part::both, user_id},
    {"fuser fsuser|FUSER|3", 8, false, Part::both, user_name},
    {"fgid fsgid|FGID|3", 5, true, Part::both, group_id},
    {"fgroup fsgroup|FGROUP|3", 8, false, Part::both, group_name},
    {"supgid|SUPGID|ids", 20, false, Part::process, other_groups},
    {"supgrp|SUPGRP|names", 40, false, Part::process, other_groups},
    {"trs|TRS", 4, true, Part::process,
     [](const Setup&, const Line& l, Detail) { return number(static_cast<double>(l.process.code_bytes) / 1024); }},
    {"drs|DRS", 5, true, Part::process, [](const Setup&, const Line& l, Detail) {
       return number(static_cast<double>(l.process.virtual_bytes - l.process.code_bytes) / 1024);
     }},
    {"size|SIZE|status VmData: VmStk:", 5, true, Part::process, memory_sum},
    {"pss|PSS|smaps_rollup Pss:", 5, true, Part::process, memory_sum},
    {"uss|USS|smaps_rollup Private_", 5, true, Part::process, memory_sum},
    {"stackp|STACKP", 16, true, Part::process, address<&Process::stack_start>},
    {"esp|ESP", 16, true, Part::thread, address<&Process::stack_now>},
    {"eip|EIP", 16, true, Part::thread, address<&Process::code_now>},
    {"cgroupns|CGROUPNS|ns/cgroup", 10, true, Part::both, namespace_number},
    {"ipcns|IPCNS|ns/ipc", 10, true, Part::both, namespace_number},
    {"mntns|MNTNS|ns/mnt", 10, true, Part::both, namespace_number},
    {"netns|NETNS|ns/net", 10, true, Part::both, namespace_number},
    {"pidns|PIDNS|ns/pid", 10, true, Part::both, namespace_number},
    {"timens|TIMENS|ns/time", 10, true, Part::both, namespace_number},
    {"userns|USERNS|ns/user", 10, true, Part::both, namespace_number},
    {"utsns|UTSNS|ns/uts", 10, true, Part::both, namespace_number},
    {"rbytes|RBYTES|read_bytes", 5, true, Part::thread, io_field},
    {"rchars|RCHARS|rchar", 5, true, Part::thread, io_field},
    {"rops|ROPS|syscr", 5, true, Part::thread, io_field},
    {"wbytes|WBYTES|write_bytes", 5, true, Part::thread, io_field},
    {"wcbytes|WCBYTES|cancelled_write_bytes", 5, true, Part::thread, io_field},
    {"wchars|WCHARS|wchar", 5, true, Part::thread, io_field},
    {"wops|WOPS|syscw", 5, true, Part::thread, io_field},
    {"oom|OOM|oom_score", 4, true, Part::thread, whole_file},
    {"oomadj|OOMADJ|oom_score_adj", 5, true, Part::thread, whole_file},
    {"ag_id|AGID|-", 5, true, Part::both, autogroup},
    {"ag_nice|AGNI|nice ", 4, true, Part::both, autogroup},
    {"label|LABEL|attr/current", 31, false, Part::both, whole_file},
    {"slice|SLICE|slice", 31, false, Part::both, unit_name},
    {"unit|UNIT", 31, false, Part::both, unit_name},
    {"uunit|UUNIT|user", 31, false, Part::both, unit_name},
    {"cp|CP", 3, true, Part::both,
     [](const Setup& s, const Line& l, Detail) { return number(std::min(999.0, cpu_percent(s, l.process) * 10)); }},
    {"cuu|%CUU", 6, true, Part::both,
     [](const Setup& s, const Line& l, Detail) { return thousandths(cpu_percent(s, l.process)); }},
    {"cuc|%CUC", 7, true, Part::both, [](const Setup& s, const Line& l, Detail) {
       Setup with_children = s;
       with_children.cumulative = true;
       return thousandths(cpu_percent(with_children, l.process));
     }},
    {"sched|SCH", 3, true, Part::thread, member<&Process::policy>},
    {"sgi_p|P", 1, true, Part::thread,
     [](const Setup&, const Line& l, Detail) {
       return Value{l.process.state == 'R' ? str(l.process.processor) : "*"};
     }},
};

}  // namespace

std::string_view Column::part(size_t number) const {
  const std::vector<std::string_view> parts = split(text, '|');
  return number < parts.size() ? parts[number] : std::string_view();
}

std::span<const Column> all_columns() {
  return columns;
}

const Column* find_column(std::string_view key) {
  for (const Column& column : columns)
    for (const std::string_view name : split(column.keys(), ' '))
      if (name == key)
        return &column;
  return nullptr;
}

std::string unit_of(std::string_view control_groups, std::string_view kind) {
  const bool of_user = kind == "user";
  std::string_view slice = "-.slice";
  bool below_manager = false;
  for (const std::string_view line : split(control_groups, '\n')) {
    if (!line.starts_with("0::") && !line.contains(":name=systemd:"))
      continue;
    for (const std::string_view part : split(line.substr(line.rfind(':') + 1), '/'))
      if (part.ends_with(".slice"))
        slice = part;
      else if (of_user && !below_manager && part.starts_with("user@"))
        below_manager = true;
      else if (!part.empty() && kind != "slice")
        return part.contains('.') && below_manager == of_user ? std::string(part) : "-";
      else if (!part.empty())
        break;
  }
  return kind == "slice" ? std::string(slice) : "-";
}

std::string cell_text(const Column& column, const Setup& setup, const Line& line) {
  const bool silent = line.part != Part::both && column.of != Part::both && column.of != line.part;
  return silent ? "-" : column.value(setup, line).text;
}

}  // namespace rescue::ps
