#include "lib/base/quote.h"

#include "lib/base/utf8.h"

namespace rescue {

namespace {

constexpr std::string_view control_letters = "\a\b\f\n\r\t\v";
constexpr std::string_view control_names = "abfnrtv";

// The letter that stands for a control character in C, or 0.
char control_letter(char c) {
  const size_t i = control_letters.find(c);
  return i == std::string_view::npos ? '\0' : control_names[i];
}

void add_octal(std::string& out, char c) {
  const auto byte = static_cast<uint8_t>(c);
  out += '\\';
  out += static_cast<char>('0' + (byte >> 6));
  out += static_cast<char>('0' + ((byte >> 3) & 7));
  out += static_cast<char>('0' + (byte & 7));
}

// \n, or an octal escape for each byte of a character that cannot be shown.
void add_escape(std::string& out, std::string_view bytes) {
  if (const char letter = control_letter(bytes[0]); letter != '\0') {
    out += '\\';
    out += letter;
    return;
  }
  for (const char byte : bytes)
    add_octal(out, byte);
}

// Calls f(bytes, printable) for each character in turn.
template <typename F>
void each_character(std::string_view text, F f) {
  while (!text.empty()) {
    const Character c = first_character(text);
    f(text.substr(0, c.length), is_printable(c));
    text.remove_prefix(c.length);
  }
}

// Characters that a shell may take for something else than themselves, wherever they stand.
constexpr std::string_view shell_special = " !\"$&()*;<=>[^`|'\\?\n\r\t";

bool needs_shell_quotes(std::string_view text, bool escapes, std::string_view also) {
  if (text.empty() || text == "{" || text == "}" || text[0] == '#' || text[0] == '~')
    return true;
  if (text.find_first_of(shell_special) != std::string_view::npos || text.find_first_of(also) != std::string_view::npos)
    return true;
  bool hidden = false;
  if (escapes)
    each_character(text, [&](std::string_view, bool printable) { hidden = hidden || !printable; });
  return hidden;
}

// Whether "..." means the same as '...' for it, which reads better around an apostrophe.
bool fits_double_quotes(std::string_view text) {
  if (text.find_first_of("!\"$&()*;<=>[^`|\\?{}") != std::string_view::npos ||
      text.find_first_of("#~", 1) != std::string_view::npos)
    return false;
  bool fits = true;
  each_character(text, [&](std::string_view, bool printable) { fits = fits && printable; });
  return fits;
}

std::string in_shell_quotes(std::string_view text, bool escapes) {
  if (text.find('\'') != std::string_view::npos && fits_double_quotes(text)) {
    std::string out = "\"";
    out += text;
    return out += '"';
  }
  std::string out = "'";
  bool escaping = false;  // inside $'...'
  each_character(text, [&](std::string_view bytes, bool printable) {
    const bool escape = escapes && !printable;
    if (bytes == "'") {
      out += "'\\''";
      escaping = false;
      return;
    }
    if (escape != escaping)
      out += escape ? "'$'" : "''";
    escaping = escape;
    if (escape)
      add_escape(out, bytes);
    else
      out += bytes;
  });
  return out += '\'';
}

std::string in_c_quotes(std::string_view text, std::string_view open, std::string_view close, std::string_view also) {
  std::string out(open);
  each_character(text, [&](std::string_view bytes, bool printable) {
    if (!printable) {
      add_escape(out, bytes);
      return;
    }
    const bool extra = bytes.size() == 1 && also.find(bytes[0]) != std::string_view::npos;
    if (bytes == "\\" || extra || bytes == close)
      out += '\\';
    out += bytes;
  });
  return out += close;
}

bool needs_c_quotes(std::string_view text, std::string_view also) {
  if (text.find('"') != std::string_view::npos || text.find_first_of(also) != std::string_view::npos)
    return true;
  bool hidden = false;
  each_character(text, [&](std::string_view, bool printable) { hidden = hidden || !printable; });
  return hidden;
}

}  // namespace

std::string quoted(std::string_view text, QuotingStyle style, std::string_view also) {
  switch (style) {
    case QuotingStyle::literal: break;
    case QuotingStyle::shell:
    case QuotingStyle::shell_escape: {
      const bool escapes = style == QuotingStyle::shell_escape;
      if (!needs_shell_quotes(text, escapes, also))
        break;
      return in_shell_quotes(text, escapes);
    }
    case QuotingStyle::shell_always: return in_shell_quotes(text, false);
    case QuotingStyle::shell_escape_always: return in_shell_quotes(text, true);
    case QuotingStyle::c: return in_c_quotes(text, "\"", "\"", also);
    case QuotingStyle::c_maybe:
      // A backslash alone needs no quotes, and stands for itself while there are none.
      return needs_c_quotes(text, also) ? in_c_quotes(text, "\"", "\"", {}) : std::string(text);
    case QuotingStyle::escape: return in_c_quotes(text, {}, {}, also);
    case QuotingStyle::locale:
    case QuotingStyle::clocale: return in_c_quotes(text, "‘", "’", also);
  }
  return std::string(text);
}

std::string quoted_word(std::string_view text) {
  return quoted(text, QuotingStyle::shell_escape_always);
}

[[gnu::noinline]] std::string quoted_word(const String auto& text) {
  return quoted_word(std::string_view(text));
}
template std::string quoted_word(const std::string& text);

}  // namespace rescue
