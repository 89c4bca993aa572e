// uptime: print how long the machine has been running, and how busy it is.
#include <fcntl.h>
#include <time.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/time_text.h"
#include "lib/sys/procfs.h"

namespace rescue {
namespace {

struct Options {
  bool pretty = false;
  bool since = false;
};

constexpr Opt<Options> options[] = {
    {'p', "pretty", &Options::pretty, "print how long in words"},
    {'s', "since", &Options::since, "print since when"},
};

Result<std::string> read_text(const std::string& path) {
  const UniqueFd file = TRY(open_file(path, O_RDONLY));
  return read_all(file.get(), 1 << 24, path);
}

// The processes of users in utmp(5): records of 384 bytes, as glibc writes them on every architecture of ours.
unsigned count_users() {
  constexpr size_t record_size = 384;
  constexpr char user_process = 7;
  unsigned count = 0;
  const std::string text = read_text("/var/run/utmp").value_or(std::string());
  for (size_t at = 0; at + record_size <= text.size(); at += record_size)
    if (text[at] == user_process && text[at + 1] == '\0' && text[at + 44] != '\0')
      ++count;
  return count;
}

std::string two_digits(uint64_t number) {
  return str(number < 10 ? "0" : "", number);
}

std::string in_words(uint64_t minutes) {
  std::string text = "up ";
  bool any = false;
  const auto add = [&](uint64_t count, std::string_view unit) {
    if (count == 0)
      return;
    text += str(any ? ", " : "", count_of(count, unit));
    any = true;
  };
  const uint64_t days = minutes / 1440;
  add(days / 365 / 10, "decade");
  add(days / 365 % 10, "year");
  add(days % 365 / 7, "week");
  add(days % 365 % 7, "day");
  add(minutes / 60 % 24, "hour");
  if (minutes % 60 != 0 || !any)
    text += str(any ? ", " : "", count_of(minutes % 60, "minute"));
  return text;
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(args.expect_end());
  const auto seconds = static_cast<uint64_t>(uptime_seconds());
  const std::string load = TRY(read_text("/proc/loadavg"));
  const int64_t now = ::time(nullptr);
  if (opt.since) {
    const int64_t start = now - static_cast<int64_t>(seconds);
    if (const auto fields = local_time(start))
      io.out.put(time_text("%Y-%m-%d %H:%M:%S", *fields, start, 0), '\n');
    return 0;
  }
  const uint64_t minutes = seconds / 60;
  if (opt.pretty) {
    io.out.put(in_words(minutes), '\n');
    return 0;
  }
  std::string line = " ";
  if (const auto fields = local_time(now))
    line += time_text("%H:%M:%S", *fields, now, 0);
  line += " up ";
  if (const uint64_t days = minutes / 1440; days > 0)
    line += str(count_of(days, "day"), ", ");
  const uint64_t hours = minutes / 60 % 24;
  line += hours > 0 ? str(hours < 10 ? " " : "", hours, ':', two_digits(minutes % 60)) : str(minutes % 60, " min");
  const unsigned users = count_users();
  const std::string count = str(users);
  line += str(", ", count.size() < 2 ? " " : "", count, users > 1 ? " users" : " user", ",  load average: ");
  const auto loads = split(load, ' ');
  for (size_t i = 0; i < 3 && i < loads.size(); ++i)
    line += str(i > 0 ? ", " : "", loads[i]);
  io.out.put(line, '\n');
  return 0;
}

}  // namespace

extern const Applet uptime_applet = {
    .name = "uptime",
    .summary = "print how long the machine has been running",
    .usage = "[OPTION]...",
    .usage_status = 1,
    .help_letter = 'h',
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
