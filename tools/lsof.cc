// lsof: list the files that processes have open.
#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/fs/names.h"
#include "lib/sys/file_search.h"
#include "lib/sys/file_use.h"
#include "lib/sys/process_files.h"
#include "lib/sys/socket_filter.h"
#include "lib/sys/sockets.h"
#include "lib/text/number_format.h"

namespace rescue {
namespace {

struct Options {
  std::vector<std::string> pids, users, commands, descriptors, inside, below;
  FileSearch::Crossing crossing;
  bool crosses = false, verbose = false;
  std::optional<std::string> internet, groups, fields, tcp_words, states;
  std::string command_width;
  std::string unlinked_limit;
  bool all = false, only_pids = false, numeric = false, numeric_ports = false, warnings = false;
  bool unix_sockets = false, parents = false, endpoints = false, endpoint_files = false;
};

Result<> choose_crossing(Options& o, std::string_view letters) {
  const size_t wrong = letters.find_first_not_of("fl");
  if (wrong != std::string_view::npos)
    return usage_error("unknown cross-over option: ", Printable(letters.substr(wrong, 1)));
  o.crosses = true;
  o.crossing.links = o.crossing.links || letters.empty() || letters.contains('l');
  o.crossing.file_systems = o.crossing.file_systems || letters.empty() || letters.contains('f');
  return {};
}

constexpr Opt<Options> options[] = {
    Opt<Options>{"Which files (any of these; with -a all of them)"},
    {'p', nullptr, &Options::pids, "of these processes; ^PID leaves one out", "PID,..."},
    {'u', nullptr, &Options::users, "of these users; ^USER leaves one out", "USER,..."},
    {'c', nullptr, &Options::commands, "of commands whose name begins so", "NAME"},
    {'d', nullptr, &Options::descriptors, "with these descriptors: numbers, 0-9, cwd, txt, mem, rtd", "FD,..."},
    {'D', nullptr, &Options::below, "this directory and what is below it (+D DIR is the same)", "DIR"},
    {'y', nullptr, &Options::inside, "this directory and what is right in it (+d DIR is the same)", "DIR"},
    {'x', nullptr, choose_crossing, "with +d and +D: follow links (l), go into what is mounted there (f), or both",
     "[fl]"},
    {'L', nullptr, &Options::unlinked_limit, "with fewer names than N: +L1 finds what was deleted and is still open",
     "N"},
    {'g', nullptr, &Options::groups, "of these process groups; ^GROUP leaves one out. Shows groups", "[GROUP,...]"},
    {'i', nullptr, &Options::internet, "internet sockets: 4 or 6, TCP or UDP, @ADDRESS, :PORT,...; all may be left out",
     "[ADDRESS]"},
    {'s', nullptr, &Options::states, "with -i: only in these states, TCP:LISTEN; ^STATE leaves one out", "[STATES]"},
    {'U', nullptr, &Options::unix_sockets, "unix sockets"},
    {'a', nullptr, &Options::all, "what fits all of the choices"},
    Opt<Options>{"What is printed"},
    {'V', nullptr, &Options::verbose, "what was asked for and not found, too"},
    {'t', nullptr, &Options::only_pids, "only the numbers of the processes"},
    {'F', nullptr, &Options::fields,
     "a field a line, for programs: those of LETTERS (pcfn..., 0: ended by a zero byte)", "[LETTERS]"},
    {'E', nullptr, &Options::endpoints, "who has the other ends of pipes, sockets and terminals: PID,COMMAND,FD"},
    {'B', nullptr, &Options::endpoint_files, "these files of theirs too (+E is the same)"},
    {'R', nullptr, &Options::parents, "the parent of each process too"},
    {'T', nullptr, &Options::tcp_words, "without the state of TCP sockets; -Ts with it", "[s]"},
    {'W', nullptr, &Options::command_width, "N bytes of the command's name (+c N is the same)", "N"},
    {'l', nullptr, &Options::numeric, "users by number"},
    {'n', nullptr, &Options::numeric_ports, "ignored: addresses are never looked up"},
    {'P', nullptr, &Options::numeric_ports, "ignored: ports are always numbers"},
    {'O', nullptr, &Options::numeric_ports, "ignored: no child is ever made for a call that may hang"},
    {'w', nullptr, &Options::warnings, "ignored: what may not be read is left out in silence"},
};

struct OpenFile {
  std::string descriptor;  // "cwd", "txt", "3"
  char mode = ' ';         // r, w, u
  std::string type, device, size, node, name;
  std::string_view state;           // of a socket
  uint64_t end = 0, other_end = 0;  // with -E: the number of this end of something, and of the other one
  dev_t file_system = 0;
  ino_t inode = 0;
  nlink_t links = 0;
  int number = -1;
  uint32_t flags = 0;
  dev_t raw_device = 0;
  const Socket* socket = nullptr;
};

std::string type_of(mode_t mode) {
  return S_ISREG(mode)    ? "REG"
         : S_ISDIR(mode)  ? "DIR"
         : S_ISCHR(mode)  ? "CHR"
         : S_ISBLK(mode)  ? "BLK"
         : S_ISFIFO(mode) ? "FIFO"
         : S_ISSOCK(mode) ? "sock"
         : S_ISLNK(mode)  ? "LINK"
                          : "a_inode";
}

class Lister {
 public:
  Lister(const Options& opt, Io& io, const ProcFs& proc) : opt_(opt), io_(io), proc_(proc) {}

