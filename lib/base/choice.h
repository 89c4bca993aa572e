// Options whose argument is one of a few words, such as --color=always.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

template <typename T>
struct Choice {
  std::string_view word;
  T value;
};

namespace detail {

// The place of the word in a list of `count`, which may be cut short while it is unambiguous. `word_at` and `same`
// say what the list holds and whether two of its words mean the same.
Result<size_t> find_choice(std::string_view option, std::string_view word, size_t count, const void* list,
                           std::string_view (*word_at)(const void*, size_t), bool (*same)(const void*, size_t, size_t));

}  // namespace detail

// The value that the word stands for; else an error that lists what there is, and asks for status 1 as GNU's tools do.
template <typename T, size_t n>
Result<T> choose(std::string_view option, std::string_view word, const Choice<T> (&choices)[n]) {
  const auto word_at = [](const void* list, size_t i) { return static_cast<const Choice<T>*>(list)[i].word; };
  const auto same = [](const void* list, size_t i, size_t j) {
    return static_cast<const Choice<T>*>(list)[i].value == static_cast<const Choice<T>*>(list)[j].value;
  };
  return choices[TRY(detail::find_choice(option, word, n, choices, word_at, same))].value;
}

enum class When : uint8_t { never, always, automatic };

// The argument of `--color` as util-linux has it: auto, always or never, behind -L perhaps with a =; auto without one.
Result<When> choose_color_when(std::string_view word);

}  // namespace rescue
