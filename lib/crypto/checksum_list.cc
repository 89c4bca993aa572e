#include <algorithm>

#include "lib/base/text.h"
#include "lib/crypto/checksum.h"

namespace rescue {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view skip_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text[0]))
    text.remove_prefix(1);
  return text;
}

// Undoes escape_name(); nothing when it is not of that form.
std::optional<std::string> unescape(std::string_view text) {
  std::string name;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      name += text[i];
      continue;
    }
    const char next = ++i < text.size() ? text[i] : '\0';
    if (next != 'n' && next != 'r' && next != '\\')
      return std::nullopt;
    name += next == 'n' ? '\n' : next == 'r' ? '\r' : '\\';
  }
  return name;
}

constexpr std::string_view hex_digits = "0123456789abcdefABCDEF";

bool is_digest(std::string_view text, size_t digits) {
  return text.size() == digits && text.find_first_not_of(hex_digits) == std::string_view::npos;
}

// The digits that a line without a tag begins with; 0 where they are no digest of this kind.
size_t digits_at_start(const ChecksumKind& kind, std::string_view line) {
  const size_t digits = std::min(line.find_first_not_of(hex_digits), line.size());
  if (kind.any_length)
    return digits % 2 == 0 && digits <= kind.digits ? digits : 0;
  return digits == kind.digits ? digits : 0;
}

// What follows the tag of a kind at the start of the line; nothing where it is not there.
std::optional<std::string_view> after_tag(const ChecksumKind& kind, std::string_view line) {
  if (!line.starts_with(kind.tag))
    return std::nullopt;
  line.remove_prefix(kind.tag.size());
  return line.starts_with(' ') || line.starts_with('(') || line.starts_with('-') ? std::optional(line) : std::nullopt;
}

std::optional<ChecksumLine> make_line(const ChecksumKind& kind, std::string_view digest, std::string_view name,
                                      bool escaped) {
  auto path = escaped ? unescape(name) : std::string(name);
  if (!path || path->find('\0') != std::string::npos)
    return std::nullopt;
  return ChecksumLine{&kind, std::string(digest), *std::move(path)};
}

}  // namespace

// "SHA256 (NAME) = DIGEST"; older OpenSSL leaves the blanks around the parentheses out. `line` begins behind the tag.
std::optional<ChecksumLine> ChecksumParser::parse_tagged(const ChecksumKind& kind, std::string_view line,
                                                         bool escaped) {
  size_t digits = kind.digits;
  if (line.starts_with('-')) {
    const size_t end = std::min(line.find_first_not_of("0123456789", 1), line.size());
    const auto bits = to_number<size_t>(line.substr(1, end - 1));
    if (!kind.any_length || !bits || *bits == 0 || *bits % 8 != 0 || *bits / 4 > kind.digits)
      return std::nullopt;
    digits = *bits / 4;
    line.remove_prefix(end);
  }
  if (line.starts_with(' '))
    line.remove_prefix(1);
  const size_t end = line.rfind(')');
  if (!line.starts_with('(') || end == std::string_view::npos)
    return std::nullopt;
  const std::string_view name = line.substr(1, end - 1);
  line = skip_blanks(line.substr(end + 1));
  if (!line.starts_with('='))
    return std::nullopt;
  line = skip_blanks(line.substr(1));
  return is_digest(line, digits) ? make_line(kind, line, name, escaped) : std::nullopt;
}

std::optional<ChecksumLine> ChecksumParser::parse(std::string_view line) {
  line = skip_blanks(line);
  const bool escaped = line.starts_with('\\');
  if (escaped)
    line.remove_prefix(1);
  for (const ChecksumKind& kind : kinds_)
    if (const auto rest = after_tag(kind, line))
      return parse_tagged(kind, *rest, escaped);
  // Nothing tells the kinds apart where there is no tag.
  if (kinds_.size() > 1)
    return std::nullopt;
  // Digest, blank, and a name of one byte at the least, mostly with a letter for the mode before it.
  const ChecksumKind& kind = kinds_[0];
  const size_t digits = digits_at_start(kind, line);
  if (digits == 0 || line.size() < digits + 2 || !is_blank(line[digits]))
    return std::nullopt;
  std::string_view name = line.substr(digits + 1);
  if (name[0] != ' ' && name[0] != '*') {
    if (!one_blank_.value_or(true))
      return std::nullopt;
    one_blank_ = true;
  } else if (!one_blank_.value_or(false)) {
    one_blank_ = false;
    name.remove_prefix(1);
  }
  return make_line(kind, line.substr(0, digits), name, escaped);
}

bool needs_escape(std::string_view path) {
  return path.find_first_of("\\\n\r") != std::string_view::npos;
}

std::string escape_name(std::string_view path) {
  std::string text;
  for (const char c : path) {
    if (c == '\\')
      text += "\\\\";
    else if (c == '\n')
      text += "\\n";
    else if (c == '\r')
      text += "\\r";
    else
      text += c;
  }
  return text;
}

}  // namespace rescue
