// cmp: compare two files byte by byte.
#include <algorithm>
#include <limits>
#include <memory>

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/size_text.h"
#include "lib/text/input.h"
#include "lib/text/scan.h"

namespace rescue {
namespace {

struct Options {
  bool print_bytes = false;
  bool silent = false;
  bool verbose = false;
  uint64_t skip[2] = {0, 0};
  uint64_t limit = std::numeric_limits<uint64_t>::max();
};

constexpr std::string_view units = "kKMGTPEZY";

// Without a number, or with a unit that nobody knows, it is wrong usage.
Result<uint64_t> parse_bytes(std::string_view text, std::string_view option) {
  // K is 1024 and kB 1000; kiB and KiB are the former.
  int base = 10;
  std::string_view digits = text;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.size() > 1 && digits[0] == '0') {
    base = 8;
  }
  size_t end = digits.size();
  std::optional<uint64_t> number;
  while (end > 0 && !(number = to_number<uint64_t>(digits.substr(0, end), base)))
    --end;
  const std::string_view unit = digits.substr(end);
  if (number && unit.empty())
    return *number;
  const ParsedSize size = parse_size(str("1", unit), units);
  uint64_t value = 0;
  if (!number || size.problem != SizeProblem::none)
    return usage_error("invalid ", option, " value '", Printable(text), '\'');
  if (__builtin_mul_overflow(*number, size.value, &value))
    return std::numeric_limits<uint64_t>::max();
  return value;
}

Result<> set_skip(Options& o, std::string_view text) {
  const size_t colon = text.find(':');
  o.skip[0] = std::max(o.skip[0], TRY(parse_bytes(text.substr(0, colon), "--ignore-initial")));
  o.skip[1] = std::max(o.skip[1], colon == std::string_view::npos
                                      ? o.skip[0]
                                      : TRY(parse_bytes(text.substr(colon + 1), "--ignore-initial")));
  return {};
}

Result<> set_limit(Options& o, std::string_view text) {
  o.limit = std::min(o.limit, TRY(parse_bytes(text, "--bytes")));
  return {};
}

constexpr Opt<Options> options[] = {
    {'b', "print-bytes", &Options::print_bytes, "print the bytes that differ"},
    {'i', "ignore-initial", set_skip, "skip the first SKIP bytes of both files, or SKIP1 and SKIP2", "SKIP[:SKIP2]"},
    {'l', "verbose", &Options::verbose, "print the numbers and values of all bytes that differ"},
    {'n', "bytes", set_limit, "compare LIMIT bytes at most", "LIMIT"},
    {'s', "quiet", &Options::silent, "print nothing; the exit status tells"},
    {0, "silent", &Options::silent, "the same as -s"},
};

// As cat -v shows it.
std::string shown(uint8_t byte) {
  std::string text;
  if (byte >= 0x80) {
    text = "M-";
    byte &= 0x7f;
  }
  if (byte < 0x20)
    return str(text, '^', static_cast<char>(byte + 0x40));
  if (byte == 0x7f)
    return str(text, "^?");
  return str(text, static_cast<char>(byte));
}

std::string padded(std::string text, size_t width, bool left = false) {
  if (text.size() < width)
    text.insert(left ? text.size() : 0, width - text.size(), ' ');
  return text;
}

constexpr size_t piece = 65536;

class Comparer {
 public:
  Comparer(const Options& opt, Io& io, Input& first, Input& second) : opt_(opt), io_(io), inputs_{&first, &second} {
    for (auto& buffer : buffers_)
      buffer = std::make_unique_for_overwrite<char[]>(piece);
  }

  // 0 the same, 1 different.
  Result<int> compare() {
    for (size_t i = 0; i < 2; ++i)
      TRY(skip(i));
    if (const auto status = by_size())
      return *status;
    set_index_width();
    uint64_t left = opt_.limit;
    while (true) {
      const auto room = static_cast<size_t>(std::min<uint64_t>(piece, left));
      const size_t first = TRY(read_full(inputs_[0]->fd(), {buffers_[0].get(), room}, inputs_[0]->name()));
      const size_t second = TRY(read_full(inputs_[1]->fd(), {buffers_[1].get(), room}, inputs_[1]->name()));
      const size_t common = std::min(first, second);
      if (common_length(buffers_[0].get(), buffers_[1].get(), common) < common) {
        differ_ = true;
        if (opt_.silent || !opt_.verbose)
          return first_difference(common);
        list_differences(common);
      }
      if (first != second)
        return ended_early(first < second ? 0 : 1, common);
      lines_ += opt_.verbose ? 0 : count_byte({buffers_[0].get(), common}, '\n');
      last_byte_ = common > 0 ? buffers_[0][common - 1] : last_byte_;
      at_ += common;
      left -= common;
      if (common < room || left == 0)
        return differ_ ? 1 : 0;
    }
  }

 private:
  Result<> skip(size_t i) {
    const uint64_t count = opt_.skip[i];
    if (count == 0 || ::lseek(inputs_[i]->fd(), static_cast<off_t>(count), SEEK_CUR) >= 0)
      return {};
    for (uint64_t left = count; left > 0;) {
      const auto room = static_cast<size_t>(std::min<uint64_t>(piece, left));
      const size_t got = TRY(read_full(inputs_[i]->fd(), {buffers_[0].get(), room}, inputs_[i]->name()));
      left -= got;
      if (got < room)
        break;
    }
    return {};
  }

