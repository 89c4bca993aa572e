// How names, sizes, times and versions are shown: quote.h, utf8.h, size_text.h, time_text.h, version_order.h,
// columns.h, choice.h.
#include <doctest/doctest.h>

#include "lib/base/choice.h"
#include "lib/base/columns.h"
#include "lib/base/quote.h"
#include "lib/base/size_text.h"
#include "lib/base/time_text.h"
#include "lib/base/utf8.h"
#include "lib/base/version_order.h"

namespace rescue {

TEST_CASE("utf8: characters end where the encoding says, and bad bytes stand alone") {
  CHECK(first_character("é").length == 2);
  CHECK(first_character("é").code == 0xe9);
  CHECK(first_character("\U0001f600").code == 0x1f600);
  for (const char* const bad :
       {"\xff", "\x80x", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3x"})
    CHECK_FALSE(first_character(bad).valid);
  const Character cut = first_character("\xe2\x82");
  CHECK_FALSE(cut.valid);
  CHECK(cut.length == 2);
}

TEST_CASE("utf8: width counts columns") {
  CHECK(display_width("plain") == 5);
  CHECK(display_width("日本") == 4);
  CHECK(display_width("e\u0301") == 1);
  CHECK(display_width("\u200b") == 0);
  CHECK(display_width("\n") == 0);
  CHECK(display_width("\xff") == 1);
  CHECK(width_of(0x85) == -1);
}

TEST_CASE("quote: a word for a shell means itself there") {
  struct {
    const char* text;
    const char* quoted;
  } cases[] = {
      {"plain-1.so", "plain-1.so"},
      {"two words", "'two words'"},
      {"it's", "\"it's\""},
      {"a\nb", "'a'$'\\n''b'"},
      {"\n", "''$'\\n'"},
      {"", "''"},
      {"it's $1", "'it'\\''s $1'"},
      {"{}", "{}"},
      {"{", "'{'"},
      {"~x", "'~x'"},
      {"x~", "x~"},
      {"\xff", "''$'\\377'"},
  };
  for (const auto& c : cases)
    CHECK(quoted(c.text, QuotingStyle::shell_escape) == c.quoted);
  CHECK(quoted_word("plain") == "'plain'");
  CHECK(quoted("a\tb\"", QuotingStyle::c) == "\"a\\tb\\\"\"");
  CHECK(quoted("a b", QuotingStyle::escape, " ") == "a\\ b");
  CHECK(quoted("it’s", QuotingStyle::locale) == "‘it\\’s’");
}

TEST_CASE("size: units are read, and overflow is told apart from nonsense") {
  CHECK(parse_size("10").value == 10);
  CHECK(parse_size("1K").value == 1024);
  CHECK(parse_size("1KB").value == 1000);
  CHECK(parse_size("2MiB").value == 2U << 20);
  CHECK(parse_size("M").value == 1U << 20);
  CHECK_FALSE(parse_size("M").has_number);
  CHECK(parse_size("3b", "bK").value == 1536);
  CHECK(parse_size("").problem == SizeProblem::invalid);
  CHECK(parse_size("x").problem == SizeProblem::invalid);
  CHECK(parse_size("1x").problem == SizeProblem::bad_suffix);
  CHECK(parse_size("1Kx").problem == SizeProblem::bad_suffix);
  CHECK(parse_size("16E").problem == SizeProblem::too_large);
  CHECK(parse_size("18446744073709551616").problem == SizeProblem::too_large);
}

TEST_CASE("size: sizes are rounded up, and into the next unit") {
  struct {
    uint64_t bytes;
    const char* text;
  } cases[] = {
      {0, "0"},       {1023, "1023"}, {1024, "1.0K"},    {1025, "1.1K"},
      {10239, "10K"}, {10241, "11K"}, {1048575, "1.0M"}, {UINT64_MAX, "16E"},
  };
  for (const auto& c : cases)
    CHECK(size_text(c.bytes, 1, human_style) == c.text);
  CHECK(size_text(1000, 1, si_style) == "1.0k");
  CHECK(size_text(3, 512, {.block = 1024}) == "2");
  CHECK(size_text(1, 1, parse_size_style("K").style) == "1K");
  CHECK(size_text(1, 1, parse_size_style("KB").style) == "1kB");
  CHECK(size_text(1, 1, parse_size_style("MiB").style) == "1MiB");
  CHECK(size_text(2048, 1, parse_size_style("1K").style) == "2");
}

TEST_CASE("time: conversions, flags and widths as GNU's date has them") {
  const auto fields = universal_time(1614837967);  // Thursday 4 March 2021 06:06:07
  REQUIRE(fields);
  const auto text = [&](std::string_view format) { return time_text(format, *fields, 1614837967, 123456789); };
  CHECK(text("%Y-%m-%d %H:%M:%S.%N") == "2021-03-04 06:06:07.123456789");
  CHECK(text("%b %e %-d %_m %3N %a %A %j %s") == "Mar  4 4  3 123 Thu Thursday 063 1614837967");
  CHECK(text("%^a %#p %I %p %P %F %T %D %R %c") ==
        "THU am 06 AM am 2021-03-04 06:06:07 03/04/21 06:06 Thu Mar  4 06:06:07 2021");
  CHECK(text("%z %:z %::z %:::z") == "+0000 +00:00 +00:00:00 +00");
  CHECK(text("%G-W%V %U %W %u %C %q %6Y") == "2021-W09 09 09 4 20 1 002021");
  CHECK(text("100%% %Q %") == "100% %Q %");
  // The first days of a year may be of the last week of the year before, and the other way round.
  const auto week = [](int64_t seconds) { return time_text("%G-W%V", *universal_time(seconds), seconds, 0); };
  CHECK(week(1609459200) == "2020-W53");  // 1 January 2021
  CHECK(week(1735603200) == "2025-W01");  // 31 December 2024
}

TEST_CASE("version: numbers compare as numbers, and endings last") {
  const char* const ordered[] = {
      "",         ".",          "..",          ".Z",       ".a",       ".hid2",    ".hid10", ".zz.~1~",
      ".0",       ".9",         ".zz.0",       "a~",       "a",        "a.tar.gz", "a1",     "file-0.9.1.tgz",
      "lib-1.so", "lib-1.9.so", "lib-1.10.so", "lib-2.so", "lib-10.so"};
  for (size_t i = 0; i < std::size(ordered); ++i)
    for (size_t j = 0; j < std::size(ordered); ++j) {
      CAPTURE(ordered[i]);
      CAPTURE(ordered[j]);
      const int order = compare_versions(ordered[i], ordered[j]);
      CHECK((order < 0) == (i < j));
      CHECK((order == 0) == (i == j));
    }
}

TEST_CASE("columns: as many as fit, filled downwards or across") {
  const size_t widths[] = {5, 1, 1, 5, 1};
  CHECK(fit_columns(widths, 80, true).rows == 1);
  CHECK(fit_columns(widths, 12, true).rows == 5);
  CHECK(fit_columns(widths, 13, true).widths == std::vector<size_t>{7, 5});
  CHECK(fit_columns(widths, 15, false).widths == std::vector<size_t>{7, 3, 3});
  CHECK(fit_columns(widths, 3, true).rows == 5);
  CHECK(fit_columns({}, 80, true).rows == 0);
}

TEST_CASE("choice: words may be cut short while they mean one thing") {
  constexpr Choice<int> words[] = {{"always", 1}, {"yes", 1}, {"never", 2}, {"auto", 3}, {"always-so", 1}};
  CHECK(choose("--color", "never", words) == 2);
  CHECK(choose("--color", "n", words) == 2);
  CHECK(choose("--color", "alw", words) == 1);
  const auto ambiguous = choose("--color", "a", words);
  REQUIRE_FALSE(ambiguous);
  CHECK(message(ambiguous.error()).find("may mean several") != std::string::npos);
  CHECK_FALSE(choose("--color", "x", words));
}

}  // namespace rescue
