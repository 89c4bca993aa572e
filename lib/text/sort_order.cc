#include "lib/text/sort_order.h"

#include <pthread.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "lib/base/text.h"
#include "lib/base/utf8.h"
#include "lib/base/version_order.h"
#include "lib/text/scan.h"

namespace rescue::sort {
namespace {

constexpr size_t npos = std::string_view::npos;
constexpr size_t least_to_share = 50000;  // lines: below, a thread costs more than it saves

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

bool is_alnum(char c) {
  return is_digit(c) || (upper(c) >= 'A' && upper(c) <= 'Z');
}

uint64_t load(const char* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}

// The first eight bytes as a number.
uint64_t head_of(std::string_view text) {
  if (text.size() >= 8)
    return load(text.data());
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i)
    value = (value << 8) | (i < text.size() ? static_cast<uint8_t>(text[i]) : 0);
  return value;
}

// A number as -n reads it: its sign, its digits before and behind the point, without zeros that do not count.
struct Number {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::string_view rest;

  bool is_zero() const { return whole.empty() && fraction.empty(); }
};

Number read_number(std::string_view text) {
  Number number;
  size_t at = 0;
  while (at < text.size() && is_blank(text[at]))
    ++at;
  number.negative = at < text.size() && text[at] == '-';
  at += number.negative ? 1 : 0;
  while (at < text.size() && text[at] == '0')
    ++at;
  const size_t whole = at;
  while (at < text.size() && is_digit(text[at]))
    ++at;
  number.whole = text.substr(whole, at - whole);
  if (at < text.size() && text[at] == '.') {
    const size_t fraction = ++at;
    while (at < text.size() && is_digit(text[at]))
      ++at;
    number.fraction = text.substr(fraction, at - fraction);
    while (number.fraction.ends_with('0'))
      number.fraction.remove_suffix(1);
  }
  number.rest = text.substr(at);
  return number;
}

int compare_numbers(const Number& a, const Number& b) {
  const bool negative_a = a.negative && !a.is_zero();
  const bool negative_b = b.negative && !b.is_zero();
  if (negative_a != negative_b)
    return negative_a ? -1 : 1;
  int order =
      a.whole.size() != b.whole.size() ? (a.whole.size() < b.whole.size() ? -1 : 1) : compare_bytes(a.whole, b.whole);
  if (order == 0)
    order = compare_bytes(a.fraction, b.fraction);
  return negative_a ? -order : order;
}

// A number that grows with the value: its whole part and three digits of the fraction.
uint64_t number_prefix(std::string_view text) {
  const Number number = read_number(text);
  constexpr uint64_t most = uint64_t{1} << 50;
  uint64_t size = 0;
  for (const char c : number.whole)
    size = std::min(size * 10 + static_cast<unsigned>(c - '0'), most);
  unsigned thousandths = 0;
  for (size_t i = 0; i < 3; ++i)
    thousandths = thousandths * 10 + (i < number.fraction.size() ? static_cast<unsigned>(number.fraction[i] - '0') : 0);
  size = size * 1024 + (size == most ? 0 : thousandths);
  return number.negative ? (uint64_t{1} << 63) - size : (uint64_t{1} << 63) + size;
}

// K, M, G...; 0 for a number without one.
int unit_of(const Number& number) {
  constexpr std::string_view units = "KMGTPEZY";
  if (number.is_zero() || number.rest.empty())
    return 0;
  const char letter = number.rest[0] == 'k' ? 'K' : number.rest[0];
  const size_t which = units.find(letter);
  return which == npos ? 0 : static_cast<int>(which) + 1;
}

int signed_unit(const Number& number) {
  return number.negative && !number.is_zero() ? -unit_of(number) : unit_of(number);
}

int compare_human(std::string_view a, std::string_view b) {
  const Number x = read_number(a);
  const Number y = read_number(b);
  const bool negative_x = x.negative && !x.is_zero();
  const bool negative_y = y.negative && !y.is_zero();
  if (negative_x == negative_y && signed_unit(x) != signed_unit(y))
    return signed_unit(x) < signed_unit(y) ? -1 : 1;
  return compare_numbers(x, y);
}

// No number, not a number, numbers: in that order.
struct General {
  int rank = 0;
  long double value = 0;
};

General read_general(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const long double value = std::strtold(copy.c_str(), &end);
  if (end == copy.c_str())
    return {};
  return {value == value ? 2 : 1, value};  // NOLINT(misc-redundant-expression)
}

int compare_general(std::string_view a, std::string_view b) {
  const General x = read_general(a);
  const General y = read_general(b);
  if (x.rank != y.rank)
    return x.rank < y.rank ? -1 : 1;
  return x.rank < 2 || x.value == y.value ? 0 : x.value < y.value ? -1 : 1;
}

int month_of(std::string_view text) {
  while (!text.empty() && is_blank(text[0]))
    text.remove_prefix(1);
  if (text.size() < 3)
    return 0;
  const char name[] = {upper(text[0]), upper(text[1]), upper(text[2]), '\0'};
  constexpr std::string_view months = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
  for (size_t i = 0; i < 12; ++i)
    if (months.substr(i * 3, 3) == name)
      return static_cast<int>(i) + 1;
  return 0;
}

}  // namespace

