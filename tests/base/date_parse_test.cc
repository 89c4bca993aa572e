#include "lib/base/date_parse.h"

#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

namespace rescue {
namespace {

// Thursday, 2021-03-04 05:06:07.5 UTC.
constexpr struct timespec now = {.tv_sec = 1614834367, .tv_nsec = 500000000};
constexpr int64_t day = 86400;

// The seconds that a text means; -1 for nothing.
int64_t seconds(const std::string& text) {
  ::setenv("TZ", "UTC0", 1);
  const auto time = parse_date(text, now);
  return time ? time->tv_sec : -1;
}

bool means_nothing(const std::string& text) {
  ::setenv("TZ", "UTC0", 1);
  return !parse_date(text, now);
}

}  // namespace

TEST_CASE("date: calendar dates, in the forms that people write") {
  constexpr int64_t midnight = 1614816000;
  for (const char* const text :
       {"2021-03-04", "20210304", "3/4/2021", "4 March 2021", "March 4, 2021", "4-mar-2021", "2021-03-04 00:00"})
    CHECK_MESSAGE(seconds(text) == midnight, text);
  CHECK(seconds("2021-03-04 05:06:07") == now.tv_sec);
  CHECK(seconds("2021-03-04T05:06:07Z") == now.tv_sec);
  CHECK(seconds("Thu, 04 Mar 2021 06:06:07 +0100") == now.tv_sec);
  CHECK(seconds("2021-03-04 5:06:07 am") == now.tv_sec);
  CHECK(seconds("2021-03-04 05:06:07 EST") == now.tv_sec + 5 * 3600);
  CHECK(seconds("1970-01-01 00:00 UTC") == 0);
}

TEST_CASE("date: seconds since 1970, with a fraction, and before it") {
  const auto time = parse_date("@1614834367.25", now);
  REQUIRE(time);
  CHECK(time->tv_sec == 1614834367);
  CHECK(time->tv_nsec == 250000000);
  const auto before = parse_date("@-1.25", now);
  REQUIRE(before);
  CHECK(before->tv_sec == -2);
  CHECK(before->tv_nsec == 750000000);
}

TEST_CASE("date: what is said from now on") {
  CHECK(seconds("now") == now.tv_sec);
  CHECK(seconds("") == now.tv_sec - now.tv_sec % day);
  CHECK(seconds("today") == now.tv_sec);
  CHECK(seconds("tomorrow") == now.tv_sec + day);
  CHECK(seconds("yesterday") == now.tv_sec - day);
  CHECK(seconds("3 days ago") == now.tv_sec - 3 * day);
  CHECK(seconds("+2 weeks") == now.tv_sec + 14 * day);
  CHECK(seconds("next hour") == now.tv_sec + 3600);
  CHECK(seconds("last minute") == now.tv_sec - 60);
  CHECK(seconds("2021-03-04 00:00 1 month") == 1614816000 + 31 * day);
  // A weekday begins at midnight; this one is today.
  CHECK(seconds("thursday") == now.tv_sec - now.tv_sec % day);
  CHECK(seconds("next friday") == now.tv_sec - now.tv_sec % day + day);
}

TEST_CASE("date: a zone in the text counts for the text alone") {
  CHECK(seconds("TZ=\"EST5\" 2021-03-04 00:06:07") == now.tv_sec);
  CHECK(std::string(::getenv("TZ")) == "UTC0");
  CHECK(seconds("TZ=\"<+02>-2\" 2021-03-04 07:06:07") == now.tv_sec);
}

TEST_CASE("date: what is no date, or a time that never was, is nothing") {
  for (const char* const text :
       {"nonsense", "2021-13-01", "2021-02-30", "25:00", "10:61", "@", "@x", "tuesday tuesday x",
        "2021-03-04 05:06:07 05:06", "99999999999999999999", "TZ=\"UTC", "1 parsec"})
    CHECK_MESSAGE(means_nothing(text), text);
  CHECK(means_nothing("9999999999999999 years"));
  CHECK(means_nothing(std::string("now\0", 4)));
}

TEST_CASE("date: POSIX's stamps") {
  ::setenv("TZ", "UTC0", 1);
  CHECK(parse_stamp("202103040506.07", false, now.tv_sec) == now.tv_sec);
  CHECK(parse_stamp("2103040506.07", false, now.tv_sec) == now.tv_sec);
  CHECK(parse_stamp("03040506.07", false, now.tv_sec) == now.tv_sec);
  CHECK(parse_stamp("030405062021.07", true, now.tv_sec) == now.tv_sec);
  CHECK(parse_stamp("0304050621.07", true, now.tv_sec) == now.tv_sec);
  for (const char* const text :
       {"", "1", "0304050", "03040506.7", "03040506.", "13040506", "03320506", "03042506", "x3040506"})
    CHECK_MESSAGE(!parse_stamp(text, false, now.tv_sec), text);
}

TEST_CASE("date: every shorter length and every flipped byte means something or nothing") {
  for (const std::string text :
       {"Thu, 04 Mar 2021 06:06:07.5 +0100", "TZ=\"CET-1CEST,M3.5.0,M10.5.0/3\" next friday 12:00", "@1614834367.25",
        "3 months 2 weeks ago 5pm"}) {
    for (size_t i = 0; i <= text.size(); ++i)
      (void)parse_date(text.substr(0, i), now);
    for (size_t i = 0; i < text.size(); ++i)
      for (int bit = 0; bit < 8; ++bit) {
        std::string other = text;
        other[i] = static_cast<char>(other[i] ^ 1 << bit);
        const auto time = parse_date(other, now);
        if (time)
          CHECK((time->tv_nsec >= 0 && time->tv_nsec < 1000000000));
      }
  }
}

}  // namespace rescue
