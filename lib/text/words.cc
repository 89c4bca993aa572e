#include "lib/text/words.h"

#include <cerrno>
#include <limits>

#include <fcntl.h>

#include "lib/base/fd.h"
#include "lib/base/size_text.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

bool is_number(std::string_view word, char mark, std::string_view also) {
  if (word.size() < 2 || word[0] != mark || word[1] < '0' || word[1] > '9')
    return false;
  for (const char c : word.substr(1))
    if ((c < '0' || c > '9') && !also.contains(c))
      return false;
  return true;
}

}  // namespace

WordList with_numbers(std::span<const char* const> words, char mark, std::string_view option, std::string_view also) {
  WordList list;
  bool options = true;
  for (const char* const word : words) {
    const std::string_view text = word;
    options = options && text != "--";
    if (options && is_number(text, mark, also))
      list.push_made(str(option, text.substr(1)));
    else
      list.push(word);
  }
  return list;
}

namespace {

void add_words_of(std::string_view text, WordList& list) {
  std::string word;
  bool inside = false;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool blank = quote == 0 && (c == ' ' || (c >= '\t' && c <= '\r'));
    if (blank && inside)
      list.push_made(std::exchange(word, {}));
    inside = !blank;
    if (blank)
      continue;
    if (c == '\\' && i + 1 < text.size())
      word += text[++i];
    else if (quote == 0 && (c == '\'' || c == '"'))
      quote = c;
    else if (c == quote)
      quote = 0;
    else
      word += c;
  }
  if (inside)
    list.push_made(std::move(word));
}

}  // namespace

WordList with_files(std::span<const char* const> words) {
  constexpr uint64_t limit = 1 << 20;
  WordList list;
  for (const char* const word : words) {
    const auto file = word[0] == '@' ? open_file(word + 1, O_RDONLY) : Result<UniqueFd>(UniqueFd());
    const auto text = file && *file ? read_all(file->get(), limit, word + 1) : fail("read", word, ENOENT);
    if (text)
      add_words_of(*text, list);
    else
      list.push(word);
  }
  return list;
}

Result<uint64_t> count_argument(std::string_view text, std::string_view what) {
  // A plus sign says nothing.
  const ParsedSize size = parse_size(text.substr(text.starts_with('+') ? 1 : 0), "bKkMmGgTtPEZY");
  if (size.problem == SizeProblem::too_large)
    return fail(str("invalid ", what), text, "is too large");
  if (size.problem != SizeProblem::none)
    return fail(str("invalid ", what), text, "is not a number with a unit");
  return size.value;
}

Result<uint64_t> number_argument(std::string_view text, std::string_view what, uint64_t least) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits)
    return fail(str("invalid ", what), text, "is not a number");
  const uint64_t value = to_number<uint64_t>(text).value_or(std::numeric_limits<uint64_t>::max());
  if (value < least)
    return fail(str("invalid ", what), text, "must be at least ", least);
  return value;
}

Result<uint64_t> c_number_argument(std::string_view text, std::string_view what) {
  int base = 10;
  std::string_view digits = text;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.starts_with('0')) {
    base = 8;
  }
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error == std::errc::result_out_of_range)
    return fail(str("invalid ", what), text, "is too large");
  std::string_view unit = digits.substr(static_cast<size_t>(end - digits.data()));
  if (error != std::errc())
    return fail(str("invalid ", what), text, "is not a number");
  if (unit.empty())
    return value;
  const auto size = count_argument(str("1", unit), what);
  if (!size || __builtin_mul_overflow(value, *size, &value))
    return fail(str("invalid ", what), text, "is no number with a unit, or too large");
  return value;
}

}  // namespace rescue
