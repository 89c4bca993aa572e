// What a person gets at one console: the question for a password where one is demanded, then a menu or the shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "lib/base/error.h"
#include "lib/base/fd.h"
#include "lib/boot/config.h"
#include "lib/fs/root.h"

namespace rescue {

// What the person chose, told to PID 1 through a pipe.
enum class Wish : char { none = 0, fix = 'f', boot = 'b' };

struct SessionSetup {
  std::string console;      // "ttyS0"
  std::string root = "/";   // the system to be repaired
  std::string root_device;  // for people; may be empty
  bool read_only = true;    // the root, that is
  std::string own_mounts;   // those of its fstab, divided by blanks
  bool menu = false;        // offer the repair before the shell
  BootConfig config;
};

struct Session {
  pid_t pid = -1;
  UniqueFd wishes;  // reads a Wish

  Wish wish() const;
};

// Starts it in a child of its own, with its own terminal.
Result<Session> start_session(const SessionSetup& setup);

// The environment of a shell of the kit: its commands first, its profile, and what `setup` says.
std::vector<std::string> shell_environment(const SessionSetup& setup);

}  // namespace rescue
