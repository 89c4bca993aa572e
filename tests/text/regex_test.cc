#include "lib/text/regex.h"

#include <cstdint>

#include <doctest/doctest.h>
#include <regex.h>

#include "lib/base/text.h"

namespace rescue {
namespace {

constexpr RegexSyntax basic{.bytes = true};
constexpr RegexSyntax extended{.flavor = RegexSyntax::Flavor::extended, .bytes = true};
constexpr RegexSyntax wide{.flavor = RegexSyntax::Flavor::extended};

// "0-3 1-2": the spans of the match and of its groups; "-" where there is none.
std::string spans(std::string_view pattern, std::string_view text, const RegexSyntax& syntax = extended) {
  auto regex = Regex::compile(pattern, syntax);
  if (!regex)
    return std::string(regex.error().detail());
  Span found;
  if (!regex->find(text, found))
    return "no";
  std::vector<Span> groups;
  regex->groups(text, found, groups);
  std::string all;
  for (const Span& span : groups)
    all += span.is_set() ? str(all.empty() ? "" : " ", span.begin, '-', span.end) : " -";
  return all;
}

}  // namespace

TEST_CASE("regex: the leftmost of the longest matches is found") {
  CHECK(spans("a|ab|abc", "xabcd") == "1-4");
  CHECK(spans("b*", "abb") == "0-0");
  CHECK(spans("abcd|bc", "abcd") == "0-4");
  CHECK(spans("abcde|bc", "abcd") == "1-3");
  CHECK(spans("x*", "") == "0-0");
  CHECK(spans("a{2,3}", "aaaa") == "0-3");
  CHECK(spans("(a{2}){2}", "aaaaa") == "0-4 2-4");
  CHECK(spans("^a$", "a") == "0-1");
  CHECK(spans("a^b", "a^b") == "no");
  CHECK(spans("a^b", "a^b", basic) == "0-3");
  CHECK(spans("*a\\|^*b", "*b", basic) == "0-2");
  CHECK(spans("[]a]*[^]b]", "]a]c") == "0-4");
  CHECK(spans("[[:digit:]x-z]\\+", "a12zb", basic) == "1-4");
}

TEST_CASE("regex: of many patterns, strings among them share a tree") {
  const auto found = [](std::span<const std::string_view> patterns, std::string_view text, RegexSyntax syntax) {
    auto regex = Regex::compile(patterns, syntax);
    Span span;
    return !regex                    ? std::string(regex.error().detail())
           : regex->find(text, span) ? str(span.begin, '-', span.end)
                                     : "no";
  };
  constexpr std::string_view mixed[] = {"ab", "abcd", "x[0-9]*y", "Abc", ""};
  const std::span some(mixed, 4);
  CHECK(found(some, "zabcd", basic) == "1-5");
  CHECK(found(some, "zabc", basic) == "1-3");
  CHECK(found(some, "zx12yab", basic) == "1-5");
  CHECK(found(some, "zAbCab", basic) == "4-6");
  RegexSyntax folded = basic;
  folded.ignore_case = true;
  CHECK(found(some, "zaBcD", folded) == "1-5");
  CHECK(found(some, "zX1Y", folded) == "1-4");
  CHECK(found(mixed, "zz", basic) == "0-0");
  RegexSyntax fixed = folded;
  fixed.flavor = RegexSyntax::Flavor::fixed;
  CHECK(found(some, "X[0-9]*Y", fixed) == "0-8");
  CHECK(found(some, "x5y", fixed) == "no");
}

TEST_CASE("regex: a long list is no large expression, a large repetition is one") {
  std::vector<std::string> lines;
  lines.reserve(20000);
  for (unsigned i = 0; i < 20000; ++i)
    lines.push_back(str("line ", i, " of a list that is longer than what repetitions may come to"));
  const std::vector<std::string_view> patterns(lines.begin(), lines.end());
  auto regex = Regex::compile(patterns, basic);
  REQUIRE(regex);
  CHECK(regex->matches(lines[12345]));
  CHECK(!regex->matches("line 20000 of a list"));
  CHECK(spans("((a{1000}){1000}){1000}", "a") == "Regular expression too big");
}

TEST_CASE("regex: groups are those of GNU's matcher") {
  CHECK(spans("(a|ab)(c|bcd)(d*)", "abcd") == "0-4 0-1 1-4 4-4");
  CHECK(spans("(aa|aaa)*", "aaaaa") == "0-5 2-5");
  CHECK(spans("((a)|(b))*", "abab") == "0-4 3-4 2-3 3-4");
  CHECK(spans("(.?)*", "abc") == "0-3 2-3");
  CHECK(spans("(a?)(ab)?", "aab") == "0-3 0-1 1-3");
  CHECK(spans("(a)|(b)", "b") == "0-1 - 0-1");
}

TEST_CASE("regex: back-references match what their group matched") {
  CHECK(spans("(a*)b\\1", "aabaa") == "0-5 0-2");
  CHECK(spans("\\(.\\)\\1", "abccd", basic) == "2-4 2-3");
  CHECK(spans("(.*)\\1x", "abcabcx") == "0-7 0-3");
  CHECK(spans("(a)(b)\\2\\1", "abba") == "0-4 0-1 1-2");
  CHECK(spans("(a*)*\\1", "aa") == "0-2 0-1");
  CHECK(spans("\\1(a)", "aa") == "Invalid back reference");
}

TEST_CASE("regex: words have edges, beyond ASCII too") {
  CHECK(spans("\\bfoo\\b", "afoo foo") == "5-8");
  CHECK(spans("\\<o", "foo o") == "4-5");
  CHECK(spans("o\\>", "foo o") == "2-3");
  CHECK(spans("\\Bo", "foo") == "1-2");
  CHECK(spans("\\bfoo\\b", "éfoo foo", wide) == "6-9");
  CHECK(spans("\\bfoo\\b", "→foo foo", wide) == "3-6");
  CHECK(spans("\\w+", "→étude", wide) == "3-9");
  RegexSyntax words = wide;
  words.whole_words = true;
  CHECK(spans("fo*", "xfoo foob fo", words) == "10-12");
}

TEST_CASE("regex: a character of UTF-8 is one") {
  CHECK(spans(".", "é", wide) == "0-2");
  CHECK(spans("[^a]", "日", wide) == "0-3");
  CHECK(spans("^.{2}$", "日é", wide) == "0-5");
  CHECK(spans(".", "\xff", wide) == "no");
  CHECK(spans("\xff", "a\xff", wide) == "1-2");
  CHECK(spans("[à-é]+", "xçé", wide) == "1-5");
  RegexSyntax folded = wide;
  folded.ignore_case = true;
  CHECK(spans("ÜBER", "über", folded) == "0-5");
  CHECK(spans("[ä]", "Ä", folded) == "0-2");
}

TEST_CASE("regex: what is wrong is said as GNU says it") {
  RegexSyntax strict = extended;
  strict.strict = true;
  CHECK(spans("(", "") == "Unmatched ( or \\(");
  CHECK(spans(")", ")") == "0-1");
  CHECK(spans(")", ")", strict) == "Unmatched ) or \\)");
  CHECK(spans("a{1", "a{1") == "0-3");
  CHECK(spans("a{1", "a", strict) == "Unmatched \\{");
  CHECK(spans("a{2,1}", "") == "Invalid content of \\{\\}");
  CHECK(spans("[a", "") == "Unmatched [, [^, [:, [., or [=");
  CHECK(spans("[b-a]", "") == "Invalid range end");
  CHECK(spans("[[:foo:]]", "") == "Invalid character class name");
  CHECK(spans("a\\", "") == "Trailing backslash");
  CHECK(spans("*a", "", strict) == "Invalid preceding regular expression");
  CHECK(spans("((((a{1000}){1000}){1000}){1000})", "") == "Regular expression too big");
}

TEST_CASE("regex: records are told apart") {
  RegexSyntax lines = extended;
  lines.has_separator = true;
  auto regex = Regex::compile("^b.*d$|q", lines);
  REQUIRE(regex);
  CHECK(regex->find_record("ab\nbxd\nc") == 6);
  CHECK(regex->find_record("abd\nbc\nd") == npos);
  CHECK(regex->find_record("") == npos);
  auto empty = Regex::compile("^$", lines);
  REQUIRE(empty);
  CHECK(empty->find_record("a\n\nb") == 2);
  CHECK(empty->find_record("a\nb") == npos);
  auto back = Regex::compile("(.)\\1", lines);
  REQUIRE(back);
  CHECK(back->find_record("ab\nba\nxcc") == 7);
}

TEST_CASE("regex: a long list of strings is one expression") {
  std::vector<std::string> words;
  words.reserve(5000);
  for (int i = 0; i < 5000; ++i)
    words.push_back(str("word", i));
  std::vector<std::string_view> views(words.begin(), words.end());
  RegexSyntax fixed{.flavor = RegexSyntax::Flavor::fixed};
  auto regex = Regex::compile(views, fixed);
  REQUIRE(regex);
  Span found;
  REQUIRE(regex->find("a word4999x", found));
  CHECK(found.begin == 2);
  CHECK(found.end == 10);
  CHECK_FALSE(regex->find("a ward", found));
}

TEST_CASE("regex: time is linear where trying all ways would not be") {
  const std::string text(20000, 'a');
  CHECK(spans("(a*)*(a*)*b", text) == "no");
  CHECK(spans("(a|aa)*c|(a?){20}b", text) == "no");
}

namespace {

// xorshift: the same expressions on every machine.
struct Dice {
  uint64_t state = 88172645463325252ULL;
  unsigned roll(unsigned sides) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<unsigned>(state % sides);
  }
};

std::string random_pattern(Dice& dice, unsigned depth) {
  std::string out;
  const unsigned pieces = 1 + dice.roll(3);
  for (unsigned i = 0; i < pieces; ++i) {
    switch (dice.roll(depth == 0 ? 6U : 9U)) {
      case 0:
      case 1:
      case 2: out += static_cast<char>('a' + dice.roll(3)); break;
      case 3: out += '.'; break;
      case 4: out += "[ab]"; break;
      case 5: out += "[^b]"; break;
      default: out += '(' + random_pattern(dice, depth - 1) + '|' + random_pattern(dice, depth - 1) + ')';
    }
    constexpr std::string_view repeats[] = {"*", "+", "?", "{2}", "{1,2}"};
    if (dice.roll(3) == 0)
      out += repeats[dice.roll(5)];
  }
  return out;
}

}  // namespace

