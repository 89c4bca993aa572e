#include "lib/text/sed_script.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/base/utf8.h"

namespace rescue::sed {
namespace {

bool is_digit(int c) {
  return c >= '0' && c <= '9';
}

bool is_blank(int c) {
  return c == ' ' || (c >= '\t' && c <= '\r' && c != '\n');
}

bool is_space(int c) {
  return is_blank(c) || c == '\n';
}

struct Label {
  std::string name;
  uint32_t place = 0;
};

class Parser {
 public:
  Parser(std::string_view text, const ScriptOptions& options) : text_(text), opt_(options) {}

  Result<Script> parse() {
    script_.quiet = text_.starts_with("#n");
    while (skip_to_command())
      TRY(command());
    if (!open_.empty()) {
      at_ = 0;
      return bad("unmatched `{'");
    }
    for (Command& command : script_.commands)
      if (command.name == 'b' || command.name == 't' || command.name == 'T')
        TRY(find_label(command));
    return std::move(script_);
  }

 private:
  static constexpr int at_end = -1;

  int peek() const { return at_ < text_.size() ? static_cast<uint8_t>(text_[at_]) : at_end; }
  int take() {
    const int c = peek();
    ++at_;
    return c;
  }
  void skip_blanks() {
    while (is_blank(peek()))
      ++at_;
  }
  void skip_spaces() {
    while (is_space(peek()))
      ++at_;
  }

  std::unexpected<Error> bad(std::string_view what) const {
    const size_t at = std::min(at_, text_.size());
    auto error = fail(str("-e expression #1, char ", at), "", what);
    return with_status(std::move(error).error(), Status::failed);
  }

  // Without what only separates.
  std::string_view slice(size_t begin, size_t end) const {
    std::string_view text = text_.substr(begin, end - begin);
    while (!text.empty() && std::string_view("; \t\n").contains(text.back()))
      text.remove_suffix(1);
    return text;
  }

  bool skip_to_command() {
    while (is_space(peek()) || peek() == ';')
      ++at_;
    return at_ < text_.size();
  }

  Result<> command() {
    Command command;
    const size_t begin = at_;
    TRY(addresses(command));
    skip_blanks();
    if (peek() == '!') {
      command.inverted = true;
      ++at_;
      skip_blanks();
      if (peek() == '!')
        return bad("multiple `!'s");
    }
    command.where = slice(begin, at_);
    const size_t start = at_;
    const int name = take();
    if (name == at_end || name == '\n')
      return bad("missing command");
    command.name = static_cast<char>(name);
    if (command.from.kind == Address::Kind::line && command.from.first == 0)
      TRY(start_at_zero(command));
    TRY(check_addresses(command));
    TRY(arguments(command));
    command.what = slice(start, command.name == '{' ? start + 1 : at_);
    if (command.name != '#' && command.name != ':')
      script_.commands.push_back(std::move(command));
    return {};
  }

  Result<> addresses(Command& command) {
    if (!TRY(address(command.from)))
      return {};
    if (command.from.kind == Address::Kind::plus || command.from.kind == Address::Kind::multiple)
      return bad("invalid usage of +N or ~N as first address");
    skip_blanks();
    if (peek() == ',') {
      ++at_;
      skip_blanks();
      if (!TRY(address(command.to)))
        return bad("unexpected `,'");
    }
    return {};
  }

  // 0,/RE/ may end on the first line; 0rFILE prints the file before it.
  Result<> start_at_zero(Command& command) const {
    command.early = command.name == 'r' && !command.inverted && command.to.kind == Address::Kind::none;
    if (opt_.posix || (!command.early && command.to.kind != Address::Kind::regex))
      return bad("invalid usage of line address 0");
    if (command.early)
      command.from.first = 1;
    return {};
  }

  std::optional<uint64_t> number() {
    if (!is_digit(peek()))
      return std::nullopt;
    uint64_t value = 0;
    while (is_digit(peek()))
      value = std::min<uint64_t>(value, UINT64_MAX / 10 - 10) * 10 + static_cast<unsigned>(take() - '0');
    return value;
  }

