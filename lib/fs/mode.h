// A file's type and permissions as text.
#pragma once

#include <string>

#include <sys/types.h>

namespace rescue {

// '-', 'd', 'l', 'b', 'c', 'p', 's'; '?' for what is none of these.
char type_letter(mode_t mode);

// "drwxr-xr-x", with s, S, t and T for the set-ID and sticky bits.
std::string mode_text(mode_t mode);

}  // namespace rescue
