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

bool is_digest(std::string_view text, size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::optional<ChecksumLine> make_line(std::string_view digest, std::string_view name, bool escaped) {
  auto path = escaped ? unescape(name) : std::string(name);
  if (!path || path->find('\0') != std::string::npos)
    return std::nullopt;
  return ChecksumLine{std::string(digest), *std::move(path)};
}

}  // namespace

// "SHA256 (NAME) = DIGEST"; older OpenSSL leaves the blanks around the parentheses out.
std::optional<ChecksumLine> ChecksumParser::parse_tagged(std::string_view line, bool escaped) const {
  line.remove_prefix(kind_.tag.size());
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
  return is_digest(line, kind_.digits) ? make_line(line, name, escaped) : std::nullopt;
}

std::optional<ChecksumLine> ChecksumParser::parse(std::string_view line) {
  line = skip_blanks(line);
  const bool escaped = line.starts_with('\\');
  if (escaped)
    line.remove_prefix(1);
  if (line.starts_with(kind_.tag))
    return parse_tagged(line, escaped);
  // Digest, blank, and a name of one byte at the least, mostly with a letter for the mode before it.
  if (line.size() < kind_.digits + 2 || !is_digest(line.substr(0, kind_.digits), kind_.digits) ||
      !is_blank(line[kind_.digits]))
    return std::nullopt;
  std::string_view name = line.substr(kind_.digits + 1);
  if (name[0] != ' ' && name[0] != '*') {
    if (!one_blank_.value_or(true))
      return std::nullopt;
    one_blank_ = true;
  } else if (!one_blank_.value_or(false)) {
    one_blank_ = false;
    name.remove_prefix(1);
  }
  return make_line(line.substr(0, kind_.digits), name, escaped);
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
