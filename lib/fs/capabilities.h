// The capabilities that a program file gives to whoever runs it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rescue {

inline constexpr std::string_view capability_xattr = "security.capability";

// The value of that attribute for a text as setcap(8) and RPM's headers have it: "cap_net_raw=ep",
// "cap_net_admin,cap_net_raw+p", several clauses between blanks. Empty for a text that grants nothing; none for one
// that cannot be understood, or cannot be held by a file (some capabilities effective, and others not).
std::optional<std::string> capabilities_from_text(std::string_view text);

}  // namespace rescue
