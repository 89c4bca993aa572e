// expr: evaluate an expression.
#include <algorithm>

#include "lib/base/applet.h"
#include "lib/base/utf8.h"
#include "lib/text/regex.h"

namespace rescue {
namespace {

// The digits of a number of any size, the lowest first, without zeros at the other end: none at all for zero.
using Digits = std::string;

struct Integer {
  bool negative = false;
  Digits digits;
};

// Integers are kept as text, which they are when they are printed.
using Value = std::string;

bool looks_like_integer(std::string_view text) {
  if (text.starts_with('-'))
    text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Empty, or nothing but zeros.
bool is_null(std::string_view text) {
  if (text.starts_with('-') && text.size() > 1)
    text.remove_prefix(1);
  return text.find_first_not_of('0') == std::string_view::npos;
}

void strip(Digits& digits) {
  while (!digits.empty() && digits.back() == 0)
    digits.pop_back();
}

Result<Integer> to_integer(std::string_view text) {
  if (!looks_like_integer(text))
    return with_status(fail("number", text, "is no integer").error(), Status::usage);
  Integer value{.negative = text.starts_with('-'), .digits = Digits(text.rbegin(), text.rend())};
  if (value.negative)
    value.digits.pop_back();
  for (char& digit : value.digits)
    digit = static_cast<char>(digit - '0');
  strip(value.digits);
  return value;
}

Value to_value(const Integer& value) {
  if (value.digits.empty())
    return "0";
  Value text(value.negative ? 1 : 0, '-');
  for (size_t i = value.digits.size(); i-- > 0;)
    text += static_cast<char>('0' + value.digits[i]);
  return text;
}

// A number that counts something: 0 for a negative one, and the largest for all that are larger.
size_t to_count(std::string_view text) {
  return text.starts_with('-') ? 0 : to_number<size_t>(text).value_or(SIZE_MAX);
}

int compare(const Digits& a, const Digits& b) {
  if (a.size() != b.size())
    return a.size() < b.size() ? -1 : 1;
  const auto [i, j] = std::mismatch(a.rbegin(), a.rend(), b.rbegin());
  return i == a.rend() ? 0 : *i < *j ? -1 : 1;
}

int compare(const Integer& a, const Integer& b) {
  const bool a_below = a.negative && !a.digits.empty();
  const bool b_below = b.negative && !b.digits.empty();
  if (a_below != b_below)
    return a_below ? -1 : 1;
  return a_below ? compare(b.digits, a.digits) : compare(a.digits, b.digits);
}

// Adds `sign` times `b` to `a`; where it takes away, `a` is the larger.
void accumulate(Digits& a, const Digits& b, int sign) {
  a.resize(std::max(a.size(), b.size()) + 1);
  int carry = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    carry += a[i] + sign * (i < b.size() ? b[i] : 0) + 10;
    a[i] = static_cast<char>(carry % 10);
    carry = carry / 10 - 1;
  }
  strip(a);
}

Integer sum_of(Integer a, Integer b, bool take_away) {
  b.negative = b.negative != take_away;
  if (a.negative != b.negative && compare(a.digits, b.digits) < 0)
    std::swap(a, b);
  accumulate(a.digits, b.digits, a.negative == b.negative ? 1 : -1);
  return a;
}

Digits product_of(const Digits& a, const Digits& b) {
  Digits product(a.size() + b.size(), '\0');
  for (size_t i = 0; i < a.size(); ++i) {
    int carry = 0;
    for (size_t j = 0; j < b.size() || carry != 0; ++j) {
      carry += product[i + j] + (j < b.size() ? a[i] * b[j] : 0);
      product[i + j] = static_cast<char>(carry % 10);
      carry /= 10;
    }
  }
  strip(product);
  return product;
}

// As at school: a digit comes down, and the divisor is taken away as often as it goes.
Digits quotient_of(const Digits& a, const Digits& b, Digits& rest) {
  Digits quotient(a.size(), '\0');
  for (size_t i = a.size(); i-- > 0;) {
    rest.insert(rest.begin(), a[i]);
    strip(rest);
    for (; compare(rest, b) >= 0; ++quotient[i])
      accumulate(rest, b, -1);
  }
  strip(quotient);
  return quotient;
}

// Where its characters begin, and its end.
std::vector<size_t> character_places(std::string_view text, bool utf8) {
  std::vector<size_t> places;
  for (size_t at = 0; at < text.size();) {
    places.push_back(at);
    const Character c = first_character(text.substr(at));
    at += utf8 && c.valid ? c.length : 1;
  }
  places.push_back(text.size());
  return places;
}

class Evaluator {
 public:
  explicit Evaluator(const Args& words) : words_(words), utf8_(utf8_environment()) {}

