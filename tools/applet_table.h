// The applets that are in this executable, sorted by name. Meson writes the definition from the list in meson.build.
#pragma once

#include <cstddef>

#include "lib/base/applet.h"

namespace rescue {

extern const Applet* const applet_table[];
extern const size_t applet_count;

}  // namespace rescue
