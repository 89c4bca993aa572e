// dmesg: print the kernel's messages.
#include <algorithm>
#include <cerrno>
#include <ctime>

#include <fcntl.h>
#include <sys/klog.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/base/date_parse.h"
#include "lib/base/fd.h"
#include "lib/base/json.h"
#include "lib/base/time_text.h"
#include "lib/sys/kernel_log.h"

namespace rescue {
namespace {

enum class Stamp : uint8_t { plain, none, delta, relative, date, iso };

struct Options {
  bool clear = false;
  bool read_clear = false;
  bool console_off = false;
  bool console_on = false;
  bool kernel_only = false;
  bool user_only = false;
  bool raw = false;
  bool syslog = false;
  bool follow = false;
  bool follow_new = false;
  bool decode = false;
  bool delta = false;
  bool json = false;
  bool prefix_all = false;
  bool as_is = false;
  bool no_pager = false;
  Stamp stamp = Stamp::plain;
  When color = When::automatic;
  uint64_t buffer_size = 0;
  std::string since;
  std::string until;
  std::string file;
  std::string levels;
  std::string facilities;
  std::string console_level;
};

Result<> choose_stamp(Options& o, std::string_view word) {
  constexpr Choice<Stamp> words[] = {{"delta", Stamp::delta},
                                     {"reltime", Stamp::relative},
                                     {"ctime", Stamp::date},
                                     {"notime", Stamp::none},
                                     {"iso", Stamp::iso}};
  o.stamp = TRY(choose("--time-format", word, words));
  return {};
}

Result<> choose_color(Options& o, std::string_view word) {
  o.color = TRY(choose_color_when(word));
  return {};
}

Result<> for_people(Options& o, std::string_view /*none*/) {
  o.stamp = Stamp::relative;
  return {};
}

constexpr Opt<Options> options[] = {
    {'c', "read-clear", &Options::read_clear, "print all, then clear the buffer"},
    {'C', "clear", &Options::clear, "clear the buffer"},
    {'D', "console-off", &Options::console_off, "no messages on the console"},
    {'E', "console-on", &Options::console_on, "messages on the console again"},
    {'n', "console-level", &Options::console_level, "which messages show on the console: emerg to debug, 1 to 8",
     "LEVEL"},
    {'F', "file", &Options::file, "read FILE in place of the kernel's buffer", "FILE"},
    {'S', "syslog", &Options::syslog, "read by syslog(2); it does, save with -w"},
    {'k', "kernel", &Options::kernel_only, "only the kernel's own"},
    {'u', "userspace", &Options::user_only, "only those of programs"},
    {'f', "facility", &Options::facilities, "only these: kern, user, daemon, ...", "LIST"},
    {'l', "level", &Options::levels, "only these: emerg, alert, crit, err, warn, notice, info, debug", "LIST"},
    {'r', "raw", &Options::raw, "with the numbers of their kind"},
    {'x', "decode", &Options::decode, "with their facility and level in words"},
    {'T', "ctime", set<&Options::stamp, Stamp::date>, "with dates; wrong by the time that the machine has slept"},
    {'t', "notime", set<&Options::stamp, Stamp::none>, "without times"},
    {'e', "reltime", for_people, "with the minute once, then the seconds since the one before"},
    {'H', "human", for_people, "the same"},
    {0, "time-format", choose_stamp, "delta, reltime, ctime, notime or iso", "FORM"},
    {0, "since", &Options::since, "only from TIME on, as date -d reads it", "TIME"},
    {0, "until", &Options::until, "only up to TIME", "TIME"},
    {'J', "json", &Options::json, "as JSON"},
    {'L', "color", choose_color, "coloured: auto (default), always or never", "[WHEN]"},
    {'P', "nopager", &Options::no_pager, "no pager is started anyway"},
    {'p', "force-prefix", &Options::prefix_all,
     "before each line of a message of several, what stands before the first"},
    {0, "noescape", &Options::as_is, "control characters as they are"},
    {'s', "buffer-size", &Options::buffer_size, "read at most SIZE bytes", "SIZE"},
    {'d', "show-delta", &Options::delta, "with the time since the one before"},
    {'w', "follow", &Options::follow, "go on with what comes"},
    {'W', "follow-new", &Options::follow_new, "print only what comes"},
};

// syslog(2)'s actions.
constexpr int read_all_action = 3;
constexpr int read_clear_action = 4;
constexpr int clear_action = 5;
constexpr int console_off_action = 6;
constexpr int console_on_action = 7;
constexpr int console_level_action = 8;
constexpr int size_action = 10;

constexpr int clock_boot = 7;  // CLOCK_BOOTTIME

template <size_t n>
Result<uint32_t> bits_of(std::string_view list, const std::string_view (&names)[n], std::string_view what) {
  uint32_t bits = 0;
  for (const std::string_view word : split(list, ',')) {
    const auto found = std::ranges::find(names, word);
    if (found == std::end(names))
      return fail(str("unknown ", what), word, "is none");
    bits |= 1U << (found - std::begin(names));
  }
  return bits;
}

std::string padded(uint64_t number, size_t width, char with) {
  std::string text = str(number);
  return text.size() < width ? std::string(width - text.size(), with) + text : text;
}

std::string clock_text(uint64_t microseconds) {
  return str(padded(microseconds / 1'000'000, 5, ' '), '.', padded(microseconds % 1'000'000, 6, '0'));
}

std::string wide_delta(uint64_t microseconds) {
  const std::string text = clock_text(microseconds);
  return text.size() < 12 ? std::string(12 - text.size(), ' ') + text : text;
}

class Printer {
 public:
  Printer(const Options& opt, Io& io) : opt_(opt), io_(io) {}

