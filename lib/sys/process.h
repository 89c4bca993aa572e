// Starting programs: exec with what a fresh process expects, and waiting for a child.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "lib/base/error.h"

namespace rescue {

// Replaces this process; only returns an error. `words` has the program's name as its first.
std::unexpected<Error> execute(const std::string& path, const std::vector<std::string>& words,
                               const std::vector<std::string>& environment);

// The same with the environment of this process, and PATH searched where the name has no slash.
std::unexpected<Error> execute_found(const std::vector<std::string>& words);

// Every signal to its default, none blocked: what we ignore ourselves must not reach the programs that we start.
void reset_signals();

// Ctrl-C, Ctrl-\ and Ctrl-Z.
void ignore_keyboard_signals(bool ignore);

// Forks a child that is to be waited for. Who started us may ignore SIGCHLD, and with it how our children end: that is
// undone first, as it is by expect_children().
pid_t fork_child();
void expect_children();

// Waits for a child that was forked; its exit status, 128 + N where signal N ended it.
int wait_for(pid_t pid);

// The exit status of a finished child as a shell gives it.
int exit_status(int wait_status);

// Runs a command of this kit (`words[0]` is an applet) in a child, with our streams; its exit status.
Result<int> run_applet_command(const std::vector<std::string>& words);

}  // namespace rescue
