// etc/rescue.conf of the kit: what the administrator allows at the console.
#pragma once

#include <string>
#include <string_view>

namespace rescue {

struct BootConfig {
  bool require_password = false;
  std::string password_hash;  // in place of root's own
  std::string problem;        // what could not be understood; a password is demanded then
};

// `require_password=yes|no`, `password_hash=$6$...`; empty lines and comments. Anything else is a problem, for a
// mistake in it must not open the door.
BootConfig parse_boot_config(std::string_view text);

// That of this kit; no file means no password.
BootConfig read_boot_config();

}  // namespace rescue
