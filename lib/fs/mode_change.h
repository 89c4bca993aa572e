// Changes of permissions as chmod writes them: 755, u+x, go-w,a=rX.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace rescue {

class ModeChange {
 public:
  // An octal number, or clauses like u+x with commas between them. Nothing where it is neither.
  static std::optional<ModeChange> parse(std::string_view text);

  // The permissions that `mode` (with the file's type) becomes. Where no one is named (+x), `umask` keeps its bits
  // back. `touched` gets the bits that the change says anything about.
  mode_t apply(mode_t mode, mode_t umask, mode_t* touched = nullptr) const;

 private:
  struct Step {
    char operation = '=';
    mode_t who = 0;  // the bits that the named ones own; 0 where no one is named
    mode_t bits = 0;
    char copied_from = 0;  // u, g or o: the bits that these have
    bool execute_if_any = false;
    mode_t mentioned = 07777;  // a directory keeps those set-ID bits that are not
  };
  static std::optional<Step> parse_octal(std::string_view text);
  static bool parse_clause(std::string_view clause, std::vector<Step>& steps);

  std::vector<Step> steps_;
};

}  // namespace rescue
