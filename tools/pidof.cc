// pidof: find the process numbers of running programs.
#include <algorithm>

#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/text.h"
#include "lib/sys/procfs.h"

namespace rescue {
namespace {

struct Options {
  bool single = false;
  bool same_root = false;
  bool quiet = false;
  bool scripts = false;
  bool skip_unreadable = false;
  std::vector<std::string> omitted;
  std::string separator = " ";
};

constexpr Opt<Options> options[] = {
    {'s', "single-shot", &Options::single, "only one number: that of the newest"},
    {'c', "check-root", &Options::same_root, "only processes with our own root directory"},
    {'q', "quiet", &Options::quiet, "print nothing; the status says whether there is one"},
    {'x', nullptr, &Options::scripts, "shells that run a script of that name too"},
    {'z', nullptr, &Options::skip_unreadable, "leave out those that wait for the disk or are dead (D, Z)"},
    {'o', "omit-pid", &Options::omitted, "leave out these; %PPID is who started us", "PID,..."},
    {'d', nullptr, &Options::separator, "what stands between the numbers instead of a blank", "TEXT"},
    {'S', "separator", &Options::separator, "the same", "TEXT"},
};

class Finder {
 public:
  Finder(const Options& opt, const ProcFs& proc) : opt_(opt), proc_(proc), root_(proc.link(::getpid(), "root")) {
    for (const std::string& list : opt.omitted)
      for (const std::string_view word : split(list, ','))
        omitted_.push_back(word == "%PPID" ? ::getppid() : to_number<int32_t>(word).value_or(0));
  }

  bool fits(const Process& process, std::string_view program) const {
    if (std::ranges::find(omitted_, process.pid) != omitted_.end())
      return false;
    if (opt_.skip_unreadable && (process.state == 'D' || process.state == 'Z'))
      return false;
    if (opt_.same_root && proc_.link(process.pid, "root") != root_)
      return false;
    return is_program(process, program);
  }

 private:
  bool is_program(const Process& process, std::string_view program) const {
    const std::string words = proc_.words(process.pid);
    if (words.empty())
      return program == process.name;
    const auto list = split(words, '\0');
    std::string_view first = list[0];
    if (first.starts_with('-'))  // a login shell
      first.remove_prefix(1);
    // This process is a `pidof`, and no `rescue` that someone looks for.
    if (same_file(first, program) || (process.pid != ::getpid() && same_file(proc_.link(process.pid, "exe"), program)))
      return true;
    return opt_.scripts && list.size() > 1 && process.name == base_name(program) && same_file(list[1], program);
  }

  // A name without a slash is for any directory.
  static bool same_file(std::string_view path, std::string_view program) {
    return path == program ||
           (program.find('/') == std::string_view::npos && base_name(path) == program && !path.empty());
  }

  const Options& opt_;
  const ProcFs& proc_;
  std::string root_;
  std::vector<int32_t> omitted_;
};

Result<int> run(const Options& opt, Io& io, const Args& args) {
  if (args.empty())
    return usage_error("missing operand PROGRAM");
  const ProcFs proc = TRY(ProcFs::open());
  const std::vector<Process> all = TRY(proc.read_all());
  const Finder finder(opt, proc);
  bool found = false;
  for (const std::string_view program : args)
    for (auto process = all.rbegin(); process != all.rend(); ++process) {
      if (!finder.fits(*process, program))
        continue;
      if (!opt.quiet)
        io.out.put(found ? std::string_view(opt.separator) : "", process->pid);
      found = true;
      if (opt.single)
        break;
    }
  if (found && !opt.quiet)
    io.out.put('\n');
  return found ? 0 : 1;
}

}  // namespace

extern const Applet pidof_applet = {
    .name = "pidof",
    .summary = "find the process numbers of running programs",
    .usage = "[OPTION]... PROGRAM...",
    .help_letter = 'h',
    .notes = dense<"The status is 1 where none runs.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
