// The words of a date, for date_parse.cc; everybody else uses date_parse.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rescue::date {

enum class Token : uint8_t {
  end,
  sign,  // a character that stands for itself, in `value`
  unknown,
  number,          // without a sign
  signed_number,   // +5, -5
  decimal,         // 1.5
  signed_decimal,  // -1.5
  meridian,        // am, pm: 0 or 12 hours
  month,           // 1 to 12
  weekday,         // 0 for Sunday
  zone,            // seconds east of Greenwich
  summer_zone,     // the same, of a zone an hour ahead
  local_zone,      // a name of the zone we are in; 1 for summer time
  summer_time,     // DST
  year_unit,
  month_unit,
  day_unit,  // of so many days
  hour_unit,
  minute_unit,
  second_unit,
  day_shift,  // tomorrow, yesterday
  ordinal,    // next, third
  ago,
  letter_t,  // T: before a time, or a zone
};

struct Word {
  Token token = Token::unknown;
  int32_t value = 0;
};

// The word in capitals; `standard_name` and `summer_name` are those of the zone we are in.
Word look_up(std::string word, const std::string& standard_name, const std::string& summer_name);

}  // namespace rescue::date