  Result<> prepare() {
    if (!opt_.levels.empty())
      levels_ = TRY(bits_of(opt_.levels, kernel_levels, "level"));
    if (!opt_.facilities.empty())
      facilities_ = TRY(bits_of(opt_.facilities, kernel_facilities, "facility"));
    if (opt_.kernel_only)
      facilities_ = 1;
    if (opt_.user_only)
      facilities_ = ~1U;
    color_ = opt_.color == When::always || (opt_.color == When::automatic && io_.out.is_terminal());
    struct timespec now{};
    struct timespec up{};
    (void)::clock_gettime(CLOCK_REALTIME, &now);
    (void)::clock_gettime(clock_boot, &up);
    start_ = now.tv_sec - up.tv_sec - (now.tv_nsec < up.tv_nsec ? 1 : 0);
    for (const auto& [text, limit] : {std::pair{&opt_.since, &since_}, {&opt_.until, &until_}}) {
      if (text->empty())
        continue;
      const auto time = parse_date(*text, now);
      if (!time)
        return fail("time", "", '\'', Printable(*text), "' cannot be understood");
      *limit = time->tv_sec;
    }
    if (opt_.json) {
      json_.begin_object();
      json_.key("dmesg").begin_array();
    }
    return {};
  }

  void print(const KernelMessage& message) {
    if ((levels_ >> message.level & 1) == 0 || (facilities_ >> message.facility & 1) == 0)
      return;
    const int64_t seconds = start_ + static_cast<int64_t>(message.microseconds / 1'000'000);
    if (seconds < since_ || seconds > until_)
      return;
    if (opt_.json)
      return print_object(message);
    std::string prefix;
    if (opt_.raw)
      prefix = str('<', (message.facility << 3) | message.level, '>');
    else if (opt_.decode)
      prefix = str(wide(kernel_facilities[message.facility], 6), ':', wide(kernel_levels[message.level], 6), ": ");
    if (opt_.raw)
      prefix += message.has_time ? str('[', clock_text(message.microseconds), "] ") : "";
    else if (message.has_time || color_)
      prefix += painted(stamp(message.microseconds), "\033[32m");
    bool first = true;
    for (const std::string_view line : split(message.text, '\n')) {
      io_.out.put(first || opt_.prefix_all ? prefix : "", text_of(message, line), '\n');
      first = false;
    }
  }

  void finish() {
    if (!opt_.json)
      return;
    json_.end_array();
    json_.end_object();
    json_.finish();
  }

 private:
  static std::string wide(std::string_view word, size_t width) {
    std::string text(word);
    text.resize(std::max(width, word.size()), ' ');
    return text;
  }

  void print_object(const KernelMessage& message) {
    json_.begin_object();
    json_.field("pri", (message.facility << 3) | message.level);
    json_.field("time", str(message.microseconds / 1'000'000, '.', padded(message.microseconds % 1'000'000, 6, '0')));
    json_.field("msg", std::string_view(message.text));
    json_.end_object();
  }

