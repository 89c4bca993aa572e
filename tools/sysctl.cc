// sysctl: read and set the kernel's parameters.
#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/fs/root.h"
#include "lib/text/regex.h"

namespace rescue {

extern const Applet sysctl_applet;

namespace {

struct Options {
  bool all = false, binary = false, names_only = false, values_only = false, ignore = false, quiet = false;
  bool write = false, system = false, dry_run = false, old_too = false, nothing = false, show_help = false;
  std::optional<std::string> file;
  std::string pattern;
};

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "all of them"},
    {'A', nullptr, &Options::all, "the same as -a"},
    {'X', nullptr, &Options::all, "the same as -a"},
    {'d', nullptr, &Options::show_help, "the same as -h"},
    {'b', "binary", &Options::binary, "values only, without a new line"},
    {'e', "ignore", &Options::ignore, "say nothing of names that are not there"},
    {'n', "values", &Options::values_only, "values only"},
    {'N', "names", &Options::names_only, "names only"},
    {'q', "quiet", &Options::quiet, "do not print what is set"},
    {'w', "write", &Options::write, "only set: every word must be NAME=VALUE"},
    {'p', "load", &Options::file, "set what FILE says, /etc/sysctl.conf by default", "[FILE]"},
    {'f', nullptr, &Options::file, "the same as -p", "[FILE]"},
    {'r', "pattern", &Options::pattern, "only names that this extended regular expression matches", "PATTERN"},
    {0, "system", &Options::system, "set what all of the system's configuration says"},
    {0, "deprecated", &Options::old_too, "with -a: second names of newer parameters too"},
    {'o', nullptr, &Options::nothing, "ignored, as by others"},
    {'x', nullptr, &Options::nothing, "ignored, as by others"},
    {0, "dry-run", &Options::dry_run, "say what would be set, and set nothing"},
};

constexpr std::string_view top = "/proc/sys/";
constexpr std::string_view default_file = "/etc/sysctl.conf";
// In this order; of files with one name only the first counts (sysctl.d(5)).
constexpr std::string_view config_dirs[] = {"/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d",
                                            "/usr/lib/sysctl.d", "/lib/sysctl.d"};
constexpr uint64_t largest_value = 1 << 20;

// "net.ipv4.ip_forward" and "net/ipv4/ip_forward" are one; the first of the two marks tells which separates, and the
// other one is then part of a name (an interface "eth0.1").
std::string path_of(std::string_view name) {
  std::string path(name);
  const size_t mark = path.find_first_of("./");
  if (mark != std::string::npos && path[mark] == '.')
    for (char& c : path)
      c = c == '.' ? '/' : c == '/' ? '.' : c;
  return str(top, path);
}

std::string name_of(std::string_view path) {
  std::string name(path.substr(top.size()));
  for (char& c : name)
    c = c == '/' ? '.' : c == '.' ? '/' : c;
  return name;
}

class Console {
 public:
  Console(const Options& opt, Io& io) : opt_(opt), io_(io) {}

  Result<> prepare() {
    if (opt_.pattern.empty())
      return {};
    RegexSyntax syntax;
    syntax.flavor = RegexSyntax::Flavor::extended;
    pattern_.emplace(TRY(Regex::compile(opt_.pattern, syntax)));
    return {};
  }

  void show_all() { show_below(std::string(top.substr(0, top.size() - 1))); }

  void word(std::string_view word) {
    const size_t equals = word.find('=');
    if (equals != std::string_view::npos)
      return set(trim(word.substr(0, equals)), trim(word.substr(equals + 1)));
    if (opt_.write) {
      io_.warn(fail("set", word, "must be of the form NAME=VALUE").error());
      return;
    }
    const std::string path = path_of(word);
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
      return show_below(path);
    show(path, true);
  }

  void load(const std::string& path, bool must_exist) {
    auto file = path == "-" ? Result<UniqueFd>(UniqueFd(::dup(io_.in))) : open_file(path, O_RDONLY);
    const auto text =
        file ? read_all(file->get(), largest_value, path) : Result<std::string>(std::unexpected(file.error()));
    if (!text) {
      if (must_exist || text.error().code() != ENOENT)
        io_.warn(text.error());
      return;
    }
    for (const std::string_view raw : split(*text, '\n')) {
      std::string_view line = trim(raw);
      if (line.empty() || line[0] == '#' || line[0] == ';')
        continue;
      // A minus sign: that it cannot be set is no error.
      tolerant_ = line[0] == '-';
      line = trim(line.substr(tolerant_ ? 1 : 0));
      const size_t equals = line.find('=');
      if (equals != std::string_view::npos)
        set(trim(line.substr(0, equals)), trim(line.substr(equals + 1)));
      else if (!tolerant_)
        io_.err.put(io_.name, ": ", path, ": makes no sense, left out: ", Printable(line), '\n');
      tolerant_ = false;
    }
  }