  Result<> prepare(const Args& args) {
    if (opt_.crosses && opt_.inside.empty() && opt_.below.empty())
      return usage_error("-x must accompany +d or +D");
    for (const std::string& dir : opt_.inside)
      TRY(files_.add_directory(dir, false, opt_.crossing));
    for (const std::string& dir : opt_.below)
      TRY(files_.add_directory(dir, true, opt_.crossing));
    for (const std::string_view path : args)
      if (const auto added = files_.add(std::string(path)); !added)
        io_.warn(added.error());
    for (const std::string& list : opt_.users)
      for (const std::string_view word : split(list, ','))
        TRY(add_user(word));
    for (const std::string& list : opt_.pids)
      TRY(add_numbers(list, "", pids_, without_pids_));
    if (!opt_.unlinked_limit.empty()) {
      link_limit_ = to_number<uint64_t>(opt_.unlinked_limit);
      if (!link_limit_)
        return usage_error("-L needs a number");
    }
    for (const std::string& command : opt_.commands)
      commands_.push_back({command});
    if (opt_.groups && !opt_.groups->empty())
      TRY(add_numbers(*opt_.groups, " group", groups_, without_groups_));
    if (opt_.internet)
      TRY(filter_.set_address(*opt_.internet));
    if (opt_.states)
      filter_.set_states(*opt_.states);
    std::vector<Socket> sockets = read_sockets();
    ends_ = opt_.endpoints || opt_.endpoint_files;
    // Older kernels tell nothing: then only the sockets themselves are shown.
    if (ends_)
      read_unix_peers(sockets);
    sockets_ = SocketTable(std::move(sockets));
    command_width_ = to_number<size_t>(opt_.command_width).value_or(opt_.command_width.empty() ? 9 : 0);
    if (command_width_ == 0)
      command_width_ = std::string::npos;
    asks_process_ = !groups_.empty() || !pids_.empty() || !users_.empty() || !opt_.commands.empty();
    asks_file_ = opt_.internet || opt_.unix_sockets || !files_.empty() || !args.empty() || !opt_.descriptors.empty() ||
                 link_limit_;
    return {};
  }

  Result<> run() {
    processes_ = TRY(proc_.read_all());
    for (const Process& process : processes_)
      list(process);
    if (ends_)
      join_ends();
    print();
    report_missing();
    return {};
  }

 private:
  // Something that was asked for.
  template <typename T>
  struct Asked {
    T value;
    bool found = false;
  };

  struct Row {
    const Process* process;
    OpenFile file;
    uint8_t wanted;  // 0: only the other end of something
  };

  static Result<> add_numbers(std::string_view list, std::string_view what, std::vector<Asked<int32_t>>& numbers,
                              std::vector<int32_t>& without) {
    for (const std::string_view word : split(list, ',')) {
      const bool out = word.starts_with('^');
      const auto number = to_number<int32_t>(word.substr(out ? 1 : 0));
      if (!number)
        return usage_error("not a process", what, ": '", Printable(word), "'");
      if (out)
        without.push_back(*number);
      else
        numbers.push_back({*number});
    }
    return {};
  }

  Result<> add_user(std::string_view word) {
    const bool out = word.starts_with('^');
    word = word.substr(out ? 1 : 0);
    auto id = names_.users.id_of(word);
    if (!id)
      id = to_number<uint32_t>(word);
    if (!id)
      return fail("find user", word, "there is none of this name");
    (out ? without_users_ : users_).push_back(*id);
    return {};
  }

