#include "lib/text/text_kind.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/base/utf8.h"

namespace rescue {

namespace {

constexpr uint64_t usual_line = 300;

// Control characters that are found in texts: BEL to CR, and ESC.
bool is_text_byte(uint8_t byte) {
  return (byte >= 7 && byte <= 13) || byte == 0x1b || (byte >= 0x20 && byte != 0x7f);
}

// The single bytes of a text, the simplest encoding that has them all; ISO 8859 has no control characters from 0x80 on
// but NEL.
Encoding single_bytes(std::string_view text) {
  Encoding encoding = Encoding::ascii;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (!is_text_byte(byte))
      return Encoding::binary;
    if (byte < 0x80 || byte == 0x85)
      continue;
    if (byte < 0xa0)
      encoding = Encoding::extended;
    else if (encoding == Encoding::ascii)
      encoding = Encoding::iso_8859;
  }
  return encoding;
}

bool is_utf8(std::string_view text, bool whole) {
  while (!text.empty()) {
    const Character c = first_character(text);
    if (!c.valid)
      return !whole && c.length == text.size() && text.size() < 4;
    if (c.code < 0x80 && !is_text_byte(static_cast<uint8_t>(c.code)))
      return false;
    text.remove_prefix(c.length);
  }
  return true;
}

Encoding encoding_of(std::string_view text, bool whole) {
  const Encoding single = single_bytes(text);
  if (single == Encoding::ascii)
    return single;
  const bool marked = text.starts_with("\xef\xbb\xbf");
  if (is_utf8(text, whole))
    return marked ? Encoding::utf8_bom : Encoding::utf8;
  if (text.starts_with("\xff\xfe"))
    return Encoding::utf16_le;
  if (text.starts_with("\xfe\xff"))
    return Encoding::utf16_be;
  return single;
}

// Sees the characters of a text one by one.
class LineCounter {
 public:
  explicit LineCounter(TextKind& kind) : kind_(kind) {}

  void take(uint32_t c) {
    if (c == '\n')
      (after_cr_ ? kind_.crlf : kind_.lf) = true;
    else
      kind_.cr = kind_.cr || after_cr_;
    after_cr_ = c == '\r';
    kind_.nel = kind_.nel || c == 0x85;
    kind_.escapes = kind_.escapes || c == 0x1b;
    kind_.backspaces = kind_.backspaces || c == '\b';
    length_ = c == '\n' || c == '\r' || c == 0x85 ? 0 : length_ + 1;
    if (length_ > usual_line)
      kind_.longest_line = std::max(kind_.longest_line, length_);
  }
  void finish() { kind_.cr = kind_.cr || after_cr_; }

 private:
  TextKind& kind_;
  uint64_t length_ = 0;
  bool after_cr_ = false;
};

// UTF-16 by its units; false where one is no text.
bool count_wide(std::string_view text, bool little, LineCounter& lines) {
  for (size_t at = 2; at + 1 < text.size(); at += 2) {
    const auto first = static_cast<uint8_t>(text[at]);
    const auto second = static_cast<uint8_t>(text[at + 1]);
    const uint32_t unit = little ? first | second << 8 : second | first << 8;
    if (unit == 0xfffe || (unit < 0x80 && !is_text_byte(static_cast<uint8_t>(unit))))
      return false;
    lines.take(unit);
  }
  return true;
}

struct Interpreter {
  std::string_view name;
  std::string_view words;
  std::string_view mime;
};

constexpr std::string_view shell_mime = "text/x-shellscript";
constexpr Interpreter interpreters[] = {
    {"sh", "POSIX shell script", shell_mime},
    {"bash", "Bourne-Again shell script", shell_mime},
    {"ksh", "Korn shell script", shell_mime},
    {"zsh", "Paul Falstad's zsh script", shell_mime},
    {"csh", "C shell script", shell_mime},
    {"tcsh", "Tenex C shell script", shell_mime},
    {"python", "Python script", "text/x-script.python"},
    {"perl", "Perl script", "text/x-perl"},
    {"awk", "awk script", "text/x-awk"},
    {"gawk", "GNU awk script", "text/x-gawk"},
    {"ruby", "Ruby script", "text/x-ruby"},
    {"lua", "Lua script", "text/x-lua"},
    {"tclsh", "Tcl/Tk script", "text/x-tcl"},
    {"php", "PHP script", "text/x-php"},
};

}  // namespace

