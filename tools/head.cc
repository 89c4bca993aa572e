// head: print the beginning of files.
#include <algorithm>
#include <memory>

#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/text/ending.h"
#include "lib/text/input.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

struct Options {
  uint64_t count = 10;
  bool lines = true;
  bool all_but = false;
  bool quiet = false;
  bool verbose = false;
  bool zero = false;
};

template <bool lines>
Result<> set_count(Options& o, std::string_view text) {
  o.lines = lines;
  o.all_but = text.starts_with('-');
  if (o.all_but)
    text.remove_prefix(1);
  o.count = TRY(count_argument(text, lines ? "number of lines" : "number of bytes"));
  return {};
}

template <bool verbose>
Result<> set_headers(Options& o, std::string_view /*none*/) {
  o.verbose = verbose;
  o.quiet = !verbose;
  return {};
}

constexpr Opt<Options> options[] = {
    {'c', "bytes", set_count<false>, "print the first N bytes; with -N, all but the last N", "N"},
    {'n', "lines", set_count<true>, "print the first N lines instead of 10; with -N, all but the last N", "N"},
    {'q', "quiet", set_headers<false>, "never print the names of files above them"},
    {0, "silent", set_headers<false>, "the same as -q"},
    {'v', "verbose", set_headers<true>, "always print the names of files above them"},
    {'z', "zero-terminated", &Options::zero, "lines end with a zero byte, not with a newline"},
};

constexpr size_t buffer_size = 65536;

class Printer {
 public:
  Printer(const Options& opt, Io& io, bool headers)
      : opt_(opt),
        io_(io),
        headers_(headers),
        line_end_(opt.zero ? '\0' : '\n'),
        buffer_(std::make_unique_for_overwrite<char[]>(buffer_size)) {}

  Result<> print(const Input& input) {
    if (headers_)
      io_.out.put(any_ ? "\n" : "", "==> ", input.is_standard() ? "standard input" : input.name(), " <==\n");
    any_ = true;
    return opt_.all_but ? all_but_last(input) : first(input);
  }

 private:
  // What was read too much is given back, so that who reads the same file next goes on where we stopped.
  static void give_back(const Input& input, size_t count) {
    if (count > 0)
      (void)::lseek(input.fd(), -static_cast<off_t>(count), SEEK_CUR);
  }

  Result<> first(const Input& input) {
    uint64_t left = opt_.count;
    while (left > 0 && io_.out.ok()) {
      const size_t room = opt_.lines ? buffer_size : static_cast<size_t>(std::min<uint64_t>(buffer_size, left));
      const size_t count = TRY(read_some(input.fd(), {buffer_.get(), room}, input.name()));
      if (count == 0)
        break;
      const std::string_view text(buffer_.get(), count);
      size_t wanted = count;
      if (opt_.lines)
        wanted = after_lines(text, left, line_end_);
      else
        left -= count;
      io_.out.write(text.substr(0, wanted));
      (void)io_.out.flush();
      give_back(input, count - wanted);
    }
    return {};
  }

  Result<> all_but_last(const Input& input) {
    const Ending ending{.count = opt_.count, .lines = opt_.lines, .line_end = line_end_};
    const std::string rest = TRY(read_ending(input.fd(), input.name(), ending, &io_.out));
    (void)io_.out.flush();
    give_back(input, rest.size());
    return {};
  }

  const Options& opt_;
  Io& io_;
  bool headers_;
  bool any_ = false;
  char line_end_;
  std::unique_ptr<char[]> buffer_;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  Printer printer(opt, io, opt.verbose || (args.size() > 1 && !opt.quiet));
  each_input(io, args, [&](const Input& input) { return printer.print(input); });
  return io.status();
}

// `head -5`, `head -5c`, `head -2kv`: a number, a unit, and other options' letters, as the first word.
int run_head(const Applet& applet, Io& io, std::span<const char* const> words) {
  const std::string_view first = words.empty() ? "" : words[0];
  if (first.size() < 2 || first[0] != '-' || first[1] < '0' || first[1] > '9')
    return entry<options, run>(applet, io, words);
  const size_t digits = std::min(first.find_first_not_of("0123456789", 1), first.size());
  std::string number(first.substr(1, digits - 1));
  std::string others = "-";
  char unit = 'n';
  for (const char c : first.substr(digits)) {
    if (c == 'b' || c == 'k' || c == 'm') {
      number += static_cast<char>(c == 'b' ? c : c - 'a' + 'A');
      unit = 'c';
    } else if (c == 'c' || c == 'l') {
      unit = c == 'c' ? 'c' : 'n';
    } else {
      others += c;
    }
  }
  WordList list;
  list.push_made(str('-', unit, number));
  if (others.size() > 1)
    list.push_made(std::move(others));
  for (const char* const word : words.subspan(1))
    list.push(word);
  return entry<options, run>(applet, io, list.words());
}

}  // namespace

extern const Applet head_applet = {
    .name = "head",
    .summary = "print the beginning of files",
    .usage = "[OPTION]... [FILE]...",
    .dies_with_reader = true,
    .notes = dense<"N may have a unit: b 512, K 1024, kB 1000, M, MB, G, GB and so on.\n"
                   "Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = run_head,
};
}  // namespace rescue
