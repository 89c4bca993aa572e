#include "lib/text/words.h"

#include <limits>

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

Result<uint64_t> count_argument(std::string_view text, std::string_view what) {
  const ParsedSize size = parse_size(text, "bKkMmGgTtPEZY");
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
    return fail(str("invalid ", what), text, str("must be at least ", least));
  return value;
}

}  // namespace rescue