  // Bytes that are left of a regular file.
  static std::optional<uint64_t> size_of(int fd) {
    struct stat info{};
    const off_t here = ::lseek(fd, 0, SEEK_CUR);
    if (here < 0 || ::fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || info.st_size < here)
      return std::nullopt;
    return static_cast<uint64_t>(info.st_size - here);
  }

  // Where only the status is wanted, files of different sizes need not be read.
  std::optional<int> by_size() const {
    const auto first = size_of(inputs_[0]->fd());
    const auto second = size_of(inputs_[1]->fd());
    if (!opt_.silent || !first || !second || *first == 0 || *second == 0)
      return std::nullopt;
    return std::min(*first, opt_.limit) != std::min(*second, opt_.limit) ? std::optional(1) : std::nullopt;
  }

  // -l makes its first column as wide as the largest number can be.
  void set_index_width() {
    uint64_t most = opt_.limit;
    for (const Input* const input : inputs_)
      most = std::min(most, size_of(input->fd()).value_or(std::numeric_limits<int64_t>::max()));
    index_width_ = Part(std::min<uint64_t>(most, std::numeric_limits<int64_t>::max())).view().size();
  }

  uint8_t byte(size_t file, size_t i) const { return static_cast<uint8_t>(buffers_[file][i]); }

  int first_difference(size_t common) {
    if (opt_.silent)
      return 1;
    const auto* const start = buffers_[0].get();
    const size_t i = common_length(start, buffers_[1].get(), common);
    const uint64_t line = lines_ + count_byte({start, i}, '\n') + 1;
    io_.out.put(inputs_[0]->name(), ' ', inputs_[1]->name(), " differ: byte ", at_ + i + 1, ", line ", line);
    if (opt_.print_bytes)
      io_.out.put(" is ", padded(to_octal(byte(0, i)), 3), ' ', shown(byte(0, i)), ' ', padded(to_octal(byte(1, i)), 3),
                  ' ', shown(byte(1, i)));
    io_.out.put('\n');
    return 1;
  }

  void list_differences(size_t common) {
    for (size_t i = 0; i < common; ++i) {
      const uint8_t a = byte(0, i);
      const uint8_t b = byte(1, i);
      if (a == b)
        continue;
      io_.out.put(padded(str(at_ + i + 1), index_width_), ' ', padded(to_octal(a), 3), ' ');
      if (opt_.print_bytes)
        io_.out.put(padded(shown(a), 4, true), ' ');
      io_.out.put(padded(to_octal(b), 3));
      if (opt_.print_bytes)
        io_.out.put(' ', shown(b));
      io_.out.put('\n');
    }
  }

  int ended_early(size_t which, size_t common) {
    if (opt_.silent)
      return 1;
    const std::string_view name = inputs_[which]->name();
    const uint64_t bytes = at_ + common;
    if (bytes == 0) {
      io_.note("EOF on ", name, " which is empty");
    } else if (opt_.verbose) {
      io_.note("EOF on ", name, " after byte ", bytes);
    } else {
      const uint64_t lines = lines_ + count_byte({buffers_[0].get(), common}, '\n');
      const char last = common > 0 ? buffers_[0][common - 1] : last_byte_;
      io_.note("EOF on ", name, " after byte ", bytes, last == '\n' ? ", line " : ", in line ",
               lines + (last == '\n' ? 0 : 1));
    }
    return 1;
  }

  const Options& opt_;
  Io& io_;
  Input* inputs_[2];
  std::unique_ptr<char[]> buffers_[2];
  size_t index_width_ = 1;
  uint64_t at_ = 0;
  uint64_t lines_ = 0;
  char last_byte_ = '\n';
  bool differ_ = false;
};

// The same file at the same place is the same without a look.
bool same_file(int a, int b) {
  struct stat one{};
  struct stat two{};
  return ::fstat(a, &one) == 0 && ::fstat(b, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino &&
         ::lseek(a, 0, SEEK_CUR) == ::lseek(b, 0, SEEK_CUR);
}

Result<int> run(Options& opt, Io& io, Args& args) {
  if (opt.silent && opt.verbose)
    return usage_error("-l and -s exclude each other");
  const std::string_view first = TRY(args.shift("FILE1"));
  const std::string_view second = args.empty() ? "-" : TRY(args.shift("FILE2"));
  for (size_t i = 0; !args.empty(); ++i) {
    if (i == 2)
      TRY(args.expect_end());
    opt.skip[i] = std::max(opt.skip[i], TRY(parse_bytes(TRY(args.shift("SKIP")), "SKIP")));
  }
  auto opened_left = Input::open(first, io);
  auto opened_right = Input::open(second, io);
  if (opt.silent && (!opened_left || !opened_right))
    return 2;
  Input left = TRY(std::move(opened_left));
  Input right = TRY(std::move(opened_right));
  if ((first == second || same_file(left.fd(), right.fd())) && opt.skip[0] == opt.skip[1])
    return 0;
  return Comparer(opt, io, left, right).compare();
}

}  // namespace

extern const Applet cmp_applet = {
    .name = "cmp",
    .summary = "compare two files byte by byte",
    .usage = "[OPTION]... FILE1 [FILE2 [SKIP1 [SKIP2]]]",
    .failure_status = 2,
    .dies_with_reader = true,
    .version_letter = 'v',
    .notes = dense<
        "Numbers may have a unit: kB 1000, K 1024, MB, M and so on. Where a FILE is missing or -, standard input is "
        "read.\n"
        "Exit status: 0 the same, 1 different, 2 trouble.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
