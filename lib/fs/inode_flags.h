// The letters of inode flags, as chattr(1) and lsattr(1) write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rescue {

// Flags that only directories have.
extern const uint32_t directory_flags;

// "ia" as flags; nothing where a letter is none of those that can be changed.
std::optional<uint32_t> parse_flags(std::string_view letters);

// "----i---------e-------": a place for each.
std::string flags_text(uint32_t flags);

// "Immutable, Extents"; "---" for none.
std::string flags_words(uint32_t flags);

}  // namespace rescue
