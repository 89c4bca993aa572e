// printf: print arguments by a format.
#include <cerrno>
#include <cinttypes>
#include <climits>
#include <cstdlib>

#include "lib/base/applet.h"
#include "lib/base/quote.h"
#include "lib/base/utf8.h"
#include "lib/text/escapes.h"
#include "lib/text/number_format.h"

namespace rescue {
namespace {

// One directive of a format, with its stars resolved.
struct Directive {
  std::string flags;
  std::optional<int> width;
  std::optional<int> precision;
  char conversion = 0;
};

class Formatter {
 public:
  Formatter(Io& io, const Args& args) : io_(io), args_(args) {}

  // Goes through the format as often as it takes to use up the arguments. What fails is warned of.
  Result<> print(std::string_view format) {
    size_t before = 0;
    do {
      before = next_;
      TRY(print_once(format));
    } while (!ended_ && next_ > before && next_ < args_.size());
    if (!ended_ && next_ < args_.size())
      io_.note("warning: ignoring excess arguments, starting with ", Quoted(args_[next_]));
    return {};
  }

  // Whether \c ended the output, which makes for success whatever was before.
  bool ended() const { return ended_; }

 private:
  Result<> print_once(std::string_view format) {
    while (!format.empty() && !ended_) {
      const size_t plain = std::min(format.find_first_of("%\\"), format.size());
      io_.out.put(format.substr(0, plain));
      format.remove_prefix(plain);
      if (format.empty())
        break;
      const char mark = format[0];
      format.remove_prefix(1);
      if (mark == '\\')
        TRY(put_escape(format, EscapeStyle::format));
      else
        TRY(put_directive(format));
    }
    return {};
  }

  Result<> put_escape(std::string_view& text, EscapeStyle style) {
    std::string bytes;
    ended_ = !TRY(take_escape(text, style, bytes));
    io_.out.put(bytes);
    return {};
  }

  std::string_view next_argument() { return next_ < args_.size() ? args_[next_++] : std::string_view(); }

  Result<> put_directive(std::string_view& format) {
    const std::string_view start = format;
    if (format.starts_with('%')) {
      io_.out.put('%');
      format.remove_prefix(1);
      return {};
    }
    if (format.starts_with('b') || format.starts_with('q')) {
      const bool quote = format[0] == 'q';
      format.remove_prefix(1);
      const bool there = next_ < args_.size();
      std::string_view text = next_argument();
      if (quote && there)
        io_.out.put(quoted(text, QuotingStyle::shell_escape));
      return quote ? Result<>() : put_with_escapes(text);
    }
    const Directive directive = TRY(take_directive(format));
    if (directive.conversion == 0)
      return fail("conversion", str('%', start.substr(0, start.size() - format.size() + 1)), "is not valid");
    format.remove_prefix(1);
    convert(directive);
    return {};
  }

  Result<> put_with_escapes(std::string_view text) {
    while (!text.empty() && !ended_) {
      const size_t plain = std::min(text.find('\\'), text.size());
      io_.out.put(text.substr(0, plain));
      text.remove_prefix(plain);
      if (text.empty())
        break;
      text.remove_prefix(1);
      TRY(put_escape(text, EscapeStyle::argument));
    }
    return {};
  }

  // Its conversion stays in the format; 0 where it is none, or the flags do not fit it.
  Result<Directive> take_directive(std::string_view& format) {
    std::string allowed = "aAcdeEfFgGiosuxX";
    const auto forbid = [&](std::string_view letters) {
      std::erase_if(allowed, [&](char c) { return letters.contains(c); });
    };
    Directive directive;
    while (!format.empty() && std::string_view("I'-+ #0").contains(format[0])) {
      const char flag = format[0];
      forbid(flag == '\'' || flag == 'I' ? "aAceEosxX" : flag == '#' ? "cdisu" : flag == '0' ? "cs" : "");
      if (flag != 'I')
        directive.flags += flag;
      format.remove_prefix(1);
    }
    directive.width = TRY(take_number(format, "field width"));
    if (directive.width && *directive.width < 0) {
      directive.flags += '-';
      directive.width = -*directive.width;
    }
    if (format.starts_with('.')) {
      format.remove_prefix(1);
      forbid("c");
      directive.precision = TRY(take_number(format, "precision")).value_or(0);
      if (*directive.precision < 0)
        directive.precision.reset();
    }
    while (!format.empty() && std::string_view("lLhjtz").contains(format[0]))
      format.remove_prefix(1);
    if (!format.empty() && allowed.contains(format[0]))
      directive.conversion = format[0];
    return directive;
  }

