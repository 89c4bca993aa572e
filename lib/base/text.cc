#include "lib/base/text.h"

#include <algorithm>
#include <array>

#include "lib/base/quote.h"
#include "lib/base/utf8.h"

namespace rescue {

namespace detail {

namespace {

std::string_view view(PassedView passed) {
  return {passed.data, passed.size};
}

}  // namespace

void each_part(uint64_t kinds, va_list parts, void (*take)(void* to, std::string_view part), void* to) {
  for (; kinds != 0; kinds >>= 4) {
    switch (static_cast<PartKind>(kinds & 15)) {
      case PartKind::end: break;
      case PartKind::c_string: take(to, va_arg(parts, const char*)); break;
      case PartKind::string: take(to, *va_arg(parts, const std::string*)); break;
      case PartKind::view: take(to, view(va_arg(parts, PassedView))); break;
      case PartKind::character: take(to, Part(static_cast<char>(va_arg(parts, int))).view()); break;
      case PartKind::unsigned_number: take(to, Part(va_arg(parts, unsigned long long)).view()); break;
      case PartKind::signed_number: take(to, Part(va_arg(parts, long long)).view()); break;
      case PartKind::printable_c_string: take(to, printable(std::string_view(va_arg(parts, const char*)))); break;
      case PartKind::printable_string: take(to, printable(*va_arg(parts, const std::string*))); break;
      case PartKind::printable_view: take(to, printable(view(va_arg(parts, PassedView)))); break;
      case PartKind::quoted_c_string: take(to, quoted_word(std::string_view(va_arg(parts, const char*)))); break;
      case PartKind::quoted_string: take(to, quoted_word(*va_arg(parts, const std::string*))); break;
      case PartKind::quoted_view: take(to, quoted_word(view(va_arg(parts, PassedView)))); break;
    }
  }
}

std::string join_parts(uint64_t kinds, va_list parts) {
  std::string text;
  each_part(kinds, parts, [](void* to, std::string_view part) { *static_cast<std::string*>(to) += part; }, &text);
  return text;
}

std::string join(uint64_t kinds, ...) {
  va_list parts;
  va_start(parts, kinds);
  std::string text = join_parts(kinds, parts);
  va_end(parts);
  return text;
}

}  // namespace detail

std::string to_octal(uint64_t number) {
  char digits[24];
  return {digits, std::to_chars(digits, digits + sizeof digits, number, 8).ptr};
}

std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    text += digits[static_cast<uint8_t>(byte) >> 4];
    text += digits[static_cast<uint8_t>(byte) & 15];
  }
  return text;
}

namespace {

// The value of a hexadecimal digit; 16 and more where it is none.
unsigned hex_value(char c) {
  const auto digit = static_cast<unsigned char>(c - '0');
  const auto letter = static_cast<unsigned char>((c | 0x20) - 'a');
  return digit < 10 ? digit : letter < 6 ? letter + 10U : 16U;
}

}  // namespace

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0)
    return std::nullopt;
  std::string bytes(text.size() / 2, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    const unsigned high = hex_value(text[2 * i]);
    const unsigned low = hex_value(text[2 * i + 1]);
    if ((high | low) > 15)
      return std::nullopt;
    bytes[i] = static_cast<char>(high << 4 | low);
  }
  return bytes;
}

std::string printable(std::string_view name) {
  const auto* const odd =
      std::ranges::find_if(name, [](char c) { return static_cast<signed char>(c) < 0x20 || c == 0x7f || c == '\\'; });
  std::string text(name.begin(), odd);
  name.remove_prefix(text.size());
  while (!name.empty()) {
    const Character c = first_character(name);
    if (is_printable(c) && name[0] != '\\') {
      text += name.substr(0, c.length);
      name.remove_prefix(c.length);
      continue;
    }
    const auto byte = static_cast<uint8_t>(name[0]);
    text += '\\';
    for (const int shift : {6, 3, 0})
      text += static_cast<char>('0' + ((byte >> shift) & 7));
    name.remove_prefix(1);
  }
  return text;
}

std::string human_size(uint64_t bytes) {
  static constexpr std::array<std::string_view, 7> units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  size_t unit = 0;
  uint64_t tenths = bytes;
  uint64_t whole = bytes;
  for (; whole >= 1024 && unit + 1 < units.size(); ++unit) {
    tenths = (whole % 1024) * 10 / 1024;
    whole /= 1024;
  }
  if (unit == 0 || whole >= 10)
    return str(whole, ' ', units[unit]);
  return str(whole, '.', tenths, ' ', units[unit]);
}

