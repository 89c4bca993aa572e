// dmesg: print the kernel's messages.
#include <algorithm>
#include <cerrno>
#include <ctime>

#include <fcntl.h>
#include <sys/klog.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/time_text.h"
#include "lib/sys/kernel_log.h"

namespace rescue {
namespace {

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
  bool dates = false;
  bool no_time = false;
  bool delta = false;
  std::string file;
  std::string levels;
  std::string facilities;
  std::string console_level;
};

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
    {'T', "ctime", &Options::dates, "with dates; wrong by the time that the machine has slept"},
    {'t', "notime", &Options::no_time, "without times"},
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
    struct timespec now{};
    struct timespec up{};
    (void)::clock_gettime(CLOCK_REALTIME, &now);
    (void)::clock_gettime(clock_boot, &up);
    start_ = now.tv_sec - up.tv_sec;
    return {};
  }

  void print(const KernelMessage& message) {
    if ((levels_ >> message.level & 1) == 0 || (facilities_ >> message.facility & 1) == 0)
      return;
    if (opt_.raw)
      io_.out.put('<', (message.facility << 3) | message.level, '>');
    else if (opt_.decode)
      io_.out.put(wide(kernel_facilities[message.facility], 6), ':', wide(kernel_levels[message.level], 6), ": ");
    if (message.has_time && (opt_.raw || !opt_.no_time))
      print_time(message.microseconds);
    io_.out.put(printable_text(message.text), '\n');
  }

 private:
  static std::string wide(std::string_view word, size_t width) {
    std::string text(word);
    text.resize(std::max(width, word.size()), ' ');
    return text;
  }

  // A tab stays; what could disturb a terminal does not.
  static std::string printable_text(std::string_view text) {
    std::string shown;
    for (const char c : text) {
      const bool control = (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
      shown += control ? str("\\x", to_hex({&c, 1})) : std::string(1, c);
    }
    return shown;
  }

  void print_time(uint64_t microseconds) {
    const uint64_t before = std::exchange(last_, microseconds);
    const uint64_t since = microseconds > before && before != 0 ? microseconds - before : 0;
    const std::string delta = str('<', clock_text(since), '>');
    const int64_t seconds = start_ + static_cast<int64_t>(microseconds / 1'000'000);
    const auto fields = opt_.dates && !opt_.raw ? local_time(seconds) : std::nullopt;
    if (fields)
      io_.out.put('[', time_text("%a %b %e %H:%M:%S %Y", *fields, seconds, 0), opt_.delta ? str(' ', delta) : "", "] ");
    else
      io_.out.put('[', clock_text(microseconds), opt_.delta && !opt_.raw ? str(' ', delta) : "", "] ");
  }

  const Options& opt_;
  Io& io_;
  uint32_t levels_ = ~0U;
  uint32_t facilities_ = ~0U;
  int64_t start_ = 0;  // when the machine was started
  uint64_t last_ = 0;
};

Result<std::string> read_buffer(const Options& opt) {
  if (!opt.file.empty()) {
    const UniqueFd fd = TRY(open_file(opt.file, O_RDONLY));
    return read_all(fd.get(), uint64_t{1} << 30, opt.file);
  }
  const int size = ::klogctl(size_action, nullptr, 0);
  std::string text(static_cast<size_t>(std::max(size, 1 << 14)), '\0');
  const int count =
      ::klogctl(opt.read_clear ? read_clear_action : read_all_action, text.data(), static_cast<int>(text.size()));
  if (count < 0)
    return fail("read the kernel's buffer", "", errno);
  text.resize(static_cast<size_t>(count));
  return text;
}

Result<> follow(const Options& opt, Io& io, Printer& printer) {
  const std::string path = "/dev/kmsg";
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  if (opt.follow_new && ::lseek(fd.get(), 0, SEEK_END) < 0)
    return fail("go to its end", path, errno);
  char buffer[8192];
  while (io.out.ok()) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EPIPE)  // older ones were overwritten meanwhile
      continue;
    if (count < 0 && errno != EINTR)
      return fail("read", path, errno);
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
    return fail("set the console's level", "", errno);
  return {};
}

Result<> act(int action, std::string_view attempt) {
  if (::klogctl(action, nullptr, 0) < 0)
    return fail(attempt, "", errno);
  return {};
}

Result<int> run(const Options& opt, Io& io, Args args) {
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
  return io.status();
}

}  // namespace

extern const Applet dmesg_applet = {
    .name = "dmesg",
    .summary = "print the kernel's messages",
    .usage = "[OPTION]...",
    .usage_status = 1,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
