#include "lib/base/date_parse.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "lib/base/date_words.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

using date::Token;

constexpr int32_t billion = 1000000000;

struct Lexeme {
  Token token = Token::end;
  bool negative = false;
  uint8_t digits = 0;
  int64_t value = 0;
  int32_t nanoseconds = 0;  // of a decimal; `value` is rounded down
};

// What is added to a time: the parts may be negative.
struct Shift {
  int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, nanosecond = 0;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// Adds `factor` times `by`; false where that cannot be counted.
bool add(int64_t& sum, int64_t by, int64_t factor = 1) {
  int64_t product;
  return !__builtin_mul_overflow(by, factor, &product) && !__builtin_add_overflow(sum, product, &sum);
}

// Cuts a text into words and numbers.
class Lexer {
 public:
  Lexer(std::string_view text, std::string standard_name, std::string summer_name)
      : text_(text), standard_name_(std::move(standard_name)), summer_name_(std::move(summer_name)) {}

  // All of it, with an end; nothing where a number is too large.
  std::optional<std::vector<Lexeme>> run() {
    std::vector<Lexeme> all;
    while (true) {
      const auto next = one();
      if (!next)
        return std::nullopt;
      all.push_back(*next);
      if (next->token == Token::end)
        return all;
    }
  }

 private:
  char at(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  std::optional<Lexeme> one() {
    while (true) {
      while (is_space(at(i_)))
        ++i_;
      const char c = at(i_);
      if (i_ >= text_.size())
        return Lexeme{};
      if (is_digit(c))
        return number(false, false);
      if (c == '-' || c == '+') {
        while (is_space(at(++i_))) {
        }
        if (is_digit(at(i_)))
          return number(true, c == '-');
        continue;  // a dash that belongs to no number says nothing
      }
      if (is_letter(c))
        return word();
      if (c != '(') {
        ++i_;
        return Lexeme{.token = Token::sign, .value = c};
      }
      if (!skip_comment())
        return Lexeme{};
    }
  }

  bool skip_comment() {
    int depth = 0;
    do {
      if (i_ >= text_.size())
        return false;
      const char c = text_[i_++];
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    } while (depth > 0);
    return true;
  }

  std::optional<Lexeme> number(bool has_sign, bool negative) {
    Lexeme lexeme{.token = has_sign ? Token::signed_number : Token::number, .negative = negative};
    const size_t start = i_;
    for (; is_digit(at(i_)); ++i_)
      if (__builtin_mul_overflow(lexeme.value, int64_t{10}, &lexeme.value) ||
          !add(lexeme.value, negative ? -(at(i_) - '0') : at(i_) - '0'))
        return std::nullopt;
    lexeme.digits = static_cast<uint8_t>(std::min<size_t>(i_ - start, 255));
    if ((at(i_) != '.' && at(i_) != ',') || !is_digit(at(i_ + 1)))
      return lexeme;
    lexeme.token = has_sign ? Token::signed_decimal : Token::decimal;
    ++i_;
    bool rest = false;
    int32_t unit = billion / 10;
    for (; is_digit(at(i_)); ++i_, unit /= 10) {
      lexeme.nanoseconds += (at(i_) - '0') * unit;
      rest = rest || (unit == 0 && at(i_) != '0');
    }
    if (negative) {
      // Downwards: -1.5 is -2 and a half.
      if (rest)
        ++lexeme.nanoseconds;
      if (lexeme.nanoseconds > 0) {
        --lexeme.value;
        lexeme.nanoseconds = billion - lexeme.nanoseconds;
      }
    }
    return lexeme;
  }

  Lexeme word() {
    std::string word;
    for (; is_letter(at(i_)) || at(i_) == '.'; ++i_)
      if (word.size() < 19)
        word += upper(at(i_));
    const date::Word found = date::look_up(word, standard_name_, summer_name_);
    return {.token = found.token, .value = found.value};
  }

  std::string_view text_;
  size_t i_ = 0;
  std::string standard_name_;
  std::string summer_name_;
};

// Reads the items of a date, each of which begins with another kind of word.
class Parser {
 public:
  explicit Parser(std::vector<Lexeme> lexemes) : lexemes_(std::move(lexemes)) {}

