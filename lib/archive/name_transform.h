// tar --transform: names changed by sed's command s.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/text/regex.h"

namespace rescue {

// What a name is of: a member, the target of a symbolic link, of a hard link.
enum class NameScope : uint8_t { member, symbolic_link, hard_link };

class NameTransform {
 public:
  // Adds "s/EXPRESSION/REPLACEMENT/FLAGS", or several with `;` between them. Flags: g, i, x, a number; r R s S h H.
  Result<> add(std::string_view text);
  bool empty() const { return rules_.empty(); }
  std::string apply(std::string name, NameScope scope);

 private:
  struct Rule {
    Regex regex;
    std::string replacement;
    bool global = false;
    uint64_t first = 1;  // which match is the first that is replaced
    bool in_scope[3] = {true, true, true};
  };
  static void append_replacement(std::string& to, std::string_view replacement, std::string_view text,
                                 const std::vector<Span>& groups);
  static std::string apply(Rule& rule, const std::string& name);

  std::vector<Rule> rules_;
};

}  // namespace rescue