  Result<bool> address(Address& address) {
    const int c = peek();
    if (c == '$') {
      ++at_;
      address.kind = Address::Kind::last;
    } else if (is_digit(c)) {
      address.kind = Address::Kind::line;
      address.first = *number();
      skip_blanks();
      if (peek() == '~' && !opt_.posix) {
        ++at_;
        address.kind = Address::Kind::step;
        address.step = number().value_or(0);
      }
    } else if ((c == '+' || c == '~') && !opt_.posix) {
      ++at_;
      address.kind = c == '+' ? Address::Kind::plus : Address::Kind::multiple;
      address.first = number().value_or(0);
    } else if (c == '/' || c == '\\') {
      at_ += c == '/' ? 1 : 2;
      if (at_ > text_.size())
        return bad("unterminated address regex");
      const char delimiter = text_[at_ - 1];
      std::string pattern;
      if (!delimited(delimiter, true, pattern))
        return bad("unterminated address regex");
      bool fold = false;
      bool lines = false;
      for (skip_blanks(); !opt_.posix && (peek() == 'I' || peek() == 'M'); skip_blanks())
        (take() == 'I' ? fold : lines) = true;
      address.kind = Address::Kind::regex;
      address.regex = TRY(regex(pattern, fold, lines));
    } else {
      return false;
    }
    return true;
  }

  Result<uint32_t> regex(const std::string& pattern, bool fold, bool lines) {
    if (pattern.empty()) {
      if (fold || lines)
        return bad("cannot specify modifiers on empty regexp");
      return none;
    }
    RegexSyntax syntax;
    if (opt_.extended)
      syntax.flavor = RegexSyntax::Flavor::extended;
    syntax.strict = true;
    syntax.escapes = true;
    syntax.additions = !opt_.posix;
    syntax.ignore_case = fold;
    syntax.lines = lines;
    syntax.line_end = opt_.line_end;
    syntax.bytes = opt_.bytes;
    auto made = Regex::compile(pattern, syntax);
    if (!made)
      return bad(made.error().detail());
    script_.regexes.push_back(*std::move(made));
    return static_cast<uint32_t>(script_.regexes.size() - 1);
  }

  // Up to the delimiter, which is taken. In an expression, a set in brackets may hold it.
  bool delimited(char delimiter, bool is_regex, std::string& out) {
    size_t set = 0;  // where the set began whose end is to come
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (set == 0 && c == delimiter)
        return true;
      if (c == '\n' && is_regex)
        return false;
      if (c == '\\' && set == 0) {
        if (at_ == text_.size())
          return false;
        const char next = text_[at_++];
        if (next == 'n' && is_regex && delimiter != 'n')
          out += '\n';
        else if (next == '\n' && is_regex)
          out += '\n';
        else if (next == delimiter && (is_regex || next != '&'))
          out += next;
        else
          (out += '\\') += next;
        continue;
      }
      out += c;
      if (!is_regex)
        continue;
      if (set == 0 && c == '[' && ends_set(at_)) {
        set = at_;
        if (peek() == '^')
          out += text_[at_++], ++set;
        if (peek() == ']')
          out += text_[at_++];
      } else if (set != 0 && c == '[' && (peek() == ':' || peek() == '.' || peek() == '=')) {
        const char closing[] = {text_[at_], ']', '\0'};
        const size_t end = text_.find(closing, at_ + 1);
        if (end == npos)
          continue;
        out += text_.substr(at_, end + 2 - at_);
        at_ = end + 2;
      } else if (set != 0 && c == ']') {
        set = 0;
      }
    }
    return false;
  }

  // Whether a set that begins here ends on its line.
  bool ends_set(size_t at) const {
    if (at < text_.size() && text_[at] == '^')
      ++at;
    const size_t end = text_.find(']', at + 1);
    return end != npos && end < text_.find('\n', at);
  }