  bool run() {
    if (is_sign('@')) {
      ++next_;
      return timestamp();
    }
    while (!is(Token::end))
      if (!item())
        return false;
    return (times | dates | days | summer_times | (local_zones + zones)) <= 1;
  }

  int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int32_t nanosecond = 0;
  unsigned year_digits = 0;
  std::optional<int64_t> meridian;  // hours to add: 0 or 12
  int64_t weekday = 0, weekday_ordinal = 0;
  int64_t zone = 0;  // seconds east
  int local_is_summer = 0;
  Shift shift;
  bool is_timestamp = false;
  bool shifted = false;
  unsigned times = 0, dates = 0, days = 0, summer_times = 0, local_zones = 0, zones = 0;

 private:
  const Lexeme& peek(size_t ahead = 0) const { return lexemes_[std::min(next_ + ahead, lexemes_.size() - 1)]; }
  bool is(Token token, size_t ahead = 0) const { return peek(ahead).token == token; }
  bool is_sign(char c, size_t ahead = 0) const { return is(Token::sign, ahead) && peek(ahead).value == c; }
  bool is_unit(size_t ahead) const {
    return peek(ahead).token >= Token::year_unit && peek(ahead).token <= Token::second_unit;
  }
  const Lexeme& take() { return lexemes_[next_++]; }

  bool timestamp() {
    const Lexeme& seconds = take();
    if (seconds.token != Token::number && seconds.token != Token::signed_number && seconds.token != Token::decimal &&
        seconds.token != Token::signed_decimal)
      return false;
    second = seconds.value;
    nanosecond = seconds.nanoseconds;
    is_timestamp = true;
    return is(Token::end);
  }

  bool item() {
    switch (peek().token) {
      case Token::number: return number_item();
      case Token::month: return month_item();
      case Token::weekday:
        ++days;
        weekday_ordinal = 0;
        weekday = take().value;
        if (is_sign(','))
          ++next_;
        return true;
      case Token::ordinal:
        if (is(Token::weekday, 1)) {
          ++days;
          weekday_ordinal = take().value;
          weekday = take().value;
          return true;
        }
        return is_unit(1) && relative(take().value, 0);
      case Token::local_zone:
        local_is_summer = static_cast<int>(take().value);
        ++local_zones;
        if (is(Token::summer_time)) {
          ++next_;
          ++summer_times;
          local_is_summer = 1;
        }
        return true;
      case Token::zone:
      case Token::summer_zone:
      case Token::letter_t: return zone_item();
      case Token::summer_time:
        ++next_;
        ++summer_times;
        local_is_summer = 1;
        ++local_zones;
        return true;
      case Token::day_shift: shifted = true; return add(shift.day, take().value);
      case Token::signed_number: return is_unit(1) && relative(take().value, 0);
      case Token::decimal:
      case Token::signed_decimal: {
        if (!is(Token::second_unit, 1))
          return false;
        const Lexeme& amount = take();
        return relative(amount.value, amount.nanoseconds);
      }
      default: return is_unit(0) && relative(1, 0);
    }
  }

  // The unit that is next, so many times, and "ago" behind it.
  bool relative(int64_t amount, int32_t nanoseconds, bool may_be_ago = true) {
    const Lexeme& unit = take();
    const int64_t factor = may_be_ago && is(Token::ago) ? take().value : 1;
    shifted = true;
    switch (unit.token) {
      case Token::year_unit: return add(shift.year, amount, factor);
      case Token::month_unit: return add(shift.month, amount, factor);
      case Token::day_unit: {
        int64_t count = 0;
        return add(count, amount, unit.value) && add(shift.day, count, factor);
      }
      case Token::hour_unit: return add(shift.hour, amount, factor);
      case Token::minute_unit: return add(shift.minute, amount, factor);
      default: shift.nanosecond += factor * nanoseconds; return add(shift.second, amount, factor);
    }
  }

