// echo: print its arguments. POSIX leaves options and backslashes open; this is GNU's way.
#include <cstdlib>

#include "lib/base/applet.h"

namespace rescue {
namespace {

struct Style {
  bool newline = true;
  bool escapes = false;
};

// Whether the word is `-` and nothing but option letters; any other word is text. Applies it then.
bool take_option(std::string_view word, Style& style) {
  if (word.size() < 2 || word[0] != '-' || word.substr(1).find_first_not_of("neE") != std::string_view::npos)
    return false;
  for (const char letter : word.substr(1)) {
    if (letter == 'n')
      style.newline = false;
    else
      style.escapes = letter == 'e';
  }
  return true;
}

// Takes up to `limit` digits of the base (8 or 16) off the text.
unsigned take_digits(std::string_view& text, unsigned base, size_t limit) {
  size_t count = 0;
  while (count < limit && count < text.size() && to_number<unsigned>(text.substr(count, 1), static_cast<int>(base)))
    ++count;
  const unsigned value = to_number<unsigned>(text.substr(0, count), static_cast<int>(base)).value_or(0);
  text.remove_prefix(count);
  return value;
}

// Takes an escape sequence, whose backslash is gone already, and prints what it stands for. False for \c, which
// ends all output.
bool put_escape(std::string_view& text, Output& out) {
  static constexpr std::string_view letters = "abefnrtv\\";
  static constexpr std::string_view meanings = "\a\b\x1b\f\n\r\t\v\\";
  const char c = text[0];
  text.remove_prefix(1);
  if (c == 'c')
    return false;
  if (const size_t i = letters.find(c); i != std::string_view::npos) {
    out.put(meanings[i]);
  } else if (c == 'x' && !text.empty() && to_number<unsigned>(text.substr(0, 1), 16)) {
    out.put(static_cast<char>(take_digits(text, 16, 2)));
  } else if (c == '0') {
    out.put(static_cast<char>(take_digits(text, 8, 3)));
  } else if (c >= '1' && c <= '7') {
    const unsigned first = static_cast<unsigned>(c - '0');
    const size_t before = text.size();
    const unsigned rest = take_digits(text, 8, 2);
    out.put(static_cast<char>((first << (3 * (before - text.size()))) + rest));
  } else {
    out.put('\\', c);
  }
  return true;
}

bool put_escaped(std::string_view text, Output& out) {
  while (!text.empty()) {
    const size_t plain = text.find('\\');
    out.put(text.substr(0, plain));
    text.remove_prefix(plain == std::string_view::npos ? text.size() : plain);
    if (text.size() < 2) {
      out.put(text);
      break;
    }
    text.remove_prefix(1);
    if (!put_escape(text, out))
      return false;
  }
  return true;
}

Result<int> run(Io& io, Args& args) {
  Style style;
  size_t next = 0;
  // POSIX wants escapes and no options, save a first `-n`.
  const bool posix = ::getenv("POSIXLY_CORRECT") != nullptr;
  if (!posix || (!args.empty() && args[0] == "-n"))
    while (next < args.size() && take_option(args[next], style))
      ++next;
  style.escapes = style.escapes || posix;
  for (size_t i = next; i < args.size(); ++i) {
    if (i > next)
      io.out.put(' ');
    if (!style.escapes)
      io.out.put(args[i]);
    else if (!put_escaped(args[i], io.out))
      return 0;
  }
  if (style.newline)
    io.out.put('\n');
  return 0;
}

// Where POSIX rules, --help is text like any other.
int run_echo(const Applet& applet, Io& io, std::span<const char* const> words) {
  if (::getenv("POSIXLY_CORRECT") != nullptr) {
    Args args(words);
    return detail::finish(applet, io, run(io, args));
  }
  return plain_entry<run>(applet, io, words);
}

}  // namespace

extern const Applet echo_applet = {
    .name = "echo",
    .summary = "print a line of text",
    .usage = "[-neE] [STRING]...",
    .notes = dense<"  -n    print no newline at the end\n"
                   "  -e    understand backslash escapes: \\\\ \\a \\b \\c \\e \\f \\n \\r \\t \\v \\0NNN \\xHH\n"
                   "  -E    print backslashes as they are (default)">,
    .run = run_echo,
};
}  // namespace rescue
