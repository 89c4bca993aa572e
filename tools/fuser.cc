// fuser: find the processes that use files or file systems.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/confirm.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/fs/names.h"
#include "lib/sys/file_use.h"
#include "lib/sys/signals.h"
#include "lib/sys/sockets.h"

namespace rescue {
namespace {

struct Options {
  bool all = false, kill = false, interactive = false, mount = false, user = false, verbose = false, quiet = false;
  bool writers = false, must_be_mount = false, list = false, by_inode = false, only4 = false, only6 = false;
  std::string signal = "KILL";
  std::string space = "file";
};

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "show files that nobody uses too"},
    {'k', "kill", &Options::kill, "send a signal to the processes, KILL if no other is given"},
    {'i', "interactive", &Options::interactive, "with -k: ask before each"},
    {'m', "mount", &Options::mount, "whoever uses anything on the file system that NAME is on"},
    {'c', nullptr, &Options::mount, "the same as -m"},
    {'M', "ismountpoint", &Options::must_be_mount, "only where NAME is a place where something is mounted"},
    {'n', "namespace", &Options::space,
     "what NAME is: file, tcp or udp (a local PORT,ADDRESS,PORT); PORT/tcp is the same", "SPACE"},
    {'4', "ipv4", &Options::only4, "of tcp and udp, only version 4"},
    {'6', "ipv6", &Options::only6, "of tcp and udp, only version 6"},
    {'I', "inode", &Options::by_inode, "compare files by their inodes; it always does"},
    {'f', nullptr, &Options::by_inode, "ignored, as by others"},
    {'l', "list-signals", &Options::list, "list the names of signals"},
    {0, "signal", &Options::signal, "with -k: send SIGNAL; -SIGNAL as the first word is the same", "SIGNAL"},
    {'s', "silent", &Options::quiet, "print nothing; the status says whether anybody does"},
    {'u', "user", &Options::user, "the owner behind each number"},
    {'v', "verbose", &Options::verbose, "owner, use and command of each, one a line"},
    {'w', "writeonly", &Options::writers, "with -k: only those that write"},
};

// As fuser has always written it: c its working directory, e its program, r its root, m mapped, F open for writing.
std::string letters(const FileUse& use, bool verbose) {
  std::string text;
  const auto add = [&](bool is, char letter) {
    if (is || verbose)
      text += is ? letter : '.';
  };
  if (verbose) {
    text += use.root ? 'r' : '.';
    text += use.cwd ? 'c' : '.';
    text += use.writes ? 'F' : use.open ? 'f' : '.';
    text += use.exe ? 'e' : '.';
    text += use.mapped ? 'm' : '.';
    return text;
  }
  add(use.cwd, 'c');
  add(use.exe, 'e');
  add(use.root, 'r');
  add(use.mapped && !use.exe, 'm');
  return text;
}

class Console {
 public:
  Console(const Options& opt, Io& io, const ProcFs& proc, int signal)
      : opt_(opt), io_(io), proc_(proc), signal_(signal) {}

  Result<bool> one(const std::string& path) {
    const size_t slash = path.rfind('/');
    const std::string_view end = slash == std::string::npos ? "" : std::string_view(path).substr(slash + 1);
    std::string shown = path;
    std::vector<FileUse> uses;
    if (opt_.space != "file") {
      shown = str(path, '/', opt_.space);
      uses = TRY(users_of_port(path, opt_.space));
    } else if ((end == "tcp" || end == "udp") && ::access(path.c_str(), F_OK) < 0) {
      uses = TRY(users_of_port(std::string_view(path).substr(0, slash), end));
    } else {
      uses = TRY(users_of_file(path));
    }
    return settle(shown, uses);
  }

