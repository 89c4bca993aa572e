// The last lines or bytes of a text: what `tail` prints and `head -n -N` keeps back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/io.h"

namespace rescue {

struct Ending {
  uint64_t count = 0;
  bool lines = true;  // else bytes
  char line_end = '\n';

  // Where it begins in `text`. A last line without an ending is a line too.
  size_t start_in(std::string_view text) const;
};

// Where the line after the next `count` ones begins, or the end of the text; what was passed is taken off `count`.
size_t after_lines(std::string_view text, uint64_t& count, char line_end);

// Reads all that is left of the file, and gives its ending. What comes before goes to `before`, or nowhere. Holds no
// more than some twice the ending in memory.
Result<std::string> read_ending(int fd, std::string_view path, const Ending& ending, Output* before);

}  // namespace rescue
