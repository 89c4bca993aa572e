// env: run a command in a changed environment, or print the environment.
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <unistd.h>

#include "lib/base/append.h"
#include "lib/base/applet.h"
#include "lib/base/quote.h"
#include "lib/sys/process.h"
#include "lib/sys/signals.h"

namespace rescue {
namespace {

constexpr int status_own_failure = 125;

// What is done to signals before the command starts, in the order of the options.
enum class SignalStep : uint8_t { by_default, ignore, block };

struct Step {
  SignalStep what;
  int signal;  // 0 for all
};

struct Options {
  std::vector<std::string> unset;
  std::vector<Step> steps;
  std::optional<std::string> directory;
  std::optional<std::string> split;
  bool ignore_environment = false;
  bool list_signals = false;
  bool verbose = false;
  bool zero = false;
};

template <SignalStep step>
Result<> change_signals(Options& o, std::string_view list) {
  if (list.empty()) {
    o.steps.push_back({step, 0});
    return {};
  }
  for (const std::string_view word : split(list, ',')) {
    const auto number = signal_number(word);
    if (!number || *number == 0)
      return usage_error(Quoted(word), " is no signal");
    o.steps.push_back({step, *number});
  }
  return {};
}

Result<> unset(Options& o, std::string_view name) {
  if (name.empty() || name.contains('='))
    return fail("unset", name, EINVAL);
  o.unset.emplace_back(name);
  return {};
}

constexpr Opt<Options> options[] = {
    {'i', "ignore-environment", &Options::ignore_environment, "start with an empty environment; - means the same"},
    {'0', "null", &Options::zero, "end each variable with a zero byte, not a newline"},
    {'u', "unset", unset, "take the variable NAME away", "NAME"},
    {'C', "chdir", &Options::directory, "go to DIR first", "DIR"},
    {'S', "split-string", &Options::split, "make options and words of TEXT: for the first line of scripts", "TEXT"},
    {0, "block-signal", change_signals<SignalStep::block>, "have these signals (all) blocked", "[SIG]"},
    {0, "default-signal", change_signals<SignalStep::by_default>, "have these signals (all) do what they do by default",
     "[SIG]"},
    {0, "ignore-signal", change_signals<SignalStep::ignore>, "have these signals (all) ignored", "[SIG]"},
    {0, "list-signal-handling", &Options::list_signals, "say which signals are ignored or blocked"},
    {'v', "debug", &Options::verbose, "say what is done"},
};

// Cuts the argument of -S into words: quotes, backslashes, comments and ${VARIABLE}.
class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  Result<std::vector<std::string>> run() {
    while (i_ < text_.size()) {
      const char c = text_[i_++];
      if (quote_ == '\0' && std::string_view(" \t\n\v\f\r").contains(c)) {
        end_word();
      } else if (quote_ == '\0' && c == '#' && !in_word_) {
        break;
      } else if (c == '\'' || c == '"') {
        take_quote(c);
      } else if (c == '\\') {
        if (!TRY(escape()))
          break;
      } else if (c == '$' && quote_ != '\'') {
        TRY(variable());
      } else {
        add(c);
      }
    }
    if (quote_ != '\0')
      return fail("-S", "", "a quote is not closed");
    end_word();
    return std::move(words_);
  }

 private:
  void add(char c) {
    word_ += c;
    in_word_ = true;
  }
  void end_word() {
    if (in_word_)
      words_.push_back(std::exchange(word_, {}));
    in_word_ = false;
  }

  void take_quote(char c) {
    in_word_ = true;
    if (quote_ == '\0')
      quote_ = c;
    else if (quote_ == c)
      quote_ = '\0';
    else
      add(c);
  }

