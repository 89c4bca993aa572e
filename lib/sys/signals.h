// Signals by name and number (signal(7)).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/io.h"

namespace rescue {

// The highest number of a signal; 0 is none, but kill(2) takes it as a question.
constexpr int last_signal = 64;

// The number of "HUP", "SIGHUP", "hup", "RTMIN+2", "EXIT" (0) or "1"; nothing for what is no signal.
std::optional<int> signal_number(std::string_view text);

// "HUP", "RTMIN+2"; empty for a number that has no name.
std::string signal_name(int number);

// The signal that ended a process with this exit status of the shell (128 + n), or the number itself: what `kill -l
// STATUS` is for.
int signal_of_status(int status);

// The names of all that have one of their own, in lines of 80 bytes.
void list_signals(Output& out);

// `pkill -HUP NAME`: the words with a first one that is a signal as "--signal=HUP", which a table of options can hold.
std::vector<std::string> with_signal_option(std::span<const char* const> words);

}  // namespace rescue
