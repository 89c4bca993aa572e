#include "lib/sys/signals.h"

#include <strings.h>
#include <csignal>

#include "lib/base/text.h"

namespace rescue {

namespace {

// By number, on every architecture that the kit is for. The kernel's real-time signals begin at 32, but the C
// libraries keep the first ones for themselves: glibc two of them, and all that people type is counted as glibc does.
constexpr int first_realtime = 34;
constexpr std::string_view names[] = {"EXIT",   "HUP",  "INT",    "QUIT", "ILL",   "TRAP", "ABRT", "BUS",
                                      "FPE",    "KILL", "USR1",   "SEGV", "USR2",  "PIPE", "ALRM", "TERM",
                                      "STKFLT", "CHLD", "CONT",   "STOP", "TSTP",  "TTIN", "TTOU", "URG",
                                      "XCPU",   "XFSZ", "VTALRM", "PROF", "WINCH", "POLL", "PWR",  "SYS"};
constexpr struct {
  std::string_view name;
  int number;
} other_names[] = {{"IOT", SIGABRT}, {"CLD", SIGCHLD}, {"IO", SIGPOLL}, {"UNUSED", SIGSYS}};

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// "RTMIN", "RTMIN+3", "RTMAX-3".
std::optional<int> realtime_number(std::string_view name) {
  const bool low = same(name.substr(0, 5), "RTMIN");
  if (!low && !same(name.substr(0, 5), "RTMAX"))
    return std::nullopt;
  const std::string_view rest = name.substr(5);
  if (rest.empty())
    return low ? first_realtime : last_signal;
  const auto step = to_number<int>(rest.substr(1));
  if (!step || *step > last_signal - first_realtime || rest[0] != (low ? '+' : '-'))
    return std::nullopt;
  return low ? first_realtime + *step : last_signal - *step;
}

}  // namespace

std::optional<int> signal_number(std::string_view text) {
  if (const auto number = to_number<int>(text))
    return *number <= last_signal ? number : std::nullopt;
  if (same(text.substr(0, 3), "SIG"))
    text.remove_prefix(3);
  for (size_t i = 0; i < std::size(names); ++i)
    if (same(names[i], text))
      return static_cast<int>(i);
  for (const auto& other : other_names)
    if (same(other.name, text))
      return other.number;
  return realtime_number(text);
}

std::string signal_name(int number) {
  if (number >= 0 && number < static_cast<int>(std::size(names)))
    return std::string(names[number]);
  if (number < first_realtime || number > last_signal)
    return {};
  constexpr int middle = (first_realtime + last_signal) / 2;
  if (number == first_realtime || number == last_signal)
    return number == last_signal ? "RTMAX" : "RTMIN";
  return number <= middle ? str("RTMIN+", number - first_realtime) : str("RTMAX-", last_signal - number);
}

int signal_of_status(int status) {
  return status > 128 && status <= 128 + last_signal ? status - 128 : status;
}

void list_signals(Output& out) {
  size_t column = 0;
  for (size_t i = 1; i < std::size(names); ++i) {
    if (column + names[i].size() + 1 > 80)
      column = 0;
    out.put(column > 0 ? " " : i > 1 ? "\n" : "", names[i]);
    column += names[i].size() + 1;
  }
  out.put('\n');
}

std::vector<std::string> with_signal_option(std::span<const char* const> words) {
  std::vector<std::string> all(words.begin(), words.end());
  if (!all.empty() && all[0].size() > 1 && all[0][0] == '-' && signal_number(std::string_view(all[0]).substr(1)))
    all[0] = str("--signal=", std::string_view(all[0]).substr(1));
  return all;
}

}  // namespace rescue
