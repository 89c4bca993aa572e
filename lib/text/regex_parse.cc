// The parser of regular expressions. What GNU's does where POSIX leaves it open is done here too.
#include <algorithm>

#include "lib/base/append.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/base/utf8.h"
#include "lib/text/regex_tree.h"

namespace rescue::regex {
namespace {

constexpr uint32_t max_repeats = 32767;
constexpr unsigned max_depth = 500;

bool is_ascii_letter(uint8_t c) {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

bool is_digit(uint8_t c) {
  return c >= '0' && c <= '9';
}

bool is_hex_digit(uint8_t c) {
  return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

unsigned hex_value(uint8_t c) {
  return is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

enum class Class : uint8_t {
  alnum,
  alpha,
  blank,
  cntrl,
  digit,
  graph,
  lower,
  print,
  punct,
  space,
  upper,
  xdigit,
  word
};

constexpr std::string_view class_names[] = {"alnum", "alpha", "blank", "cntrl", "digit", "graph",
                                            "lower", "print", "punct", "space", "upper", "xdigit"};

bool is_in_class(uint8_t c, Class what) {
  const bool letter = is_ascii_letter(c);
  const bool graph = c > 0x20 && c < 0x7f;
  switch (what) {
    case Class::alnum: return letter || is_digit(c);
    case Class::alpha: return letter;
    case Class::blank: return c == ' ' || c == '\t';
    case Class::cntrl: return c < 0x20 || c == 0x7f;
    case Class::digit: return is_digit(c);
    case Class::graph: return graph;
    case Class::lower: return letter && c >= 'a';
    case Class::print: return graph || c == ' ';
    case Class::punct: return graph && !letter && !is_digit(c);
    case Class::space: return c == ' ' || (c >= '\t' && c <= '\r');
    case Class::upper: return letter && c < 'a';
    case Class::xdigit: return is_hex_digit(c);
    case Class::word: return is_word_byte(c);
  }
  return false;
}

void sort_ranges(std::vector<CodeRange>& ranges) {
  rescue::sort(ranges, {}, &CodeRange::low);
  std::vector<CodeRange> merged;
  for (const CodeRange& range : ranges) {
    if (!merged.empty() && range.low <= merged.back().high + 1)
      merged.back().high = std::max(merged.back().high, range.high);
    else
      merged.push_back(range);
  }
  ranges = std::move(merged);
}

// All that is beyond ASCII and not in the ranges; no surrogates, which UTF-8 has none of.
std::vector<CodeRange> complement(std::vector<CodeRange> ranges) {
  ranges.push_back({0xD800, 0xDFFF});
  sort_ranges(ranges);
  std::vector<CodeRange> rest;
  uint32_t low = 0x80;
  for (const CodeRange& range : ranges) {
    if (range.low > low)
      rest.push_back({low, range.low - 1});
    low = std::max(low, range.high + 1);
  }
  if (low <= 0x10FFFF)
    rest.push_back({low, 0x10FFFF});
  return rest;
}

// No letter with a case lies outside of these.
constexpr CodeRange cased[] = {{0xB5, 0x587},    {0x10A0, 0x10C5}, {0x1E00, 0x1EFF},  {0x2160, 0x24E9},
                               {0x2C00, 0x2D25}, {0xFF21, 0xFF5A}, {0x10400, 0x1044F}};

void add_cased(CharSet& set, bool upper) {
  for (const CodeRange& range : cased)
    for (uint32_t code = range.low; code <= range.high; ++code)
      if (upper ? is_upper_letter(code) : is_lower_letter(code))
        set.ranges.push_back({code, code});
}

constexpr CodeRange wide_blanks[] = {
    {0x1680, 0x1680}, {0x2000, 0x2006}, {0x2008, 0x200A}, {0x205F, 0x205F}, {0x3000, 0x3000}};

void add_wide_class(CharSet& set, Class what) {
  const auto add = [&](std::span<const CodeRange> ranges) { append(set.ranges, ranges); };
  const auto letters = letter_ranges();
  switch (what) {
    case Class::alnum:
    case Class::alpha:
    case Class::word: add(letters); break;
    case Class::upper: add_cased(set, true); break;
    case Class::lower: add_cased(set, false); break;
    case Class::blank: add(wide_blanks); break;
    case Class::space:
      add(wide_blanks);
      set.ranges.push_back({0x2028, 0x2029});
      break;
    case Class::cntrl:
      set.ranges.push_back({0x80, 0x9F});
      set.ranges.push_back({0x2028, 0x2029});
      break;
    case Class::graph:
    case Class::print: set.ranges.push_back({0xA0, 0x10FFFF}); break;
    case Class::punct: {
      std::vector<CodeRange> others(letters.begin(), letters.end());
      others.push_back({0x80, 0x9F});
      add(complement(std::move(others)));
      break;
    }
    default: break;
  }
}

void add_class(CharSet& set, Class what, bool bytes) {
  for (unsigned c = 0; c < 0x80; ++c)
    if (is_in_class(static_cast<uint8_t>(c), what))
      set.add(static_cast<uint8_t>(c));
  if (!bytes)
    add_wide_class(set, what);
}

std::unexpected<Error> bad(std::string_view detail) {
  return fail("", "", detail);
}

class Parser {
 public:
  Parser(std::string_view pattern, const RegexSyntax& syntax, Tree& tree)
      : pattern_(pattern), syntax_(syntax), tree_(tree), first_group_(tree.groups) {}

  Result<uint32_t> parse() {
    if (syntax_.flavor == RegexSyntax::Flavor::fixed)
      return fixed();
    return alternatives(0);
  }

 private:
  bool extended() const { return syntax_.flavor == RegexSyntax::Flavor::extended; }
  bool emacs() const { return syntax_.flavor == RegexSyntax::Flavor::emacs; }
  bool done() const { return at_ >= pattern_.size(); }
  uint8_t peek(size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? static_cast<uint8_t>(pattern_[at_ + ahead]) : 0;
  }
  // Whether an operator is here that is `c` in one flavour and `\c` in the other.
  bool is_operator(char c) const {
    return extended() ? looking_at(c) : looking_at_escaped(c) && (c != '|' || syntax_.additions);
  }
  size_t operator_size() const { return extended() ? 1 : 2; }
  bool looking_at(char c) const { return at_ < pattern_.size() && pattern_[at_] == c; }
  bool looking_at_escaped(char c) const {
    return looking_at('\\') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] == c;
  }

  Result<uint32_t> fixed() {
    const uint32_t node = tree_.add({.kind = Kind::sequence});
    uint32_t last = none;
    while (!done()) {
      bool raw = false;
      const uint32_t code = take_code(raw);
      const uint32_t item = literal(code, raw);
      (last == none ? tree_.nodes[node].child : tree_.nodes[last].next) = item;
      last = item;
    }
    return node;
  }

  bool at_alternative_end() const { return done() || is_operator('|') || (depth_ > 0 && is_operator(')')); }

  Result<uint32_t> alternatives(unsigned depth) {
    if (depth > max_depth)
      return bad("Regular expression too big");
    uint32_t first = TRY(sequence(depth));
    if (!is_operator('|'))
      return first;
    uint32_t last = first;
    const uint32_t choice = tree_.add({.kind = Kind::choice, .child = first});
    while (is_operator('|')) {
      at_ += operator_size();
      const uint32_t another = TRY(sequence(depth));
      tree_.nodes[last].next = another;
      last = another;
    }
    return choice;
  }

  Result<uint32_t> sequence(unsigned depth) {
    const uint32_t node = tree_.add({.kind = Kind::sequence});
    uint32_t last = none;
    at_start_ = true;
    while (!at_alternative_end()) {
      // A group that is not open cannot be closed. GNU's grep takes the parenthesis for what it is.
      if (is_operator(')') && (!extended() || syntax_.strict))
        return bad("Unmatched ) or \\)");
      uint32_t item = TRY(piece(depth));
      if (item == none)
        continue;
      (last == none ? tree_.nodes[node].child : tree_.nodes[last].next) = item;
      last = item;
    }
    return node;
  }

  // Something and how often it may come; `none` for an operator that there is nothing for.
  Result<uint32_t> piece(unsigned depth) {
    uint32_t min = 0;
    uint32_t max = 0;
    const uint8_t first = peek();
    if (extended() && at_start_ && TRY(repetition(min, max))) {
      TRY(odd_repetition(first));
      return none;
    }
    // For GNU's grep and expr it stands for itself there, for its sed it is wrong.
    if (!extended() && at_start_ && looking_at_escaped('{') && !emacs() && syntax_.strict)
      return bad("Invalid preceding regular expression");
    uint32_t item = TRY(atom(depth));
    if (at_start_)
      return repeated_anchor(item);
    while (TRY(repetition(min, max)))
      item = tree_.add({.kind = Kind::repeat, .child = item, .min = min, .max = max});
    return item;
  }

  Result<> odd_repetition(uint8_t operation) {
    if (syntax_.strict)
      return bad("Invalid preceding regular expression");
    const char name = static_cast<char>(operation);
    tree_.warnings.push_back(str(name == '{' ? "{...}" : std::string_view(&name, 1), " at start of expression"));
    return {};
  }

  // As for GNU's grep, an anchor that may come no time at all asks for nothing.
  Result<uint32_t> repeated_anchor(uint32_t anchor) {
    uint32_t min = 0;
    uint32_t max = 0;
    for (uint8_t next = peek(); extended() && TRY(repetition(min, max)); next = peek()) {
      TRY(odd_repetition(next));
      if (min == 0)
        anchor = none;
    }
    return anchor;
  }

  // Takes a repetition operator, if one is here.
  Result<bool> repetition(uint32_t& min, uint32_t& max) {
    if (done())
      return false;
    const bool plain = extended() || emacs();
    if (looking_at('*') && !(at_start_ && !extended())) {
      at_ += 1;
      min = 0, max = none;
      return true;
    }
    for (const char c : {'+', '?'}) {
      if (plain ? !looking_at(c) || (at_start_ && !extended())
                : !looking_at_escaped(c) || at_start_ || !syntax_.additions)
        continue;
      at_ += plain ? 1 : 2;
      min = c == '+' ? 1 : 0;
      max = c == '+' ? none : 1;
      return true;
    }
    if (emacs() || !is_operator('{'))
      return false;
    return interval(min, max);
  }

  Result<bool> interval(uint32_t& min, uint32_t& max) {
    const size_t start = at_;
    at_ += operator_size();
    const std::optional<uint32_t> low = number();
    std::optional<uint32_t> high = low;
    if (looking_at(',')) {
      ++at_;
      high = number().value_or(none);
    }
    const bool closed = is_operator('}');
    const bool valid = closed && (low || high);
    // GNU's grep takes a brace that begins no interval for what it is.
    if (!valid && extended() && !syntax_.strict) {
      at_ = start;
      return false;
    }
    if (!valid && done())
      return bad("Unmatched \\{");
    if (!valid || (low && *low > high.value_or(0)))
      return bad("Invalid content of \\{\\}");
    at_ += operator_size();
    min = low.value_or(0);
    max = *high;
    if (min > max_repeats || (max != none && max > max_repeats))
      return bad("Regular expression too big");
    return true;
  }

  std::optional<uint32_t> number() {
    if (!is_digit(peek()))
      return std::nullopt;
    uint32_t value = 0;
    for (; is_digit(peek()); ++at_)
      value = std::min<uint32_t>(value * 10 + (peek() - '0'), max_repeats + 1);
    return value;
  }

  Result<uint32_t> atom(unsigned depth) {
    if (is_operator('('))
      return group(depth);
    const uint8_t c = peek();
    // Of two in a basic expression the second stands for itself.
    if (c == '^' && (extended() || (at_start_ && (at_ == 0 || pattern_[at_ - 1] != '^')))) {
      // Nothing may be repeated yet: at_start_ stays.
      ++at_;
      at_start_ = true;
      return assertion(syntax_.lines ? Assert::line_start : Assert::text_start);
    }
    if (c == '$' && (extended() || ends_after(1))) {
      ++at_;
      at_start_ = extended();
      return assertion(syntax_.lines ? Assert::line_end : Assert::text_end);
    }
    at_start_ = false;
    if (c == '\\')
      return escape();
    if (c == '[')
      return bracket();
    if (c == '.') {
      ++at_;
      return any_character();
    }
    return character();
  }

  // Whether an alternative of a basic expression ends behind the next `count` bytes.
  bool ends_after(size_t count) const {
    const std::string_view rest = pattern_.substr(at_ + count);
    return rest.empty() || rest.starts_with("\\)") || rest.starts_with("\\|");
  }

  Result<uint32_t> group(unsigned depth) {
    at_ += operator_size();
    const uint32_t number = ++tree_.groups;
    ++depth_;
    const uint32_t inner = TRY(alternatives(depth + 1));
    --depth_;
    if (!is_operator(')'))
      return bad("Unmatched ( or \\(");
    at_ += operator_size();
    at_start_ = false;
    closed_.push_back(number);
    return tree_.add({.kind = Kind::group, .value = number, .child = inner});
  }

  uint32_t assertion(Assert what) { return tree_.add({.kind = Kind::assertion, .value = static_cast<uint32_t>(what)}); }

  uint32_t add_set(CharSet set) {
    if (syntax_.has_separator)
      set.remove(static_cast<uint8_t>(syntax_.separator));
    sort_ranges(set.ranges);
    tree_.sets.push_back(std::move(set));
    return tree_.add({.kind = Kind::set, .value = static_cast<uint32_t>(tree_.sets.size() - 1)});
  }

  // Every character but those of the set.
  CharSet inverse(const CharSet& set) const {
    CharSet result;
    for (unsigned c = 0; c < (syntax_.bytes ? 0x100U : 0x80U); ++c)
      if (!set.has(static_cast<uint8_t>(c)))
        result.add(static_cast<uint8_t>(c));
    if (!syntax_.bytes)
      result.ranges = complement(set.ranges);
    return result;
  }

  uint32_t any_character() { return add_set(inverse({})); }

  // The character at the current place; takes it.
  uint32_t take_code(bool& raw) {
    raw = true;
    const uint8_t byte = peek();
    if (byte < 0x80 || syntax_.bytes) {
      ++at_;
      raw = byte >= 0x80;
      return byte;
    }
    const Character c = first_character(pattern_.substr(at_));
    at_ += c.valid ? c.length : 1;
    raw = !c.valid;
    return c.valid ? c.code : byte;
  }

  Result<uint32_t> character() {
    bool raw = false;
    const uint32_t code = take_code(raw);
    return literal(code, raw);
  }

  uint32_t literal(uint32_t code, bool raw) {
    if (raw || !syntax_.ignore_case || other_case(code) == code || (syntax_.bytes && code >= 0x80))
      return tree_.add({.kind = Kind::literal, .raw = raw, .value = code});
    CharSet set;
    add_code(set, code);
    add_code(set, other_case(code));
    return add_set(std::move(set));
  }

  void add_code(CharSet& set, uint32_t code) const {
    if (code < 0x80 || syntax_.bytes)
      set.add(static_cast<uint8_t>(code));
    else
      set.ranges.push_back({code, code});
  }

  Result<uint32_t> escape() {
    if (at_ + 1 >= pattern_.size())
      return bad("Trailing backslash");
    const uint8_t c = peek(1);
    if (c >= '1' && c <= '9')
      return back_reference(c - '0');
    if (syntax_.escapes) {
      bool has_code = false;
      const uint32_t code = escaped_code(has_code);
      if (has_code)
        return literal(code, code >= 0x80);
    }
    at_ += 2;
    switch (syntax_.additions ? c : 0) {
      case 'w': return class_set(Class::word, false);
      case 'W': return class_set(Class::word, true);
      case 's': return class_set(Class::space, false);
      case 'S': return class_set(Class::space, true);
      case 'b': return assertion(Assert::word_edge);
      case 'B': return assertion(Assert::no_word_edge);
      case '<': return assertion(Assert::word_start);
      case '>': return assertion(Assert::word_end);
      case '`': return assertion(Assert::text_start);
      case '\'': return assertion(Assert::text_end);
      default: break;
    }
    --at_;
    return character();
  }

  // The character that sed's \n, \x41, \o101, \d065, \cX stand for; takes it if there is one.
  uint32_t escaped_code(bool& has_code) {
    has_code = true;
    const uint8_t c = peek(1);
    constexpr std::string_view letters = "afnrtv";
    constexpr std::string_view values = "\a\f\n\r\t\v";
    if (const size_t i = letters.find(static_cast<char>(c)); i != npos) {
      at_ += 2;
      return static_cast<uint8_t>(values[i]);
    }
    const unsigned base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'd' ? 10 : 0;
    size_t digits = 0;
    unsigned value = 0;
    while (base != 0 && digits < (base == 16 ? 2U : 3U) && is_hex_digit(peek(2 + digits)) &&
           hex_value(peek(2 + digits)) < base)
      value = value * base + hex_value(peek(2 + digits++));
    if (digits > 0) {
      at_ += 2 + digits;
      return value & 0xff;
    }
    if (c == 'c' && at_ + 2 < pattern_.size()) {
      const uint8_t control = is_ascii_letter(peek(2)) ? peek(2) & ~0x20 : peek(2);
      at_ += 3;
      return control ^ 0x40;
    }
    has_code = false;
    return 0;
  }

  uint32_t class_set(Class what, bool inverted) {
    CharSet set;
    add_class(set, what, syntax_.bytes);
    return add_set(inverted ? inverse(set) : set);
  }

  Result<uint32_t> back_reference(uint32_t number) {
    // What is referred to must have been closed before.
    if (std::ranges::find(closed_, first_group_ + number) == closed_.end())
      return bad("Invalid back reference");
    at_ += 2;
    tree_.has_back_references = true;
    return tree_.add({.kind = Kind::back_reference, .value = first_group_ + number});
  }

  // --- sets in brackets

  Result<uint32_t> bracket() {
    constexpr std::string_view unmatched = "Unmatched [, [^, [:, [., or [=";
    const size_t start = at_++;
    const bool inverted = looking_at('^');
    at_ += inverted ? 1 : 0;
    CharSet set;
    for (bool first = true; first || !looking_at(']'); first = false) {
      if (done())
        return bad(unmatched);
      if (looking_at('[') && peek(1) == ':') {
        if (TRY(class_in_bracket(set)))
          continue;
      }
      const uint32_t low = TRY(bracket_item());
      uint32_t high = low;
      if (looking_at('-') && at_ + 1 < pattern_.size() && peek(1) != ']') {
        ++at_;
        high = TRY(bracket_item());
        if (low > high)
          return bad("Invalid range end");
      }
      add_range(set, low, high);
    }
    ++at_;
    if (!syntax_.strict && looks_like_class(pattern_.substr(start, at_ - start)))
      return bad("character class syntax is [[:space:]], not [:space:]");
    return add_set(inverted ? inverse(set) : set);
  }

  static bool looks_like_class(std::string_view text) {
    return text.size() > 4 && text[1] == ':' && text[text.size() - 2] == ':' &&
           std::ranges::all_of(text.substr(2, text.size() - 4),
                               [](char c) { return is_ascii_letter(static_cast<uint8_t>(c)); });
  }

  Result<bool> class_in_bracket(CharSet& set) {
    const size_t end = pattern_.find(":]", at_ + 2);
    if (end == npos)
      return bad("Unmatched [, [^, [:, [., or [=");
    const std::string_view name = pattern_.substr(at_ + 2, end - at_ - 2);
    const auto known = std::ranges::find(class_names, name);
    if (known == std::end(class_names))
      return bad("Invalid character class name");
    auto what = static_cast<Class>(known - std::begin(class_names));
    if (syntax_.ignore_case && (what == Class::upper || what == Class::lower))
      what = Class::alpha;
    at_ = end + 2;
    add_class(set, what, syntax_.bytes);
    return true;
  }

  // One character of a set. A byte that is no UTF-8 gets a code beyond all characters.
  Result<uint32_t> bracket_item() {
    if (done())
      return bad("Unmatched [, [^, [:, [., or [=");
    if (looking_at('[') && (peek(1) == '.' || peek(1) == '=')) {
      const char closing[] = {static_cast<char>(peek(1)), ']', '\0'};
      at_ += 2;
      bool raw = false;
      const uint32_t code = take_code(raw);
      if (!pattern_.substr(std::min(at_, pattern_.size())).starts_with(closing))
        return bad(pattern_.find(closing, at_) == npos ? "Unmatched [, [^, [:, [., or [="
                                                       : "Invalid collation character");
      at_ += 2;
      return code;
    }
    if (syntax_.escapes && syntax_.additions && looking_at('\\')) {
      bool has_code = false;
      const uint32_t code = escaped_code(has_code);
      if (has_code)
        return code;
      if (peek(1) == ']') {  // sed has the backslash only where it does not end the set
        ++at_;
        return '\\';
      }
    }
    bool raw = false;
    const uint32_t code = take_code(raw);
    return raw && !syntax_.bytes ? 0x110000 + code : code;
  }

  void add_range(CharSet& set, uint32_t low, uint32_t high) const {
    const uint32_t narrow = syntax_.bytes ? 0x100 : 0x80;
    for (uint32_t code = low; code <= high && code < narrow; ++code) {
      set.add(static_cast<uint8_t>(code));
      if (syntax_.ignore_case && code < 0x80)
        set.add(static_cast<uint8_t>(other_case(code)));
    }
    if (high < narrow || syntax_.bytes)
      return;
    if (low > 0x10FFFF) {
      set.add(static_cast<uint8_t>(low));
      return;
    }
    set.ranges.push_back({std::max(low, narrow), std::min<uint32_t>(high, 0x10FFFF)});
    if (syntax_.ignore_case && high - low < 0x3000)
      for (uint32_t code = std::max(low, narrow); code <= high; ++code)
        if (const uint32_t other = other_case(code); other != code)
          set.ranges.push_back({other, other});
  }

  std::string_view pattern_;
  const RegexSyntax& syntax_;
  Tree& tree_;
  uint32_t first_group_;
  size_t at_ = 0;
  unsigned depth_ = 0;    // open groups
  bool at_start_ = true;  // nothing is here yet that could be repeated
  std::vector<uint32_t> closed_;
};

}  // namespace

Result<uint32_t> parse(std::string_view pattern, const RegexSyntax& syntax, Tree& tree) {
  return Parser(pattern, syntax, tree).parse();
}

namespace {

// A byte of a string; a letter's other case may be another place's already.
uint32_t byte_of_string(char c, const RegexSyntax& syntax, Tree& tree) {
  const auto byte = static_cast<uint8_t>(c);
  if (!syntax.ignore_case || byte < 'a' || byte > 'z')
    return tree.add({.kind = Kind::literal, .raw = true, .value = byte});
  CharSet both;
  both.add(byte);
  both.add(static_cast<uint8_t>(byte - 'a' + 'A'));
  const auto known =
      std::ranges::find_if(tree.sets, [&](const CharSet& set) { return set.bits == both.bits && set.ranges.empty(); });
  const auto place = static_cast<uint32_t>(known - tree.sets.begin());
  if (known == tree.sets.end())
    tree.sets.push_back(both);
  return tree.add({.kind = Kind::set, .value = place});
}

// Sorted strings that agree in their first `depth` bytes.
uint32_t tree_of_sorted(std::span<const std::string_view> strings, size_t depth, const RegexSyntax& syntax,
                        Tree& tree) {
  const uint32_t choice = tree.add({.kind = Kind::choice});
  uint32_t last = none;
  const auto append = [&](uint32_t node) {
    (last == none ? tree.nodes[choice].child : tree.nodes[last].next) = node;
    last = node;
  };
  while (!strings.empty() && strings[0].size() == depth) {
    if (last == none)
      append(tree.add({}));
    strings = strings.subspan(1);
  }
  while (!strings.empty()) {
    size_t same = 1;
    while (same < strings.size() && strings[same][depth] == strings[0][depth])
      ++same;
    // As far as all of these agree, they are one sequence.
    size_t end = depth + 1;
    const std::string_view first = strings[0];
    const std::string_view final = strings[same - 1];
    while (end < first.size() && end < final.size() && first[end] == final[end])
      ++end;
    const uint32_t sequence = tree.add({.kind = Kind::sequence});
    append(sequence);
    uint32_t tail = none;
    for (size_t i = depth; i < end; ++i) {
      const uint32_t byte = byte_of_string(first[i], syntax, tree);
      (tail == none ? tree.nodes[sequence].child : tree.nodes[tail].next) = byte;
      tail = byte;
    }
    if (end < first.size() || same > 1) {
      const uint32_t rest = tree_of_sorted(strings.first(same), end, syntax, tree);
      tree.nodes[tail].next = rest;
    }
    strings = strings.subspan(same);
  }
  return choice;
}

}  // namespace

bool is_string(std::string_view pattern, const RegexSyntax& syntax) {
  const auto is_ascii = [](char c) { return static_cast<uint8_t>(c) < 0x80; };
  if (syntax.ignore_case && !std::ranges::all_of(pattern, is_ascii))
    return false;
  return syntax.flavor == RegexSyntax::Flavor::fixed || pattern.find_first_of("\\[]*.^$+?(){}|") == npos;
}

uint32_t tree_of_strings(std::span<const std::string_view> strings, const RegexSyntax& syntax, Tree& tree) {
  std::vector<std::string_view> sorted(strings.begin(), strings.end());
  std::string lower;
  if (syntax.ignore_case) {
    for (const std::string_view one : strings)
      lower += one;
    for (char& c : lower)
      c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    size_t at = 0;
    for (std::string_view& one : sorted) {
      one = std::string_view(lower).substr(at, one.size());
      at += one.size();
    }
  }
  rescue::sort(sorted);
  return tree_of_sorted(sorted, 0, syntax, tree);
}

}  // namespace rescue::regex