TextKind text_kind(std::string_view start, bool whole) {
  TextKind kind;
  kind.encoding = encoding_of(start, whole);
  LineCounter lines(kind);
  switch (kind.encoding) {
    case Encoding::binary: return kind;
    case Encoding::utf16_le:
    case Encoding::utf16_be:
      if (!count_wide(start, kind.encoding == Encoding::utf16_le, lines))
        return {};
      break;
    case Encoding::utf8:
    case Encoding::utf8_bom:
      for (std::string_view rest = start; !rest.empty();) {
        const Character c = first_character(rest);
        lines.take(c.code);
        rest.remove_prefix(c.length);
      }
      break;
    default:
      for (const char c : start)
        lines.take(static_cast<uint8_t>(c));
  }
  // What follows the last return of a part is not known.
  if (whole)
    lines.finish();
  return kind;
}

std::string_view encoding_words(Encoding encoding) {
  static constexpr std::string_view words[] = {"data",
                                               "ASCII",
                                               "Unicode text, UTF-8",
                                               "Unicode text, UTF-8 (with BOM)",
                                               "Unicode text, UTF-16, little-endian",
                                               "Unicode text, UTF-16, big-endian",
                                               "ISO-8859",
                                               "Non-ISO extended-ASCII"};
  return words[static_cast<size_t>(encoding)];
}

std::string_view encoding_mime(Encoding encoding) {
  static constexpr std::string_view words[] = {"binary",   "us-ascii", "utf-8",      "utf-8",
                                               "utf-16le", "utf-16be", "iso-8859-1", "unknown-8bit"};
  return words[static_cast<size_t>(encoding)];
}

std::string line_words(const TextKind& kind) {
  std::string words;
  if (kind.longest_line != 0)
    words += str(", with very long lines (", kind.longest_line, ')');
  if (kind.crlf || kind.cr || kind.nel || !kind.lf) {
    std::string ends;
    const auto add = [&](bool there, std::string_view name) {
      if (there)
        ends += str(ends.empty() ? "" : ", ", name);
    };
    add(kind.crlf, "CRLF");
    add(kind.cr, "CR");
    add(kind.lf, "LF");
    add(kind.nel, "NEL");
    words += str(", with ", ends.empty() ? "no" : ends, " line terminators");
  }
  if (kind.escapes)
    words += ", with escape sequences";
  if (kind.backspaces)
    words += ", with overstriking";
  return words;
}

ScriptKind script_kind(std::string_view start) {
  if (start.starts_with("\xef\xbb\xbf"))
    start.remove_prefix(3);
  if (!start.starts_with("#!"))
    return {};
  std::string_view line = trim(start.substr(2, start.find_first_of("\r\n") - 2));
  constexpr std::string_view env = "/usr/bin/env";
  const bool by_env = line.starts_with(env) && (line.size() == env.size() || line[env.size()] == ' ');
  if (by_env)
    line = trim(line.substr(env.size()));
  const std::string_view program = line.substr(0, line.find_first_of(" \t"));
  if (base_name(program) == "node")
    return {"Node.js script executable", "application/javascript"};
  // Versions are part of the name: python3.11.
  const std::string_view name = base_name(program.substr(0, program.find_last_not_of("0123456789.") + 1));
  for (const Interpreter& known : interpreters)
    if (name == known.name && (by_env || program.starts_with("/bin/") || program.starts_with("/usr/")))
      return {std::string(known.words), known.mime};
  return {str("a ", Printable(line), " script"), "text/plain"};
}

}  // namespace rescue
