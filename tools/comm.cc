// comm: what two sorted files have in common, and what each has alone.
#include "lib/base/applet.h"
#include "lib/text/input.h"
#include "lib/text/lines.h"
#include "lib/text/order.h"

namespace rescue {
namespace {

struct Options {
  bool no_first = false;
  bool no_second = false;
  bool no_common = false;
  OrderCheck check = OrderCheck::when_unpaired;
  std::optional<std::string> delimiter;
  bool total = false;
  bool zero = false;
};

Result<> set_delimiter(Options& o, std::string_view text) {
  if (o.delimiter && *o.delimiter != text)
    return fail("--output-delimiter", text, "a different one was given before");
  o.delimiter = text;
  return {};
}

constexpr Opt<Options> options[] = {
    {'1', nullptr, &Options::no_first, "leave out column 1: lines that only FILE1 has"},
    {'2', nullptr, &Options::no_second, "leave out column 2: lines that only FILE2 has"},
    {'3', nullptr, &Options::no_common, "leave out column 3: lines that both have"},
    {0, "check-order", set<&Options::check, OrderCheck::always>, "fail at once where a file is not sorted"},
    {0, "nocheck-order", set<&Options::check, OrderCheck::never>, "do not look whether the files are sorted"},
    {0, "output-delimiter", set_delimiter, "put STR between columns, not a tab", "STR"},
    {0, "total", &Options::total, "print the sums at the end"},
    {'z', "zero-terminated", &Options::zero, "lines end with a zero byte, not with a newline"},
};

// One of the two files: its line, and the two before it, to see whether they are sorted.
struct Side {
  Side(const Input& input, char line_end, OrderCheck check, std::string_view number)
      : reader(input.fd(), input.name(), line_end), watch(check), number(number) {}

  Result<> advance(Io& io, bool unpaired_seen) {
    if (has_line) {
      older.swap(newer);
      newer = line;
      has_older = has_newer;
      has_newer = true;
    }
    has_line = reader.next(line);
    if (!has_line)
      TRY(reader.end());
    // At the end the last two are looked at again: a line without a partner may have turned up since.
    const bool known = has_line ? has_newer : has_older;
    const std::string_view first = has_line ? newer : older;
    const std::string_view second = has_line ? line : std::string_view(newer);
    if (known && watch.cares(unpaired_seen) && first > second)
      return watch.complain(io, "compare", str("file ", number), "is not in sorted order");
    return {};
  }

  LineReader reader;
  OrderWatch watch;
  std::string_view number;
  std::string_view line;
  std::string newer;
  std::string older;
  bool has_line = false;
  bool has_newer = false;
  bool has_older = false;
};

// An empty delimiter stands for a zero byte, as in GNU's.
std::string_view delimiter_of(const Options& opt) {
  if (!opt.delimiter)
    return "\t";
  return opt.delimiter->empty() ? std::string_view("\0", 1) : std::string_view(*opt.delimiter);
}

Result<int> compare(const Options& opt, Io& io, Side& left, Side& right) {
  const std::string_view between = delimiter_of(opt);
  const char line_end = opt.zero ? '\0' : '\n';
  const std::string second_column(opt.no_first ? "" : between);
  const std::string third_column = str(second_column, opt.no_second ? "" : between);
  bool unpaired = false;
  uint64_t totals[3] = {};
  TRY(left.advance(io, unpaired));
  TRY(right.advance(io, unpaired));
  while ((left.has_line || right.has_line) && io.out.ok()) {
    const int sign = left.line.compare(right.line);
    const int order = !left.has_line ? 1 : !right.has_line ? -1 : sign;
    unpaired = unpaired || order != 0;
    ++totals[order < 0 ? 0 : order > 0 ? 1 : 2];
    if (order < 0 && !opt.no_first)
      io.out.put(left.line, line_end);
    else if (order > 0 && !opt.no_second)
      io.out.put(second_column, right.line, line_end);
    else if (order == 0 && !opt.no_common)
      io.out.put(third_column, left.line, line_end);
    if (order <= 0)
      TRY(left.advance(io, unpaired));
    if (order >= 0)
      TRY(right.advance(io, unpaired));
  }
  if (opt.total)
    io.out.put(totals[0], between, totals[1], between, totals[2], between, "total", line_end);
  if (left.watch.broken() || right.watch.broken())
    return fail("compare", "", "the input is not in sorted order");
  return io.status();
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  const std::string_view first = TRY(args.shift("FILE1"));
  const std::string_view second = TRY(args.shift("FILE2"));
  TRY(args.expect_end());
  const Input left = TRY(Input::open(first, io));
  const Input right = TRY(Input::open(second, io));
  const char line_end = opt.zero ? '\0' : '\n';
  Side one(left, line_end, opt.check, "1");
  Side two(right, line_end, opt.check, "2");
  return compare(opt, io, one, two);
}

}  // namespace

extern const Applet comm_applet = {
    .name = "comm",
    .summary = "what two sorted files have in common, and what each has alone",
    .usage = "[OPTION]... FILE1 FILE2",
    .dies_with_reader = true,
    .notes = dense<"Where FILE1 or FILE2 (not both) is -, standard input is read. Lines are compared byte by byte.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