  Result<std::optional<int>> take_number(std::string_view& format, std::string_view what) {
    if (format.starts_with('*')) {
      format.remove_prefix(1);
      const std::string_view word = next_argument();
      const intmax_t value = word.empty() ? 0 : integer<intmax_t>(word);
      // A precision below zero is none, however far below.
      if (value < 0 && what == "precision")
        return -1;
      if (value < INT_MIN + 1 || value > INT_MAX)
        return fail(str("invalid ", what), word, "is too large");
      return static_cast<int>(value);
    }
    const size_t digits = std::min(format.find_first_not_of("0123456789"), format.size());
    if (digits == 0)
      return std::nullopt;
    const auto value = to_number<int>(format.substr(0, digits));
    if (!value)
      return fail(str("invalid ", what), format.substr(0, digits), "is too large");
    format.remove_prefix(digits);
    return value;
  }

  void warn(std::string_view word, std::string_view why) { io_.warn(fail("read number", word, why).error()); }

  // 'c is the code of a character. What comes behind it is only warned of.
  std::optional<uint32_t> character_code(std::string_view word) {
    if (word.size() < 2 || (word[0] != '\'' && word[0] != '"'))
      return std::nullopt;
    word.remove_prefix(1);
    const Character c = first_character(word);
    const bool whole = c.valid && utf8_environment();
    if (word.size() > (whole ? c.length : 1U) && ::getenv("POSIXLY_CORRECT") == nullptr)
      io_.note("warning: ", Printable(word.substr(whole ? c.length : 1U)),
               ": character(s) following character constant have been ignored");
    return whole ? c.code : static_cast<uint8_t>(word[0]);
  }

  void check_end(const std::string& word, const char* end, int code) {
    if (code != 0)
      warn(word, errno_text(code));
    else if (*end != '\0')
      warn(word, end == word.c_str() ? "expected a numeric value" : "value not completely converted");
  }

  template <typename T>
  T integer(std::string_view text) {
    if (const auto code = character_code(text))
      return static_cast<T>(*code);
    const std::string word(text);
    char* end = nullptr;
    errno = 0;
    T value{};
    if constexpr (std::is_signed_v<T>)
      value = std::strtoimax(word.c_str(), &end, 0);
    else
      value = std::strtoumax(word.c_str(), &end, 0);
    // An empty text is 0 and no mistake, though musl says otherwise.
    check_end(word, end, end == word.c_str() ? 0 : errno);
    return value;
  }

  long double fraction(std::string_view text) {
    if (const auto code = character_code(text))
      return *code;
    const std::string word(text);
    char* end = nullptr;
    errno = 0;
    const long double value = std::strtold(word.c_str(), &end);
    check_end(word, end, end == word.c_str() ? 0 : errno);
    return value;
  }

  void put_padded(const Directive& directive, std::string_view text) {
    const auto width = static_cast<size_t>(directive.width.value_or(0));
    const std::string blanks(text.size() < width ? width - text.size() : 0, ' ');
    const bool left = directive.flags.contains('-');
    io_.out.put(left ? "" : blanks, text, left ? blanks : "");
  }

  static std::string spec_of(const Directive& directive, char modifier) {
    std::string spec = str('%', directive.flags);
    if (directive.width)
      spec += str(*directive.width);
    if (directive.precision)
      spec += str('.', *directive.precision);
    return str(spec, modifier, directive.conversion);
  }

  void convert(const Directive& directive) {
    const std::string_view word = next_argument();
    switch (directive.conversion) {
      case 'c': return put_padded(directive, word.empty() ? std::string_view("\0", 1) : word.substr(0, 1));
      case 's':
        return put_padded(directive, word.substr(0, static_cast<size_t>(directive.precision.value_or(INT_MAX))));
      case 'd':
      case 'i': io_.out.put(format_number(spec_of(directive, 'j').c_str(), integer<intmax_t>(word))); return;
      case 'o':
      case 'u':
      case 'x':
      case 'X': io_.out.put(format_number(spec_of(directive, 'j').c_str(), integer<uintmax_t>(word))); return;
      default: io_.out.put(format_fraction(spec_of(directive, 'L'), fraction(word)));
    }
  }

  Io& io_;
  const Args& args_;
  size_t next_ = 0;
  bool ended_ = false;
};

Result<int> run(Io& io, Args& args) {
  if (!args.empty() && args[0] == "--")
    TRY(args.shift("FORMAT"));
  const std::string_view format = TRY(args.shift("FORMAT"));
  Formatter formatter(io, args);
  TRY(formatter.print(format));
  return formatter.ended() ? 0 : io.status();
}

}  // namespace

extern const Applet printf_applet = {
    .name = "printf",
    .summary = "print arguments by a format",
    .usage = "FORMAT [ARGUMENT]...",
    .usage_status = 1,
    .dies_with_reader = true,
    .notes =
        dense<"FORMAT is as in C, with %b for an argument with escapes, %q for one quoted for a shell, and escapes:\n"
              "  \\\" \\\\ \\a \\b \\c (no more output) \\e \\f \\n \\r \\t \\v \\NNN \\xHH \\uHHHH \\UHHHHHHHH">,
    .run = plain_entry<run>,
};
}  // namespace rescue