 private:
  Result<std::vector<FileUse>> users_of_file(const std::string& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) < 0)
      return fail("look at", path);
    if (opt_.must_be_mount) {
      struct stat above{};
      const bool directory = S_ISDIR(info.st_mode) && ::stat((path + "/..").c_str(), &above) == 0;
      if (!directory || (above.st_dev == info.st_dev && above.st_ino != info.st_ino))
        return fail("look at", path, "is no place where something is mounted");
    }
    return find_uses(proc_, {.device = info.st_dev, .inode = info.st_ino, .whole_device = opt_.mount});
  }

  // LOCAL_PORT,REMOTE_ADDRESS,REMOTE_PORT; what is left out may be any.
  Result<std::vector<FileUse>> users_of_port(std::string_view name, std::string_view protocol) {
    auto words = split(name, ',');
    words.resize(3);
    const auto port = [&](std::string_view word) { return word.empty() ? uint16_t{0} : port_number(word, protocol); };
    const uint16_t local = port(words[0]), remote = port(words[2]);
    if ((local == 0 && !words[0].empty()) || (remote == 0 && !words[2].empty()))
      return fail("find the port", name, "there is none such of ", protocol);
    std::vector<ino_t> inodes;
    for (const Socket& socket : read_sockets())
      if ((socket.protocol == "TCP") == (protocol == "tcp") && socket.protocol != "unix" &&
          !(socket.version6 ? opt_.only4 : opt_.only6) && (local == 0 || socket.local_port == local) &&
          (remote == 0 || socket.remote_port == remote) && (words[1].empty() || socket.remote == words[1]))
        inodes.push_back(socket.inode);
    return find_socket_users(proc_, inodes);
  }

  bool settle(const std::string& path, const std::vector<FileUse>& uses) {
    if (!opt_.quiet && (!uses.empty() || opt_.all))
      show(path, uses);
    if (opt_.kill)
      for (const FileUse& use : uses)
        if (!opt_.writers || use.writes)
          kill(use);
    return !uses.empty();
  }

  // The numbers go to standard output, all else to standard error, so that a script can take the numbers alone.
  void show(const std::string& path, const std::vector<FileUse>& uses) {
    std::string name = path + ':';
    name.resize(std::max<size_t>(name.size(), 21), ' ');
    if (opt_.verbose && !titles_) {
      io_.err.put(std::string(21, ' '), "USER        PID ACCESS COMMAND\n");
      titles_ = true;
    }
    io_.err.put(name);
    bool first = true;
    for (const FileUse& use : uses) {
      (void)io_.out.flush();
      if (opt_.verbose)
        line(use, first);
      else
        number(use);
      first = false;
    }
    (void)io_.out.flush();
    if (!opt_.verbose || uses.empty())
      io_.err.put('\n');
  }

  void number(const FileUse& use) {
    std::string digits = str(use.pid);
    digits.insert(0, digits.size() < 6 ? 6 - digits.size() : 1, ' ');
    io_.out.put(digits);
    (void)io_.out.flush();
    io_.err.put(letters(use, false));
    if (opt_.user)
      io_.err.put('(', owner(use.pid), ')');
  }

  void line(const FileUse& use, bool first) {
    std::string user = owner(use.pid);
    user.resize(std::max<size_t>(user.size(), 8), ' ');
    const auto process = proc_.read(use.pid);
    std::string digits = str(use.pid);
    digits.insert(0, digits.size() < 7 ? 7 - digits.size() : 0, ' ');
    io_.err.put(first ? "" : std::string(21, ' '), user);
    io_.out.put(digits);
    (void)io_.out.flush();
    io_.err.put(' ', letters(use, true), "  ", process ? process->name : "", '\n');
  }

  std::string owner(int32_t pid) {
    const auto process = proc_.read(pid);
    if (!process)
      return "?";
    const std::string_view name = names_.users.name_of(process->uids[0]);
    return name.empty() ? str(process->uids[0]) : std::string(name);
  }

  void kill(const FileUse& use) {
    if (use.pid == ::getpid() || (opt_.interactive && !confirm(io_, str("Kill process ", use.pid, " ? (y/N) "))))
      return;
    if (::kill(use.pid, signal_) < 0 && errno != ESRCH)
      io_.warn(fail("send signal", str(use.pid)).error());
  }

  const Options& opt_;
  Io& io_;
  const ProcFs& proc_;
  int signal_;
  Names names_;
  bool titles_ = false;
};

Result<int> run(const Options& opt, Io& io, const Args& args) {
  const auto signal = signal_number(opt.signal);
  if (!signal)
    return usage_error("unknown signal '", Printable(opt.signal), "'");
  if (opt.list) {
    list_signals(io.out);
    return 0;
  }
  if (opt.space != "file" && opt.space != "tcp" && opt.space != "udp")
    return usage_error("there is no space '", Printable(opt.space), "': file, tcp, udp");
  if (args.empty())
    return usage_error("missing operand NAME");
  const ProcFs proc = TRY(ProcFs::open());
  Console console(opt, io, proc, *signal);
  bool found = false;
  for (const std::string_view path : args) {
    const auto used = console.one(std::string(path));
    if (!used)
      io.warn(used.error());
    found = found || (used && *used);
  }
  return found ? io.status() : 1;
}

// `fuser -k -TERM FILE`: a word that is a signal.
int run_with_signal(const Applet& applet, Io& io, std::span<const char* const> words) {
  std::vector<const char*> all(words.begin(), words.end());
  std::string option;
  for (const char*& word : all)
    if (word[0] == '-' && word[1] >= 'A' && word[1] <= 'Z' && word[2] >= 'A' && signal_number(word + 1)) {
      option = str("--signal=", word + 1);
      word = option.c_str();
    }
  return entry<options, run>(applet, io, all);
}

}  // namespace

extern const Applet fuser_applet = {
    .name = "fuser",
    .summary = "find the processes that use files or file systems",
    .usage = "[OPTION]... [-SIGNAL] NAME...",
    .version_letter = 'V',
    .notes = dense<"The status is 1 where nobody uses any of them.">,
    .options = describe<options>,
    .run = run_with_signal,
};
}  // namespace rescue