  template <typename T>
  static bool has(const std::vector<T>& list, T value) {
    return std::ranges::find(list, value) != list.end();
  }

  // The same, and remembers what was found.
  template <typename T>
  static bool take(std::vector<Asked<T>>& list, const T& value) {
    bool found = false;
    for (Asked<T>& asked : list)
      if (asked.value == value)
        found = asked.found = true;
    return found;
  }

  bool take_command(std::string_view name) {
    bool found = false;
    for (auto& command : commands_)
      if (name.starts_with(command.value))
        found = command.found = true;
    return found;
  }

  // How many of the questions about the process it answers with yes; nothing where it is left out.
  std::optional<bool> process_fits(const Process& p) {
    const uint32_t user = p.uids[1];
    if (has(without_pids_, p.pid) || has(without_users_, user) || has(without_groups_, p.group))
      return std::nullopt;
    const bool pid = take(pids_, p.pid), owner = has(users_, user), group = take(groups_, p.group);
    const bool command = take_command(p.name);
    if (opt_.all)
      return (pids_.empty() || pid) && (users_.empty() || owner) && (groups_.empty() || group) &&
             (opt_.commands.empty() || command);
    return pid || owner || group || command;
  }

  bool descriptor_fits(const OpenFile& file) const {
    for (const std::string& list : opt_.descriptors)
      for (const std::string_view word : split(list, ',')) {
        const size_t dash = word.find('-');
        const auto low = to_number<int>(word.substr(0, dash));
        const auto high = dash == std::string_view::npos ? low : to_number<int>(word.substr(dash + 1));
        if (low && high ? file.number >= *low && file.number <= *high : word == file.descriptor)
          return true;
      }
    return false;
  }

  // What was asked for by a name is shown by that name.
  bool file_fits(OpenFile& file) {
    const std::string* const name = files_.find(file.file_system, file.inode);
    const bool named = name != nullptr;
    if (named)
      file.name = *name;
    const bool few = link_limit_ && file.number >= 0 && file.type == "REG" && file.links < *link_limit_;
    const bool descriptor = descriptor_fits(file);
    const bool socket =
        file.socket != nullptr && (file.socket->protocol == "unix" ? opt_.unix_sockets : filter_.fits(*file.socket));
    if (opt_.all)
      return (files_.empty() || named) && (!link_limit_ || few) && (opt_.descriptors.empty() || descriptor) &&
             ((!opt_.internet && !opt_.unix_sockets) || socket);
    return named || few || descriptor || socket;
  }

  void list(const Process& process) {
    const auto process_asked = process_fits(process);
    const bool asked = process_asked && (!opt_.all || !asks_process_ || *process_asked);
    if (!asked && !ends_)
      return;
    for (OpenFile& file : open_files(process.pid)) {
      const bool by_process = asks_process_ && process_asked.value_or(false), by_file = asks_file_ && file_fits(file);
      const bool wanted =
          asked && ((!asks_process_ && !asks_file_) || (opt_.all ? !asks_file_ || by_file : by_process || by_file));
      if (!wanted && (!ends_ || file.end == 0))
        continue;
      rows_.push_back({&process, std::move(file), wanted});
      // With files to be found, the others are looked at as well.
      if (opt_.only_pids && !ends_ && !asks_file_)
        break;
    }
  }

  void missing(std::string_view words) {
    if (opt_.verbose)
      io_.out.put("lsof: ", words, '\n');
    io_.fail_silently();
  }

  void report_missing() {
    for (size_t i = commands_.size(); i-- > 0;)
      if (!commands_[i].found)
        missing(str("command not located: ", Printable(commands_[i].value)));
    for (const std::string_view name : files_.missing())
      missing(str("no file use located: ", Printable(name)));
    for (const std::string& words : filter_.missing())
      missing(words);
    for (const auto& pid : pids_)
      if (!pid.found)
        missing(str("process ID not located: ", pid.value));
    for (const auto& group : groups_)
      if (!group.found)
        missing(str("process group ID not located: ", group.value));
  }

  std::string user_of(const Process& process) {
    const std::string_view name = opt_.numeric ? std::string_view() : names_.users.name_of(process.uids[1]);
    return name.empty() ? str(process.uids[1]) : std::string(name);
  }