  // A zone by its name, and what may follow: UTC+1, EST DST, UTC +1 day.
  bool zone_item() {
    const Lexeme& name = take();
    ++zones;
    zone = name.token == Token::letter_t ? -7 * 3600 : name.value;
    if (name.token == Token::summer_zone) {
      zone += 3600;
      return true;
    }
    if (is(Token::signed_number) && is_unit(1))
      return relative(take().value, 0, false);
    if (name.token == Token::zone && is(Token::signed_number)) {
      const int64_t base = zone;
      if (!offset())
        return false;
      zone += base;
    } else if (name.token == Token::zone && is(Token::summer_time)) {
      ++next_;
      zone += 3600;
    }
    return true;
  }

  // +5, +0530, +05:30.
  bool offset() {
    const Lexeme& hours = take();
    int64_t minutes = -1;
    if (is_sign(':') && is(Token::number, 1)) {
      ++next_;
      minutes = take().value;
    }
    int64_t total;
    if (minutes >= 0) {
      total = 0;
      if (!add(total, hours.value, 60) || !add(total, hours.negative ? -minutes : minutes))
        return false;
    } else if (hours.digits <= 2) {
      total = hours.value * 60;
    } else {
      total = hours.value / 100 * 60 + hours.value % 100;
    }
    if (total < -24 * 60 || total > 24 * 60)
      return false;
    zone = total * 60;
    return true;
  }

  // Also where a unit follows: 12:00 +1 day is a day later than 12:00 in the zone +1, as GNU's grammar has it.
  bool zone_behind_time() {
    if (!is(Token::signed_number))
      return true;
    ++zones;
    return offset();
  }

  // What begins with a number.
  bool number_item() {
    if (is_sign(':', 1))
      return clock_time();
    if (is(Token::meridian, 1)) {
      ++times;
      hour = take().value;
      minute = second = nanosecond = 0;
      meridian = take().value;
      return true;
    }
    if (is_sign('/', 1))
      return slashed_date();
    if (is(Token::month, 1))
      return day_first_date();
    if (is(Token::weekday, 1)) {
      ++days;
      weekday_ordinal = take().value;
      weekday = take().value;
      return true;
    }
    if (is_unit(1))
      return relative(take().value, 0);
    if (is(Token::signed_number, 1) && is(Token::signed_number, 2))
      return iso_date();
    if (is(Token::signed_number, 1) && !is_unit(2)) {
      // An hour with its zone.
      ++times;
      hour = take().value;
      minute = second = nanosecond = 0;
      meridian.reset();
      return zone_behind_time();
    }
    return bare_number(take());
  }

  bool clock_time() {
    ++times;
    hour = take().value;
    ++next_;
    if (!is(Token::number))
      return false;
    minute = take().value;
    second = nanosecond = 0;
    if (is_sign(':')) {
      ++next_;
      if (!is(Token::number) && !is(Token::decimal))
        return false;
      const Lexeme& seconds = take();
      second = seconds.value;
      nanosecond = seconds.nanoseconds;
    }
    meridian.reset();
    if (is(Token::meridian)) {
      meridian = take().value;
      return true;
    }
    return zone_behind_time();
  }

  void set_year(const Lexeme& lexeme) {
    year = lexeme.value;
    year_digits = lexeme.digits;
  }

  // 3/4, 3/4/2021, 2021/3/4.
  bool slashed_date() {
    ++dates;
    const Lexeme& first = take();
    ++next_;
    if (!is(Token::number))
      return false;
    const Lexeme& second_part = take();
    if (!is_sign('/')) {
      month = first.value;
      day = second_part.value;
      return true;
    }
    ++next_;
    if (!is(Token::number))
      return false;
    const Lexeme& third = take();
    if (first.digits >= 4) {
      set_year(first);
      month = second_part.value;
      day = third.value;
    } else {
      month = first.value;
      day = second_part.value;
      set_year(third);
    }
    return true;
  }

  // 2021-03-04, and T05:06 behind it.
  bool iso_date() {
    ++dates;
    set_year(take());
    month = -take().value;
    day = -take().value;
    if (!is(Token::letter_t))
      return true;
    ++next_;
    return is(Token::number) && (is_sign(':', 1) || is(Token::signed_number, 1)) && number_item();
  }

  // 4 March, 4 March 2021, 4-Mar-2021.
  bool day_first_date() {
    ++dates;
    day = take().value;
    month = take().value;
    if (is(Token::signed_number) && !is_unit(1)) {
      const Lexeme& negative_year = take();
      year = -negative_year.value;
      year_digits = negative_year.digits;
    } else if (is(Token::number)) {
      set_year(take());
    }
    return true;
  }

