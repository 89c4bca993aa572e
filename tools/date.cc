// date: print the time, or set it.
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/base/date_parse.h"
#include "lib/base/fd.h"
#include "lib/base/time_text.h"

namespace rescue {
namespace {

enum class Detail : uint8_t { date, hours, minutes, seconds, nanoseconds };

struct Options {
  std::optional<std::string> date;
  std::optional<std::string> file;
  std::optional<std::string> reference;
  std::optional<std::string> set;
  std::string format;
  unsigned formats = 0;
  bool resolution = false;
  bool debug = false;
  bool universal = false;
};

constexpr Choice<Detail> iso_words[] = {{"hours", Detail::hours},
                                        {"minutes", Detail::minutes},
                                        {"date", Detail::date},
                                        {"seconds", Detail::seconds},
                                        {"ns", Detail::nanoseconds}};
constexpr Choice<Detail> rfc_words[] = {
    {"date", Detail::date}, {"seconds", Detail::seconds}, {"ns", Detail::nanoseconds}};

void set_format(Options& o, std::string_view format) {
  o.format = format;
  ++o.formats;
}

Result<> choose_iso(Options& o, std::string_view word) {
  switch (word.empty() ? Detail::date : TRY(choose("--iso-8601", word, iso_words))) {
    case Detail::date: set_format(o, "%Y-%m-%d"); break;
    case Detail::hours: set_format(o, "%Y-%m-%dT%H%:z"); break;
    case Detail::minutes: set_format(o, "%Y-%m-%dT%H:%M%:z"); break;
    case Detail::seconds: set_format(o, "%Y-%m-%dT%H:%M:%S%:z"); break;
    case Detail::nanoseconds: set_format(o, "%Y-%m-%dT%H:%M:%S,%N%:z"); break;
  }
  return {};
}

Result<> choose_rfc3339(Options& o, std::string_view word) {
  switch (TRY(choose("--rfc-3339", word, rfc_words))) {
    case Detail::date: set_format(o, "%Y-%m-%d"); break;
    case Detail::nanoseconds: set_format(o, "%Y-%m-%d %H:%M:%S.%N%:z"); break;
    default: set_format(o, "%Y-%m-%d %H:%M:%S%:z"); break;
  }
  return {};
}

Result<> choose_email(Options& o, std::string_view /*none*/) {
  set_format(o, "%a, %d %b %Y %H:%M:%S %z");
  return {};
}

Result<> choose_resolution(Options& o, std::string_view /*none*/) {
  o.resolution = true;
  return {};
}

constexpr Opt<Options> options[] = {
    {'d', "date", &Options::date, "print the time that TEXT describes: 'next friday', '2 days ago', '@0'", "TEXT"},
    {0, "debug", &Options::debug, "say on standard error how TEXT was understood"},
    {'f', "file", &Options::file, "do so for each line of FILE", "FILE"},
    {'I', "iso-8601", choose_iso, "print 2021-03-04, or as far as date, hours, minutes, seconds or ns", "[UNIT]"},
    {'R', "rfc-email", choose_email, "print it as in e-mail: Thu, 04 Mar 2021 05:06:07 +0100"},
    {0, "rfc-3339", choose_rfc3339, "print 2021-03-04 05:06:07+01:00, as far as date, seconds or ns", "UNIT"},
    {'r', "reference", &Options::reference, "print when FILE was last modified", "FILE"},
    {0, "resolution", choose_resolution, "print how finely the clock counts, in seconds"},
    {'s', "set", &Options::set, "set the clock to the time that TEXT describes", "TEXT"},
    {'u', "utc", &Options::universal, "take and print Greenwich's time"},
    {0, "universal", &Options::universal, "the same"},
};

constexpr std::string_view default_format = "%a %b %e %H:%M:%S %Z %Y";

struct timespec now() {
  struct timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return time;
}

// How finely the clock counts.
struct timespec resolution() {
  struct timespec time{};
  if (::clock_getres(CLOCK_REALTIME, &time) < 0)
    time.tv_nsec = 1;
  return time;
}

Result<> print(const struct timespec& time, std::string_view format, bool universal, Output& out) {
  const auto fields = universal ? universal_time(time.tv_sec) : local_time(time.tv_sec);
  if (!fields)
    return fail("time", "", time.tv_sec, " seconds are beyond the calendar");
  out.put(time_text(format, *fields, time.tv_sec, static_cast<uint32_t>(time.tv_nsec)), '\n');
  return {};
}

Result<struct timespec> parse(std::string_view text) {
  const auto time = parse_date(text, now());
  if (!time)
    return fail("date", "", '\'', Printable(text), "' cannot be understood");
  return *time;
}

// What was made of a text.
void explain(const struct timespec& time, Io& io) {
  const auto shown = [&](const std::optional<struct tm>& fields, std::string_view zone) {
    if (fields)
      io.note("final: ", time_text(zone, *fields, time.tv_sec, 0));
  };
  const char* const zone = std::getenv("TZ");
  io.note("timezone: ", zone == nullptr ? "system default" : str("TZ=\"", Printable(zone), "\" environment value"));
  io.note("final: ", time.tv_sec, '.', time_text("%N", {}, 0, static_cast<uint32_t>(time.tv_nsec)), " (epoch-seconds)");
  shown(universal_time(time.tv_sec), "(Y-M-D) %Y-%m-%d %H:%M:%S (UTC)");
  shown(local_time(time.tv_sec), "(Y-M-D) %Y-%m-%d %H:%M:%S (UTC%:z)");
}

Result<> set_clock(const struct timespec& time) {
  if (::clock_settime(CLOCK_REALTIME, &time) < 0)
    return fail("set the clock", "");
  return {};
}

Result<int> print_file(const Options& opt, std::string_view format, Io& io) {
  UniqueFd file;
  if (*opt.file != "-")
    file = TRY(open_file(*opt.file, O_RDONLY));
  const std::string text =
      TRY(read_all(file ? file.get() : io.in, uint64_t{1} << 30, *opt.file == "-" ? "standard input" : *opt.file));
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const auto time = parse(rest.substr(0, end));
    const auto done = time ? print(*time, format, opt.universal, io.out) : std::unexpected(time.error());
    if (!done)
      io.warn(done.error());
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return io.status();
}

// The format, or the time to set, from the operand.
Result<std::optional<struct timespec>> take_operand(Options& opt, const Args& args, bool dates_given) {
  if (args.empty())
    return std::nullopt;
  if (args.size() > 1)
    return fail("extra operand", args[1], "a format is one word that begins with +");
  if (args[0].starts_with('+')) {
    set_format(opt, args[0].substr(1));
    return std::nullopt;
  }
  if (dates_given || opt.set)
    return fail("operand", args[0], "lacks the + that a format begins with");
  const auto seconds = parse_stamp(args[0], true, now().tv_sec);
  if (!seconds)
    return fail("date", "", '\'', Printable(args[0]), "' is not of the form MMDDhhmm[[CC]YY][.ss]");
  return timespec{*seconds, 0};
}

Result<struct timespec> find_time(const Options& opt) {
  if (opt.resolution)
    return resolution();
  if (opt.date)
    return parse(*opt.date);
  if (opt.set)
    return parse(*opt.set);
  if (!opt.reference)
    return now();
  struct stat info{};
  if (::stat(opt.reference->c_str(), &info) < 0)
    return fail("look at", *opt.reference);
  return info.st_mtim;
}

Result<int> run(Options& opt, Io& io, Args& args) {
  const int sources = opt.date.has_value() + opt.file.has_value() + opt.reference.has_value() + int{opt.resolution};
  if (sources > 1)
    return fail("-d, -f, -r and --resolution", "", "only one of them can be given");
  if (sources > 0 && opt.set)
    return fail("-s", "", "cannot be given with a time to print");
  if (opt.universal)
    ::setenv("TZ", "UTC0", 1);
  const auto operand = TRY(take_operand(opt, args, sources > 0));
  if (opt.formats > 1)
    return fail("format", "", "more than one was given");
  const std::string_view format = opt.formats > 0  ? std::string_view(opt.format)
                                  : opt.resolution ? "%s.%N"
                                                   : default_format;
  if (opt.file)
    return print_file(opt, format, io);
  const auto time = operand ? *operand : TRY(find_time(opt));
  if (operand || opt.set)
    if (const auto done = set_clock(time); !done)
      io.warn(done.error());
  if (opt.debug && (opt.date || opt.set))
    explain(time, io);
  if (opt.debug)
    io.note("output format: '", Printable(format), '\'');
  TRY(print(time, format, opt.universal, io.out));
  return io.status();
}

}  // namespace

extern const Applet date_applet = {
    .name = "date",
    .summary = "print or set the time",
    .usage = "[OPTION]... [+FORMAT]\n[-u] MMDDhhmm[[CC]YY][.ss]",
    .notes = dense<
        "FORMAT: %Y %m %d year, month, day; %H %M %S hour, minute, second; %F %T are both together; %N nanoseconds;\n"
        "%s seconds since 1970; %a %A %b %B names; %Z %z %:z zone; %j %U %V %W %u %w day and week numbers; %I %p\n"
        "twelve hours; %n %t %% characters. Between % and letter: - no padding, _ blanks, 0 zeros, ^ capitals, a "
        "width.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
