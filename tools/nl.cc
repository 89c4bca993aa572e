// nl: number lines.
#include <cstdint>
#include <optional>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/text/input.h"
#include "lib/text/lines.h"
#include "lib/text/regex.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

enum class Format : uint8_t { left, right, right_zeros };

struct Options {
  std::string styles[3] = {"n", "t", "n"};  // of headers, bodies, footers
  std::string delimiter = "\\:";
  int64_t first = 1;
  int64_t increment = 1;
  uint64_t join_blank = 1;
  Format format = Format::right;
  bool keep_numbering = false;
  std::string separator = "\t";
  uint64_t width = 6;
};

template <size_t section>
Result<> set_style(Options& o, std::string_view style) {
  if (style != "a" && style != "t" && style != "n" && !style.starts_with('p'))
    return with_status(fail("numbering style", style, "is none: a, t, n or pEXPRESSION").error(), Status::failed);
  o.styles[section] = style;
  return {};
}

// One character takes the place of the first one; the second stays a colon.
Result<> set_delimiter(Options& o, std::string_view text) {
  o.delimiter = text.size() == 1 ? str(text, ':') : std::string(text);
  return {};
}

template <int64_t Options::* member>
Result<> set_signed(Options& o, std::string_view text) {
  const auto number = to_number<int64_t>(text.substr(text.starts_with('+') ? 1 : 0));
  if (!number)
    return fail("line number", text, "is not a number");
  o.*member = *number;
  return {};
}

template <uint64_t Options::* member>
Result<> set_count(Options& o, std::string_view text) {
  o.*member = TRY(number_argument(text, "number", 1));
  return {};
}

constexpr Choice<Format> formats[] = {{"ln", Format::left}, {"rn", Format::right}, {"rz", Format::right_zeros}};

Result<> set_format(Options& o, std::string_view word) {
  for (const auto& format : formats)
    if (format.word == word) {
      o.format = format.value;
      return {};
    }
  return fail("line number format", word, "is none: ln, rn or rz");
}

constexpr Opt<Options> options[] = {
    {'b', "body-numbering", set_style<1>, "which lines of bodies are numbered (t)", "STYLE"},
    {'d', "section-delimiter", set_delimiter, "sections are divided by lines of these characters (\\:)", "CC"},
    {'f', "footer-numbering", set_style<2>, "which lines of footers are numbered (n)", "STYLE"},
    {'h', "header-numbering", set_style<0>, "which lines of headers are numbered (n)", "STYLE"},
    {'i', "line-increment", set_signed<&Options::increment>, "numbers are N apart (1)", "N"},
    {'l', "join-blank-lines", set_count<&Options::join_blank>, "N empty lines count as one (1)", "N"},
    {'n', "number-format", set_format, "ln: on the left, rn: on the right (default), rz: the same with zeros",
     "FORMAT"},
    {'p', "no-renumber", &Options::keep_numbering, "do not begin anew with each section"},
    {'s', "number-separator", &Options::separator, "put STRING behind numbers, not a tab", "STRING"},
    {'v', "starting-line-number", set_signed<&Options::first>, "the first number of each section (1)", "N"},
    {'w', "number-width", set_count<&Options::width>, "numbers are N columns wide (6)", "N"},
};

class Numberer {
 public:
  Numberer(const Options& opt, Io& io)
      : opt_(opt), io_(io), blanks_(static_cast<size_t>(opt.width) + opt.separator.size(), ' '), number_(opt.first) {}

  // Compiles the styles that are expressions.
  Result<> prepare() {
    for (size_t i = 0; i < 3; ++i)
      if (opt_.styles[i].starts_with('p'))
        regexes_[i].emplace(TRY(Regex::compile(std::string_view(opt_.styles[i]).substr(1), {})));
    return {};
  }

  Result<> number(const Input& input) {
    LineReader lines(input.fd(), input.name());
    for (std::string_view line; io_.out.ok() && lines.next(line);) {
      if (const auto section = section_of(line)) {
        section_ = *section;
        if (!opt_.keep_numbering) {
          number_ = opt_.first;
          overflow_ = false;
        }
        io_.out.put('\n');
        continue;
      }
      if (TRY(wants_number(line)))
        TRY(put_number());
      else
        io_.out.write(blanks_);
      put_line(lines, line, io_.out);
    }
    return lines.end();
  }

 private:
  // The delimiter three times begins a header, twice a body, once a footer.
  std::optional<size_t> section_of(std::string_view line) const {
    const std::string& mark = opt_.delimiter;
    if (mark.size() < 2 || line.size() < 2 || line.substr(0, 2) != std::string_view(mark).substr(0, 2))
      return std::nullopt;
    std::string marks = str(mark, mark, mark);
    for (size_t section = 0; section < 3; ++section) {
      if (line == marks)
        return section;
      marks.resize(marks.size() - mark.size());
    }
    return std::nullopt;
  }

  Result<bool> wants_number(std::string_view line) {
    switch (opt_.styles[section_][0]) {
      case 'a':
        if (opt_.join_blank == 1 || !line.empty()) {
          blank_ = opt_.join_blank > 1 ? 0 : blank_;
          return true;
        }
        if (++blank_ < opt_.join_blank)
          return false;
        blank_ = 0;
        return true;
      case 't': return !line.empty();
      case 'p': return regexes_[section_]->matches(line);
      default: return false;
    }
  }

  Result<> put_number() {
    if (overflow_)
      return fail("count", "", "the line number is too large");
    const Part part(number_);
    std::string_view digits = part.view();
    const size_t pad = digits.size() < opt_.width ? static_cast<size_t>(opt_.width) - digits.size() : 0;
    std::string text;
    if (opt_.format == Format::right_zeros && digits[0] == '-') {
      text = '-';
      digits.remove_prefix(1);
    }
    if (opt_.format != Format::left)
      text.append(pad, opt_.format == Format::right ? ' ' : '0');
    text += digits;
    if (opt_.format == Format::left)
      text.append(pad, ' ');
    text += opt_.separator;
    io_.out.write(text);
    overflow_ = __builtin_add_overflow(number_, opt_.increment, &number_);
    return {};
  }

  const Options& opt_;
  Io& io_;
  std::string blanks_;  // in place of a number
  std::optional<Regex> regexes_[3];
  size_t section_ = 1;
  int64_t number_;
  bool overflow_ = false;
  uint64_t blank_ = 0;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  Numberer numberer(opt, io);
  TRY(numberer.prepare());
  each_input(io, args, [&](const Input& input) { return numberer.number(input); });
  return io.status();
}

}  // namespace

extern const Applet nl_applet = {
    .name = "nl",
    .summary = "number lines",
    .usage = "[OPTION]... [FILE]...",
    .dies_with_reader = true,
    .notes = dense<"STYLE: a all lines, t lines that are not empty, n none, pBRE those that the expression matches.\n"
                   "A line that is CC three times begins a header, twice a body, once a footer.\n"
                   "Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