  // March 4, March 4, 2021, Mar-4-2021.
  bool month_item() {
    ++dates;
    month = take().value;
    if (is(Token::signed_number) && is(Token::signed_number, 1)) {
      day = -take().value;
      const Lexeme& negative_year = take();
      year = -negative_year.value;
      year_digits = negative_year.digits;
      return true;
    }
    if (!is(Token::number))
      return false;
    day = take().value;
    if (!is_sign(','))
      return true;
    ++next_;
    if (!is(Token::number))
      return false;
    set_year(take());
    return true;
  }

  // A number alone is a year behind a date, a date like 20210304, or a time like 1230.
  bool bare_number(const Lexeme& number) {
    if (dates > 0 && year_digits == 0 && !shifted && (times > 0 || number.digits > 2)) {
      set_year(number);
    } else if (number.digits > 4) {
      ++dates;
      day = number.value % 100;
      month = number.value / 100 % 100;
      year = number.value / 10000;
      year_digits = number.digits - 4U;
    } else {
      ++times;
      hour = number.digits <= 2 ? number.value : number.value / 100;
      minute = number.digits <= 2 ? 0 : number.value % 100;
      second = nanosecond = 0;
      meridian.reset();
    }
    return true;
  }

  std::vector<Lexeme> lexemes_;
  size_t next_ = 0;
};

std::optional<int> to_int(int64_t value) {
  const auto narrow = static_cast<int>(value);
  return narrow == value ? std::optional(narrow) : std::nullopt;
}

// The time of these fields; nothing where there is no such time, or where the fields had to be moved to make one
// (30 February, an hour that summer time leaves out) and `exact` forbids it.
std::optional<int64_t> seconds_of(struct tm& fields, bool exact) {
  const struct tm asked = fields;
  time_t seconds = ::mktime(&fields);
  struct tm check{};
  if (seconds == -1 && (::localtime_r(&seconds, &check) == nullptr || check.tm_sec != 59))
    return std::nullopt;
  const bool same = fields.tm_sec == asked.tm_sec && fields.tm_min == asked.tm_min && fields.tm_hour == asked.tm_hour &&
                    fields.tm_mday == asked.tm_mday && fields.tm_mon == asked.tm_mon && fields.tm_year == asked.tm_year;
  if (exact && !same)
    return std::nullopt;
  if (same)
    return seconds;
  // In the hour that summer time leaves out, what the clock shows goes on as if it had not been put forward.
  struct tm as_asked = asked;
  struct tm as_found = fields;
  if (const time_t gap = ::timegm(&as_asked) - ::timegm(&as_found); gap > 0) {
    seconds += gap;
    if (::localtime_r(&seconds, &fields) == nullptr)
      return std::nullopt;
  }
  return seconds;
}

// The same, of fields that are Greenwich's.
std::optional<int64_t> universal_seconds_of(struct tm fields) {
  const struct tm asked = fields;
  const time_t seconds = ::timegm(&fields);
  struct tm back{};
  if (::gmtime_r(&seconds, &back) == nullptr || back.tm_sec != asked.tm_sec || back.tm_min != asked.tm_min ||
      back.tm_hour != asked.tm_hour || back.tm_mday != asked.tm_mday || back.tm_mon != asked.tm_mon)
    return std::nullopt;
  return seconds;
}

std::optional<int64_t> hour_of(const Parser& p) {
  if (!p.meridian)
    return p.hour >= 0 && p.hour < 24 ? std::optional(p.hour) : std::nullopt;
  if (p.hour < 1 || p.hour > 12)
    return std::nullopt;
  return p.hour % 12 + *p.meridian;
}

// Two digits mean the years from 1969 to 2068.
int64_t year_of(const Parser& p) {
  return p.year_digits == 2 ? p.year + (p.year < 69 ? 2000 : 1900) : p.year;
}

bool set_fields(struct tm& fields, int64_t year, int64_t month, int64_t day) {
  const auto y = to_int(year);
  const auto m = to_int(month);
  const auto d = to_int(day);
  if (!y || !m || !d)
    return false;
  fields.tm_year = *y;
  fields.tm_mon = *m;
  fields.tm_mday = *d;
  return true;
}

// The calendar time that was asked for, without what is added in hours, minutes and seconds.
std::optional<int64_t> calendar_seconds(const Parser& p, const struct tm& now) {
  struct tm fields{};
  if (!set_fields(fields, year_of(p) - 1900, p.month - 1, p.day))
    return std::nullopt;
  if (p.times > 0 || (p.shifted && p.dates == 0 && p.days == 0)) {
    const auto hour = hour_of(p);
    if (!hour || p.minute < 0 || p.minute > 59 || p.second < 0 || p.second > 60)
      return std::nullopt;
    fields.tm_hour = static_cast<int>(*hour);
    fields.tm_min = static_cast<int>(p.minute);
    fields.tm_sec = static_cast<int>(p.second);
  }
  fields.tm_isdst = p.local_zones > 0                          ? p.local_is_summer
                    : p.dates > 0 || p.days > 0 || p.times > 0 ? -1
                                                               : now.tm_isdst;
  const struct tm asked = fields;
  auto seconds = seconds_of(fields, true);
  if (!seconds) {
    // The time may be missing here, and be there in the zone that is given.
    if (p.zones == 0 || p.days > 0 || p.shift.year != 0 || p.shift.month != 0 || p.shift.day != 0)
      return std::nullopt;
    const auto universal = universal_seconds_of(asked);
    return universal ? std::optional(*universal - p.zone) : std::nullopt;
  }
  if (p.days > 0 && p.dates == 0) {
    int64_t days = (p.weekday - fields.tm_wday + 7) % 7;
    const int64_t weeks = p.weekday_ordinal - (p.weekday_ordinal > 0 && fields.tm_wday != p.weekday ? 1 : 0);
    if (!add(days, weeks, 7) || !add(days, fields.tm_mday) || !to_int(days))
      return std::nullopt;
    fields.tm_mday = static_cast<int>(days);
    fields.tm_isdst = -1;
    seconds = seconds_of(fields, false);
    if (!seconds)
      return std::nullopt;
  }
  if (p.shift.year != 0 || p.shift.month != 0 || p.shift.day != 0) {
    int64_t year = fields.tm_year;
    int64_t month = fields.tm_mon;
    int64_t day = fields.tm_mday;
    if (!add(year, p.shift.year) || !add(month, p.shift.month) || !add(day, p.shift.day) ||
        !set_fields(fields, year, month, day))
      return std::nullopt;
    fields.tm_hour = asked.tm_hour;
    fields.tm_min = asked.tm_min;
    fields.tm_sec = asked.tm_sec;
    fields.tm_isdst = asked.tm_isdst;
    seconds = seconds_of(fields, false);
    if (!seconds)
      return std::nullopt;
  }
  if (p.zones > 0 && !add(*seconds, fields.tm_gmtoff - p.zone))
    return std::nullopt;
  return seconds;
}

// TZ as a text asks for it; as it was at the end.
class ZoneFor {
 public:
  explicit ZoneFor(const std::string& zone) {
    if (const char* const before = ::getenv("TZ"))
      before_ = before;
    ::setenv("TZ", zone.c_str(), 1);
  }
  ZoneFor(const ZoneFor&) = delete;
  ZoneFor& operator=(const ZoneFor&) = delete;
  ~ZoneFor() {
    if (before_)
      ::setenv("TZ", before_->c_str(), 1);
    else
      ::unsetenv("TZ");
  }

