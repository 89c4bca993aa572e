// The values of extended attributes as text, as getfattr(1) writes and setfattr(1) reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rescue {

enum class XattrEncoding : uint8_t { automatic, text, hex, base64 };

// "text", 0x74657874 or 0sdGV4dA==; text or base64 by what suits it where `automatic`.
std::string encode_xattr(std::string_view value, XattrEncoding encoding);

// The reverse; text may go without quotes. Nothing where it is none of these.
std::optional<std::string> decode_xattr(std::string_view text);

// A name or path with backslashes, newlines and what is in `special` as \ooo, and back.
std::string quote_xattr(std::string_view name, std::string_view special);
std::string unquote_xattr(std::string_view text);

}  // namespace rescue
