// Access control lists: the kernel's bytes (the attributes system.posix_acl_access and _default), and the text that tar
// and getfacl have for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/fs/names.h"

namespace rescue {

// "user::rw-,user:daemon:r--,group::r--,mask::r--,other::r--", with `separator` between the entries; numbers where
// there is no name or `names` is null. Nothing where the bytes are no list.
std::optional<std::string> acl_to_text(std::string_view bytes, Names* names, char separator);

// The reverse, with commas or newlines between entries and what follows a `#` or a blank passed over. Of an entry with
// a name that nobody has, and no number beside it, nothing can be made: nothing.
std::optional<std::string> acl_from_text(std::string_view text, Names* names);

}  // namespace rescue
