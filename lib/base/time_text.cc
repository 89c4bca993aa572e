#include "lib/base/time_text.h"

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr std::string_view day_names[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::string_view month_names[] = {"January", "February", "March",     "April",   "May",      "June",
                                            "July",    "August",   "September", "October", "November", "December"};

template <size_t n>
std::string_view name_of(const std::string_view (&names)[n], int i) {
  return i >= 0 && static_cast<size_t>(i) < n ? names[i] : "?";
}

// What stands between the percent sign and the letter.
struct Flags {
  char pad = 0;  // 0: the conversion's own; '-' none, '_' blanks, '0' or '+' zeros
  bool upper = false;
  bool swap_case = false;
  unsigned width = 0;
  unsigned colons = 0;
};

class Formatter {
 public:
  Formatter(const struct tm& fields, int64_t seconds, uint32_t nanoseconds)
      : tm_(fields), seconds_(seconds), nanoseconds_(nanoseconds) {}

  std::string run(std::string_view format) {
    while (!format.empty()) {
      const size_t percent = format.find('%');
      out_ += format.substr(0, percent);
      if (percent == std::string_view::npos)
        break;
      format.remove_prefix(percent);
      format.remove_prefix(conversion(format));
    }
    return std::move(out_);
  }

 private:
  // Does the conversion at the start of `format`; gives its length.
  size_t conversion(std::string_view format) {
    Flags flags;
    size_t i = 1;
    for (; i < format.size() && std::string_view("-_0+^#").find(format[i]) != std::string_view::npos; ++i) {
      if (format[i] == '^')
        flags.upper = true;
      else if (format[i] == '#')
        flags.swap_case = true;
      else
        flags.pad = format[i];
    }
    for (; i < format.size() && format[i] >= '0' && format[i] <= '9'; ++i)
      flags.width = std::min(flags.width * 10 + static_cast<unsigned>(format[i] - '0'), 4096U);
    for (; i < format.size() && format[i] == ':'; ++i)
      ++flags.colons;
    const bool modified = i < format.size() && (format[i] == 'E' || format[i] == 'O');
    if (modified)
      ++i;
    const bool known = i < format.size() && (flags.colons == 0 || format[i] == 'z') &&
                       !(modified && format[i] == '%') && convert(format[i], flags);
    const size_t length = std::min(i + 1, format.size());
    if (!known) {
      pad_to(flags.pad == '-' ? 0 : flags.width, flags.pad == '0' || flags.pad == '+' ? '0' : ' ', length);
      out_ += format.substr(0, length);
    }
    return length;
  }

  // Adds what the letter stands for; false if it stands for nothing.
  bool convert(char letter, const Flags& flags) {
    switch (letter) {
      case '%': text("%", flags); break;
      case 'n': text("\n", flags); break;
      case 't': text("\t", flags); break;
      case 'a': text(name_of(day_names, tm_.tm_wday).substr(0, 3), flags); break;
      case 'A': text(name_of(day_names, tm_.tm_wday), flags); break;
      case 'b':
      case 'h': text(name_of(month_names, tm_.tm_mon).substr(0, 3), flags); break;
      case 'B': text(name_of(month_names, tm_.tm_mon), flags); break;
      case 'p': text(tm_.tm_hour >= 12 ? "PM" : "AM", flags, true); break;
      case 'P': text(tm_.tm_hour >= 12 ? "pm" : "am", flags); break;
      case 'Z': text(tm_.tm_zone != nullptr ? tm_.tm_zone : "", flags, true); break;
      case 'c': composed("%a %b %e %H:%M:%S %Y", flags); break;
      case 'D':
      case 'x': composed("%m/%d/%y", flags); break;
      case 'F': composed(flags.pad == 0 || flags.pad == '+' ? "%+Y-%m-%d" : "%Y-%m-%d", flags); break;
      case 'r': composed("%I:%M:%S %p", flags); break;
      case 'R': composed("%H:%M", flags); break;
      case 'T':
      case 'X': composed("%H:%M:%S", flags); break;
      case 'z': zone(flags); break;
      case 'N': fraction(flags); break;
      default: return numeric(letter, flags);
    }
    return true;
  }

  bool numeric(char letter, const Flags& flags) {
    const int64_t year = int64_t{tm_.tm_year} + 1900;
    const int hour12 = tm_.tm_hour % 12 == 0 ? 12 : tm_.tm_hour % 12;
    switch (letter) {
      case 'C': number(year >= 0 ? year / 100 : -((-year + 99) / 100), 2, '0', flags); break;
      case 'd': number(tm_.tm_mday, 2, '0', flags); break;
      case 'e': number(tm_.tm_mday, 2, '_', flags); break;
      case 'g': number(positive_rest(iso_year(), 100), 2, '0', flags); break;
      case 'G': number(iso_year(), 4, '0', flags); break;
      case 'H': number(tm_.tm_hour, 2, '0', flags); break;
      case 'I': number(hour12, 2, '0', flags); break;
      case 'j': number(tm_.tm_yday + 1, 3, '0', flags); break;
      case 'k': number(tm_.tm_hour, 2, '_', flags); break;
      case 'l': number(hour12, 2, '_', flags); break;
      case 'm': number(tm_.tm_mon + 1, 2, '0', flags); break;
      case 'M': number(tm_.tm_min, 2, '0', flags); break;
      case 'q': number(tm_.tm_mon / 3 + 1, 1, '0', flags); break;
      case 's': number(seconds_, 1, '0', flags); break;
      case 'S': number(tm_.tm_sec, 2, '0', flags); break;
      case 'u': number((tm_.tm_wday + 6) % 7 + 1, 1, '0', flags); break;
      case 'U': number((tm_.tm_yday - tm_.tm_wday + 7) / 7, 2, '0', flags); break;
      case 'V': number(iso_week(), 2, '0', flags); break;
      case 'w': number(tm_.tm_wday, 1, '0', flags); break;
      case 'W': number((tm_.tm_yday - (tm_.tm_wday + 6) % 7 + 7) / 7, 2, '0', flags); break;
      case 'y': number(positive_rest(year, 100), 2, '0', flags); break;
      case 'Y': number(year, 4, '0', flags); break;
      default: return false;
    }
    return true;
  }

  static int64_t positive_rest(int64_t value, int64_t by) { return (value % by + by) % by; }

  static bool is_leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

  // The days from the Monday of week 1 (the week with 4 January) of a year to this day, which is `yday` of that year
  // and may lie outside it.
  int iso_days(int yday) const {
    const int monday = yday - (tm_.tm_wday + 6) % 7;
    // The Monday of week 1 is at most three days from 1 January.
    const int offset = static_cast<int>(positive_rest(monday + 3, 7)) - 3;
    return monday - offset + (tm_.tm_wday + 6) % 7;
  }

  // The week of the year and whether it belongs to the year before (-1) or after (+1).
  std::pair<int, int> iso() const {
    const int64_t year = int64_t{tm_.tm_year} + 1900;
    int days = iso_days(tm_.tm_yday);
    if (days < 0)
      return {iso_days(tm_.tm_yday + (is_leap(year - 1) ? 366 : 365)) / 7 + 1, -1};
    if (const int next = iso_days(tm_.tm_yday - (is_leap(year) ? 366 : 365)); next >= 0)
      return {next / 7 + 1, 1};
    return {days / 7 + 1, 0};
  }
  int iso_week() const { return iso().first; }
  int64_t iso_year() const { return int64_t{tm_.tm_year} + 1900 + iso().second; }

  void pad_to(unsigned width, char with, size_t have) {
    if (have < width)
      out_.append(width - have, with);
  }

  void text(std::string_view words, const Flags& flags, bool swap_lowers = false) {
    pad_to(flags.width, flags.pad == '0' || flags.pad == '+' ? '0' : ' ', words.size());
    const bool lower = flags.swap_case && swap_lowers;
    const bool upper = !lower && (flags.upper || flags.swap_case);
    for (const char c : words) {
      if (upper && c >= 'a' && c <= 'z')
        out_ += static_cast<char>(c - 'a' + 'A');
      else if (lower && c >= 'A' && c <= 'Z')
        out_ += static_cast<char>(c - 'A' + 'a');
      else
        out_ += c;
    }
  }

  void composed(std::string_view format, const Flags& flags) {
    text(Formatter(tm_, seconds_, nanoseconds_).run(format), {flags.pad, flags.upper, false, flags.width, 0});
  }

  void number(int64_t value, unsigned digits, char pad, const Flags& flags) {
    if (flags.pad != 0)
      pad = flags.pad;
    std::string text = str(value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value));
    const unsigned width = pad == '-' ? 0 : std::max(flags.width, digits);
    // With a plus sign asked for, where more digits are shown than a date has.
    const bool plus = pad == '+' && (text.size() > (digits == 2 ? 2U : 4U) || width > digits);
    const std::string_view sign = value < 0 ? "-" : plus ? "+" : "";
    const size_t have = text.size() + sign.size();
    if (pad == '_') {
      pad_to(width, ' ', have);
      out_ += sign;
    } else {
      out_ += sign;
      pad_to(width, '0', flags.width > 0 ? have : text.size());
    }
    out_ += text;
  }

  void fraction(const Flags& flags) {
    std::string digits = str(1000000000U + nanoseconds_).substr(1);
    if (flags.width > 0 && flags.width < digits.size())
      digits.resize(flags.width);
    if (flags.pad == '_') {
      const size_t last = digits.find_last_not_of('0');
      const size_t keep = last == std::string::npos ? 1 : last + 1;
      digits.replace(keep, std::string::npos, digits.size() - keep, ' ');
    }
    out_ += digits;
    pad_to(flags.width, flags.pad == '_' ? ' ' : '0', flags.pad == '-' ? flags.width : digits.size());
  }

  // +hhmm; with colons +hh:mm, +hh:mm:ss, or as short as it goes.
  void zone(const Flags& flags) {
    const bool negative = tm_.tm_gmtoff < 0 || (tm_.tm_gmtoff == 0 && tm_.tm_zone != nullptr && *tm_.tm_zone == '-');
    const auto offset = static_cast<uint64_t>(tm_.tm_gmtoff < 0 ? -tm_.tm_gmtoff : tm_.tm_gmtoff);
    const auto two = [](uint64_t n) { return str(n < 10 ? "0" : "", n); };
    const uint64_t minutes = offset / 60 % 60;
    std::string digits = two(offset / 3600);
    switch (flags.colons) {
      case 0: digits += two(minutes); break;
      case 1: digits += str(':', two(minutes)); break;
      case 2: digits += str(':', two(minutes), ':', two(offset % 60)); break;
      default:
        if (minutes != 0 || offset % 60 != 0)
          digits += str(':', two(minutes));
        if (offset % 60 != 0)
          digits += str(':', two(offset % 60));
        break;
    }
    const char sign = negative ? '-' : '+';
    if (flags.pad == '_' || flags.pad == '-') {
      if (digits[0] == '0')
        digits.erase(0, 1);
      if (flags.pad == '_')
        pad_to(std::max(flags.width, 5U), ' ', digits.size() + 1);
      out_ += sign;
    } else {
      out_ += sign;
      pad_to(flags.width, '0', digits.size() + 1);
    }
    out_ += digits;
  }

  const struct tm& tm_;
  int64_t seconds_;
  uint32_t nanoseconds_;
  std::string out_;
};

}  // namespace

std::optional<struct tm> local_time(int64_t seconds) {
  struct tm fields{};
  const time_t time = seconds;
  if (::localtime_r(&time, &fields) == nullptr)
    return std::nullopt;
  return fields;
}

std::optional<struct tm> universal_time(int64_t seconds) {
  struct tm fields{};
  const time_t time = seconds;
  if (::gmtime_r(&time, &fields) == nullptr)
    return std::nullopt;
  return fields;
}

std::string time_text(std::string_view format, const struct tm& fields, int64_t seconds, uint32_t nanoseconds) {
  return Formatter(fields, seconds, nanoseconds).run(format);
}

}  // namespace rescue
