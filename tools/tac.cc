// tac: print files with the last line first.
#include <algorithm>

#include <sys/stat.h>

#include "lib/base/applet.h"
#include "lib/text/input.h"
#include "lib/text/regex.h"
#include "lib/text/scan.h"

namespace rescue {
namespace {

struct Options {
  bool before = false;
  bool regex = false;
  std::string separator = "\n";
};

constexpr Opt<Options> options[] = {
    {'b', "before", &Options::before, "separators stand before their records, not behind them"},
    {'r', "regex", &Options::regex, "the separator is a regular expression"},
    {'s', "separator", &Options::separator, "records are divided by STRING, not by newlines; empty: by a zero byte",
     "STRING"},
};

// Prints the records of a text from the last to the first. The text may come from its end, piece by piece: what lies
// before the first separator of a piece waits for the piece before it.
class Reverser {
 public:
  Reverser(const Options& opt, Output& out)
      : before_(opt.before), separator_(opt.separator.empty() ? std::string(1, '\0') : opt.separator), out_(out) {}

  // What is left over of a text, and how far it has to be searched for separators.
  struct Rest {
    size_t size;
    size_t limit;
  };

  // Prints the records that begin behind a separator. It is searched before `limit`.
  Rest print(std::string_view text, size_t limit) {
    Rest rest{text.size(), limit};
    for (size_t at = 0; (at = find_last(text, rest.limit)) != std::string_view::npos;) {
      put_from(text, before_ ? at : at + separator_.size(), rest);
      rest.limit = at;
    }
    return rest;
  }

  // The same for a whole text and an expression. It is searched backwards, as GNU's does: from the last place where it
  // matches, the longest match that ends before the one found last.
  Result<> print_by_regex(std::string_view text) {
    Regex regex = TRY(Regex::compile(separator_, {.flavor = RegexSyntax::Flavor::emacs, .bytes = true, .lines = true}));
    Rest rest{text.size(), text.size()};
    for (Span match; last_match(regex, text.substr(0, rest.limit), match);) {
      put_from(text, before_ ? match.begin : match.end, rest);
      rest.limit = match.begin;
    }
    out_.put(text.substr(0, rest.size));
    return {};
  }

 private:
  void put_from(std::string_view text, size_t cut, Rest& rest) {
    out_.put(text.substr(cut, rest.size - cut));
    rest.size = cut;
  }

  // Looks at more and more of the end of the text, so that near matches are found at once.
  static bool last_match(Regex& regex, std::string_view text, Span& match) {
    bool found = false;
    for (size_t step = 64; !found && !text.empty(); step *= 2) {
      size_t at = text.size() > step ? text.size() - step : 0;
      const bool all = at == 0;
      for (Span next; at < text.size() && regex.find(text, next, at) && next.begin < text.size(); at = next.begin + 1) {
        match = next;
        found = true;
      }
      if (all)
        break;
    }
    return found;
  }

  size_t find_last(std::string_view text, size_t limit) const {
    if (separator_.size() == 1) {
      const char* const at = find_last_byte(text.data(), text.data() + limit, separator_[0]);
      return at == nullptr ? std::string_view::npos : static_cast<size_t>(at - text.data());
    }
    return limit < separator_.size() ? std::string_view::npos : text.rfind(separator_, limit - separator_.size());
  }

  bool before_;
  std::string separator_;
  Output& out_;
};

// A regular file is read from its end: it may be larger than memory.
Result<> print_backwards(const Input& input, uint64_t end, Reverser& reverser, Output& out) {
  size_t piece = 1 << 16;
  std::string text;
  std::string larger;
  size_t limit = 0;
  bool first = true;
  while (end > 0 && out.ok()) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(piece, end));
    end -= count;
    larger.clear();
    larger.reserve(count + text.size());
    larger.resize(count);
    const size_t there = TRY(pread_full(input.fd(), larger, end, input.name()));
    larger.resize(there);
    larger += text;
    std::swap(text, larger);
    const Reverser::Rest rest = reverser.print(text, first ? text.size() : there + limit);
    first = false;
    text.resize(rest.size);
    limit = rest.limit;
    // A record larger than the piece is not searched for ever again.
    piece = std::max(piece, text.size());
  }
  out.put(text);
  return {};
}

Result<> print_input(const Input& input, const Options& opt, Output& out) {
  Reverser reverser(opt, out);
  struct stat info{};
  // All of it, even where some was read before: so does GNU's.
  if (!opt.regex && ::fstat(input.fd(), &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0)
    return print_backwards(input, static_cast<uint64_t>(info.st_size), reverser, out);
  const std::string text = TRY(read_all(input.fd(), UINT64_MAX, input.name()));
  if (opt.regex)
    return reverser.print_by_regex(text);
  const Reverser::Rest rest = reverser.print(text, text.size());
  out.put(std::string_view(text).substr(0, rest.size));
  return {};
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (opt.regex && opt.separator.empty())
    return fail("separator", "", "cannot be empty");
  each_input(io, args, [&](const Input& input) { return print_input(input, opt, io.out); });
  return io.status();
}

}  // namespace

extern const Applet tac_applet = {
    .name = "tac",
    .summary = "print files with the last line first",
    .usage = "[OPTION]... [FILE]...",
    .dies_with_reader = true,
    .notes = dense<"Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
