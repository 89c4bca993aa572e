// cut: print parts of lines.
#include <algorithm>

#include "lib/base/applet.h"
#include "lib/text/input.h"
#include "lib/text/lines.h"
#include "lib/text/ranges.h"

namespace rescue {
namespace {

struct Options {
  std::optional<std::string> list;
  bool fields = false;
  std::optional<std::string> delimiter;
  std::optional<std::string> output_delimiter;
  bool complement = false;
  bool only_delimited = false;
  bool zero = false;
};

template <bool fields>
Result<> set_list(Options& o, std::string_view list) {
  if (o.list)
    return usage_error("only one list can be given");
  o.list = list;
  o.fields = fields;
  return {};
}

Result<> ignore(Options& /*o*/, std::string_view /*none*/) {
  return {};
}

constexpr Opt<Options> options[] = {
    {'b', "bytes", set_list<false>, "print these bytes", "LIST"},
    {'c', "characters", set_list<false>, "the same, as in GNU's: a character is a byte", "LIST"},
    {'d', "delimiter", &Options::delimiter, "fields are divided by this byte, not by tabs", "BYTE"},
    {'f', "fields", set_list<true>, "print these fields; a line without delimiters is printed as it is", "LIST"},
    {'n', nullptr, ignore, "ignored, as in GNU's"},
    {0, "complement", &Options::complement, "print all but these bytes or fields"},
    {'s', "only-delimited", &Options::only_delimited, "leave out lines without delimiters"},
    {0, "output-delimiter", &Options::output_delimiter, "put STRING between what is printed", "STRING"},
    {'z', "zero-terminated", &Options::zero, "lines end with a zero byte, not with a newline"},
};

class Cutter {
 public:
  Cutter(const Options& opt, Io& io, std::vector<Range> ranges)
      : opt_(opt), io_(io), ranges_(std::move(ranges)), line_end_(opt.zero ? '\0' : '\n') {
    if (opt.delimiter)
      delimiter_ = opt.delimiter->empty() ? '\0' : (*opt.delimiter)[0];
    // An empty one stands for a zero byte.
    between_ = opt.output_delimiter.value_or(std::string(1, delimiter_));
    if (between_.empty())
      between_ = std::string(1, '\0');
  }

  Result<> cut(const Input& input) {
    if (opt_.fields && delimiter_ == line_end_)
      return whole_lines(input);
    LineReader lines(input.fd(), input.name(), line_end_);
    for (std::string_view line; io_.out.ok() && lines.next(line);) {
      if (opt_.fields)
        fields(line);
      else
        bytes(line);
    }
    return lines.end();
  }

 private:
  void bytes(std::string_view line) {
    bool any = false;
    for (const Range& range : ranges_) {
      if (range.first > line.size())
        break;
      if (any && opt_.output_delimiter)
        io_.out.put(between_);
      const auto last = static_cast<size_t>(std::min<uint64_t>(range.last, line.size()));
      io_.out.put(line.substr(static_cast<size_t>(range.first) - 1, last + 1 - static_cast<size_t>(range.first)));
      any = true;
    }
    io_.out.put(line_end_);
  }

  void fields(std::string_view line) {
    const char* at = line.data();
    const char* const stop = at + line.size();
    const char* end = find_byte(at, stop, delimiter_);
    if (end == stop) {
      if (!opt_.only_delimited)
        io_.out.put(line, line_end_);
      return;
    }
    bool any = false;
    size_t range = 0;
    for (uint64_t number = 1; range < ranges_.size(); ++number) {
      if (number >= ranges_[range].first) {
        if (any)
          io_.out.put(between_);
        io_.out.put(std::string_view(at, end));
        any = true;
        if (number == ranges_[range].last)
          ++range;
      }
      if (end == stop)
        break;
      at = end + 1;
      end = find_byte(at, stop, delimiter_);
    }
    io_.out.put(line_end_);
  }

  // Where fields are divided by what ends a line, the whole file is one line, and its last ending none.
  Result<> whole_lines(const Input& input) {
    LineReader lines(input.fd(), input.name(), line_end_);
    std::string_view line;
    if (!lines.next(line))
      return lines.end();
    const bool takes_first = ranges_[0].first == 1;
    if (!lines.ended() && takes_first == opt_.only_delimited) {
      if (!opt_.only_delimited)
        io_.out.put(line, line_end_);
      return lines.end();
    }
    bool any = false;
    size_t range = 0;
    uint64_t number = 1;
    do {
      while (range < ranges_.size() && number > ranges_[range].last)
        ++range;
      if (range < ranges_.size() && number >= ranges_[range].first) {
        io_.out.put(any ? between_ : "", line);
        any = true;
      }
      ++number;
    } while (io_.out.ok() && lines.next(line));
    if (any || number > 2 || !opt_.only_delimited)
      io_.out.put(line_end_);
    return lines.end();
  }

  const Options& opt_;
  Io& io_;
  std::vector<Range> ranges_;
  char line_end_;
  char delimiter_ = '\t';
  std::string between_;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (!opt.list)
    return usage_error("a list of bytes, characters or fields must be given");
  if (!opt.fields && (opt.delimiter || opt.only_delimited))
    return usage_error("-d and -s are for fields only");
  if (opt.delimiter && opt.delimiter->size() > 1)
    return usage_error("the delimiter must be a single byte");
  auto ranges = parse_ranges(*opt.list, opt.fields ? "field range" : "byte position");
  if (!ranges)
    return with_status(std::move(ranges).error(), Status::failed);
  Cutter cutter(opt, io, opt.complement ? complement(*ranges) : std::move(*ranges));
  each_input(io, args, [&](const Input& input) { return cutter.cut(input); });
  return io.status();
}

}  // namespace

extern const Applet cut_applet = {
    .name = "cut",
    .summary = "print parts of lines",
    .usage = "OPTION... [FILE]...",
    .dies_with_reader = true,
    .notes = dense<
        "LIST is made of N, N-, N-M and -M, divided by commas, counted from 1. Each is printed once, in the order of\n"
        "the line. Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
