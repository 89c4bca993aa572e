#include "lib/base/choice.h"

#include <algorithm>
#include <iterator>

#include <strings.h>

#include "lib/base/text.h"

namespace rescue {

Result<size_t> detail::find_choice(std::string_view option, std::string_view word, size_t count, const void* list,
                                   std::string_view (*word_at)(const void*, size_t),
                                   bool (*same)(const void*, size_t, size_t)) {
  size_t found = count;
  bool ambiguous = false;
  std::string all;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view candidate = word_at(list, i);
    if (candidate == word)
      return i;
    all += str(i == 0 ? "" : ", ", candidate);
    if (!candidate.starts_with(word))
      continue;
    ambiguous = ambiguous || (found < count && !same(list, found, i));
    found = i;
  }
  if (found < count && !ambiguous)
    return found;
  auto error = fail(str("option '", option, '\''), "", '\'', Printable(word),
                    ambiguous ? "' may mean several of: " : "' is none of: ", all);
  return with_status(std::move(error).error(), Status::failed);
}

Result<When> choose_color_when(std::string_view word) {
  static constexpr Choice<When> words[] = {{"auto", When::automatic}, {"always", When::always}, {"never", When::never}};
  if (word.starts_with('='))
    word.remove_prefix(1);
  const auto same = [&](const Choice<When>& choice) {
    return word.size() == choice.word.size() && ::strncasecmp(word.data(), choice.word.data(), word.size()) == 0;
  };
  if (const auto* const choice = std::ranges::find_if(words, same); choice != std::end(words))
    return choice->value;
  return word.empty() ? When::automatic : choose("--color", word, words);
}

}  // namespace rescue
