// Owners as chown(1) and install(1) take them: USER, USER:GROUP, :GROUP, USER: for the user's own group.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/fs/names.h"

namespace rescue {

struct OwnerSpec {
  std::optional<uint32_t> user;
  std::optional<uint32_t> group;
  std::string user_text;  // as they are shown: names where they were given as names
  std::string group_text;
  bool had_dot = false;  // USER.GROUP, an old way to write it
};

Result<OwnerSpec> parse_owner(std::string_view text, Names& names);

// A name, or a number where there is no such name (or a plus sign before it).
Result<uint32_t> parse_user(std::string_view text, Names& names);
Result<uint32_t> parse_group(std::string_view text, Names& names);

}  // namespace rescue
