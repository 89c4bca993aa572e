// unexpand: turn blanks into tabs.
#include <algorithm>

#include "lib/base/applet.h"
#include "lib/text/input.h"
#include "lib/text/lines.h"
#include "lib/text/tab_stops.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

struct Options {
  bool all = false;
  bool first_only = false;
  TabStops stops;
};

Result<> add_stops(Options& o, std::string_view list) {
  // A number of old, -4, comes as -t,4 and does not imply -a.
  o.all = o.all || !list.starts_with(',');
  return o.stops.add(list);
}

constexpr Opt<Options> options[] = {
    {'a', "all", &Options::all, "convert all runs of two blanks and more that reach a tab stop"},
    {0, "first-only", &Options::first_only, "convert only at the beginning of lines; overrides -a"},
    {'t', "tabs", add_stops, "tabs are N columns apart, not 8; or at the columns of a list (N,M,...); implies -a",
     "LIST"},
};

// Turns the blanks of one line into tabs, as far as they reach a stop.
class Converter {
 public:
  Converter(const Options& opt, Output& out) : opt_(opt), out_(out), everywhere_(opt.all && !opt.first_only) {}

  // A line without an ending goes on in the next file.
  void convert(std::string_view line, bool ended) {
    size_t i = 0;
    while (i < line.size() && converting_) {
      // A run of other characters needs no decisions.
      const size_t run = everywhere_ ? std::min(line.find_first_of(" \t\b", i), line.size()) - i : 0;
      if (run > 0) {
        column_ += run;
        flush();
        previous_blank_ = false;
        out_.put(line.substr(i, run));
        i += run;
      } else {
        converting_ = take(line[i++]);
      }
    }
    out_.put(line.substr(i));
    if (!ended)
      return;
    flush();
    out_.put('\n');
    column_ = 0;
    converting_ = true;
    previous_blank_ = true;
  }

  void flush() {
    if (pending_.size() > 1 && one_before_stop_)
      pending_[0] = '\t';
    out_.put(pending_);
    pending_.clear();
    one_before_stop_ = false;
  }

 private:
  // Takes a character, and says whether to go on converting.
  bool take(char c) {
    const bool blank = c == ' ' || c == '\t';
    bool beyond = false;
    if (blank) {
      const TabStops::Stop stop = opt_.stops.next(column_);
      beyond = stop.last;
      if (!beyond && blank_up_to(c, stop.column))
        return true;
    } else if (c == '\b') {
      column_ -= column_ > 0 ? 1 : 0;
    } else {
      ++column_;
    }
    flush();
    previous_blank_ = blank && !beyond;
    out_.put(c);
    return !beyond && (everywhere_ || previous_blank_);
  }

  // True where the blank was put aside; false where it became a tab, which is in `c`.
  bool blank_up_to(char& c, uint64_t stop) {
    if (c == '\t') {
      column_ = stop;
      if (!pending_.empty())
        pending_[0] = '\t';
    } else {
      ++column_;
      // A single blank before a stop stays one, unless more follow: then it is part of a tab.
      if (!(previous_blank_ && column_ == stop)) {
        if (column_ == stop)
          one_before_stop_ = true;
        pending_ += c;
        previous_blank_ = true;
        return true;
      }
      pending_.assign(1, '\t');
      c = '\t';
    }
    // Blanks up to the stop are in the tab.
    pending_.resize(one_before_stop_ ? 1 : 0);
    return false;
  }

  const Options& opt_;
  Output& out_;
  bool everywhere_;
  uint64_t column_ = 0;
  bool converting_ = true;
  std::string pending_;
  bool one_before_stop_ = false;
  bool previous_blank_ = true;
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
  converter.flush();
  return io.status();
}

int run_unexpand(const Applet& applet, Io& io, std::span<const char* const> words) {
  return entry<options, run>(applet, io, with_numbers(words, '-', "-t,", ",").words());
}

}  // namespace

extern const Applet unexpand_applet = {
    .name = "unexpand",
    .summary = "turn blanks into tabs",
    .usage = "[OPTION]... [FILE]...",
    .dies_with_reader = true,
    .notes = dense<
        "LIST is as for expand(1). Only blanks at the beginning of lines are converted, unless -a or -t is given.\n"
        "Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = run_unexpand,
};
}  // namespace rescue