int compare_bytes(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  size_t at = 0;
  // musl's memcmp goes byte by byte.
  for (; common - at >= 8; at += 8) {
    const uint64_t x = load(a.data() + at);
    const uint64_t y = load(b.data() + at);
    if (x != y)
      return x < y ? -1 : 1;
  }
  for (; at < common; ++at)
    if (a[at] != b[at])
      return static_cast<uint8_t>(a[at]) < static_cast<uint8_t>(b[at]) ? -1 : 1;
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

namespace {

// Goes over a field: with a tab up to it, else over blanks and what is no blank.
size_t field_end(std::string_view line, size_t at, const std::optional<char>& tab) {
  if (tab)
    return static_cast<size_t>(find_byte(line.data() + at, line.data() + line.size(), *tab) - line.data());
  while (at < line.size() && is_blank(line[at]))
    ++at;
  while (at < line.size() && !is_blank(line[at]))
    ++at;
  return at;
}

size_t skip_blanks(std::string_view line, size_t at) {
  while (at < line.size() && is_blank(line[at]))
    ++at;
  return at;
}

}  // namespace

std::string_view Order::span_of(const Key& key, std::string_view line) const {
  size_t begin = 0;
  for (size_t field = 0; field < key.start_field && begin < line.size(); ++field) {
    begin = field_end(line, begin, tab_);
    if (tab_ && begin < line.size())
      ++begin;
  }
  if (key.order.blanks_start)
    begin = skip_blanks(line, begin);
  begin = std::min(line.size(), begin + key.start_char);
  if (!key.end_field)
    return line.substr(begin);
  size_t end = 0;
  size_t fields = *key.end_field + (key.end_char == 0 ? 1 : 0);
  for (; fields > 0 && end < line.size(); --fields) {
    end = field_end(line, end, tab_);
    if (tab_ && end < line.size() && (fields > 1 || key.end_char != 0))
      ++end;
  }
  if (key.end_char != 0) {
    if (key.order.blanks_end)
      end = skip_blanks(line, end);
    end = std::min(line.size(), end + key.end_char);
  }
  return line.substr(begin, std::max(begin, end) - begin);
}

std::string Order::filtered(const Ordering& order, std::string_view text) const {
  std::string out;
  for (const char c : text) {
    const bool printing = c >= 0x20 && c < 0x7f;
    if ((order.dictionary && !is_alnum(c) && !is_blank(c)) || (order.printing && !printing))
      continue;
    out += order.fold ? upper(c) : c;
  }
  return out;
}

uint64_t Order::hash(std::string_view text) const {
  uint64_t value = seed_ ^ text.size();
  for (const char c : text) {
    value = (value ^ static_cast<uint8_t>(c)) * 0x9E3779B97F4A7C15ULL;
    value ^= value >> 29;
  }
  value *= 0xBF58476D1CE4E5B9ULL;
  return value ^ (value >> 32);
}

uint64_t Order::prefix_of(const Key& key, std::string_view text) const {
  const Ordering& order = key.order;
  uint64_t prefix = 0;
  if (order.method == Method::numeric) {
    prefix = number_prefix(text);
  } else if (order.method == Method::month) {
    prefix = static_cast<uint64_t>(month_of(text));
  } else if (order.method == Method::random) {
    prefix = hash(order.fold || order.dictionary || order.printing ? filtered(order, text) : std::string(text));
  } else if (order.method == Method::text) {
    // Of what is filtered, no more than enough is made.
    if (order.dictionary || order.printing)
      prefix = head_of(filtered(order, text));
    else if (order.fold)
      prefix = head_of(filtered(order, text.substr(0, 8)));
    else
      prefix = head_of(text);
  }
  return order.reverse ? ~prefix : prefix;
}

Line Order::line_of(std::string_view text) const {
  Line line{.text = text.data(), .size = static_cast<uint32_t>(text.size())};
  if (keys_.empty()) {
    line.prefix = reverse_ ? ~head_of(text) : head_of(text);
    return line;
  }
  const std::string_view span = span_of(keys_[0], text);
  line.key_at = static_cast<uint32_t>(span.data() - text.data());
  line.key_size = static_cast<uint32_t>(span.size());
  line.prefix = prefix_of(keys_[0], span);
  return line;
}

namespace {

// Of a key, the part that has a say: without blanks in front, and of a number no more than the number.
std::string_view tightened(const Ordering& order, std::string_view span) {
  const bool by_number = order.method == Method::numeric || order.method == Method::human;
  if (!by_number && order.method != Method::general && order.method != Method::month)
    return span;
  span.remove_prefix(skip_blanks(span, 0));
  if (order.method == Method::month)
    return span.substr(0, month_of(span) != 0 ? 3 : 0);
  if (order.method == Method::general) {
    const std::string copy(span);
    char* end = nullptr;
    (void)std::strtold(copy.c_str(), &end);
    return span.substr(0, static_cast<size_t>(end - copy.c_str()));
  }
  const Number number = read_number(span);
  size_t length = span.size() - number.rest.size();
  if (span.substr(0, length).find_first_of("0123456789") == npos)
    return span.substr(0, 0);
  if (order.method == Method::human && unit_of(number) != 0)
    ++length;
  return span.substr(0, length);
}

}  // namespace

// Of --debug: in no hurry.
[[clang::minsize]] std::string Order::marked(std::string_view line) const {
  std::string text(line);
  std::ranges::replace(text, '\t', '>');
  text += '\n';
  const auto mark = [&](std::string_view span) {
    const auto before = static_cast<size_t>(span.data() - line.data());
    text += std::string(display_width(line.substr(0, before)) + count_byte(line.substr(0, before), '\t'), ' ');
    const size_t width = display_width(span) + count_byte(span, '\t');
    text += width == 0 ? "^ no match for key\n" : str(std::string(width, '_'), '\n');
  };
  for (const Key& key : keys_)
    mark(tightened(key.order, span_of(key, line)));
  if (last_resort_ || keys_.empty())
    mark(line);
  return text;
}

int Order::compare_key(const Key& key, std::string_view a, std::string_view b) const {
  const Ordering& order = key.order;
  std::string own_a;
  std::string own_b;
  if (order.dictionary || order.printing || order.fold) {
    own_a = filtered(order, a);
    own_b = filtered(order, b);
    a = own_a;
    b = own_b;
  }
  switch (order.method) {
    case Method::numeric: return compare_numbers(read_number(a), read_number(b));
    case Method::general: return compare_general(a, b);
    case Method::human: return compare_human(a, b);
    case Method::month: return month_of(a) - month_of(b);
    case Method::version: return compare_versions(a, b);
    case Method::random: {
      const uint64_t x = hash(a);
      const uint64_t y = hash(b);
      return x != y ? (x < y ? -1 : 1) : compare_bytes(a, b);
    }
    default: return compare_bytes(a, b);
  }
}

int Order::compare_keys(const Line& a, const Line& b) const {
  for (size_t i = 0; i < keys_.size(); ++i) {
    const Key& key = keys_[i];
    const std::string_view x = i == 0 ? a.view().substr(a.key_at, a.key_size) : span_of(key, a.view());
    const std::string_view y = i == 0 ? b.view().substr(b.key_at, b.key_size) : span_of(key, b.view());
    if (const int order = compare_key(key, x, y); order != 0)
      return key.order.reverse ? -order : order;
  }
  return 0;
}

int Order::compare_rest(const Line& a, const Line& b) const {
  if (!keys_.empty()) {
    const int order = compare_keys(a, b);
    if (order != 0 || !last_resort_)
      return order;
  }
  const int order = compare_bytes(a.view(), b.view());
  return reverse_ ? -order : order;
}

namespace {

struct Part {
  std::span<Line> lines;
  const Order* order;
  pthread_t thread{};
};

void sort_part(const Part& part) {
  const Order& order = *part.order;
  std::sort(part.lines.begin(), part.lines.end(), [&order](const Line& a, const Line& b) {
    if (a.prefix != b.prefix)
      return a.prefix < b.prefix;
    const int which = order.compare(a, b);
    return which != 0 ? which < 0 : a.text < b.text;
  });
}

void* sort_in_thread(void* part) {
  sort_part(*static_cast<Part*>(part));
  return nullptr;
}

}  // namespace

std::vector<size_t> sort_lines(std::span<Line> lines, const Order& order, unsigned threads) {
  const size_t parts = std::clamp<size_t>(lines.size() / least_to_share, 1, threads);
  std::vector<Part> all;
  std::vector<size_t> begins;
  for (size_t i = 0; i < parts; ++i) {
    const size_t begin = lines.size() * i / parts;
    const size_t end = lines.size() * (i + 1) / parts;
    all.push_back({lines.subspan(begin, end - begin), &order});
    begins.push_back(begin);
  }
  begins.push_back(lines.size());
  size_t started = 1;
  for (; started < parts; ++started)
    if (::pthread_create(&all[started].thread, nullptr, sort_in_thread, &all[started]) != 0)
      break;
  sort_part(all[0]);
  for (size_t i = 1; i < parts; ++i) {
    if (i < started)
      (void)::pthread_join(all[i].thread, nullptr);
    else
      sort_part(all[i]);
  }
  return begins;
}

}  // namespace rescue::sort