  // False for \c, which ends the text.
  Result<bool> escape() {
    if (i_ == text_.size())
      return fail("-S", "", "a backslash is at the end");
    const char c = text_[i_++];
    // Within single quotes only these two are taken away.
    if (quote_ == '\'' && c != '\'' && c != '\\') {
      add('\\');
      add(c);
      return true;
    }
    static constexpr std::string_view letters = "fnrtv";
    static constexpr std::string_view meanings = "\f\n\r\t\v";
    if (const size_t known = letters.find(c); known != std::string_view::npos) {
      add(meanings[known]);
    } else if (c == '_') {
      if (quote_ == '\0')
        end_word();
      else
        add(' ');
    } else if (c == 'c') {
      if (quote_ != '\0')
        return fail("-S", "", "\\c cannot stand within quotes");
      return false;
    } else if (std::string_view("\"#$'\\").contains(c)) {
      add(c);
    } else {
      return fail("-S", "", "no escape is written \\", printable({&c, 1}));
    }
    return true;
  }

  Result<> variable() {
    const size_t end = text_.find('}', i_);
    const auto is_name = [](std::string_view name) {
      if (name.empty() || (name[0] >= '0' && name[0] <= '9'))
        return false;
      for (const char c : name)
        if (c != '_' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z'))
          return false;
      return true;
    };
    if (i_ >= text_.size() || text_[i_] != '{' || end == std::string_view::npos ||
        !is_name(text_.substr(i_ + 1, end - i_ - 1)))
      return fail("-S", "", "only ${NAME} may stand behind a dollar sign");
    const std::string name(text_.substr(i_ + 1, end - i_ - 1));
    i_ = end + 1;
    if (const char* const value = ::getenv(name.c_str())) {
      word_ += value;
      in_word_ = true;
    }
    return {};
  }

  std::string_view text_;
  size_t i_ = 0;
  char quote_ = '\0';
  bool in_word_ = false;
  std::string word_;
  std::vector<std::string> words_;
};

Result<> apply_signals(const Options& opt) {
  std::signal(SIGPIPE, SIG_DFL);
  for (const Step& step : opt.steps) {
    const int first = step.signal != 0 ? step.signal : 1;
    const int last = step.signal != 0 ? step.signal : last_signal;
    for (int signal = first; signal <= last; ++signal) {
      sigset_t one;
      ::sigemptyset(&one);
      ::sigaddset(&one, signal);
      struct sigaction action{};
      action.sa_handler = step.what == SignalStep::ignore ? SIG_IGN : SIG_DFL;
      const int done = step.what == SignalStep::block ? ::sigprocmask(SIG_BLOCK, &one, nullptr)
                                                      : ::sigaction(signal, &action, nullptr);
      // Of all of them, some cannot be changed.
      if (done < 0 && step.signal != 0)
        return fail(str("change signal ", signal), "");
    }
  }
  return {};
}

void list_signals(Io& io) {
  sigset_t blocked;
  ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
  for (int signal = 1; signal <= last_signal; ++signal) {
    struct sigaction action{};
    if (::sigaction(signal, nullptr, &action) < 0)
      continue;
    const bool ignored = action.sa_handler == SIG_IGN;
    const bool is_blocked = ::sigismember(&blocked, signal) == 1;
    if (!ignored && !is_blocked)
      continue;
    std::string name = signal_name(signal);
    name.resize(std::max<size_t>(name.size(), 10), ' ');
    const std::string number = str(signal);
    io.err.put(str(name, " (", signal < 10 ? " " : "", number, "): ", is_blocked ? "BLOCK" : "",
                   is_blocked && ignored ? "," : "", ignored ? "IGNORE" : "", '\n'));
  }
}

// A variable whose name is empty: setenv(3) refuses it, and GNU's env hands it on.
void set_nameless(std::string_view setting) {
  size_t count = 0;
  while (environ != nullptr && environ[count] != nullptr && *environ[count] != '=')
    ++count;
  if (environ == nullptr || environ[count] == nullptr) {
    // As setenv's own memory, it is the environment's until the end.
    char** const more = std::make_unique<char*[]>(count + 2).release();
    std::copy_n(environ, count, more);
    environ = more;
  }
  environ[count] = ::strdup(std::string(setting).c_str());
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  size_t next = 0;
  bool empty = opt.ignore_environment;
  if (next < args.size() && args[next] == "-") {
    empty = true;
    ++next;
  }
  const auto say = [&](std::string_view what, std::string_view on) {
    if (opt.verbose)
      io.err.put(str(what, on, '\n'));
  };
  if (empty) {
    say("cleaning environ", "");
    ::clearenv();
  }
  for (const std::string& name : opt.unset) {
    say("unset:    ", name);
    ::unsetenv(name.c_str());
  }
  for (; next < args.size() && args[next].contains('='); ++next) {
    say("setenv:   ", args[next]);
    const size_t equals = args[next].find('=');
    if (equals == 0)
      set_nameless(args[next]);
    else if (::setenv(std::string(args[next].substr(0, equals)).c_str(),
                      std::string(args[next].substr(equals + 1)).c_str(), 1) < 0)
      return fail("set", args[next]);
  }
  const std::vector<std::string> words(args.begin() + static_cast<std::ptrdiff_t>(next), args.end());
  if (opt.zero && !words.empty())
    return usage_error("--null is for printing, not for a COMMAND");
  if (words.empty() && opt.directory)
    return usage_error("--chdir is for a COMMAND");
  if (words.empty()) {
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
      io.out.put(*variable, opt.zero ? '\0' : '\n');
    return 0;
  }
  TRY(apply_signals(opt));
  if (opt.list_signals)
    list_signals(io);
  if (opt.directory) {
    say("chdir:    ", quoted_word(*opt.directory));
    if (::chdir(opt.directory->c_str()) < 0)
      return fail("go to", *opt.directory);
  }
  say("executing: ", words[0]);
  const auto error = execute_found(words);
  io.warn(error.error());
  return error.error().code() == ENOENT ? 127 : 126;
}

// -S brings options and words of its own, which stand in its place. Finds it; what is behind it comes after them.
Result<std::optional<std::vector<std::string>>> expand(std::span<const char* const> words) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--" || word.size() < 2 || word[0] != '-')
      return std::nullopt;
    std::string_view text;
    std::string before;
    size_t used = 1;
    if (word.starts_with("--split-string=")) {
      text = word.substr(15);
    } else if (word == "--split-string" && i + 1 < words.size()) {
      text = words[i + 1];
      used = 2;
    } else if (word[1] != '-' && word.contains('S')) {
      const size_t at = word.find_first_of("SuC", 1);
      if (word[at] != 'S')
        continue;
      before = word.substr(0, at);
      text = word.substr(at + 1);
      if (text.empty() && i + 1 < words.size()) {
        text = words[i + 1];
        used = 2;
      }
    } else {
      // The argument of an option that stands by itself.
      if (word == "-u" || word == "-C" || word == "--unset" || word == "--chdir")
        ++i;
      continue;
    }
    std::vector<std::string> all(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i));
    if (before.size() > 1)
      all.push_back(before);
    for (std::string& piece : TRY(Splitter(text).run()))
      all.push_back(std::move(piece));
    append(all, std::span(words).subspan(i + used));
    return all;
  }
  return std::nullopt;
}

int run_words(const Applet& applet, Io& io, std::span<const char* const> words) {
  const auto expanded = expand(words);
  if (!expanded)
    return detail::finish(applet, io, std::unexpected(expanded.error()));
  std::vector<const char*> pointers;
  if (*expanded)
    for (const std::string& word : **expanded)
      pointers.push_back(word.c_str());
  return entry<options, run>(applet, io, *expanded ? std::span<const char* const>(pointers) : words);
}

}  // namespace

extern const Applet env_applet = {
    .name = "env",
    .summary = "run a command in a changed environment",
    .usage = "[OPTION]... [-] [NAME=VALUE]... [COMMAND [ARG]...]",
    .failure_status = status_own_failure,
    .usage_status = status_own_failure,
    .operands_end_options = true,
    .notes = dense<"Without a COMMAND, the environment is printed.">,
    .options = describe<options>,
    .run = run_words,
};
}  // namespace rescue
