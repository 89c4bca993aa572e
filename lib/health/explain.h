// From the words that a broken system prints to what is behind them. Needs no system: the person on a serial console
// has only the text.
#pragma once

#include <optional>
#include <string_view>

namespace rescue {

struct Explanation {
  std::string_view pattern;  // what the text holds; `*` stands for anything between
  std::string_view id;       // of the finding that the doctor would make of it
  std::string_view cause;
  std::string_view remedy;
};

// The most special explanation that fits. Quotes of any kind and the case of letters do not matter.
std::optional<Explanation> explain(std::string_view text);

}  // namespace rescue
