#include "lib/base/size_text.h"

#include <cstdlib>
#include <limits>

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr std::string_view unit_letters = "KMGTPEZY";

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// The power of a unit letter: K is 1; 0 for none.
unsigned power_of(char letter) {
  const size_t i = unit_letters.find(upper(letter));
  return i == std::string_view::npos ? 0 : static_cast<unsigned>(i) + 1;
}

bool multiply(uint64_t& value, uint64_t base, unsigned power) {
  for (; power > 0; --power)
    if (__builtin_mul_overflow(value, base, &value))
      return false;
  return true;
}

// "B" and "D" make the unit one of 1000, "iB" one of 1024, as it is without them. 0 for anything else.
uint64_t base_of(std::string_view after_letter) {
  if (after_letter.empty() || after_letter == "iB")
    return 1024;
  return after_letter == "B" || after_letter == "D" ? 1000 : 0;
}

std::string unit_text(unsigned power, const SizeStyle& style) {
  std::string text;
  if (power > 0)
    text += !style.binary && power == 1 ? 'k' : unit_letters[power - 1];
  if (style.show_b)
    text += style.binary && power > 0 ? "iB" : "B";
  return text;
}

using Wide = unsigned __int128;

uint64_t divide_up(Wide value, Wide by) {
  return static_cast<uint64_t>((value + by - 1) / by);
}

std::string automatic_text(Wide bytes, const SizeStyle& style) {
  const Wide base = style.binary ? 1024 : 1000;
  Wide unit = 1;
  unsigned power = 0;
  while (bytes / unit >= base && power < unit_letters.size()) {
    unit *= base;
    ++power;
  }
  if (power > 0) {
    if (const uint64_t tenths = divide_up(bytes * 10, unit); tenths < 100)
      return str(tenths / 10, '.', tenths % 10, unit_text(power, style));
  }
  const uint64_t whole = divide_up(bytes, unit);
  // Rounding up may reach the next unit.
  if (whole == base && power < unit_letters.size())
    return str("1.0", unit_text(power + 1, style));
  return str(whole, unit_text(power, style));
}

}  // namespace

ParsedSize parse_size(std::string_view text, std::string_view letters) {
  ParsedSize parsed;
  uint64_t value = 0;
  bool overflow = false;
  size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
    overflow |= __builtin_mul_overflow(value, 10, &value) ||
                __builtin_add_overflow(value, static_cast<uint64_t>(text[digits] - '0'), &value);
  parsed.has_number = digits > 0;
  const std::string_view suffix = text.substr(digits);
  if (!parsed.has_number) {
    value = 1;
    if (suffix.empty() || letters.find(suffix[0]) == std::string_view::npos)
      return {.problem = SizeProblem::invalid};
  }
  if (!suffix.empty()) {
    const bool block = suffix == "b" && letters.find('b') != std::string_view::npos;
    const uint64_t base = block ? 512 : base_of(suffix.substr(1));
    if (letters.find(suffix[0]) == std::string_view::npos || base == 0)
      return {.problem = SizeProblem::bad_suffix};
    overflow |= !multiply(value, base, block ? 1 : power_of(suffix[0]));
  }
  parsed.value = overflow ? std::numeric_limits<uint64_t>::max() : value;
  parsed.problem = overflow ? SizeProblem::too_large : SizeProblem::none;
  return parsed;
}

ParsedStyle parse_size_style(std::string_view text) {
  // A quote asks for the locale's grouping of digits, and the C locale has none.
  if (text.starts_with('\''))
    text.remove_prefix(1);
  if (!text.empty() && std::string_view("human-readable").starts_with(text))
    return {human_style, SizeProblem::none};
  if (!text.empty() && std::string_view("si").starts_with(text))
    return {si_style, SizeProblem::none};
  const ParsedSize parsed = parse_size(text, "KkMmGgTtPEZY");
  if (parsed.problem != SizeProblem::none)
    return {{}, parsed.problem};
  if (parsed.value == 0)
    return {{}, SizeProblem::invalid};
  SizeStyle style = {.block = parsed.value};
  if (!parsed.has_number) {
    style.show_unit = true;
    style.show_b = text.ends_with('B');
    style.binary = !text.ends_with('B') || text.ends_with("iB");
  }
  return {style, SizeProblem::none};
}

SizeStyle size_style_of_environment(const char* own) {
  for (const char* const name : {own, "BLOCK_SIZE", "BLOCKSIZE"}) {
    const char* const value = name != nullptr ? ::getenv(name) : nullptr;
    if (value == nullptr)
      continue;
    if (const ParsedStyle parsed = parse_size_style(value); parsed.problem == SizeProblem::none)
      return parsed.style;
    break;
  }
  return {.block = ::getenv("POSIXLY_CORRECT") != nullptr ? uint64_t{512} : uint64_t{1024}};
}

std::string size_text(uint64_t count, uint64_t unit, const SizeStyle& style) {
  const Wide bytes = static_cast<Wide>(count) * unit;
  if (style.automatic)
    return automatic_text(bytes, style);
  const uint64_t blocks = divide_up(bytes, style.block);
  if (!style.show_unit)
    return str(blocks);
  unsigned power = 0;
  for (uint64_t reached = 1; reached < style.block && power < unit_letters.size(); ++power)
    if (!multiply(reached, style.binary ? 1024 : 1000, 1))
      break;
  return str(blocks, unit_text(power, style));
}

}  // namespace rescue
