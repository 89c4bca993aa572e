#include "lib/base/date_words.h"

#include <span>
#include <string_view>

namespace rescue::date {

namespace {

// Packed: a pointer for each of these would cost a relocation at every start.
struct Row {
  char name[11];
  Token token;
  int32_t value;
};

constexpr int32_t hour = 3600;

constexpr Row meridians[] = {{"AM", Token::meridian, 0},
                             {"A.M.", Token::meridian, 0},
                             {"PM", Token::meridian, 12},
                             {"P.M.", Token::meridian, 12}};

constexpr Row calendar[] = {
    {"JANUARY", Token::month, 1},   {"FEBRUARY", Token::month, 2},   {"MARCH", Token::month, 3},
    {"APRIL", Token::month, 4},     {"MAY", Token::month, 5},        {"JUNE", Token::month, 6},
    {"JULY", Token::month, 7},      {"AUGUST", Token::month, 8},     {"SEPTEMBER", Token::month, 9},
    {"SEPT", Token::month, 9},      {"OCTOBER", Token::month, 10},   {"NOVEMBER", Token::month, 11},
    {"DECEMBER", Token::month, 12}, {"SUNDAY", Token::weekday, 0},   {"MONDAY", Token::weekday, 1},
    {"TUESDAY", Token::weekday, 2}, {"TUES", Token::weekday, 2},     {"WEDNESDAY", Token::weekday, 3},
    {"WEDNES", Token::weekday, 3},  {"THURSDAY", Token::weekday, 4}, {"THUR", Token::weekday, 4},
    {"THURS", Token::weekday, 4},   {"FRIDAY", Token::weekday, 5},   {"SATURDAY", Token::weekday, 6}};

constexpr Row universal_zones[] = {{"GMT", Token::zone, 0}, {"UT", Token::zone, 0}, {"UTC", Token::zone, 0}};

constexpr Row zones[] = {{"WET", Token::zone, 0},
                         {"WEST", Token::summer_zone, 0},
                         {"BST", Token::summer_zone, 0},
                         {"ART", Token::zone, -3 * hour},
                         {"BRT", Token::zone, -3 * hour},
                         {"BRST", Token::summer_zone, -3 * hour},
                         {"NST", Token::zone, -7 * hour / 2},
                         {"NDT", Token::summer_zone, -7 * hour / 2},
                         {"AST", Token::zone, -4 * hour},
                         {"ADT", Token::summer_zone, -4 * hour},
                         {"CLT", Token::zone, -4 * hour},
                         {"CLST", Token::summer_zone, -4 * hour},
                         {"EST", Token::zone, -5 * hour},
                         {"EDT", Token::summer_zone, -5 * hour},
                         {"CST", Token::zone, -6 * hour},
                         {"CDT", Token::summer_zone, -6 * hour},
                         {"MST", Token::zone, -7 * hour},
                         {"MDT", Token::summer_zone, -7 * hour},
                         {"PST", Token::zone, -8 * hour},
                         {"PDT", Token::summer_zone, -8 * hour},
                         {"AKST", Token::zone, -9 * hour},
                         {"AKDT", Token::summer_zone, -9 * hour},
                         {"HST", Token::zone, -10 * hour},
                         {"HAST", Token::zone, -10 * hour},
                         {"HADT", Token::summer_zone, -10 * hour},
                         {"SST", Token::zone, -12 * hour},
                         {"WAT", Token::zone, 1 * hour},
                         {"CET", Token::zone, 1 * hour},
                         {"CEST", Token::summer_zone, 1 * hour},
                         {"MET", Token::zone, 1 * hour},
                         {"MEZ", Token::zone, 1 * hour},
                         {"MEST", Token::summer_zone, 1 * hour},
                         {"MESZ", Token::summer_zone, 1 * hour},
                         {"EET", Token::zone, 2 * hour},
                         {"EEST", Token::summer_zone, 2 * hour},
                         {"CAT", Token::zone, 2 * hour},
                         {"SAST", Token::zone, 2 * hour},
                         {"EAT", Token::zone, 3 * hour},
                         {"MSK", Token::zone, 3 * hour},
                         {"MSD", Token::summer_zone, 3 * hour},
                         {"IST", Token::zone, 11 * hour / 2},
                         {"SGT", Token::zone, 8 * hour},
                         {"KST", Token::zone, 9 * hour},
                         {"JST", Token::zone, 9 * hour},
                         {"GST", Token::zone, 10 * hour},
                         {"NZST", Token::zone, 12 * hour},
                         {"NZDT", Token::summer_zone, 12 * hour}};

constexpr Row units[] = {{"YEAR", Token::year_unit, 1},      {"MONTH", Token::month_unit, 1},
                         {"FORTNIGHT", Token::day_unit, 14}, {"WEEK", Token::day_unit, 7},
                         {"DAY", Token::day_unit, 1},        {"HOUR", Token::hour_unit, 1},
                         {"MINUTE", Token::minute_unit, 1},  {"MIN", Token::minute_unit, 1},
                         {"SECOND", Token::second_unit, 1},  {"SEC", Token::second_unit, 1}};

// "second" is a unit, and so it is no ordinal.
constexpr Row relatives[] = {{"TOMORROW", Token::day_shift, 1}, {"YESTERDAY", Token::day_shift, -1},
                             {"TODAY", Token::day_shift, 0},    {"NOW", Token::day_shift, 0},
                             {"LAST", Token::ordinal, -1},      {"THIS", Token::ordinal, 0},
                             {"NEXT", Token::ordinal, 1},       {"FIRST", Token::ordinal, 1},
                             {"THIRD", Token::ordinal, 3},      {"FOURTH", Token::ordinal, 4},
                             {"FIFTH", Token::ordinal, 5},      {"SIXTH", Token::ordinal, 6},
                             {"SEVENTH", Token::ordinal, 7},    {"EIGHTH", Token::ordinal, 8},
                             {"NINTH", Token::ordinal, 9},      {"TENTH", Token::ordinal, 10},
                             {"ELEVENTH", Token::ordinal, 11},  {"TWELFTH", Token::ordinal, 12},
                             {"AGO", Token::ago, -1},           {"HENCE", Token::ago, 1}};

std::optional<Word> find(std::span<const Row> rows, std::string_view word) {
  for (const Row& row : rows)
    if (row.name == word)
      return Word{row.token, row.value};
  return std::nullopt;
}

std::optional<Word> find_zone(std::string_view word, std::string_view standard_name, std::string_view summer_name) {
  if (const auto found = find(universal_zones, word))
    return found;
  if (!word.empty() && (word == standard_name || word == summer_name))
    return Word{Token::local_zone, word == standard_name ? 0 : 1};
  return find(zones, word);
}

// The zones of the military: A to M without J go east, N to Y west, Z is Greenwich.
std::optional<Word> find_letter(char letter) {
  if (letter == 'T')
    return Word{Token::letter_t, 0};
  if (letter == 'Z')
    return Word{Token::zone, 0};
  if (letter >= 'A' && letter <= 'M' && letter != 'J')
    return Word{Token::zone, (letter - 'A' + (letter < 'J' ? 1 : 0)) * hour};
  if (letter >= 'N' && letter <= 'Y')
    return Word{Token::zone, -(letter - 'N' + 1) * hour};
  return std::nullopt;
}

}  // namespace

Word look_up(std::string word, const std::string& standard_name, const std::string& summer_name) {
  if (const auto found = find(meridians, word))
    return *found;
  // Three letters, or three and a full stop, are enough for a month or a day.
  const bool is_short = word.size() == 3 || (word.size() == 4 && word[3] == '.');
  for (const Row& row : calendar)
    if (is_short ? std::string_view(row.name).starts_with(word.substr(0, 3)) : row.name == word)
      return {row.token, row.value};
  if (const auto found = find_zone(word, standard_name, summer_name))
    return *found;
  if (word == "DST")
    return {Token::summer_time, 0};
  if (const auto found = find(units, word))
    return *found;
  if (word.ends_with('S'))
    if (const auto found = find(units, std::string_view(word).substr(0, word.size() - 1)))
      return *found;
  if (const auto found = find(relatives, word))
    return *found;
  if (word.size() == 1)
    if (const auto found = find_letter(word[0]))
      return *found;
  if (std::erase(word, '.') > 0)
    if (const auto found = find_zone(word, standard_name, summer_name))
      return *found;
  return {};
}

}  // namespace rescue::date