 private:
  std::optional<std::string> before_;
};

// The names that this zone has around a year, without summer time and with it.
std::string zone_name(const struct tm& now, bool summer) {
  if (now.tm_isdst >= 0 && (now.tm_isdst > 0) == summer && now.tm_zone != nullptr)
    return now.tm_zone;
  constexpr int64_t quarter = 90 * 24 * 3600;
  struct tm here = now;
  const time_t start = ::mktime(&here);
  for (int i = 1; i <= 4; ++i) {
    const time_t then = start + i * quarter;
    struct tm fields{};
    if (::localtime_r(&then, &fields) != nullptr && fields.tm_zone != nullptr && (fields.tm_isdst > 0) == summer)
      return fields.tm_zone;
  }
  return {};
}

std::optional<struct timespec> parse_in_zone(std::string_view text, const struct timespec& now) {
  struct tm here{};
  const time_t seconds_now = now.tv_sec;
  if (::localtime_r(&seconds_now, &here) == nullptr)
    return std::nullopt;
  if (text.empty())
    text = "0";  // today, at midnight
  auto lexemes = Lexer(text, zone_name(here, false), zone_name(here, true)).run();
  if (!lexemes)
    return std::nullopt;
  Parser p(*std::move(lexemes));
  p.year = int64_t{here.tm_year} + 1900;
  p.month = here.tm_mon + 1;
  p.day = here.tm_mday;
  p.hour = here.tm_hour;
  p.minute = here.tm_min;
  p.second = here.tm_sec;
  p.nanosecond = static_cast<int32_t>(now.tv_nsec);
  if (!p.run())
    return std::nullopt;
  if (p.is_timestamp)
    return timespec{p.second, p.nanosecond};
  const bool keeps_time = p.times > 0 || (p.shifted && p.dates == 0 && p.days == 0);
  const auto start = calendar_seconds(p, here);
  if (!start)
    return std::nullopt;
  int64_t seconds = *start;
  int64_t nanoseconds = (keeps_time ? p.nanosecond : 0) + p.shift.nanosecond;
  const int64_t carry = nanoseconds / billion - (nanoseconds % billion < 0 ? 1 : 0);
  nanoseconds -= carry * billion;
  if (!add(seconds, p.shift.hour, 3600) || !add(seconds, p.shift.minute, 60) || !add(seconds, p.shift.second) ||
      !add(seconds, carry))
    return std::nullopt;
  return timespec{seconds, static_cast<long>(nanoseconds)};
}

}  // namespace

std::optional<struct timespec> parse_date(std::string_view text, const struct timespec& now) {
  while (!text.empty() && is_space(text[0]))
    text.remove_prefix(1);
  if (!text.starts_with("TZ=\""))
    return parse_in_zone(text, now);
  std::string zone;
  size_t i = 4;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\') {
      ++i;
      if (i == text.size() || (text[i] != '\\' && text[i] != '"'))
        return std::nullopt;
    }
    zone += text[i];
  }
  if (i >= text.size())
    return std::nullopt;
  const ZoneFor other(zone);
  text.remove_prefix(i + 1);
  while (!text.empty() && is_space(text[0]))
    text.remove_prefix(1);
  return parse_in_zone(text, now);
}

