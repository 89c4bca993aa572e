// The consoles that the kernel was told to use: a serial line, a screen, several of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/fd.h"
#include "lib/boot/kernel_line.h"

namespace rescue {

// "ttyS0", "tty0"...: those that are active, as /sys knows them; else those of the kernel line; else "console".
std::vector<std::string> console_names(const KernelLine& line);

// Opens /dev/NAME for a person, in a sane state. Never waits for a modem.
Result<UniqueFd> open_console(const std::string& name);

// What TERM should be there: a serial line says nothing about what is at its other end.
std::string_view terminal_type(std::string_view name);

// In a new session: makes the terminal its controlling one, so that Ctrl-C reaches what runs there, and its standard
// input, output and errors.
Result<> take_terminal(int fd, std::string_view path);

}  // namespace rescue
