// From the words that a broken system prints to what is behind them. Needs no system: the person on a serial console
// has only the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rescue {

struct Explanation {
  std::string pattern;  // what the text holds; `*` stands for anything between
  std::string id;       // of the finding that the doctor would make of it
  std::string cause;
  std::string remedy;
};

// The most special explanation that fits. Quotes of any kind and the case of letters do not matter.
std::optional<Explanation> explain(std::string_view text);

}  // namespace rescue
