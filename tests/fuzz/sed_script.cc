// Fuzzes the parser of sed's scripts. Input: a byte of options, then the script. What it accepts jumps nowhere else
// than into the script, and writes to files that it has listed.
#include <cstdlib>
#include <string_view>

#include "lib/text/sed_script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rescue;
  if (size == 0 || size > 4096)
    return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto script = sed::parse(text, {.extended = (data[0] & 1) != 0,
                                        .posix = (data[0] & 2) != 0,
                                        .sandbox = (data[0] & 4) != 0,
                                        .bytes = (data[0] & 8) != 0});
  if (!script)
    return 0;
  for (const sed::Command& command : script->commands) {
    const bool jumps = command.name == 'b' || command.name == 't' || command.name == 'T' || command.name == '{';
    const bool lost = jumps && command.target > script->commands.size();
    const bool no_regex = command.regex != sed::none && command.regex >= script->regexes.size();
    const bool no_file = command.output != sed::none && command.output >= script->outputs.size();
    if (lost || no_regex || no_file || command.table.size() % 2 != 0)
      std::abort();
  }
  return 0;
}
