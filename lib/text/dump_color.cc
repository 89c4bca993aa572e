#include "lib/text/dump_color.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "lib/base/text.h"

namespace rescue {

namespace {

std::string_view code_of(std::string_view name) {
  static constexpr std::string_view names[] = {
      "black=30",          "blue=34",       "brown=33",      "cyan=36",        "gray=37",        "green=32",
      "magenta=35",        "red=31",        "darkgray=1;30", "lightblue=1;34", "lightcyan=1;36", "lightgreen=1;32",
      "lightmagenta=1;35", "lightred=1;31", "yellow=1;33",   "blink=5",        "bold=1",         "halfbright=2",
      "reset=0",           "reverse=7"};
  for (const std::string_view known : names)
    if (known.size() > name.size() && known.starts_with(name) && known[name.size()] == '=')
      return known.substr(name.size() + 1);
  return {};
}

bool take(std::string_view& text, char c) {
  const bool there = text.starts_with(c);
  text.remove_prefix(there ? 1 : 0);
  return there;
}

std::string_view take_until(std::string_view& text, std::string_view ends) {
  const std::string_view taken = text.substr(0, text.find_first_of(ends));
  text.remove_prefix(taken.size());
  return taken;
}

// 0 where no digit is there.
Result<uint64_t> take_number(std::string_view& text, int base) {
  uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (problem == std::errc::result_out_of_range)
    return fail("format", text, "is too large");
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

// A number begins with 0, as C's do; anything else is text.
Result<> take_value(std::string_view& text, DumpColor& color) {
  if (!text.starts_with('0')) {
    color.text = take_until(text, "@,");
    return {};
  }
  const bool is_hex = text.size() > 1 && (text[1] | 0x20) == 'x';
  text.remove_prefix(is_hex ? 2 : 0);
  color.value = TRY(take_number(text, is_hex ? 16 : 8));
  return {};
}

std::unexpected<Error> bad_count() {
  return fail("format", "_L", "bad byte count for a colour");
}

Result<> take_offsets(std::string_view& text, size_t bytes, DumpColor& color) {
  // Room for what is added to offsets.
  constexpr uint64_t most = std::numeric_limits<int64_t>::max();
  const uint64_t first = TRY(take_number(text, 10));
  color.first = first;
  color.last = first + std::max<size_t>(bytes, 1) - 1;
  if (take(text, '-'))
    color.last = TRY(take_number(text, 10));
  return color.last < first || color.last > most ? bad_count() : Result<>();
}

Result<DumpColor> take_color(std::string_view& list, size_t bytes) {
  DumpColor color;
  color.negated = take(list, '!');
  color.code = code_of(take_until(list, ":@,"));
  if (color.code.empty())
    return color;
  if (take(list, ':'))
    TRY(take_value(list, color));
  if (take(list, '@'))
    TRY(take_offsets(list, bytes, color));
  take(list, ',');
  const uint64_t size = color.first ? std::min<uint64_t>(bytes, color.last - *color.first + 1) : bytes;
  if (color.text && color.text->size() != size)
    return bad_count();
  return color;
}

uint64_t number_of(std::string_view bytes) {
  uint64_t number = 0;
  std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof number));
  return number;
}

}  // namespace

// The part that is compared. A range is gone through in steps as long as the conversion, and one of them must lie
// within the bytes.
std::optional<std::string_view> DumpColor::tested(std::string_view bytes, uint64_t address) const {
  if (!first)
    return bytes;
  if (bytes.empty())
    return address >= *first && address <= last ? std::optional(bytes) : std::nullopt;
  const uint64_t behind = address > *first ? (address - *first) % bytes.size() : 0;
  const uint64_t start = behind > 0 ? address + bytes.size() - behind : std::max(address, *first);
  if (start > last)
    return std::nullopt;
  const uint64_t size = std::min<uint64_t>(bytes.size() - 1, last - start) + 1;
  return start - address > bytes.size() - size ? std::nullopt : std::optional(bytes.substr(start - address, size));
}

bool DumpColor::holds(std::string_view bytes, uint64_t address) const {
  const auto part = tested(bytes, address);
  if (!part || (!value && !text))
    return part.has_value();
  const bool equal = text            ? !bytes.empty() && text->starts_with(*part)
                     : bytes.empty() ? *value == address
                                     : part->size() <= sizeof *value && number_of(*part) == *value;
  return equal != negated;
}

Result<std::vector<DumpColor>> parse_dump_colors(std::string_view list, size_t bytes) {
  std::vector<DumpColor> colors;
  while (!list.empty()) {
    DumpColor color = TRY(take_color(list, bytes));
    if (color.code.empty())
      return std::vector<DumpColor>();
    colors.push_back(std::move(color));
  }
  return colors;
}

}  // namespace rescue