  Result<Value> all() {
    Value value = TRY(any(true));
    if (at_ < words_.size())
      return mistake(str("unexpected argument '", Printable(words_[at_]), '\''));
    return value;
  }

 private:
  static std::unexpected<Error> mistake(std::string_view why) {
    return with_status(fail("syntax error", "", why).error(), Status::usage);
  }

  bool next_is(std::string_view word) {
    if (at_ == words_.size() || words_[at_] != word)
      return false;
    ++at_;
    return true;
  }

  Result<std::string_view> take() {
    if (at_ == words_.size())
      return mistake(str("missing argument after '", Printable(words_[at_ - 1]), '\''));
    return words_[at_++];
  }

  // `live`: whether the value counts; the other side of | and & may not, and then may divide by zero.
  Result<Value> any(bool live) {
    Value left = TRY(both(live));
    while (next_is("|")) {
      Value right = TRY(both(live && is_null(left)));
      if (is_null(left))
        left = is_null(right) ? "0" : std::move(right);
    }
    return left;
  }

  Result<Value> both(bool live) {
    Value left = TRY(comparison(live));
    while (next_is("&")) {
      const Value right = TRY(comparison(live && !is_null(left)));
      if (is_null(left) || is_null(right))
        left = "0";
    }
    return left;
  }

  std::string_view next_of(std::span<const std::string_view> operators) {
    for (const std::string_view operation : operators)
      if (next_is(operation))
        return operation;
    return {};
  }

  Result<Value> comparison(bool live) {
    static constexpr std::string_view operators[] = {"<", "<=", "=", "==", "!=", ">=", ">"};
    Value left = TRY(sum(live));
    while (true) {
      const std::string_view operation = next_of(operators);
      if (operation.empty())
        return left;
      const Value right = TRY(sum(live));
      int order = left.compare(right);
      if (looks_like_integer(left) && looks_like_integer(right)) {
        order = compare(TRY(to_integer(left)), TRY(to_integer(right)));
      }
      const bool with_equal = operation.size() == 2 && operation[0] != '!';
      const bool holds = operation[0] == '<'   ? order < 0 || (with_equal && order == 0)
                         : operation[0] == '>' ? order > 0 || (with_equal && order == 0)
                         : operation[0] == '=' ? order == 0
                                               : order != 0;
      left = holds ? "1" : "0";
    }
  }

  Result<Value> sum(bool live) {
    static constexpr std::string_view operators[] = {"+", "-"};
    Value left = TRY(product(live));
    while (true) {
      const std::string_view operation = next_of(operators);
      if (operation.empty())
        return left;
      const Value right = TRY(product(live));
      if (live)
        left = TRY(calculate(left, operation[0], right));
    }
  }

  Result<Value> product(bool live) {
    static constexpr std::string_view operators[] = {"*", "/", "%"};
    Value left = TRY(match(live));
    while (true) {
      const std::string_view operation = next_of(operators);
      if (operation.empty())
        return left;
      const Value right = TRY(match(live));
      if (live)
        left = TRY(calculate(left, operation[0], right));
    }
  }

  static Result<Value> calculate(const Value& left, char operation, const Value& right) {
    const Integer a = TRY(to_integer(left));
    const Integer b = TRY(to_integer(right));
    if (operation == '+' || operation == '-')
      return to_value(sum_of(a, b, operation == '-'));
    if (operation == '*')
      return to_value({.negative = a.negative != b.negative, .digits = product_of(a.digits, b.digits)});
    if (b.digits.empty())
      return with_status(fail("divide", left, "by zero").error(), Status::usage);
    Digits rest;
    Digits quotient = quotient_of(a.digits, b.digits, rest);
    if (operation == '/')
      return to_value({.negative = a.negative != b.negative, .digits = std::move(quotient)});
    return to_value({.negative = a.negative, .digits = std::move(rest)});
  }

  Result<Value> match(bool live) {
    Value left = TRY(word(live));
    while (next_is(":")) {
      const Value pattern = TRY(word(live));
      if (live)
        left = TRY(matched(left, pattern));
    }
    return left;
  }

