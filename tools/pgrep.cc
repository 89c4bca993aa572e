// pgrep: find processes by name and other properties.

#include <fcntl.h>

#include "lib/base/applet.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/fs/root.h"
#include "lib/text/process_match.h"

namespace rescue {
namespace {

struct Options : ProcessCriteria {
  std::string delimiter = "\n";
  bool names = false;
  bool lines = false;
  bool count = false;
  bool threads = false;
};

constexpr Opt<Options> own_options[] = {
    Opt<Options>{"What is printed"},
    {'a', "list-full", &Options::lines, "the command line too"},
    {'c', "count", &Options::count, "only how many there are"},
    {'d', "delimiter", &Options::delimiter, "what stands between the numbers instead of a new line", "TEXT"},
    {'l', "list-name", &Options::names, "the name too"},
    {'w', "lightweight", &Options::threads, "the numbers of all threads"},
};
constexpr auto options = join_rows(match_options<Options>, own_options);

void print_one(const Options& opt, const ProcFs& proc, const Process& process, int32_t number, Io& io) {
  io.out.put(number);
  if (opt.lines) {
    const std::string line = command_line(proc, process.pid);
    io.out.put(' ', line.empty() ? process.name : line);
  } else if (opt.names) {
    io.out.put(' ', process.name);
  }
}

std::vector<int32_t> threads_of(const ProcFs& proc, int32_t pid) {
  std::vector<int32_t> threads;
  const auto dir = open_at(proc.fd(), str(pid, "/task"), O_RDONLY | O_DIRECTORY, 0, "/proc");
  const auto entries = dir ? list_dir(dir->get(), "/proc") : Result<std::vector<DirEntry>>();
  if (!entries)
    return threads;
  for (const DirEntry& entry : *entries)
    if (const auto thread = to_number<int32_t>(entry.name))
      threads.push_back(*thread);
  rescue::sort(threads);
  return threads;
}

Result<int> run(const Options& opt, Io& io, const Args& args) {
  ProcessMatcher matcher = TRY(ProcessMatcher::make(opt, args));
  const ProcFs proc = TRY(ProcFs::open());
  const auto found = TRY(matcher.find(proc));
  if (opt.count) {
    io.out.put(found.size(), '\n');
    return found.empty() ? 1 : 0;
  }
  bool first = true;
  for (const Process& process : found)
    for (const int32_t number : opt.threads ? threads_of(proc, process.pid) : std::vector<int32_t>{process.pid}) {
      io.out.put(first ? "" : std::string_view(opt.delimiter));
      first = false;
      print_one(opt, proc, process, number, io);
    }
  io.out.put(first ? "" : "\n");
  return found.empty() ? 1 : 0;
}

}  // namespace

extern const Applet pgrep_applet = {
    .name = "pgrep",
    .summary = "find processes by name and other properties",
    .usage = "[OPTION]... [PATTERN]",
    .failure_status = 3,
    .help_letter = 'h',
    .version_letter = 'V',
    .notes = dense<"PATTERN is an extended regular expression. The status is 1 where there is no such process.">,
    .options = describe<options.rows>,
    .run = entry<options.rows, run>,
};
}  // namespace rescue
