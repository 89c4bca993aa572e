// expand: turn tabs into blanks.
#include <algorithm>

#include "lib/base/applet.h"
#include "lib/text/input.h"
#include "lib/text/lines.h"
#include "lib/text/scan.h"
#include "lib/text/tab_stops.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

struct Options {
  bool initial = false;
  TabStops stops;
};

Result<> add_stops(Options& o, std::string_view list) {
  return o.stops.add(list);
}

constexpr Opt<Options> options[] = {
    {'i', "initial", &Options::initial, "leave tabs alone that follow other characters than blanks"},
    {'t', "tabs", add_stops, "tabs are N columns apart, not 8; or at the columns of a list (N,M,...)", "LIST"},
};

void put_blanks(Output& out, uint64_t count) {
  static constexpr std::string_view blanks = "                                                                ";
  for (; count > blanks.size(); count -= blanks.size())
    out.put(blanks);
  out.put(blanks.substr(0, static_cast<size_t>(count)));
}

class Converter {
 public:
  Converter(const Options& opt, Output& out) : opt_(opt), out_(out) {}

  // A line without an ending goes on in the next file.
  void convert(std::string_view line, bool ended) {
    size_t plain = 0;
    // Without a backspace, what is between two tabs is as wide as it is long.
    if (!opt_.initial && find_byte(line.data(), line.data() + line.size(), '\b') == line.data() + line.size()) {
      const char* const end = line.data() + line.size();
      for (const char* tab; (tab = find_byte(line.data() + plain, end, '\t')) != end;) {
        const auto length = static_cast<size_t>(tab - line.data()) - plain;
        out_.put(line.substr(plain, length));
        column_ += length;
        const uint64_t next = opt_.stops.next(column_).column;
        put_blanks(out_, next - column_);
        column_ = next;
        plain += length + 1;
      }
      column_ += line.size() - plain;
      return finish(line.substr(plain), ended);
    }
    for (size_t i = 0; i < line.size() && converting_; ++i) {
      const char c = line[i];
      if (c == '\t') {
        const uint64_t next = opt_.stops.next(column_).column;
        out_.put(line.substr(plain, i - plain));
        put_blanks(out_, next - column_);
        plain = i + 1;
        column_ = next;
      } else if (c == '\b') {
        column_ -= column_ > 0 ? 1 : 0;
      } else {
        ++column_;
      }
      converting_ = !opt_.initial || c == ' ' || c == '\t';
    }
    finish(line.substr(plain), ended);
  }

 private:
  void finish(std::string_view rest, bool ended) {
    out_.put(rest);
    if (!ended)
      return;
    out_.put('\n');
    column_ = 0;
    converting_ = true;
  }

  const Options& opt_;
  Output& out_;
  uint64_t column_ = 0;
  bool converting_ = true;
};

Result<int> run(Options& opt, Io& io, Args& args) {
  TRY(opt.stops.finish());
  Converter converter(opt, io.out);
  each_input(io, args, [&](const Input& input) -> Result<> {
    LineReader lines(input.fd(), input.name());
    for (std::string_view line; io.out.ok() && lines.next(line);)
      converter.convert(line, lines.ended());
    return lines.end();
  });
  return io.status();
}

int run_expand(const Applet& applet, Io& io, std::span<const char* const> words) {
  return entry<options, run>(applet, io, with_numbers(words, '-', "-t", ",").words());
}

}  // namespace

extern const Applet expand_applet = {
    .name = "expand",
    .summary = "turn tabs into blanks",
    .usage = "[OPTION]... [FILE]...",
    .dies_with_reader = true,
    .notes = dense<
        "The last number of LIST may have a mark: /N for stops at multiples of N behind the others, +N for stops\n"
        "N columns apart from the last one on. Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = run_expand,
};
}  // namespace rescue
