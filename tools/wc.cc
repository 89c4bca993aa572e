// wc: count lines, words, characters and bytes.
#include <algorithm>
#include <bit>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/base/quote.h"
#include "lib/base/utf8.h"
#include "lib/text/input.h"
#include "lib/text/lines.h"
#include "lib/text/word_count.h"

namespace rescue {
namespace {

enum class Total : uint8_t { automatic, always, only, never };

struct Options {
  bool bytes = false;
  bool characters = false;
  bool lines = false;
  bool words = false;
  bool longest = false;
  std::optional<std::string> names_from;
  Total total = Total::automatic;
};

constexpr Choice<Total> totals[] = {
    {"auto", Total::automatic},
    {"always", Total::always},
    {"only", Total::only},
    {"never", Total::never},
};

Result<> set_total(Options& o, std::string_view word) {
  o.total = TRY(choose("--total", word, totals));
  return {};
}

constexpr Opt<Options> options[] = {
    {'c', "bytes", &Options::bytes, "count bytes"},
    {'m', "chars", &Options::characters, "count characters"},
    {'l', "lines", &Options::lines, "count newlines"},
    {0, "files0-from", &Options::names_from, "read the files that F names, each name ended by a zero byte", "F"},
    {'L', "max-line-length", &Options::longest, "the width of the longest line"},
    {'w', "words", &Options::words, "count words"},
    {0, "total", set_total, "when to print the sums: auto (default), always, only, never", "WHEN"},
};

constexpr size_t buffer_size = 131072;

class Counter {
 public:
  Counter(const Options& opt, Io& io)
      : opt_(opt), io_(io), utf8_(utf8_environment()), buffer_(std::make_unique_for_overwrite<char[]>(buffer_size)) {}

  // Columns are as wide as the sizes of the files ask for, which are looked at before any is read.
  void fit(const std::vector<std::string>& names) {
    if (opt_.total == Total::only || (names.size() == 1 && wanted() == 1))
      return;
    uint64_t sum = 0;
    size_t least = 1;
    for (const std::string& name : names) {
      struct stat info{};
      if ((name == "-" ? ::fstat(io_.in, &info) : ::stat(name.c_str(), &info)) < 0)
        continue;
      if (S_ISREG(info.st_mode))
        sum += static_cast<uint64_t>(info.st_size);
      else
        least = 7;
    }
    width_ = std::max(Part(sum).view().size(), least);
  }

  void count(std::string_view name, bool show_name) {
    ++files_;
    auto input = Input::open(name, io_);
    if (!input) {
      io_.warn(input.error());
      return;
    }
    TextCounts counts;
    if (const auto done = count_fd(input->fd(), name, counts); !done)
      io_.warn(done.error());
    if (opt_.total != Total::only)
      print(counts, show_name ? name : std::string_view());
    sum_.add(counts);
    if (const auto closed = input->close(); !closed)
      io_.warn(closed.error());
  }

  // A name that nothing is read for counts where the total is decided on.
  void skip() { ++files_; }

  void print_total() {
    const bool wanted = opt_.total == Total::automatic ? files_ > 1 : opt_.total != Total::never;
    if (wanted)
      print(sum_, opt_.total == Total::only ? "" : "total");
  }

 private:
  size_t wanted() const {
    return size_t{opt_.bytes} + size_t{opt_.characters} + size_t{opt_.lines} + size_t{opt_.words} +
           size_t{opt_.longest};
  }

  Result<> count_fd(int fd, std::string_view name, TextCounts& counts) {
    const bool by_character = opt_.words || opt_.longest || (opt_.characters && utf8_);
    if (!by_character && !opt_.lines)
      TRY(skip_to_end(fd, counts.bytes));
    TextCounter counter(utf8_, opt_.longest);
    while (true) {
      const size_t count = TRY(read_some(fd, {buffer_.get(), buffer_size}, name));
      if (count == 0)
        break;
      counts.bytes += count;
      const std::string_view text(buffer_.get(), count);
      if (by_character)
        counter.take(text);
      else if (opt_.lines)
        counts.lines += count_byte(text, '\n');
    }
    if (by_character)
      counts.add(counter.finish());
    else
      counts.characters = counts.bytes;
    return {};
  }

