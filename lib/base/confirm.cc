#include "lib/base/confirm.h"

#include "lib/base/fd.h"

namespace rescue {

bool confirm(Io& io, std::string_view question) {
  (void)io.out.flush();
  io.err.put(io.name, ": ", question, "? ");
  // Byte by byte: what comes after the line is the next question's, or another program's.
  char first = '\0';
  for (char c = '\0';;) {
    const auto count = read_some(io.in, {&c, 1}, "standard input");
    if (!count || *count == 0 || c == '\n')
      break;
    if (first == '\0')
      first = c;
  }
  return first == 'y' || first == 'Y';
}

}  // namespace rescue
