#include "lib/fs/file_colors.h"

#include <cstdlib>

#include <sys/stat.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

// The two letters of each in LS_COLORS.
constexpr std::string_view color_codes[color_count] = {"lc", "rc", "ec", "rs", "no", "fi", "di", "ln",
                                                       "pi", "so", "bd", "cd", "mi", "or", "ex", "do",
                                                       "su", "sg", "st", "ow", "tw", "ca", "mh", "cl"};

struct Default {
  ColorFor what;
  std::string_view sequence;
};

constexpr Default defaults[] = {
    {ColorFor::left, "\033["},
    {ColorFor::right, "m"},
    {ColorFor::reset, "0"},
    {ColorFor::directory, "01;34"},
    {ColorFor::link, "01;36"},
    {ColorFor::fifo, "33"},
    {ColorFor::socket, "01;35"},
    {ColorFor::block_device, "01;33"},
    {ColorFor::char_device, "01;33"},
    {ColorFor::executable, "01;32"},
    {ColorFor::door, "01;35"},
    {ColorFor::setuid, "37;41"},
    {ColorFor::setgid, "30;43"},
    {ColorFor::sticky, "37;44"},
    {ColorFor::other_writable, "34;42"},
    {ColorFor::sticky_other_writable, "30;42"},
    {ColorFor::capability, "30;41"},
    {ColorFor::clear_to_end_of_line, "\033[K"},
};

constexpr std::string_view color_terminals[] = {
    "Eterm", "ansi",    "*color*", "con[0-9]*x[0-9]*", "cons25", "console", "cygwin",  "*direct*", "dtterm",
    "gnome", "hurd",    "jfbterm", "konsole",          "kterm",  "linux",   "linux-c", "mlterm",   "putty",
    "rxvt*", "screen*", "st",      "terminator",       "tmux*",  "vt100",   "xterm*"};

bool terminal_has_colors() {
  const char* const colorterm = ::getenv("COLORTERM");
  if (colorterm != nullptr && *colorterm != '\0')
    return true;
  const char* const term = ::getenv("TERM");
  if (term == nullptr)
    return false;
  for (const std::string_view pattern : color_terminals)
    if (glob_match(pattern, term))
      return true;
  return false;
}

char escaped_letter(char c) {
  switch (c) {
    case 'a': return '\a';
    case 'b': return '\b';
    case 'e': return '\x1b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    case '?': return '\x7f';
    case '_': return ' ';
    default: return c;
  }
}

// Takes the digits of a number off the text and gives the byte that it is.
char take_number(std::string_view& text, int base) {
  unsigned value = 0;
  while (!text.empty()) {
    const auto digit = to_number<unsigned>(text.substr(0, 1), base);
    if (!digit)
      break;
    value = value * static_cast<unsigned>(base) + *digit;
    text.remove_prefix(1);
  }
  return static_cast<char>(value);
}

// Takes a string with backslash and caret escapes off the text, up to `:`, the end, or `=` where that may end it.
std::optional<std::string> take_string(std::string_view& text, bool equals_ends) {
  std::string out;
  while (!text.empty() && text[0] != ':' && !(equals_ends && text[0] == '=')) {
    const char c = text[0];
    text.remove_prefix(1);
    if (c != '\\' && c != '^') {
      out += c;
      continue;
    }
    if (text.empty())
      return std::nullopt;
    const char next = text[0];
    if (c == '\\' && next >= '0' && next <= '7') {
      out += take_number(text, 8);
      continue;
    }
    text.remove_prefix(1);
    if (c == '\\' && (next == 'x' || next == 'X'))
      out += take_number(text, 16);
    else if (c == '\\')
      out += escaped_letter(next);
    else if (next >= '@' && next <= '~')
      out += static_cast<char>(next & 0x1f);
    else if (next == '?')
      out += '\x7f';
    else
      return std::nullopt;
  }
  return out;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool ends_with_any_case(std::string_view name, std::string_view ending) {
  if (ending.size() > name.size())
    return false;
  name.remove_prefix(name.size() - ending.size());
  for (size_t i = 0; i < ending.size(); ++i)
    if (lower(name[i]) != lower(ending[i]))
      return false;
  return true;
}

}  // namespace

FileColors::FileColors() {
  for (const Default& entry : defaults)
    codes_[static_cast<size_t>(entry.what)] = entry.sequence;
}