  // What both ends of a pipe, a connection, a terminal have in common.
  void find_ends(OpenFile& file, int32_t pid, const struct stat& info) {
    enum Kind : uint8_t { none, socket, pipe, event, master, slave, kinds };
    const auto join = [&](Kind kind, Kind other_kind, uint64_t id, uint64_t other_id) {
      file.end = id * kinds + kind;
      file.other_end = other_id == 0 && other_kind == socket ? none : other_id * kinds + other_kind;
    };
    const auto number = [&](std::string_view name) { return descriptor_number(proc_, pid, file.number, name); };
    constexpr unsigned first_terminal = 136, last_terminal = 143;
    const unsigned device_kind = S_ISCHR(info.st_mode) ? major(info.st_rdev) : 0;
    if (file.socket != nullptr) {
      const Socket& own = *file.socket;
      const bool local = own.protocol == "unix";
      const Socket* const other = sockets_.other_end_of(own);
      join(socket, socket, own.inode, other == nullptr ? 0 : other->inode);
      if (local && other != nullptr)
        file.name += str(" ->INO=", other->inode);
    } else if (S_ISFIFO(info.st_mode)) {
      join(pipe, pipe, file.inode, file.inode);
    } else if (device_kind >= first_terminal && device_kind <= last_terminal) {
      const unsigned own = minor(info.st_rdev) + 256 * (device_kind - first_terminal);
      join(slave, master, own, own);
    } else if (const auto terminal = number("tty-index:")) {
      join(master, slave, *terminal, *terminal);
      file.name += str(" ->/dev/pts/", *terminal);
    } else if (const auto id = number("eventfd-id:")) {
      join(event, event, *id, *id);
      file.name = str("[eventfd:", *id, ']');
    }
  }

  // Names them to each other, and with +E takes the other ends into the list.
  void join_ends() {
    std::vector<Row*> by_end;
    for (Row& row : rows_)
      if (row.file.end != 0)
        by_end.push_back(&row);
    sort(by_end, std::less(), [](const Row* row) { return row->file.end; });
    const auto others_of = [&](const Row& row) {
      return std::ranges::equal_range(by_end, row.file.other_end, {}, [](const Row* other) { return other->file.end; });
    };
    constexpr uint8_t asked = 1, taken = 2;
    for (const Row& row : rows_)
      if (opt_.endpoint_files && row.wanted == asked)
        for (Row* const other : others_of(row))
          if (other->wanted == 0)
            other->wanted = taken;
    for (Row& row : rows_) {
      if (row.wanted == 0)
        continue;
      auto others = others_of(row);
      std::vector<Row*> order(others.begin(), others.end());
      // Those of sockets the other way round, as lsof does.
      if (row.file.socket != nullptr)
        std::ranges::reverse(order);
      for (const Row* const other : order)
        if (other != &row)
          row.file.name += str(' ', other->process->pid, ',', other->process->name.substr(0, command_width_), ',',
                               other->file.descriptor, other->file.mode);
    }
  }

  std::vector<OpenFile> open_files(int32_t pid) {
    std::vector<OpenFile> files;
    for (const auto& [link, label] : {std::pair{"cwd", "cwd"}, {"root", "rtd"}, {"exe", "txt"}})
      add(files, pid, link, label, -1);
    ino_t program = files.empty() ? 0 : files.back().inode;
    const std::string maps = proc_.file(pid, "maps");
    std::vector<ino_t> seen = {program};
    for (const MappedFile& map : parse_maps(maps)) {
      if (has(seen, map.inode))
        continue;
      seen.push_back(map.inode);
      OpenFile file{.descriptor = "mem",
                    .type = "REG",
                    .device = str(major(map.device), ',', minor(map.device)),
                    .node = str(map.inode),
                    .name = str(map.path, map.deleted ? " (deleted)" : ""),
                    .file_system = map.device,
                    .inode = map.inode};
      struct stat info{};
      if (::stat(file.name.c_str(), &info) == 0 && info.st_ino == map.inode)
        describe_file(file, info);
      else if (file.name.ends_with(" (deleted)"))
        file.descriptor = "DEL";
      files.push_back(std::move(file));
    }
    for (const int fd : open_descriptors(proc_, pid))
      add(files, pid, str("fd/", fd), str(fd), fd);
    return files;
  }

