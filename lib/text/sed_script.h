// sed's scripts: their commands, and the parser. What they do is in tools/sed.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/text/regex.h"

namespace rescue::sed {

constexpr uint32_t none = UINT32_MAX;

struct Address {
  enum class Kind : uint8_t { none, line, step, last, regex, plus, multiple };
  Kind kind = Kind::none;
  uint64_t first = 0;  // the line; FIRST of FIRST~STEP; N of +N and ~N
  uint64_t step = 0;
  uint32_t regex = none;  // none: the one that was used last
};

// A piece of what replaces a match: a text or a group, and a change of case from there on.
struct Piece {
  enum class Case : uint8_t { same, keep, upper, lower, upper_next, lower_next };
  Case change = Case::same;
  int group = -1;
  std::string text;
};

struct Command {
  Address from;
  Address to;
  bool inverted = false;
  char name = 0;
  std::string text;        // of a, i, c; of e; a label; a file to read
  uint32_t target = none;  // where to jump; of {: behind its }
  uint64_t number = 0;     // an exit status or a line length; which match s replaces
  bool has_number = false;
  bool early = false;     // of r at line 0: before the first line
  uint32_t regex = none;  // of s; none: the one that was used last
  std::vector<Piece> pieces;
  bool global = false;
  uint8_t print = 0;  // how many times; bit 2: before it is executed
  bool execute = false;
  uint32_t output = none;          // a file of `outputs`
  std::string_view where, what;    // as the script has them, for --debug: its addresses, and it
  std::vector<std::string> table;  // of y: what each byte becomes, or pairs of characters
};

struct Script {
  std::vector<Command> commands;
  std::vector<Regex> regexes;
  std::vector<std::string> outputs;  // files that are written
  bool quiet = false;                // begins with #n
};

struct ScriptOptions {
  bool extended = false;
  bool posix = false;  // without what GNU adds
  bool sandbox = false;
  bool separate = false;
  bool bytes = false;
  char line_end = '\n';
};

// The text must be there as long as the script is used.
Result<Script> parse(std::string_view text, const ScriptOptions& options);

}  // namespace rescue::sed