  // Counting bytes alone, most of a regular file need not be read; its last part is, for files in /proc and /sys have
  // sizes that say nothing.
  static Result<> skip_to_end(int fd, uint64_t& bytes) {
    struct stat info{};
    if (::fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
      return {};
    const off_t here = ::lseek(fd, 0, SEEK_CUR);
    const off_t near_end = info.st_size - info.st_size % static_cast<off_t>(buffer_size);
    if (here >= 0 && near_end > here && ::lseek(fd, near_end, SEEK_SET) == near_end)
      bytes += static_cast<uint64_t>(near_end - here);
    return {};
  }

  void print(const TextCounts& counts, std::string_view name) {
    std::string line;
    const auto put = [&](bool wanted, uint64_t number) {
      if (!wanted)
        return;
      const Part part(number);
      const std::string_view digits = part.view();
      if (!line.empty())
        line += ' ';
      line.append(digits.size() < width_ ? width_ - digits.size() : 0, ' ');
      line += digits;
    };
    put(opt_.lines, counts.lines);
    put(opt_.words, counts.words);
    put(opt_.characters, counts.characters);
    put(opt_.bytes, counts.bytes);
    put(opt_.longest, counts.longest);
    if (!name.empty())
      line += str(' ', name.contains('\n') ? quoted_word(name) : std::string(name));
    io_.out.put(line, '\n');
  }

  const Options& opt_;
  Io& io_;
  bool utf8_;
  std::unique_ptr<char[]> buffer_;
  size_t width_ = 1;
  size_t files_ = 0;
  TextCounts sum_;
};

// The names in a file. One of a regular file is read first, so that the columns can be fitted.
Result<int> count_named(Counter& counter, const std::string& from, Io& io) {
  Input input = TRY(Input::open(from, io));
  struct stat info{};
  const bool fitted = ::fstat(input.fd(), &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= 10 << 20;
  LineReader lines(input.fd(), input.name(), '\0');
  std::vector<std::string> names;
  uint64_t number = 0;
  const auto one = [&](const std::string& name) {
    ++number;
    if (!name.empty() && (name != "-" || from != "-"))
      return counter.count(name, true);
    counter.skip();
    io.warn(name.empty() ? fail(str("name ", number), from, "is empty").error()
                         : fail("count", name, "standard input gives the names already").error());
  };
  for (std::string_view line; lines.next(line);) {
    if (fitted)
      names.emplace_back(line);
    else
      one(std::string(line));
  }
  TRY(lines.end());
  if (fitted && !names.empty())
    counter.fit(names);
  for (const std::string& name : names)
    one(name);
  TRY(input.close());
  counter.print_total();
  return io.status();
}

Result<int> run(Options& opt, Io& io, Args& args) {
  if (!opt.bytes && !opt.characters && !opt.lines && !opt.words && !opt.longest)
    opt.bytes = opt.lines = opt.words = true;
  Counter counter(opt, io);
  if (opt.names_from) {
    if (!args.empty())
      return usage_error("extra operand '", Printable(args[0]), "': --files0-from names the files");
    return count_named(counter, *opt.names_from, io);
  }
  const bool named = !args.empty();
  if (!named)
    args.push("-");
  counter.fit({args.begin(), args.end()});
  for (const std::string_view name : args)
    counter.count(name, named);
  counter.print_total();
  return io.status();
}

}  // namespace

extern const Applet wc_applet = {
    .name = "wc",
    .summary = "count lines, words, characters and bytes",
    .usage = "[OPTION]... [FILE]...\n[OPTION]... --files0-from=F",
    .dies_with_reader = true,
    .notes = dense<
        "Prints lines, words and bytes, unless options say otherwise; always in the order lines, words, characters,\n"
        "bytes, longest line. Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
