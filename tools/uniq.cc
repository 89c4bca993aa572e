// uniq: report or leave out lines that are repeated.
#include <algorithm>
#include <cerrno>
#include <limits>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/text/input.h"
#include "lib/text/lines.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

enum class Method : uint8_t { none, prepend, append, separate, both };

struct Options {
  bool count = false;
  bool unique = true;
  bool first_repeated = true;
  bool later_repeated = false;
  bool selected = false;
  Method delimit = Method::none;
  Method group = Method::none;
  bool ignore_case = false;
  bool zero = false;
  uint64_t skip_fields = 0;
  uint64_t skip_characters = 0;
  uint64_t check_characters = std::numeric_limits<uint64_t>::max();
};

constexpr Choice<Method> repeated_methods[] = {
    {"none", Method::none},
    {"prepend", Method::prepend},
    {"separate", Method::separate},
};

constexpr Choice<Method> group_methods[] = {
    {"prepend", Method::prepend},
    {"append", Method::append},
    {"separate", Method::separate},
    {"both", Method::both},
};

Result<> set_all_repeated(Options& o, std::string_view word) {
  o.unique = false;
  o.later_repeated = true;
  o.selected = true;
  o.delimit = word.empty() ? Method::none : TRY(choose("--all-repeated", word, repeated_methods));
  return {};
}

// -d leaves out what is unique, -u what is repeated.
template <bool Options::* member>
Result<> leave_out(Options& o, std::string_view /*none*/) {
  o.*member = false;
  o.selected = true;
  return {};
}

Result<> set_group(Options& o, std::string_view word) {
  o.group = word.empty() ? Method::separate : TRY(choose("--group", word, group_methods));
  return {};
}

template <uint64_t Options::* member>
Result<> set_number(Options& o, std::string_view text) {
  o.*member = TRY(number_argument(text, "number"));
  return {};
}

Result<> set_all_repeated_plain(Options& o, std::string_view /*none*/) {
  return set_all_repeated(o, {});
}

constexpr Opt<Options> options[] = {
    {'c', "count", &Options::count, "print before each line how often it came"},
    {'d', "repeated", leave_out<&Options::unique>, "print only lines that are repeated, once each"},
    {'D', nullptr, set_all_repeated_plain, "print all lines that are repeated"},
    {0, "all-repeated", set_all_repeated,
     "the same, with empty lines between groups: none (default), prepend, separate", "[METHOD]"},
    {'f', "skip-fields", set_number<&Options::skip_fields>, "do not compare the first N fields", "N"},
    {0, "group", set_group,
     "print all lines, with empty lines between groups: separate (default), prepend, append, both", "[METHOD]"},
    {'i', "ignore-case", &Options::ignore_case, "upper and lower case are the same"},
    {'s', "skip-chars", set_number<&Options::skip_characters>, "do not compare the first N characters", "N"},
    {'u', "unique", leave_out<&Options::first_repeated>, "print only lines that are not repeated"},
    {'w', "check-chars", set_number<&Options::check_characters>, "compare no more than N characters", "N"},
    {'z', "zero-terminated", &Options::zero, "lines end with a zero byte, not with a newline"},
};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

class Filter {
 public:
  Filter(const Options& opt, Io& io) : opt_(opt), io_(io), line_end_(opt.zero ? '\0' : '\n') {}

  Result<> run(const Input& input) {
    LineReader lines(input.fd(), input.name(), line_end_);
    std::string_view line;
    if (!lines.next(line))
      return lines.end();
    begin(line);
    while (io_.out.ok() && lines.next(line)) {
      const bool match = same(key_of(line), key_of(previous()));
      if (opt_.group != Method::none)
        group(line, match);
      else
        compare(line, match);
    }
    if (opt_.group == Method::none)
      print(false);
    else if (opt_.group == Method::append || opt_.group == Method::both)
      io_.out.put(line_end_);
    return lines.end();
  }