  void add(std::vector<OpenFile>& files, int32_t pid, std::string_view link, std::string_view label, int number) {
    OpenFile file{.descriptor = std::string(label), .number = number};
    file.name = proc_.link(pid, link);
    if (file.name.empty())
      return;
    struct stat info{};
    if (::fstatat(proc_.fd(), str(pid, '/', link).c_str(), &info, 0) == 0)
      describe_file(file, info);
    if (number >= 0) {
      file.flags = descriptor_flags(proc_, pid, number);
      const uint32_t way = file.flags & O_ACCMODE;
      file.mode = way == O_RDONLY ? 'r' : way == O_WRONLY ? 'w' : 'u';
      if (ends_ || file.name == "[eventfd]")
        find_ends(file, pid, info);
    }
    files.push_back(std::move(file));
  }

  void describe_file(OpenFile& file, const struct stat& info) {
    file.file_system = info.st_dev;
    file.inode = info.st_ino;
    file.links = info.st_nlink;
    const bool is_device = S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode);
    const dev_t device = is_device ? info.st_rdev : info.st_dev;
    file.raw_device = info.st_dev;
    file.type = type_of(info.st_mode);
    file.device = str(major(device), ',', minor(device));
    file.size = S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) || file.type == "a_inode" ? str(info.st_size) : "0t0";
    file.node = str(info.st_ino);
    if (file.name.starts_with("pipe:") || file.name.starts_with("anon_inode:"))
      file.name = file.name.starts_with("pipe:") ? "pipe" : file.name.substr(11);
    const Socket* const socket = S_ISSOCK(info.st_mode) ? sockets_.find(info.st_ino) : nullptr;
    if (socket == nullptr)
      return;
    file.socket = socket;
    file.name = socket->name();
    const bool local = socket->protocol == "unix";
    file.type = local ? "unix" : socket->version6 ? "IPv6" : "IPv4";
    file.device = local ? socket->remote : str(info.st_ino);
    if (!local)
      file.node = socket->protocol;
    file.state = socket->state;
  }

  // A field a line: first those of a process, then those of each of its files (lsof(8), OUTPUT FOR OTHER PROGRAMS).
  void print_fields() {
    const std::string_view letters = *opt_.fields;
    const bool zero = letters.contains('0');
    const bool every = letters.empty() || letters == "0";
    const auto put = [&](char letter, std::string_view value, bool usual = true) {
      if (every ? usual : letters.contains(letter))
        io_.out.put(letter, value, zero ? '\0' : '\n');
    };
    const auto end_set = [&] { io_.out.put(zero ? "\n" : ""); };
    int32_t last = -1;
    for (const Row& row : rows_) {
      const Process& p = *row.process;
      const OpenFile& file = row.file;
      if (row.wanted == 0)
        continue;
      if (p.pid != last) {
        last = p.pid;
        io_.out.put('p', p.pid, zero ? '\0' : '\n');
        put('g', str(p.group));
        put('R', str(p.parent));
        put('c', p.name);
        put('u', str(p.uids[1]));
        put('L', user_of(p));
        end_set();
      }
      put('f', file.descriptor);
      put('a', std::string_view(&file.mode, 1));
      put('l', " ");
      put('t', file.type);
      if (file.number >= 0)
        put('G', str("0x", hex(file.flags), ";0x0"));
      const bool internet = file.socket != nullptr && file.socket->protocol != "unix";
      if (file.socket != nullptr)
        put('d', file.device);
      else
        put('D', str("0x", hex(file.raw_device)));
      if (file.size == "0t0")
        put('o', file.size);
      else
        put('s', file.size);
      put('i', internet ? std::string_view() : file.node, !internet);
      if (file.socket == nullptr)
        put('k', str(file.links));
      else if (internet)
        put('P', file.node);
      put('n', printable(file.name));
      if (!file.state.empty())
        put('T', str("ST=", file.state));
      if (internet) {
        put('T', str("QR=", file.socket->received));
        put('T', str("QS=", file.socket->unsent));
      }
      end_set();
    }
  }

  static std::string hex(uint64_t number) { return format_number("%llx", static_cast<unsigned long long>(number)); }