  // A tab stays; what could disturb a terminal does not.
  std::string printable_text(std::string_view text) const {
    if (opt_.as_is)
      return std::string(text);
    std::string shown;
    for (const char c : text) {
      const bool control = (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
      shown += control ? str("\\x", to_hex({&c, 1})) : std::string(1, c);
    }
    return shown;
  }

  std::string painted(const std::string& text, std::string_view color) const {
    return color_ && !text.empty() && !color.empty() ? str(color, text, "\033[0m") : text;
  }

  // What comes before a colon is the part of the kernel that speaks.
  std::string text_of(const KernelMessage& message, std::string_view line) const {
    static constexpr std::string_view of_level[] = {"", "\033[7m\033[31m", "\033[1m\033[31m", "\033[31m", "\033[1m"};
    if (!color_ || opt_.raw)
      return printable_text(line);
    const size_t colon = line.find(": ");
    const size_t part = colon == std::string_view::npos ? 0 : colon + 2;
    const std::string rest = printable_text(line.substr(part));
    std::string_view color = message.level < std::size(of_level) ? of_level[message.level] : "";
    if (color.empty() && rest.contains("segfault at"))
      color = "\033[2m\033[31m";
    return str(painted(printable_text(line.substr(0, part)), "\033[33m"), painted(rest, color));
  }

  std::string stamp(uint64_t microseconds) {
    const uint64_t before = std::exchange(last_, microseconds);
    const uint64_t since = microseconds > before && before != 0 ? microseconds - before : 0;
    const std::string delta = str('<', wide_delta(since), '>');
    const int64_t seconds = start_ + static_cast<int64_t>(microseconds / 1'000'000);
    const auto fields = opt_.stamp > Stamp::delta ? local_time(seconds) : std::nullopt;
    const auto text = [&](std::string_view format) {
      return time_text(format, *fields, seconds, static_cast<uint32_t>(microseconds % 1'000'000 * 1000));
    };
    // The difference takes the place of a time that it would only say again.
    if (opt_.stamp == Stamp::delta || (opt_.delta && (opt_.stamp == Stamp::none || opt_.stamp == Stamp::relative)))
      return str('[', delta, "] ");
    if (opt_.stamp == Stamp::none)
      return "";
    if (!fields)
      return str('[', clock_text(microseconds), opt_.delta ? str(' ', delta) : "", "] ");
    if (opt_.stamp == Stamp::iso)
      return str(text("%Y-%m-%dT%H:%M:%S,"), padded(microseconds % 1'000'000, 6, '0'), text("%:z "));
    if (opt_.stamp == Stamp::date)
      return str('[', text("%a %b %e %H:%M:%S %Y"), opt_.delta ? str(' ', delta) : "", "] ");
    if (std::exchange(last_minute_, seconds / 60) != seconds / 60)
      return text("[%b%e %H:%M] ");
    const std::string step = str('+', since / 1'000'000, '.', padded(since % 1'000'000, 6, '0'));
    return str('[', std::string(step.size() < 11 ? 11 - step.size() : 1, ' '), step, "] ");
  }

  const Options& opt_;
  Io& io_;
  uint32_t levels_ = ~0U;
  uint32_t facilities_ = ~0U;
  int64_t start_ = 0;  // when the machine was started
  uint64_t last_ = 0;
  int64_t last_minute_ = -1;
  int64_t since_ = INT64_MIN;
  int64_t until_ = INT64_MAX;
  bool color_ = false;
  JsonWriter json_{io_.out};
};

Result<std::string> read_buffer(const Options& opt) {
  if (!opt.file.empty()) {
    const UniqueFd fd = TRY(open_file(opt.file, O_RDONLY));
    return read_all(fd.get(), uint64_t{1} << 30, opt.file);
  }
  const int size = opt.buffer_size != 0 ? static_cast<int>(std::min<uint64_t>(opt.buffer_size, INT32_MAX))
                                        : ::klogctl(size_action, nullptr, 0);
  std::string text(static_cast<size_t>(std::max(size, 1 << 14)), '\0');
  const int count =
      ::klogctl(opt.read_clear ? read_clear_action : read_all_action, text.data(), static_cast<int>(text.size()));
  if (count < 0)
    return fail("read the kernel's buffer", "");
  text.resize(static_cast<size_t>(count));
  return text;
}

Result<> follow(const Options& opt, Io& io, Printer& printer) {
  const std::string path = "/dev/kmsg";
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  if (opt.follow_new && ::lseek(fd.get(), 0, SEEK_END) < 0)
    return fail("go to its end", path);
  char buffer[8192];
  while (io.out.ok()) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EPIPE)  // older ones were overwritten meanwhile
      continue;
    if (count < 0 && errno != EINTR)
      return fail("read", path);
    if (count <= 0)
      continue;
    if (const auto message = parse_kmsg_record({buffer, static_cast<size_t>(count)}))
      printer.print(*message);
    TRY(io.out.flush());
  }
  return {};
}

Result<> set_console_level(const std::string& word) {
  const auto name = std::ranges::find(kernel_levels, word);
  auto level = to_number<int>(word);
  if (name != std::end(kernel_levels))
    level = static_cast<int>(name - std::begin(kernel_levels)) + 1;
  if (!level || *level < 1 || *level > 8)
    return fail("unknown level", word, "is none");
  if (::klogctl(console_level_action, nullptr, *level) < 0)
    return fail("set the console's level", "");
  return {};
}

Result<> act(int action, std::string_view attempt) {
  if (::klogctl(action, nullptr, 0) < 0)
    return fail(attempt, "");
  return {};
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(args.expect_end());
  if (opt.clear)
    TRY(act(clear_action, "clear the kernel's buffer"));
  else if (opt.console_off)
    TRY(act(console_off_action, "switch the console's messages off"));
  else if (opt.console_on)
    TRY(act(console_on_action, "switch the console's messages on"));
  else if (!opt.console_level.empty())
    TRY(set_console_level(opt.console_level));
  if (opt.clear || opt.console_off || opt.console_on || !opt.console_level.empty())
    return 0;
  Printer printer(opt, io);
  TRY(printer.prepare());
  if (opt.follow || opt.follow_new) {
    TRY(follow(opt, io, printer));
    return io.status();
  }
  for (const KernelMessage& message : parse_syslog_buffer(TRY(read_buffer(opt))))
    printer.print(message);
  printer.finish();
  return io.status();
}

}  // namespace

extern const Applet dmesg_applet = {
    .name = "dmesg",
    .summary = "print the kernel's messages",
    .usage = "[OPTION]...",
    .usage_status = 1,
    .dies_with_reader = true,
    .help_letter = 'h',
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