 private:
  std::string_view key_of(std::string_view line) const {
    size_t at = 0;
    for (uint64_t left = opt_.skip_fields; left > 0 && at < line.size(); --left) {
      while (at < line.size() && is_blank(line[at]))
        ++at;
      while (at < line.size() && !is_blank(line[at]))
        ++at;
    }
    at += static_cast<size_t>(std::min<uint64_t>(opt_.skip_characters, line.size() - at));
    return line.substr(at, static_cast<size_t>(std::min<uint64_t>(opt_.check_characters, line.size())));
  }

  bool same(std::string_view a, std::string_view b) const {
    if (!opt_.ignore_case || a.size() != b.size())
      return a == b;
    return std::ranges::equal(a, b, {}, lower, lower);
  }

  std::string_view previous() const { return {previous_.data(), previous_.size() - 1}; }

  void keep(std::string_view line) {
    previous_ = line;
    previous_ += line_end_;
  }

  void begin(std::string_view line) {
    if (opt_.group == Method::prepend || opt_.group == Method::both)
      io_.out.put(line_end_);
    if (opt_.group != Method::none)
      io_.out.put(line, line_end_);
    keep(line);
  }

  // --group: all lines, as they come.
  void group(std::string_view line, bool match) {
    if (!match) {
      io_.out.put(line_end_);
      keep(line);
    }
    io_.out.put(line, line_end_);
  }

  // The line before is printed when it is known what follows it.
  void compare(std::string_view line, bool match) {
    if (match)
      ++repeats_;
    if (!match && repeats_ > 0)
      first_group_ = false;
    if (match && repeats_ == 1 &&
        (opt_.delimit == Method::prepend || (opt_.delimit == Method::separate && !first_group_)))
      io_.out.put(line_end_);
    if (match && !opt_.later_repeated)
      return;
    print(match);
    keep(line);
    if (!match)
      repeats_ = 0;
  }

  void print(bool match) {
    if (!(repeats_ == 0 ? opt_.unique : match ? opt_.later_repeated : opt_.first_repeated))
      return;
    if (opt_.count) {
      const Part number(repeats_ + 1);
      const std::string_view digits = number.view();
      io_.out.put(std::string_view("       ").substr(std::min<size_t>(digits.size(), 7)), digits, ' ');
    }
    io_.out.write(previous_);
  }

  const Options& opt_;
  Io& io_;
  char line_end_;
  std::string previous_;  // with its ending
  uint64_t repeats_ = 0;
  bool first_group_ = true;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (opt.group != Method::none && (opt.count || opt.selected))
    return usage_error("--group excludes -c, -d, -D and -u");
  if (opt.count && opt.later_repeated)
    return usage_error("-D with -c makes no sense");
  const std::string_view name = args.empty() ? "-" : TRY(args.shift("INPUT"));
  if (!args.empty() && args[0] != "-") {
    // What is printed goes there by way of standard output.
    const std::string path(args[0]);
    const UniqueFd file = TRY(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0666));
    if (::dup2(file.get(), io.out.fd()) < 0)
      return fail("open", path);
  }
  if (!args.empty())
    TRY(args.shift("OUTPUT"));
  TRY(args.expect_end());
  Input input = TRY(Input::open(name, io));
  TRY(Filter(opt, io).run(input));
  TRY(input.close());
  return io.status();
}

// `uniq -2 +3` of old: fields and characters to skip.
int run_uniq(const Applet& applet, Io& io, std::span<const char* const> words) {
  const WordList fields = with_numbers(words, '-', "-f");
  return entry<options, run>(applet, io, with_numbers(fields.words(), '+', "-s").words());
}

}  // namespace

extern const Applet uniq_applet = {
    .name = "uniq",
    .summary = "report or leave out lines that are repeated",
    .usage = "[OPTION]... [INPUT [OUTPUT]]",
    .dies_with_reader = true,
    .notes = dense<"Only neighbours are compared: `sort` first. A field is a run of blanks and what follows it;\n"
                   "fields are skipped before characters.">,
    .options = describe<options>,
    .run = run_uniq,
};
}  // namespace rescue
