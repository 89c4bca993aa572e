// xargs: run a command with arguments that are read.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/append.h"
#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/quote.h"
#include "lib/base/text.h"
#include "lib/sys/process.h"

namespace rescue {
namespace {

constexpr uint64_t default_size = 131072;

struct Options {
  bool zero = false;
  std::string file = "-";
  std::optional<std::string> delimiter;
  std::optional<std::string> end;
  std::optional<std::string> replace;
  std::optional<uint64_t> lines;
  std::optional<uint64_t> arguments;
  bool terminal = false;
  std::string processes = "1";
  bool ask = false;
  std::string slot_variable;
  bool not_empty = false;
  std::string size;
  bool show_limits = false;
  bool verbose = false;
  bool exit = false;
  std::string dropped;  // what options that came later have overruled
};

Result<uint64_t> number(std::string_view text, std::string_view option, uint64_t least) {
  const auto value = to_number<uint64_t>(text);
  if (!value || *value < least)
    return fail("", "", "value ", Printable(text), " for option ", option, " must be a number >= ", least);
  return *value;
}

// -I, -L and -n exclude each other: the last one counts.
void drop(Options& o, bool replace, bool lines, bool arguments) {
  const auto overrule = [&](bool there, std::string_view name) {
    if (there)
      o.dropped += str(o.dropped.empty() ? "" : ", ", name);
  };
  overrule(replace && o.replace, "--replace");
  overrule(lines && o.lines, "--max-lines");
  overrule(arguments && o.arguments, "--max-args");
  if (replace)
    o.replace.reset();
  if (lines)
    o.lines.reset();
  if (arguments)
    o.arguments.reset();
}

Result<> set_replace(Options& o, std::string_view text) {
  drop(o, false, true, true);
  o.replace = text.empty() ? "{}" : std::string(text);
  return {};
}

Result<> set_lines(Options& o, std::string_view text) {
  const uint64_t count = text.empty() ? 1 : TRY(number(text, "-L", 1));
  drop(o, true, false, true);
  o.lines = count;
  return {};
}

Result<> set_arguments(Options& o, std::string_view text) {
  const uint64_t count = TRY(number(text, "-n", 1));
  // One argument at a time is what -I takes anyway.
  if (o.replace && count == 1)
    return {};
  drop(o, true, true, false);
  o.arguments = count;
  return {};
}

Result<> set_end(Options& o, std::string_view text) {
  o.end.reset();
  if (!text.empty())
    o.end = text;
  return {};
}

constexpr Opt<Options> options[] = {
    {'0', "null", &Options::zero, "arguments end with a zero byte; quotes and backslashes are nothing special"},
    {'a', "arg-file", &Options::file, "read FILE, not standard input", "FILE"},
    {'d', "delimiter", &Options::delimiter, "arguments end with that CHARACTER; nothing else is special", "CHARACTER"},
    {'E', nullptr, set_end, "an argument END ends the input", "END"},
    {'e', "eof", set_end, "the same; without END, nothing does", "[END]"},
    {'I', nullptr, set_replace, "put each line in the place of R in the command's words", "R"},
    {'i', "replace", set_replace, "the same; without R, in the place of {}", "[R]"},
    {'L', "max-lines", set_lines, "no more than N lines of input to a command", "N"},
    {'l', nullptr, set_lines, "the same; without N, one", "[N]"},
    {'n', "max-args", set_arguments, "no more than N arguments to a command", "N"},
    {'o', "open-tty", &Options::terminal, "the command reads from the terminal"},
    {'P', "max-procs", &Options::processes, "run up to N commands at a time; 0 for as many as there are", "N"},
    {'p', "interactive", &Options::ask, "ask before each command"},
    {0, "process-slot-var", &Options::slot_variable, "tell commands which of those at a time they are", "VAR"},
    {'r', "no-run-if-empty", &Options::not_empty, "run nothing if there are no arguments"},
    {'s', "max-chars", &Options::size, "no more than N bytes to a command", "N"},
    {0, "show-limits", &Options::show_limits, "say how long a command may be"},
    {'t', "verbose", &Options::verbose, "print each command before it is run"},
    {'x', "exit", &Options::exit, "give up where a command would be longer than -s allows"},
};

// The character of -d: itself, or an escape.
Result<char> delimiter_of(std::string_view text) {
  if (text.size() == 1)
    return text[0];
  if (text.size() >= 2 && text[0] == '\\') {
    constexpr std::string_view letters = "abfnrtv\\";
    constexpr std::string_view values = "\a\b\f\n\r\t\v\\";
    const std::string_view rest = text.substr(1);
    if (const size_t which = letters.find(rest[0]); rest.size() == 1 && which != std::string_view::npos)
      return values[which];
    const auto code = rest[0] == 'x' ? to_number<uint8_t>(rest.substr(1), 16) : to_number<uint8_t>(rest, 8);
    if (code)
      return static_cast<char>(*code);
  }
  return fail("", "", "invalid input delimiter specification ", Printable(text),
              ": it must be a single character, or an escape that begins with \\");
}

class Reader {
 public:
  Reader(int fd, std::string_view path) : fd_(fd), path_(path), buffer_(std::make_unique<char[]>(size)) {}