  Result<> check_addresses(const Command& command) const {
    const bool one = command.from.kind != Address::Kind::none;
    const bool two = command.to.kind != Address::Kind::none;
    switch (command.name) {
      case '#': return one ? Result<>(bad("comments don't accept any addresses")) : Result<>();
      case ':': return one ? Result<>(bad(": doesn't want any addresses")) : Result<>();
      case '}': return one ? Result<>(bad("} doesn't want any addresses")) : Result<>();
      case 'a':
      case 'i':
      case 'r':
      case '=':
      case 'q':
      case 'Q':
        return two && (opt_.posix || (command.name | 0x20) == 'q') ? Result<>(bad("command only uses one address"))
                                                                   : Result<>();
      default: return {};
    }
  }

  Result<> arguments(Command& command) {
    if (opt_.posix && std::string_view("eFQRTWz").contains(command.name))
      return bad(str("unknown command: `", command.name, '\''));
    switch (command.name) {
      case '#': at_ = std::min(text_.find('\n', at_), text_.size()); return {};
      case '{': open_.push_back(static_cast<uint32_t>(script_.commands.size())); return {};
      case '}':
        if (open_.empty())
          return bad("unexpected `}'");
        script_.commands[open_.back()].target = static_cast<uint32_t>(script_.commands.size());
        open_.pop_back();
        command.name = '#';
        return end_of_command();
      case ':': return define_label();
      case 'b':
      case 't':
      case 'T':
        skip_blanks();
        command.text = label();
        return end_of_command();
      case 'a':
      case 'i':
      case 'c': return text_argument(command);
      case 'r':
      case 'R':
      case 'w':
      case 'W': return file_argument(command);
      case 'e':
        if (opt_.sandbox)
          return bad("e/r/w commands disabled in sandbox mode");
        skip_blanks();
        command.text = rest_of_line();
        return {};
      case 'q':
      case 'Q':
      case 'l':
      case 'L': {
        skip_blanks();
        const auto value = opt_.posix ? std::nullopt : number();
        command.has_number = value.has_value();
        command.number = value.value_or(0);
        return command.name == 'L' ? Result<>(bad("unknown command: `L'")) : end_of_command();
      }
      case 's': return substitution(command);
      case 'y': return transliteration(command);
      case '=':
      case 'd':
      case 'D':
      case 'F':
      case 'g':
      case 'G':
      case 'h':
      case 'H':
      case 'n':
      case 'N':
      case 'p':
      case 'P':
      case 'x':
      case 'z': return end_of_command();
      default: return bad(str("unknown command: `", command.name, '\''));
    }
  }

  Result<> end_of_command() {
    skip_blanks();
    const int c = peek();
    if (c == at_end || c == '\n' || c == ';') {
      ++at_;
      return {};
    }
    if (c == '}' || c == '#')
      return {};
    ++at_;
    return bad("extra characters after command");
  }

  std::string rest_of_line() {
    const size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string rest(text_.substr(at_, end - at_));
    at_ = end + 1;
    return rest;
  }

  std::string label() {
    std::string name;
    while (peek() != at_end && !is_space(peek()) && peek() != ';' && peek() != '}')
      name += static_cast<char>(take());
    return name;
  }

  Result<> define_label() {
    skip_blanks();
    std::string name;
    while (peek() != at_end && !is_space(peek()) && peek() != ';')
      name += static_cast<char>(take());
    if (name.empty())
      return bad("\":\" lacks a label");
    labels_.push_back({std::move(name), static_cast<uint32_t>(script_.commands.size())});
    return {};
  }

  Result<> find_label(Command& command) {
    command.target = static_cast<uint32_t>(script_.commands.size());
    if (command.text.empty())
      return {};
    bool found = false;
    for (const Label& known : labels_)
      if (known.name == command.text) {
        command.target = known.place;
        found = true;
      }
    if (found)
      return {};
    return fail("", "", "can't find label for jump to `", Printable(command.text), '\'');
  }

