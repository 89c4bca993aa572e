// File names as GNU's tools quote them, in the styles that `ls --quoting-style` names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/text.h"

namespace rescue {

enum class QuotingStyle : uint8_t {
  literal,
  shell,         // 'a b', only where needed
  shell_always,  // the same for every name
  shell_escape,  // as shell, with $'\n' for what cannot be shown
  shell_escape_always,
  c,        // "a\nb"
  c_maybe,  // the same, without quotes where nothing needs them
  escape,   // a\nb
  locale,   // ‘a\nb’
  clocale,
};

// Their names, in the order above.
constexpr std::string_view quoting_style_names[] = {
    "literal", "shell",   "shell-always", "shell-escape", "shell-escape-always",
    "c",       "c-maybe", "escape",       "locale",       "clocale"};

// The text in that style. The characters of `also` are quoted too, where the style has a way to.
std::string quoted(std::string_view text, QuotingStyle style, std::string_view also = {});

// A word for a message: 'a b' (shell-escape-always).
std::string quoted_word(std::string_view text);
std::string quoted_word(const String auto& text);

}  // namespace rescue