  // What the first group matched; without a group, how many characters did. Always from the first character on.
  Result<Value> matched(std::string_view text, std::string_view pattern) const {
    auto compiled = Regex::compile(pattern, {.bytes = !utf8_});
    if (!compiled)
      return with_status(std::move(compiled).error(), Status::usage);
    Span found;
    const bool hit = compiled->find(text, found) && found.begin == 0;
    if (compiled->group_count() == 0)
      return str(hit ? length(text.substr(0, found.end)) : 0);
    if (!hit)
      return Value();
    std::vector<Span> groups;
    compiled->groups(text, found, groups);
    return Value(groups.size() > 1 ? groups[1].of(text) : std::string_view());
  }

  size_t length(std::string_view text) const { return character_places(text, utf8_).size() - 1; }

  Result<Value> word(bool live) {
    if (next_is("+"))
      return Value(TRY(take()));
    if (next_is("length"))
      return str(length(TRY(word(live))));
    if (next_is("match")) {
      const Value text = TRY(word(live));
      const Value pattern = TRY(word(live));
      return live ? matched(text, pattern) : text;
    }
    if (next_is("index")) {
      const Value text = TRY(word(live));
      return str(index(text, TRY(word(live))));
    }
    if (next_is("substr")) {
      const Value text = TRY(word(live));
      const Value place = TRY(word(live));
      return substring(text, place, TRY(word(live)));
    }
    return operand(live);
  }

  // The place of the first character that is one of `set`, from 1 on; 0 for none.
  size_t index(std::string_view text, std::string_view set) const {
    const std::vector<size_t> places = character_places(text, utf8_);
    const std::vector<size_t> members = character_places(set, utf8_);
    for (size_t i = 0; i + 1 < places.size(); ++i)
      for (size_t j = 0; j + 1 < members.size(); ++j)
        if (text.substr(places[i], places[i + 1] - places[i]) == set.substr(members[j], members[j + 1] - members[j]))
          return i + 1;
    return 0;
  }

  Result<Value> substring(std::string_view text, const Value& place, const Value& count) const {
    if (!looks_like_integer(place) || !looks_like_integer(count))
      return Value();
    const size_t first = to_count(place);
    const std::vector<size_t> places = character_places(text, utf8_);
    if (first == 0 || first >= places.size())
      return Value();
    const size_t start = first - 1;
    const size_t taken = std::min(to_count(count), places.size() - 1 - start);
    return Value(text.substr(places[start], places[start + taken] - places[start]));
  }

  Result<Value> operand(bool live) {
    if (next_is("(")) {
      // Each level takes some of the stack.
      if (++depth_ > 1000)
        return mistake("brackets are nested too deeply");
      Value value = TRY(any(live));
      --depth_;
      if (at_ == words_.size())
        return mistake(str("expecting ')' after '", Printable(words_[at_ - 1]), '\''));
      if (!next_is(")"))
        return mistake(str("expecting ')' instead of '", Printable(words_[at_]), '\''));
      return value;
    }
    if (next_is(")"))
      return mistake("unexpected ')'");
    return Value(TRY(take()));
  }

  const Args& words_;
  bool utf8_;
  size_t at_ = 0;
  size_t depth_ = 0;
};

Result<int> run(Io& io, Args& args) {
  if (!args.empty() && args[0] == "--")
    TRY(args.shift("EXPRESSION"));
  if (args.empty())
    return usage_error("missing operand");
  const Value value = TRY(Evaluator(args).all());
  io.out.put(value, '\n');
  return is_null(value) ? 1 : 0;
}

}  // namespace

extern const Applet expr_applet = {
    .name = "expr",
    .summary = "evaluate an expression",
    .usage = "EXPRESSION",
    .failure_status = 3,
    .dies_with_reader = true,
    .notes = dense<
        "From the loosest to the closest:  A | B   A & B   A < B, <= = != >= >   A + B, -   A * B, / %   TEXT : REGEX\n"
        "match TEXT REGEX, substr TEXT PLACE LENGTH, index TEXT CHARACTERS, length TEXT, + TEXT (as it is), ( A )\n"
        "Exit status: 0, 1 for nothing and 0, 2 for a mistake in the expression, 3 for anything else.">,
    .run = plain_entry<run>,
};
}  // namespace rescue
