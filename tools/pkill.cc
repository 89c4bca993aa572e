// pkill: send a signal to processes, chosen by name and other properties.
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "lib/base/applet.h"
#include "lib/base/text.h"
#include "lib/sys/signals.h"
#include "lib/text/process_match.h"

namespace rescue {
namespace {

struct Options : ProcessCriteria {
  std::string signal = "TERM";
  std::string value;
  bool echo = false;
  bool count = false;
};

constexpr Opt<Options> own_options[] = {
    Opt<Options>{"What is done"},
    {0, "signal", &Options::signal, "send SIGNAL, by name or number; -SIGNAL as the first word is the same", "SIGNAL"},
    {'c', "count", &Options::count, "say how many there are"},
    {'e', "echo", &Options::echo, "say what is signalled"},
    {'q', "queue", &Options::value, "send VALUE along with the signal", "VALUE"},
};
constexpr auto options = join_rows(match_options<Options>, own_options);

Result<> send(const Process& process, int signal, std::optional<int> value) {
  const int done = value ? ::sigqueue(process.pid, signal, {.sival_int = *value}) : ::kill(process.pid, signal);
  if (done < 0 && errno != ESRCH)
    return fail("send signal", str(process.pid));
  return {};
}

Result<int> run(const Options& opt, Io& io, const Args& args) {
  const auto signal = signal_number(opt.signal);
  if (!signal)
    return usage_error("unknown signal '", Printable(opt.signal), "'");
  std::optional<int> value;
  if (!opt.value.empty() && !(value = to_number<int>(opt.value)))
    return usage_error("the value to queue must be a number");
  ProcessMatcher matcher = TRY(ProcessMatcher::make(opt, args));
  const ProcFs proc = TRY(ProcFs::open());
  const auto found = TRY(matcher.find(proc));
  for (const Process& process : found) {
    if (const auto sent = send(process, *signal, value); !sent)
      io.warn(sent.error());
    else if (opt.echo)
      io.out.put(process.name, " killed (pid ", process.pid, ")\n");
  }
  if (opt.count)
    io.out.put(found.size(), '\n');
  return found.empty() || io.status() != 0 ? 1 : 0;
}

int run_with_signal(const Applet& applet, Io& io, std::span<const char* const> words) {
  const auto all = with_signal_option(words);
  std::vector<const char*> texts;
  texts.reserve(all.size());
  for (const std::string& word : all)
    texts.push_back(word.c_str());
  return entry<options.rows, run>(applet, io, texts);
}

}  // namespace

extern const Applet pkill_applet = {
    .name = "pkill",
    .summary = "send a signal to processes, chosen by name and other properties",
    .usage = "[-SIGNAL] [OPTION]... [PATTERN]",
    .failure_status = 3,
    .help_letter = 'h',
    .version_letter = 'V',
    .notes = dense<"PATTERN is an extended regular expression. The status is 1 where there is no such process.">,
    .options = describe<options.rows>,
    .run = run_with_signal,
};
}  // namespace rescue