std::string count_of(uint64_t count, std::string_view singular, std::string_view plural) {
  if (count == 1)
    return str(count, ' ', singular);
  return plural.empty() ? str(count, ' ', singular, 's') : str(count, ' ', plural);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (true) {
    const size_t end = text.find(separator);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return pieces;
    text.remove_prefix(end + 1);
  }
}

std::string_view trim(std::string_view text) {
  static constexpr std::string_view blanks = " \t";
  const size_t start = text.find_first_not_of(blanks);
  if (start == std::string_view::npos)
    return {};
  return text.substr(start, text.find_last_not_of(blanks) - start + 1);
}

std::string_view base_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.remove_suffix(1);
  if (path == "/")
    return path;
  return path.substr(path.rfind('/') + 1);
}

std::string_view dir_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos)
    return ".";
  path = path.substr(0, slash);
  while (path.ends_with('/'))
    path.remove_suffix(1);
  return path.empty() ? "/" : path;
}

namespace {

// Matches one bracket expression at the start of `pattern`; `used` gets its length, 0 when it is none.
bool match_set(std::string_view pattern, char c, size_t& used) {
  size_t i = 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated)
    ++i;
  bool found = false;
  for (bool first = true; i < pattern.size(); first = false) {
    if (pattern[i] == ']' && !first) {
      used = i + 1;
      return found != negated;
    }
    const auto low = static_cast<uint8_t>(pattern[i]);
    auto high = low;
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      high = static_cast<uint8_t>(pattern[i + 2]);
      i += 2;
    }
    found = found || (low <= static_cast<uint8_t>(c) && static_cast<uint8_t>(c) <= high);
    ++i;
  }
  used = 0;
  return false;
}

// Matches what `pattern` holds up to its next star against the start of `text`: the length of both, or nothing.
struct Step {
  size_t pattern;
  size_t text;
};
std::optional<Step> match_one(std::string_view pattern, std::string_view text) {
  if (text.empty())
    return std::nullopt;
  size_t used = 0;
  switch (pattern[0]) {
    case '?': return text[0] != '/' ? std::optional(Step{1, 1}) : std::nullopt;
    case '[':
      if (const bool hit = match_set(pattern, text[0], used); used != 0)
        return hit && text[0] != '/' ? std::optional(Step{used, 1}) : std::nullopt;
      break;
    case '\\':
      if (pattern.size() > 1)
        return pattern[1] == text[0] ? std::optional(Step{2, 1}) : std::nullopt;
      break;
    default: break;
  }
  return pattern[0] == text[0] ? std::optional(Step{1, 1}) : std::nullopt;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
  // Two places to go back to: the last `*`, and the last `**`, which alone may swallow a slash.
  struct Retry {
    std::string_view pattern, text;
    bool armed = false;
  };
  Retry star, deep;
  const auto again = [&](Retry& retry, bool slashes) {
    if (!retry.armed || retry.text.empty() || (!slashes && retry.text[0] == '/'))
      return false;
    retry.text.remove_prefix(1);
    pattern = retry.pattern;
    text = retry.text;
    return true;
  };
  while (!pattern.empty() || !text.empty()) {
    if (pattern.starts_with("**")) {
      pattern.remove_prefix(2);
      deep = {pattern, text, true};
      star.armed = false;
      continue;
    }
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      star = {pattern, text, true};
      continue;
    }
    if (!pattern.empty()) {
      if (const auto step = match_one(pattern, text)) {
        pattern.remove_prefix(step->pattern);
        text.remove_prefix(step->text);
        continue;
      }
    }
    if (again(star, false))
      continue;
    star.armed = false;
    if (!again(deep, true))
      return false;
  }
  return true;
}

// The same of a string.

[[gnu::noinline]] std::string printable(const String auto& name) {
  return printable(std::string_view(name));
}
template std::string printable(const std::string& name);

[[gnu::noinline]] std::vector<std::string_view> split(const String auto& text, char separator) {
  return split(std::string_view(text), separator);
}
template std::vector<std::string_view> split(const std::string& text, char separator);

[[gnu::noinline]] std::string_view base_name(const String auto& path) {
  return base_name(std::string_view(path));
}
template std::string_view base_name(const std::string& path);

[[gnu::noinline]] std::string_view dir_name(const String auto& path) {
  return dir_name(std::string_view(path));
}
template std::string_view dir_name(const std::string& path);

}  // namespace rescue
