// kill: send a signal to processes.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string>

#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/text.h"
#include "lib/sys/signals.h"

namespace rescue {
namespace {

struct Request {
  int signal = SIGTERM;
  std::optional<int> value;  // queued with the signal
  bool list = false;
  bool table = false;
  const char* asked = nullptr;  // what to list, where it is in the option's own word
};

// Documented here, read by hand: `-9` and `-HUP` are options like no other, and `-1` is a process group as an operand.
struct Options {
  std::string signal, queue;
  std::optional<std::string> list;
  bool table = false;
};

constexpr Opt<Options> options[] = {
    {'s', "signal", &Options::signal, "send SIGNAL, by name or number; -SIGNAL is the same", "SIGNAL"},
    {'l', "list", &Options::list, "list the names, or say the name of a number and the number of a name", "[SIGNAL]"},
    {'L', "table", &Options::table, "list names and numbers"},
    {'q', "queue", &Options::queue, "send VALUE along with the signal", "VALUE"},
};

Result<int> known_signal(std::string_view word) {
  if (const auto number = signal_number(word))
    return *number;
  return usage_error("unknown signal '", Printable(word), "'");
}

// Takes the argument of an option, from the same word or the next one.
Result<std::string_view> argument(Args& args, std::string_view attached, std::string_view name) {
  return attached.empty() ? args.shift(name) : attached;
}

// True where `word` was an option. `rest` are the words behind it.
Result<bool> take_option(std::string_view word, Args& rest, Request& request) {
  if (word == "-l" || word == "--list" || word == "-L" || word == "--table") {
    (word == "-l" || word == "--list" ? request.list : request.table) = true;
    return true;
  }
  for (const std::string_view name : {"--list=", "-l"})
    if (word.starts_with(name)) {
      request.list = true;
      request.asked = word.substr(name.size()).data();
      return true;
    }
  for (const std::string_view name : {"-s", "--signal=", "--signal"})
    if (word.starts_with(name) && (name != "--signal" || word == name)) {
      request.signal = TRY(known_signal(TRY(argument(rest, word.substr(name.size()), "SIGNAL"))));
      return true;
    }
  for (const std::string_view name : {"-q", "--queue=", "--queue"})
    if (word.starts_with(name) && (name != "--queue" || word == name)) {
      request.value = to_number<int>(TRY(argument(rest, word.substr(name.size()), "VALUE")));
      return request.value ? Result<bool>(true) : usage_error("the value to queue must be a number");
    }
  return false;
}

// The real-time signals have no names of their own, and are left out of the lists.
constexpr int named_signals = 31;

void print_names(Io& io) {
  constexpr int in_line = 16;
  for (int i = 1; i <= named_signals; ++i)
    io.out.put(signal_name(i), i % in_line == 0 || i == named_signals ? '\n' : ' ');
}

void print_table(Io& io) {
  constexpr int in_line = 7;
  for (int i = 1; i <= named_signals; ++i) {
    std::string name = signal_name(i);
    name.resize(std::max<size_t>(name.size(), i % in_line == 0 ? 0 : 8), ' ');
    io.out.put(i < 10 ? " " : "", i, ' ', name, i % in_line == 0 ? "\n" : "");
  }
  io.out.put('\n');
}

Result<int> list(Io& io, const Args& words) {
  if (words.empty())
    print_names(io);
  for (const std::string_view word : words) {
    const auto number = to_number<int>(word);
    if (number) {
      const std::string name = signal_name(signal_of_status(*number));
      if (name.empty())
        io.warn(fail("signal", word, "there is none of this number").error());
      else
        io.out.put(name, '\n');
    } else {
      io.out.put(TRY(known_signal(word)), '\n');
    }
  }
  return io.status();
}

void send(Io& io, std::string_view word, const Request& request) {
  const auto pid = to_number<pid_t>(word);
  if (!pid) {
    io.warn(fail("send signal", word, "is not the number of a process").error());
    return;
  }
  const int done =
      request.value ? ::sigqueue(*pid, request.signal, {.sival_int = *request.value}) : ::kill(*pid, request.signal);
  if (done < 0)
    io.warn(fail("send signal", word).error());
}

Result<int> run(Io& io, Args& args) {
  Request request;
  Args pids;
  bool first = true;
  while (!args.empty()) {
    const std::string_view word = TRY(args.shift("PID"));
    if (word == "--") {
      for (const std::string_view pid : args)
        pids.push(pid.data());
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      pids.push(word.data());
      continue;
    }
    // `kill -9 -1`: the first word is a signal, what follows is a process group.
    const auto signal = first ? signal_number(word.substr(1)) : std::nullopt;
    if (!signal && TRY(take_option(word, args, request)))
      continue;
    if (signal)
      request.signal = *signal;
    else if (to_number<pid_t>(word))
      pids.push(word.data());
    else
      return usage_error("unknown option '", Printable(word), "'");
    first = false;
  }
  if (request.asked != nullptr)
    pids.push(request.asked);
  if (request.list)
    return list(io, pids);
  if (request.table) {
    print_table(io);
    return io.status();
  }
  if (pids.empty())
    return usage_error("missing operand PID");
  for (const std::string_view pid : pids)
    send(io, pid, request);
  return io.status();
}

}  // namespace

extern const Applet kill_applet = {
    .name = "kill",
    .summary = "send a signal to processes",
    .usage = "[-SIGNAL] PID...\n-l [NUMBER|NAME]...",
    .help_letter = 'h',
    .version_letter = 'V',
    .notes = dense<"Without a signal, TERM is sent. A negative PID is a process group, -1 is every process.">,
    .options = describe<options>,
    .run = plain_entry<run>,
};
}  // namespace rescue
