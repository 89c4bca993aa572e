// free: print how much memory is free.
#include <algorithm>
#include <cmath>

#include <fcntl.h>
#include <time.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/size_text.h"

namespace rescue {
namespace {

struct Options {
  uint64_t unit = 1024;
  std::string seconds;
  uint64_t count = 0;
  bool human = false, si = false, low_high = false, total = false, committed = false, wide = false;
};

template <uint64_t unit>
Result<> choose_unit(Options& o, std::string_view /*none*/) {
  o.unit = unit;
  return {};
}

constexpr uint64_t kilo = 1000;
constexpr uint64_t kibi = 1024;

constexpr Opt<Options> options[] = {
    {'b', "bytes", choose_unit<1>, "print bytes"},
    {0, "kilo", choose_unit<kilo>, "print units of 1000 bytes"},
    {0, "mega", choose_unit<kilo * kilo>, "print units of 1000^2"},
    {0, "giga", choose_unit<kilo * kilo * kilo>, "print units of 1000^3"},
    {0, "tera", choose_unit<kilo * kilo * kilo * kilo>, "print units of 1000^4"},
    {0, "peta", choose_unit<kilo * kilo * kilo * kilo * kilo>, "print units of 1000^5"},
    {'k', "kibi", choose_unit<kibi>, "print units of 1024 bytes (default)"},
    {'m', "mebi", choose_unit<kibi * kibi>, "print units of 1024^2"},
    {'g', "gibi", choose_unit<kibi * kibi * kibi>, "print units of 1024^3"},
    {0, "tebi", choose_unit<kibi * kibi * kibi * kibi>, "print units of 1024^4"},
    {0, "pebi", choose_unit<kibi * kibi * kibi * kibi * kibi>, "print units of 1024^5"},
    {'h', "human", &Options::human, "print sizes like 1.5Gi"},
    {0, "si", &Options::si, "with powers of 1000"},
    {'l', "lohi", &Options::low_high, "print low and high memory"},
    {'t', "total", &Options::total, "print the sum of memory and swap"},
    {'v', "committed", &Options::committed, "print what is promised, and the limit of it"},
    {'s', "seconds", &Options::seconds, "print again every N seconds", "N"},
    {'c', "count", &Options::count, "print N times", "N"},
    {'w', "wide", &Options::wide, "print buffers and cache apart"},
};

class Memory {
 public:
  static Result<Memory> read() {
    Memory memory;
    const UniqueFd file = TRY(open_file("/proc/meminfo", O_RDONLY));
    memory.text_ = TRY(read_all(file.get(), 1 << 20, "/proc/meminfo"));
    return memory;
  }

  // In bytes; 0 where the kernel does not say.
  uint64_t of(std::string_view name) const {
    for (const std::string_view line : split(text_, '\n')) {
      const size_t colon = line.find(':');
      if (colon == std::string_view::npos || line.substr(0, colon) != name)
        continue;
      const std::string_view value = trim(line.substr(colon + 1));
      return to_number<uint64_t>(value.substr(0, value.find(' '))).value_or(0) * 1024;
    }
    return 0;
  }

 private:
  std::string text_;
};

class Printer {
 public:
  Printer(const Options& opt, Io& io) : opt_(opt), io_(io) {}

  void print(const Memory& memory) {
    const uint64_t total = memory.of("MemTotal");
    const uint64_t free = memory.of("MemFree");
    const uint64_t available = std::min(memory.of("MemAvailable"), total);
    const uint64_t buffers = memory.of("Buffers");
    const uint64_t cache = memory.of("Cached") + memory.of("SReclaimable");
    const uint64_t used = total - available;
    io_.out.put(opt_.wide
                    ? "               total        used        free      shared     buffers       cache   available\n"
                    : "               total        used        free      shared  buff/cache   available\n");
    std::vector<uint64_t> numbers = {total, used, free, memory.of("Shmem")};
    if (opt_.wide)
      numbers.push_back(buffers);
    numbers.push_back(opt_.wide ? cache : buffers + cache);
    numbers.push_back(available);
    row("Mem:", numbers);
    if (opt_.low_high) {
      const uint64_t high = memory.of("HighTotal");
      const uint64_t low = high == 0 ? total : memory.of("LowTotal");
      const uint64_t low_free = high == 0 ? free : memory.of("LowFree");
      row("Low:", {low, low - low_free, low_free});
      row("High:", {high, high - memory.of("HighFree"), memory.of("HighFree")});
    }
    const uint64_t swap = memory.of("SwapTotal");
    const uint64_t swap_free = memory.of("SwapFree");
    row("Swap:", {swap, swap - swap_free, swap_free});
    if (opt_.total)
      row("Total:", {total + swap, used + swap - swap_free, free + swap_free});
    if (opt_.committed) {
      const uint64_t limit = memory.of("CommitLimit");
      const uint64_t promised = memory.of("Committed_AS");
      row("Comm:", {limit, promised, limit - promised});
    }
  }

 private:
  std::string size(uint64_t bytes) const {
    // More may be promised than there is.
    if (static_cast<int64_t>(bytes) < 0)
      return str('-', size(-bytes));
    if (!opt_.human)
      return str(bytes / opt_.unit);
    const uint64_t base = opt_.si ? 1000 : 1024;
    size_t power = 0;
    uint64_t unit = 1;
    while (bytes / unit >= base && power < 5) {
      unit *= base;
      ++power;
    }
    static constexpr std::string_view letters = "BKMGTP";
    const auto tenths = static_cast<uint64_t>(std::lround(static_cast<double>(bytes) / static_cast<double>(unit) * 10));
    std::string text = power > 0 && tenths < 100 ? str(tenths / 10, '.', tenths % 10) : str(bytes / unit);
    text += letters[power];
    return text += power > 0 && !opt_.si ? "i" : "";
  }

  void row(std::string_view name, const std::vector<uint64_t>& numbers) {
    std::string line(name);
    line.resize(9, ' ');
    bool first = true;
    for (const uint64_t number : numbers) {
      const std::string text = size(number);
      const size_t width = 11;
      line += str(first ? "" : " ", std::string(width - std::min(width, text.size()), ' '), text);
      first = false;
    }
    io_.out.put(line, '\n');
  }

  const Options& opt_;
  Io& io_;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(args.expect_end());
  uint64_t seconds = 1;
  if (!opt.seconds.empty()) {
    const auto number = to_number<uint64_t>(opt.seconds);
    if (!number || *number == 0)
      return fail("seconds", "", '\'', Printable(opt.seconds), "' is not a number of seconds");
    seconds = *number;
  }
  Printer printer(opt, io);
  for (uint64_t turn = 1;; ++turn) {
    printer.print(TRY(Memory::read()));
    const bool repeat = opt.count > 0 ? turn < opt.count : !opt.seconds.empty();
    if (!repeat)
      return 0;
    io.out.put('\n');
    TRY(io.out.flush());
    const struct timespec pause = {static_cast<time_t>(seconds), 0};
    ::nanosleep(&pause, nullptr);
  }
}

}  // namespace

extern const Applet free_applet = {
    .name = "free",
    .summary = "print how much memory is free",
    .usage = "[OPTION]...",
    .usage_status = 1,
    .version_letter = 'V',
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