FileColors FileColors::from_environment(Problem& problem) {
  problem = Problem::none;
  const char* const text = ::getenv("LS_COLORS");
  if (text == nullptr || *text == '\0') {
    if (!terminal_has_colors())
      problem = Problem::unknown_terminal;
    return {};
  }
  if (auto parsed = parse(text))
    return *std::move(parsed);
  problem = Problem::unreadable;
  return {};
}

std::optional<FileColors> FileColors::parse(std::string_view text) {
  FileColors colors;
  while (!text.empty()) {
    if (text[0] == ':')
      text.remove_prefix(1);
    else if (!colors.parse_entry(text))
      return std::nullopt;
  }
  colors.links_as_target_ = colors.sequence(ColorFor::link) == "target";
  return colors;
}

// One entry: *ENDING=SEQUENCE, or the two letters of a kind.
bool FileColors::parse_entry(std::string_view& text) {
  if (text[0] == '*') {
    text.remove_prefix(1);
    auto ending = take_string(text, true);
    if (!ending || !text.starts_with('='))
      return false;
    text.remove_prefix(1);
    auto sequence = take_string(text, false);
    if (!sequence)
      return false;
    endings_.push_back({*std::move(ending), *std::move(sequence)});
    return true;
  }
  if (text.size() < 3 || text[2] != '=')
    return false;
  const std::string_view code = text.substr(0, 2);
  text.remove_prefix(3);
  const auto sequence = take_string(text, false);
  if (!sequence)
    return false;
  for (size_t i = 0; i < color_count; ++i) {
    if (color_codes[i] != code)
      continue;
    codes_[i] = *sequence;
    return true;
  }
  return false;
}

bool FileColors::is_colored(ColorFor what) const {
  const std::string_view text = sequence(what);
  return !text.empty() && text != "0" && text != "00";
}

ColorFor FileColors::kind_of_regular(const ColoredFile& file) const {
  if (!file.permissions_known)
    return ColorFor::file;
  if ((file.mode & S_ISUID) != 0 && is_colored(ColorFor::setuid))
    return ColorFor::setuid;
  if ((file.mode & S_ISGID) != 0 && is_colored(ColorFor::setgid))
    return ColorFor::setgid;
  if (file.has_capability && is_colored(ColorFor::capability))
    return ColorFor::capability;
  if ((file.mode & 0111) != 0 && is_colored(ColorFor::executable))
    return ColorFor::executable;
  if (file.links > 1 && is_colored(ColorFor::multi_link))
    return ColorFor::multi_link;
  return ColorFor::file;
}

ColorFor FileColors::kind_of_directory(mode_t mode) const {
  const bool sticky = (mode & S_ISVTX) != 0;
  const bool writable = (mode & S_IWOTH) != 0;
  if (sticky && writable && is_colored(ColorFor::sticky_other_writable))
    return ColorFor::sticky_other_writable;
  if (writable && is_colored(ColorFor::other_writable))
    return ColorFor::other_writable;
  return sticky && is_colored(ColorFor::sticky) ? ColorFor::sticky : ColorFor::directory;
}

ColorFor FileColors::kind_of(const ColoredFile& file) const {
  if (file.missing && is_colored(ColorFor::missing))
    return ColorFor::missing;
  switch (file.mode & S_IFMT) {
    case S_IFREG: return kind_of_regular(file);
    case S_IFDIR: return kind_of_directory(file.permissions_known ? file.mode : 0);
    case S_IFLNK: {
      const bool as_orphan = file.orphan && (links_as_target_ || is_colored(ColorFor::orphan));
      return as_orphan ? ColorFor::orphan : ColorFor::link;
    }
    case S_IFIFO: return ColorFor::fifo;
    case S_IFSOCK: return ColorFor::socket;
    case S_IFBLK: return ColorFor::block_device;
    case S_IFCHR: return ColorFor::char_device;
    default: return ColorFor::orphan;
  }
}

std::optional<std::string_view> FileColors::color_of(const ColoredFile& file) const {
  const ColorFor kind = kind_of(file);
  if (kind == ColorFor::file)
    for (size_t i = endings_.size(); i > 0; --i)
      if (ends_with_any_case(file.name, endings_[i - 1].text))
        return endings_[i - 1].sequence;
  const auto& code = codes_[static_cast<size_t>(kind)];
  return code ? std::optional<std::string_view>(*code) : std::nullopt;
}

}  // namespace rescue