  // Text of a, i, c: behind a backslash and a newline, or GNU's way on the same line.
  Result<> text_argument(Command& command) {
    skip_blanks();
    if (peek() == at_end || (opt_.posix && peek() != '\\')) {
      ++at_;
      return bad("expected \\ after `a', `c' or `i'");
    }
    if (peek() == '\\') {
      ++at_;
      const size_t behind = at_;
      skip_blanks();
      if (peek() == at_end)
        return {};
      if (peek() == '\n')
        ++at_;
      else
        at_ = behind + text_.substr(behind).starts_with("\\\n");  // a\\ at a line's end is an empty text to GNU's
    }
    while (peek() != at_end && peek() != '\n') {
      if (peek() != '\\') {
        command.text += static_cast<char>(take());
        continue;
      }
      if (at_ + 1 >= text_.size()) {
        ++at_;
        break;
      }
      if (!escape(command.text)) {
        ++at_;
        command.text += static_cast<char>(take());
      }
    }
    ++at_;
    command.text += '\n';
    return {};
  }

  // A character by its escape, \n \t \x41 \o101 \d065 \cA; takes it if there is one.
  bool escape(std::string& out) {
    const int c = at_ + 1 < text_.size() ? static_cast<uint8_t>(text_[at_ + 1]) : at_end;
    constexpr std::string_view letters = "afnrtv";
    constexpr std::string_view values = "\a\f\n\r\t\v";
    if (const size_t i = letters.find(static_cast<char>(c)); c != at_end && i != npos) {
      out += values[i];
      at_ += 2;
      return true;
    }
    if (c == 'c' && at_ + 2 < text_.size()) {
      const char letter = text_[at_ + 2];
      const bool lower = letter >= 'a' && letter <= 'z';
      out += static_cast<char>((lower ? letter - 32 : letter) ^ 0x40);
      at_ += 3;
      if (letter == '\\' && peek() == '\\')
        ++at_;
      return true;
    }
    const int base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'd' ? 10 : 0;
    if (base == 0)
      return false;
    for (size_t length = base == 16 ? 2 : 3; length > 0; --length) {
      const auto value = to_number<unsigned>(text_.substr(at_ + 2, length), base);
      if (!value || text_.size() < at_ + 2 + length)
        continue;
      out += static_cast<char>(*value);
      at_ += 2 + length;
      return true;
    }
    return false;
  }

  Result<> file_argument(Command& command) {
    if (opt_.sandbox)
      return bad("e/r/w commands disabled in sandbox mode");
    skip_blanks();
    std::string name = rest_of_line();
    if (name.empty())
      return bad("missing filename in r/R/w/W commands");
    if (command.name == 'w' || command.name == 'W')
      command.output = output(name);
    else
      command.text = std::move(name);
    return {};
  }

  uint32_t output(const std::string& name) {
    const auto known = std::ranges::find(script_.outputs, name);
    const auto place = static_cast<uint32_t>(known - script_.outputs.begin());
    if (known == script_.outputs.end())
      script_.outputs.push_back(name);
    return place;
  }

  // --- s and y

  Result<> substitution(Command& command) {
    const int delimiter = take();
    std::string pattern;
    std::string replacement;
    if (delimiter == at_end || delimiter == '\n' || delimiter == '\\' ||
        !delimited(static_cast<char>(delimiter), true, pattern) ||
        !delimited(static_cast<char>(delimiter), false, replacement))
      return bad("unterminated `s' command");
    bool fold = false;
    bool lines = false;
    TRY(flags(command, fold, lines));
    command.regex = TRY(regex(pattern, fold, lines));
    const int highest = pieces(replacement, command.pieces);
    if (!opt_.posix && command.regex != none &&
        highest > static_cast<int>(script_.regexes[command.regex].group_count()))
      return bad(str("invalid reference \\", highest, " on `s' command's RHS"));
    return {};
  }