std::optional<int64_t> parse_stamp(std::string_view text, bool year_last, int64_t now) {
  int seconds = 0;
  if (const size_t point = text.find('.'); point != std::string_view::npos) {
    const auto value = to_number<int>(text.substr(point + 1));
    if (text.size() - point != 3 || !value)
      return std::nullopt;
    seconds = *value;
    text = text.substr(0, point);
  }
  if (text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  if (text.size() != 8 && text.size() != 10 && text.size() != 12)
    return std::nullopt;
  const std::string_view year = year_last ? text.substr(8) : text.substr(0, text.size() - 8);
  const std::string_view rest = year_last ? text.substr(0, 8) : text.substr(year.size());
  const auto two = [&](size_t at) { return to_number<int>(rest.substr(at, 2)).value_or(0); };
  struct tm fields{};
  const time_t time_now = now;
  if (::localtime_r(&time_now, &fields) == nullptr)
    return std::nullopt;
  if (!year.empty()) {
    const int number = to_number<int>(year).value_or(0);
    fields.tm_year = year.size() == 4 ? number - 1900 : number < 69 ? number + 100 : number;
  }
  fields.tm_mon = two(0) - 1;
  fields.tm_mday = two(2);
  fields.tm_hour = two(4);
  fields.tm_min = two(6);
  fields.tm_sec = seconds;
  fields.tm_isdst = -1;
  // A leap second counts as the last one of its minute.
  const bool leap = fields.tm_sec == 60;
  if (leap)
    fields.tm_sec = 59;
  const auto found = seconds_of(fields, true);
  return found && leap ? std::optional(*found + 1) : found;
}

}  // namespace rescue