  void load_system() {
    std::vector<std::pair<std::string, std::string>> files;  // name, path
    for (const std::string_view dir : config_dirs) {
      const auto fd = open_file(std::string(dir), O_RDONLY | O_DIRECTORY);
      const auto entries = fd ? list_dir(fd->get(), dir) : Result<std::vector<DirEntry>>();
      if (!fd || !entries)
        continue;
      for (const DirEntry& entry : *entries)
        if (entry.name.ends_with(".conf") &&
            std::ranges::find(files, entry.name, &std::pair<std::string, std::string>::first) == files.end())
          files.emplace_back(entry.name, str(dir, '/', entry.name));
    }
    rescue::sort(files);
    files.emplace_back("", default_file);
    for (const auto& [name, path] : files) {
      if (!opt_.quiet)
        io_.out.put("* Applying ", path, " ...\n");
      load(path, !name.empty());
    }
  }

 private:
  // Second names of what base_reachable_time_ms and retrans_time_ms say: to read one of them leaves a warning in the
  // kernel's log.
  static bool is_old(std::string_view name) {
    return name.ends_with(".base_reachable_time") || name.ends_with(".retrans_time");
  }

  bool wanted(std::string_view name) { return !pattern_ || pattern_->matches(name); }

  void show_below(const std::string& dir) {
    const auto fd = open_file(dir, O_RDONLY | O_DIRECTORY);
    const auto entries = fd ? list_dir(fd->get(), dir) : Result<std::vector<DirEntry>>(std::unexpected(fd.error()));
    if (!entries) {
      io_.warn(entries.error());
      return;
    }
    for (const DirEntry& entry : *entries) {
      const std::string path = str(dir, '/', entry.name);
      if (entry.type == DT_DIR)
        show_below(path);
      else
        show(path, false);
    }
  }

  // `asked`: by its name. In a whole listing, what can only be written is passed over.
  void show(const std::string& path, bool asked) {
    const std::string name = name_of(path);
    if (!wanted(name) || (!asked && !opt_.old_too && is_old(name)))
      return;
    if (opt_.names_only && (asked ? ::access(path.c_str(), F_OK) == 0 : true)) {
      io_.out.put(name, '\n');
      return;
    }
    const auto file = open_file(path, O_RDONLY);
    const auto text =
        file ? read_all(file->get(), largest_value, path) : Result<std::string>(std::unexpected(file.error()));
    if (!text) {
      if (asked ? !(opt_.ignore && text.error().code() == ENOENT)
                : text.error().code() != EACCES && text.error().code() != EIO)
        io_.warn(text.error());
      return;
    }
    std::string_view rest = *text;
    if (opt_.binary) {
      io_.out.put(rest.substr(0, rest.find('\n')));
      return;
    }
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      if (opt_.values_only)
        io_.out.put(rest.substr(0, end), '\n');
      else
        io_.out.put(name, " = ", rest.substr(0, end), '\n');
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }

  void set(std::string_view name, std::string_view value) {
    const std::string path = path_of(name);
    if (!wanted(name_of(path)))
      return;
    if (!opt_.dry_run) {
      auto file = open_file(path, O_WRONLY);
      const auto done = file ? write_all(file->get(), str(value, '\n'), path) : Result<>(std::unexpected(file.error()));
      if (!done) {
        if (!tolerant_ && !(opt_.ignore && done.error().code() == ENOENT))
          io_.warn(done.error());
        return;
      }
    }
    if (opt_.quiet)
      return;
    if (opt_.names_only)
      io_.out.put(name_of(path), '\n');
    else if (opt_.binary || opt_.values_only)
      io_.out.put(value, opt_.binary ? "" : "\n");
    else
      io_.out.put(name_of(path), " = ", value, '\n');
  }

  const Options& opt_;
  Io& io_;
  std::optional<Regex> pattern_;
  bool tolerant_ = false;
};

Result<int> run(const Options& opt, Io& io, const Args& args) {
  if (opt.show_help) {
    print_help(sysctl_applet, io.out);
    return 0;
  }
  if (::access("/proc/sys", F_OK) < 0)
    return fail("read", "/proc/sys", "is not there: mount -t proc proc /proc");
  Console console(opt, io);
  TRY(console.prepare());
  if (opt.all || (args.empty() && !opt.pattern.empty() && !opt.file && !opt.system)) {
    console.show_all();
  } else if (opt.system) {
    console.load_system();
  } else if (opt.file) {
    if (args.empty() || !opt.file->empty())
      console.load(opt.file->empty() ? std::string(default_file) : *opt.file, true);
    for (const std::string_view path : args)
      console.load(std::string(path), true);
  } else if (args.empty()) {
    return usage_error("missing operand NAME");
  } else {
    for (const std::string_view word : args)
      console.word(word);
  }
  return io.status();
}

}  // namespace

extern const Applet sysctl_applet = {
    .name = "sysctl",
    .summary = "read and set the kernel's parameters",
    .usage = "[OPTION]... [NAME[=VALUE]]...\n-a\n-p [FILE]...\n--system",
    .section = 8,
    .help_letter = 'h',
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