  // Each column is as wide as its widest text.
  void print() {
    int32_t last = 0;
    for (const Row& row : rows_)
      if (opt_.only_pids && row.wanted != 0 && std::exchange(last, row.process->pid) != row.process->pid)
        io_.out.put(last, '\n');
    if (opt_.only_pids || rows_.empty())
      return;
    if (opt_.fields)
      return print_fields();
    std::vector<std::string> cells;  // of all lines, one behind the other
    size_t column = 0;
    const auto add_cell = [&](std::string_view text) {
      const size_t place = column++ % 11;
      if ((place != 2 || opt_.parents) && (place != 3 || opt_.groups))
        cells.emplace_back(text);
    };
    for (const std::string_view heading :
         split("COMMAND,PID,PPID,PGID,USER,  FD  ,TYPE,DEVICE,SIZE/OFF,NODE,NAME", ','))
      add_cell(heading);
    const size_t count = cells.size();
    constexpr size_t least_width = 7;
    const bool states = !opt_.tcp_words || opt_.tcp_words->contains('s');
    for (const Row& row : rows_) {
      const Process& p = *row.process;
      const OpenFile& file = row.file;
      if (row.wanted == 0)
        continue;
      add_cell(std::string_view(p.name).substr(0, std::max(command_width_, least_width)));
      for (const int32_t number : {p.pid, p.parent, p.group})
        add_cell(str(number));
      add_cell(user_of(p));
      add_cell(str(file.descriptor, file.mode, ' '));
      for (const std::string* const text : {&file.type, &file.device, &file.size, &file.node})
        add_cell(*text);
      const bool state = states && !file.state.empty();
      add_cell(str(Printable(file.name), state ? " (" : "", state ? file.state : "", state ? ")" : ""));
    }
    std::vector<size_t> widths(count);
    for (size_t i = 0; i < cells.size(); ++i)
      widths[i % count] = std::max(widths[i % count], cells[i].size());
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string pad(widths[i % count] - cells[i].size(), ' ');
      const bool first = i % count == 0, last = (i + 1) % count == 0;
      io_.out.put(first || last ? "" : pad, cells[i], last ? "" : first ? pad : "", last ? '\n' : ' ');
    }
  }

  const Options& opt_;
  Io& io_;
  const ProcFs& proc_;
  Names names_;
  std::vector<Asked<int32_t>> pids_, groups_;
  std::vector<int32_t> without_pids_, without_groups_;
  std::vector<Asked<std::string>> commands_;
  SocketTable sockets_;
  SocketFilter filter_;
  std::vector<uint32_t> users_, without_users_;
  FileSearch files_;
  std::optional<uint64_t> link_limit_;
  bool asks_process_ = false, asks_file_ = false;
  bool ends_ = false;
  size_t command_width_ = 0;
  std::vector<Process> processes_;
  std::vector<Row> rows_;
};

Result<int> run(const Options& opt, Io& io, const Args& args) {
  const ProcFs proc = TRY(ProcFs::open());
  Lister lister(opt, io, proc);
  TRY(lister.prepare(args));
  TRY(lister.run());
  return io.status();
}

// `+D DIR`, `+c 0` and `+L1` are how lsof writes options that others write with a minus sign.
int run_with_plus(const Applet& applet, Io& io, std::span<const char* const> words) {
  // `-i :22` is `-i:22`: what may follow these letters may stand apart from them.
  std::vector<std::string> joined;
  bool takes_next = false;
  for (std::string word : words) {
    constexpr std::string_view with_plus = "DdLcEx", with_minus = "DyLWBx";
    const size_t kind = word.size() > 1 && word[0] == '+' ? with_plus.find(word[1]) : std::string_view::npos;
    if (kind != std::string_view::npos) {
      word[0] = '-';
      word[1] = with_minus[kind];
    }
    const bool option = word.size() > 1 && (word[0] == '-' || word[0] == '+');
    if (takes_next && !option)
      joined.back() += word;
    else
      joined.push_back(std::move(word));
    const std::string& last = joined.back();
    takes_next = option && last[0] == '-' && last.find_first_of("-pucdDyLW", 1) == std::string::npos &&
                 std::string_view("igsFTx").contains(last.back()) && last.find_first_of("igsFTx", 1) == last.size() - 1;
  }
  std::vector<const char*> all;
  all.reserve(joined.size());
  for (const std::string& word : joined)
    all.push_back(word.c_str());
  return entry<options, run>(applet, io, all);
}

}  // namespace

extern const Applet lsof_applet = {
    .name = "lsof",
    .summary = "list the files that processes have open",
    .usage = "[OPTION]... [FILE]...",
    .section = 8,
    .usage_status = 1,
    .dies_with_reader = true,
    .help_letter = 'h',
    .version_letter = 'v',
    .notes = dense<
        "A FILE chooses those who have it open. The status is 1 where something that was asked for was not found.">,
    .options = describe<options>,
    .run = run_with_plus,
};
}  // namespace rescue