  Result<> flags(Command& command, bool& fold, bool& lines) {
    while (true) {
      const int c = peek();
      if (opt_.posix && c != at_end && std::string_view("iImMe").contains(static_cast<char>(c)))
        return end_of_flags();
      switch (c) {
        case 'i':
        case 'I': fold = true; break;
        case 'm':
        case 'M': lines = true; break;
        case 'e':
          if (opt_.sandbox) {
            ++at_;
            return bad("e/r/w commands disabled in sandbox mode");
          }
          command.execute = true;
          break;
        case 'p':
          if (command.print != 0)
            return bad("multiple `p' options to `s' command");
          command.print = command.execute ? 1 : 2;
          break;
        case 'g':
          if (command.global)
            return bad("multiple `g' options to `s' command");
          command.global = true;
          break;
        case 'w': {
          ++at_;
          command.name = 'w';
          TRY(file_argument(command));
          command.name = 's';
          return {};
        }
        default:
          if (!is_digit(c))
            return end_of_flags();
          if (command.has_number)
            return bad("multiple number options to `s' command");
          command.has_number = true;
          command.number = *number();
          if (command.number == 0)
            return bad("number option to `s' command may not be zero");
          continue;
      }
      ++at_;
    }
  }

  Result<> end_of_flags() {
    const int c = peek();
    if (c == at_end || c == '\n' || c == ';' || c == '}' || c == '#' || is_blank(c))
      return end_of_command();
    ++at_;
    return bad("unknown option to `s'");
  }

  // The replacement in pieces; the highest group that it asks for.
  int pieces(std::string_view text, std::vector<Piece>& pieces) {
    int highest = 0;
    std::string literal;
    const auto settle = [&] {
      if (!literal.empty())
        pieces.push_back({.text = std::move(literal)});
      literal.clear();
    };
    const auto group = [&](int number) {
      settle();
      pieces.push_back({.group = number});
      highest = std::max(highest, number);
    };
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '&') {
        group(0);
        continue;
      }
      if (c != '\\' || i + 1 == text.size()) {
        literal += c;
        continue;
      }
      const char next = text[++i];
      if (is_digit(next)) {
        group(next - '0');
        continue;
      }
      constexpr std::string_view cases = "ELUlu";
      if (const size_t which = cases.find(next); which != npos && !opt_.posix) {
        settle();
        constexpr Piece::Case changes[] = {Piece::Case::keep, Piece::Case::lower, Piece::Case::upper,
                                           Piece::Case::lower_next, Piece::Case::upper_next};
        pieces.push_back({.change = changes[which]});
        continue;
      }
      Parser inner(text.substr(i - 1), opt_);
      if (inner.escape(literal))
        i += inner.at_ - 2;
      else
        literal += next;
    }
    settle();
    return highest;
  }

  Result<> transliteration(Command& command) {
    const int delimiter = take();
    std::string from;
    std::string to;
    if (delimiter == at_end || delimiter == '\n' || delimiter == '\\' ||
        !delimited(static_cast<char>(delimiter), false, from) || !delimited(static_cast<char>(delimiter), false, to))
      return bad("unterminated `y' command");
    std::vector<std::string> sources;
    std::vector<std::string> targets;
    TRY(characters(from, sources));
    TRY(characters(to, targets));
    if (sources.size() != targets.size())
      return bad("strings for `y' command are different lengths");
    for (size_t i = 0; i < sources.size(); ++i) {
      command.table.push_back(std::move(sources[i]));
      command.table.push_back(std::move(targets[i]));
    }
    return end_of_command();
  }

  Result<> characters(std::string_view text, std::vector<std::string>& out) {
    for (size_t i = 0; i < text.size();) {
      std::string one;
      if (text[i] == '\\' && i + 1 < text.size()) {
        Parser inner(text.substr(i), opt_);
        if (inner.escape(one)) {
          i += inner.at_;
        } else if (text[i + 1] == '\\' || text[i + 1] == '\n') {
          one = text[i + 1];
          i += 2;
        } else {
          return bad("y command strings have different lengths");
        }
      } else {
        const Character c = first_character(text.substr(i));
        const size_t length = opt_.bytes || !c.valid ? 1 : c.length;
        one = text.substr(i, length);
        i += length;
      }
      out.push_back(std::move(one));
    }
    return {};
  }

  std::string_view text_;
  const ScriptOptions& opt_;
  Script script_;
  size_t at_ = 0;
  std::vector<uint32_t> open_;  // commands { that wait for their }
  std::vector<Label> labels_;
};

}  // namespace

Result<Script> parse(std::string_view text, const ScriptOptions& options) {
  return Parser(text, options).parse();
}

}  // namespace rescue::sed