  // The next byte, or -1 at the end.
  int get() {
    if (at_ == filled_) {
      const auto count = read_some(fd_, {buffer_.get(), size}, path_);
      if (!count)
        error_ = count.error();
      at_ = 0;
      filled_ = count.value_or(0);
      if (filled_ == 0)
        return -1;
    }
    return static_cast<uint8_t>(buffer_[at_++]);
  }

  const std::optional<Error>& error() const { return error_; }

 private:
  static constexpr size_t size = 65536;
  int fd_;
  std::string path_;
  std::unique_ptr<char[]> buffer_;
  size_t at_ = 0;
  size_t filled_ = 0;
  std::optional<Error> error_;
};

bool is_blank(int c) {
  return c == ' ' || c == '\t';
}

// What may stand before a word. Within one, such as a form feed is part of it.
bool is_space(int c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// What execve(2) takes, by Linux' rule: a quarter of the stack, at least 128 KiB and at most 6 MiB. (musl's sysconf
// gives the least.)
uint64_t most_for_arguments() {
  constexpr uint64_t least = 131072;
  struct rlimit stack{};
  if (::getrlimit(RLIMIT_STACK, &stack) < 0)
    return least;
  return std::clamp<uint64_t>(stack.rlim_cur / 4, least, 6 << 20);
}

class Xargs {
 public:
  Xargs(const Options& opt, std::vector<std::string> command, Io& io)
      : opt_(opt), command_(std::move(command)), io_(io) {}

  Result<int> run() {
    TRY(prepare());
    UniqueFd file;
    if (opt_.file != "-")
      file = TRY(open_file(opt_.file, O_RDONLY));
    own_input_ = !file;
    Reader reader(file ? file.get() : io_.in, opt_.file);
    auto done = read_all_of(reader);
    if (done && reader.error())
      done = std::unexpected(*reader.error());
    if (done && !stopped_ && (!arguments_.empty() || (!ran_ && !opt_.not_empty && !opt_.replace)))
      done = launch();
    // Also where nothing more is started: nobody should see this end, and those go on.
    while (!running_.empty())
      TRY(wait_one());
    TRY(done);
    return status_;
  }

 private:
  Result<> prepare() {
    uint64_t environment = 0;
    for (char** variable = environ; *variable != nullptr; ++variable)
      environment += std::string_view(*variable).size() + 1;
    const uint64_t system = most_for_arguments();
    const uint64_t most = system - std::min(system, 2048 + environment);
    limit_ = std::min(default_size, most);
    if (!opt_.size.empty())
      limit_ = std::min(TRY(number(opt_.size, "-s", 1)), most);
    processes_ = TRY(number(opt_.processes, "-P", 0));
    if (opt_.zero)
      delimiter_ = '\0';
    if (opt_.delimiter)
      delimiter_ = TRY(delimiter_of(*opt_.delimiter));
    if (opt_.show_limits)
      io_.err.put("Your environment variables take up ", environment, " bytes\n",
                  "Maximum length of command we could actually use: ", most, '\n',
                  "Size of command buffer we are actually using: ", limit_, '\n');
    if (!opt_.dropped.empty())
      io_.note("warning: ", opt_.dropped, ": ignored, an option that came later excludes it");
    for (const std::string& word : command_)
      initial_size_ += word.size() + 1;
    if (initial_size_ > limit_ && !opt_.replace)
      return fail("", "", "cannot fit single argument within argument list size limit");
    size_ = initial_size_;
    return {};
  }

  // --- reading

  Result<> read_all_of(Reader& reader) {
    while (!stopped_) {
      std::string word;
      bool line_ends = false;
      bool any = false;
      if (delimiter_)
        any = read_delimited(reader, word, line_ends);
      else if (opt_.replace)
        any = TRY(read_line(reader, word));
      else
        any = TRY(read_word(reader, word, line_ends));
      if (!any)
        return {};
      if (!delimiter_ && opt_.end && word == *opt_.end)
        return {};
      TRY(add(std::move(word)));
      if (line_ends && opt_.lines && ++lines_ >= *opt_.lines)
        TRY(launch());
    }
    return {};
  }

  bool read_delimited(Reader& reader, std::string& word, bool& line_ends) const {
    line_ends = true;
    int c = reader.get();
    if (c < 0)
      return false;
    for (; c >= 0 && static_cast<char>(c) != *delimiter_; c = reader.get())
      word += static_cast<char>(c);
    return true;
  }

  Result<> unmatched(char quote) const {
    return fail("", "", "unmatched ", quote == '"' ? "double" : "single",
                " quote; by default quotes are special to xargs unless you use the -0 option");
  }

  // What is behind a quote or a backslash.
  Result<> take_quoted(Reader& reader, int c, std::string& word) const {
    if (c == '\\') {
      if (const int next = reader.get(); next >= 0)
        word += static_cast<char>(next);
      return {};
    }
    for (int next = reader.get(); next != c; next = reader.get()) {
      if (next < 0 || next == '\n')
        return unmatched(static_cast<char>(c));
      word += static_cast<char>(next);
    }
    return {};
  }

  // A line as -I has it: without the white space that it begins with.
  Result<bool> read_line(Reader& reader, std::string& word) const {
    int c = reader.get();
    while (is_space(c))
      c = reader.get();
    if (c < 0)
      return false;
    for (; c >= 0 && c != '\n'; c = reader.get()) {
      if (c == '\'' || c == '"' || c == '\\')
        TRY(take_quoted(reader, c, word));
      else
        word += static_cast<char>(c);
    }
    return true;
  }

  // A word; `line_ends` where a line ends behind it. A blank at its end makes a line go on in the next.
  Result<bool> read_word(Reader& reader, std::string& word, bool& line_ends) {
    int c = held_;
    held_ = none;
    if (c == none)
      c = reader.get();
    while (is_space(c))
      c = reader.get();
    if (c < 0)
      return false;
    for (; c >= 0 && !is_blank(c) && c != '\n'; c = reader.get()) {
      if (c == '\'' || c == '"' || c == '\\')
        TRY(take_quoted(reader, c, word));
      else
        word += static_cast<char>(c);
    }
    line_ends = c == '\n' || c < 0;
    if (is_blank(c)) {
      // Blanks up to the end of the line: it goes on.
      while (is_blank(c))
        c = reader.get();
      held_ = c == '\n' ? none : c;
      if (c < 0)
        line_ends = true;
    }
    return true;
  }

  // --- putting together

  Result<> add(std::string word) {
    if (opt_.replace)
      return launch_replaced(word);
    const uint64_t more = word.size() + 1;
    if (size_ + more > limit_) {
      if (arguments_.empty())
        return fail("", "", "argument line too long");
      if (opt_.exit && (opt_.lines || opt_.arguments))
        return fail("", "", "argument list too long");
      const uint64_t lines = lines_;
      TRY(launch());
      lines_ = lines;
      if (initial_size_ + more > limit_)
        return fail("", "", "argument line too long");
    }
    size_ += more;
    arguments_.push_back(std::move(word));
    if (opt_.arguments && arguments_.size() >= *opt_.arguments)
      TRY(launch());
    return {};
  }

  Result<> launch() {
    std::vector<std::string> words = command_;
    append(words, std::move(arguments_));
    arguments_.clear();
    size_ = initial_size_;
    lines_ = 0;
    return start(words);
  }

  Result<> launch_replaced(const std::string& line) {
    std::vector<std::string> words;
    uint64_t size = 0;
    for (const std::string& word : command_) {
      std::string made;
      size_t at = 0;
      for (size_t place; (place = word.find(*opt_.replace, at)) != std::string::npos; at = place + opt_.replace->size())
        (made += word.substr(at, place - at)) += line;
      made += word.substr(at);
      // The command itself is never replaced in.
      words.push_back(words.empty() ? word : made);
      size += words.back().size() + 1;
    }
    if (size > limit_)
      return fail("", "", "argument list too long");
    return start(words);
  }

  // --- running

  Result<bool> agrees() const {
    const auto terminal = open_file("/dev/tty", O_RDONLY);
    if (!terminal)
      return fail("", "", "failed to open /dev/tty for reading");
    char first = '\0';
    for (char c = '\0';;) {
      const auto count = read_some(terminal->get(), {&c, 1}, "/dev/tty");
      if (!count || *count == 0 || c == '\n')
        break;
      if (first == '\0')
        first = c;
    }
    return first == 'y' || first == 'Y';
  }

  Result<> start(const std::vector<std::string>& words) {
    ran_ = true;
    if (opt_.verbose || opt_.ask) {
      std::string line;
      for (const std::string& word : words)
        line += str(line.empty() ? "" : " ", quoted(word, QuotingStyle::shell_escape));
      io_.err.put(line, opt_.ask ? "?..." : "\n");
      if (opt_.ask && !TRY(agrees()))
        return {};
    }
    while (processes_ != 0 && running_.size() - free_slots() >= processes_)
      TRY(wait_one());
    if (stopped_)
      return {};
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0)
      return fail("make a pipe for", words[0]);
    const UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    const size_t slot = free_slot();
    const pid_t child = fork_child();
    if (child < 0)
      return fail("start", words[0]);
    if (child == 0)
      become(words, slot, writing.get());
    writing.reset();
    running_[slot] = child;
    names_[slot] = words[0];
    // Nothing comes where the command could be started.
    int code = 0;
    if (::read(reading.get(), &code, sizeof code) != sizeof code)
      return {};
    (void)wait_for(child);
    running_[slot] = 0;
    trim();
    io_.warn(fail("", words[0], code).error());
    status_ = code == ENOENT ? 127 : 126;
    stopped_ = true;
    return {};
  }

  [[noreturn]] void become(const std::vector<std::string>& words, size_t slot, int report) const {
    if (opt_.terminal || own_input_) {
      const int input = ::open(opt_.terminal ? "/dev/tty" : "/dev/null", O_RDONLY);
      if (input >= 0)
        ::dup2(input, 0);
    }
    if (!opt_.slot_variable.empty())
      (void)::setenv(opt_.slot_variable.c_str(), str(slot).c_str(), 1);
    const auto error = execute_found(words);
    const int code = error.error().code();
    (void)!::write(report, &code, sizeof code);
    ::_exit(127);
  }

  size_t free_slots() const { return static_cast<size_t>(std::ranges::count(running_, 0)); }

  size_t free_slot() {
    const auto slot = std::ranges::find(running_, 0);
    const auto place = static_cast<size_t>(slot - running_.begin());
    if (slot == running_.end()) {
      running_.push_back(0);
      names_.emplace_back();
    }
    return place;
  }

  void trim() {
    while (!running_.empty() && running_.back() == 0) {
      running_.pop_back();
      names_.pop_back();
    }
  }

  Result<> wait_one() {
    int how = 0;
    const pid_t pid = ::waitpid(-1, &how, 0);
    if (pid < 0 && errno == EINTR)
      return {};
    if (pid < 0)
      return fail("wait for", names_.empty() ? command_[0] : names_[0]);
    const auto slot = std::ranges::find(running_, pid);
    if (slot == running_.end())
      return {};
    const std::string name = names_[static_cast<size_t>(slot - running_.begin())];
    *slot = 0;
    trim();
    if (WIFSIGNALED(how)) {
      io_.note(name, ": terminated by signal ", WTERMSIG(how));
      status_ = 125;
      stopped_ = true;
    } else if (WEXITSTATUS(how) == 255) {
      io_.note(name, ": exited with status 255; aborting");
      status_ = 124;
      stopped_ = true;
    } else if (WEXITSTATUS(how) != 0 && !stopped_) {
      status_ = 123;
    }
    return {};
  }

  static constexpr int none = -2;

  const Options& opt_;
  std::vector<std::string> command_;
  Io& io_;
  std::optional<char> delimiter_;
  uint64_t limit_ = 0;
  uint64_t processes_ = 1;
  bool own_input_ = true;
  int held_ = none;
  std::vector<std::string> arguments_;
  uint64_t initial_size_ = 0;
  uint64_t size_ = 0;
  uint64_t lines_ = 0;
  std::vector<pid_t> running_;  // by slot; 0 for a free one
  std::vector<std::string> names_;
  int status_ = 0;
  bool ran_ = false;
  bool stopped_ = false;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  std::vector<std::string> command(args.begin(), args.end());
  if (command.empty())
    command.emplace_back("echo");
  return Xargs(opt, std::move(command), io).run();
}

}  // namespace

extern const Applet xargs_applet = {
    .name = "xargs",
    .summary = "run a command with arguments that are read",
    .usage = "[OPTION]... [COMMAND [ARG]...]",
    .usage_status = 1,
    .operands_end_options = true,
    .dies_with_reader = true,
    .notes =
        dense<"Without a COMMAND, echo is run. Exit status: 0; 123 if a command failed, 124 if one ended with 255,\n"
              "125 if one was killed, 126 if it cannot be run, 127 if it is not there, 1 if something else failed.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
