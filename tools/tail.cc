// tail: print the end of files, and follow them.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <memory>

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/text/ending.h"
#include "lib/text/follow.h"
#include "lib/text/input.h"
#include "lib/text/scan.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

struct Options {
  uint64_t count = 10;
  bool lines = true;
  bool from_start = false;
  bool follow = false;
  FollowOptions how;
  bool quiet = false;
  bool verbose = false;
  bool zero = false;
};

template <bool lines>
Result<> set_count(Options& o, std::string_view text) {
  o.lines = lines;
  o.from_start = text.starts_with('+');
  if (text.starts_with('+') || text.starts_with('-'))
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

constexpr Choice<bool> follow_modes[] = {{"descriptor", false}, {"name", true}};

Result<> set_follow(Options& o, std::string_view word) {
  o.follow = true;
  o.how.by_name = !word.empty() && TRY(choose("--follow", word, follow_modes));
  return {};
}

Result<> set_follow_plain(Options& o, std::string_view /*none*/) {
  return set_follow(o, {});
}

Result<> set_follow_name(Options& o, std::string_view /*none*/) {
  o.how.retry = true;
  return set_follow(o, "name");
}

Result<> set_retry(Options& o, std::string_view /*none*/) {
  o.how.retry = true;
  return {};
}

Result<> set_interval(Options& o, std::string_view text) {
  const std::string number(text);
  char* end = nullptr;
  const double seconds = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0' || !(seconds >= 0))
    return fail("invalid number of seconds", text, "is not a number");
  o.how.interval_ms = seconds < 1e6 ? static_cast<int>(std::ceil(seconds * 1000)) : 1000000000;
  return {};
}

Result<> add_writer(Options& o, std::string_view text) {
  const uint64_t pid = TRY(number_argument(text, "PID"));
  o.how.writers.push_back(static_cast<pid_t>(std::min<uint64_t>(pid, 1U << 30)));
  return {};
}

Result<> check_stats(Options& /*o*/, std::string_view text) {
  TRY(number_argument(text, "maximum number of unchanged stats between opens"));
  return {};
}

constexpr Opt<Options> options[] = {
    {'c', "bytes", set_count<false>, "print the last N bytes; with +N, from byte N on", "N"},
    {'f', nullptr, set_follow_plain, "print what is added, as the file grows"},
    {0, "follow", set_follow, "the same; by descriptor (default: the file that was opened) or name", "[HOW]"},
    {'F', nullptr, set_follow_name, "the same as --follow=name --retry"},
    {'n', "lines", set_count<true>, "print the last N lines instead of 10; with +N, from line N on", "N"},
    {0, "max-unchanged-stats", check_stats, "of no effect, as in GNU's where there is inotify", "N"},
    {0, "pid", add_writer, "with -f, end when process PID has ended", "PID"},
    {'q', "quiet", set_headers<false>, "never print the names of files above them"},
    {0, "silent", set_headers<false>, "the same as -q"},
    {0, "retry", set_retry, "with -f, keep trying to open a file that is not there"},
    {'s', "sleep-interval", set_interval, "with -f, look at the files every N seconds (1) at least", "N"},
    {'v', "verbose", set_headers<true>, "always print the names of files above them"},
    {'z', "zero-terminated", &Options::zero, "lines end with a zero byte, not with a newline"},
};

constexpr size_t piece = 65536;

class Printer {
 public:
  Printer(const Options& opt, Io& io)
      : opt_(opt), io_(io), line_end_(opt.zero ? '\0' : '\n'), buffer_(std::make_unique_for_overwrite<char[]>(piece)) {}

  Result<> print(int fd, std::string_view name) {
    if (opt_.from_start)
      return from_start(fd, name);
    if (opt_.count == 0 && !opt_.lines && ::lseek(fd, 0, SEEK_END) >= 0)
      return {};
    struct stat info{};
    const off_t here = ::lseek(fd, 0, SEEK_CUR);
    // Files in /proc and the like say that they are empty, and small ones are read as fast as they are searched.
    if (here >= 0 && ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
        info.st_size - here > static_cast<off_t>(piece)) {
      const off_t start = opt_.lines ? TRY(start_of_lines(fd, here, info.st_size, name))
                                     : std::max(here, info.st_size - to_offset(opt_.count));
      if (::lseek(fd, start, SEEK_SET) < 0)
        return fail("seek", name);
      return copy(fd, name);
    }
    const Ending ending{.count = opt_.count, .lines = opt_.lines, .line_end = line_end_};
    io_.out.write(TRY(read_ending(fd, name, ending, nullptr)));
    return {};
  }

 private:
  static off_t to_offset(uint64_t count) { return static_cast<off_t>(std::min<uint64_t>(count, INT64_MAX)); }

  // From the end of a large file backwards, piece by piece.
  Result<off_t> start_of_lines(int fd, off_t first, off_t end, std::string_view name) {
    uint64_t left = opt_.count;
    bool at_end = true;
    while (end > first && left > 0) {
      const off_t start = std::max(first, (end - 1) / static_cast<off_t>(piece) * static_cast<off_t>(piece));
      const auto wanted = static_cast<size_t>(end - start);
      const size_t count = TRY(pread_full(fd, {buffer_.get(), wanted}, static_cast<uint64_t>(start), name));
      const char* at = buffer_.get() + count;
      // The ending of the last line begins no new one.
      if (at_end && count > 0 && at[-1] == line_end_)
        --at;
      at_end = false;
      while ((at = find_last_byte(buffer_.get(), at, line_end_)) != nullptr)
        if (--left == 0)
          return start + (at - buffer_.get()) + 1;
      end = start;
    }
    return left == 0 ? end : first;
  }

  // The first line and byte are number 1; 0 is the same.
  Result<> from_start(int fd, std::string_view name) {
    uint64_t skip = opt_.count > 0 ? opt_.count - 1 : 0;
    struct stat info{};
    if (!opt_.lines && ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && ::lseek(fd, to_offset(skip), SEEK_CUR) >= 0)
      skip = 0;
    while (skip > 0) {
      const size_t count = TRY(read_some(fd, {buffer_.get(), piece}, name));
      if (count == 0)
        return {};
      const std::string_view text(buffer_.get(), count);
      size_t start = count;
      if (opt_.lines) {
        start = after_lines(text, skip, line_end_);
      } else {
        start = static_cast<size_t>(std::min<uint64_t>(skip, count));
        skip -= start;
      }
      io_.out.write(text.substr(start));
    }
    return copy(fd, name);
  }

  Result<> copy(int fd, std::string_view name) {
    while (io_.out.ok()) {
      const size_t count = TRY(read_some(fd, {buffer_.get(), piece}, name));
      if (count == 0)
        break;
      io_.out.write({buffer_.get(), count});
      if (opt_.from_start)
        (void)io_.out.flush();
    }
    return {};
  }

  const Options& opt_;
  Io& io_;
  char line_end_;
  std::unique_ptr<char[]> buffer_;
};

bool is_pipe(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

Result<int> run(Options& opt, Io& io, Args& args) {
  if (opt.how.retry && !opt.follow)
    io.note("warning: --retry is of no use without --follow");
  else if (opt.how.retry && !opt.how.by_name)
    io.note("warning: --retry only effective for the initial open");
  if (!opt.how.writers.empty() && !opt.follow)
    io.note("warning: --pid is of no use without --follow");
  if (opt.follow && opt.how.by_name && std::ranges::contains(args, "-"))
    return fail("follow by name", "-", "standard input has no name");
  // Files of which nothing is wanted are not even looked for, as GNU's does.
  if (opt.count == 0 && !opt.from_start && !opt.follow)
    return io.status();
  if (args.empty())
    args.push("-");
  bool follow = false;
  opt.how.headers = opt.verbose || (args.size() > 1 && !opt.quiet);
  Printer printer(opt, io);
  Follower follower(opt.how, io);
  for (const std::string_view name : args) {
    auto file = name == "-" ? Result<UniqueFd>() : open_file(std::string(name), 0);
    if (!file) {
      io.warn(file.error());
      follower.add_missing(name, file.error().code());
      follow = opt.follow;
      continue;
    }
    const int fd = name == "-" ? io.in : file->get();
    follower.header(name);
    const auto done = printer.print(fd, name);
    if (!done)
      io.warn(done.error());
    // A pipe on standard input ends once, and there is nothing to follow then.
    if (!opt.follow || (name == "-" && is_pipe(fd)))
      continue;
    follow = true;
    if (done || done.error().code() == EISDIR)
      follower.add(name, std::move(*file), fd);
  }
  (void)io.out.flush();
  if (!follow)
    return io.status();
  if (follower.run())
    return 0;
  io.note("no files remaining");
  return 1;
}

// `tail -5`, `tail +5c`, `tail -20f`: a number, what it counts and f, as the first word, with one file at most.
int run_tail(const Applet& applet, Io& io, std::span<const char* const> words) {
  const std::string_view first = words.empty() ? "" : words[0];
  const std::string_view second = words.size() > 1 ? words[1] : "";
  const bool alone = words.size() == 1 || (words.size() == 2 && (second.size() < 2 || second[0] != '-')) ||
                     (words.size() <= 3 && second == "--");
  if (first.size() < 2 || (first[0] != '-' && first[0] != '+') || first == "-c" || !alone)
    return entry<options, run>(applet, io, words);
  const size_t digits = std::min(first.find_first_not_of("0123456789", 1), first.size());
  std::string number(first.substr(1, digits - 1));
  if (number.empty())
    number = "10";
  std::string_view rest = first.substr(digits);
  char unit = 'n';
  if (!rest.empty() && (rest[0] == 'b' || rest[0] == 'c' || rest[0] == 'l')) {
    unit = rest[0] == 'l' ? 'n' : 'c';
    number += rest[0] == 'b' ? "b" : "";
    rest.remove_prefix(1);
  }
  if (!rest.empty() && rest != "f")
    return entry<options, run>(applet, io, words);
  WordList list;
  list.push_made(str('-', unit, first.substr(0, 1) == "+" ? "+" : "", number));
  if (!rest.empty())
    list.push("-f");
  for (const char* const word : words.subspan(1))
    list.push(word);
  return entry<options, run>(applet, io, list.words());
}

}  // namespace

extern const Applet tail_applet = {
    .name = "tail",
    .summary = "print the end of files, and follow them",
    .usage = "[OPTION]... [FILE]...",
    .dies_with_reader = true,
    .notes = dense<"N may have a unit: b 512, K 1024, kB 1000, M, MB, G, GB and so on.\n"
                   "Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = run_tail,
};
}  // namespace rescue