TEST_CASE("regex: the C library finds the same matches") {
  Dice dice;
  for (int round = 0; round < 3000; ++round) {
    std::string pattern = random_pattern(dice, 2);
    if (dice.roll(6) == 0)
      pattern.insert(0, 1, '^');
    if (dice.roll(6) == 0)
      pattern += '$';
    CAPTURE(pattern);
    regex_t theirs;
    REQUIRE(::regcomp(&theirs, pattern.c_str(), REG_EXTENDED) == 0);
    auto ours = Regex::compile(pattern, extended);
    REQUIRE(ours);
    for (int turn = 0; turn < 8; ++turn) {
      std::string text;
      for (unsigned length = dice.roll(9); length > 0; --length)
        text += static_cast<char>('a' + dice.roll(4));
      CAPTURE(text);
      regmatch_t match;
      const bool expected = ::regexec(&theirs, text.c_str(), 1, &match, 0) == 0;
      Span found;
      REQUIRE(ours->find(text, found) == expected);
      REQUIRE(ours->matches(text) == expected);
      if (!expected)
        continue;
      REQUIRE(found.begin == static_cast<size_t>(match.rm_so));
      REQUIRE(found.end == static_cast<size_t>(match.rm_eo));
    }
    ::regfree(&theirs);
  }
}

TEST_CASE("literal: a text is found wherever it stands") {
  for (const std::string_view wanted : {"x", "xy", "needle", "aaab", "a needle that is longer than a block"}) {
    const Literal literal{std::string(wanted)};
    for (size_t size = 0; size < 90; ++size)
      for (size_t at = 0; at + wanted.size() <= size; ++at) {
        std::string text(size, 'a');
        text.replace(at, wanted.size(), wanted);
        REQUIRE(literal.find(text) == text.find(wanted));
        REQUIRE(literal.find(text, at + 1) == text.find(wanted, at + 1));
      }
  }
  CHECK(place_of_any("aaaaaaaaaaaaaaaaaaaaaxb", "bx") == 21);
  CHECK(place_of_any("aaa", "bx") == npos);
}

}  // namespace rescue
