// A terminal's settings: the state in which a person can work.
#pragma once

#include <termios.h>

#include "lib/base/error.h"

namespace rescue {

// As `stty sane`: lines are edited, echoed and ended as usual, Ctrl-C interrupts. Speed and size of a character stay.
void make_sane(struct termios& settings);

// The same for the terminal behind a descriptor, which also ignores the modem's lines: a serial console has none.
Result<> make_console_sane(int fd, std::string_view path);

}  // namespace rescue
