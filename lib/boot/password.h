// Checking a password against a hash of shadow(5): yescrypt, sha512crypt, sha256crypt, bcrypt.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/fs/root.h"

namespace rescue {

// The hash of root's password in the root's own /etc/shadow, or /etc/passwd where there is no shadow. An error where
// root cannot log in with a password (none is set, or it is locked).
Result<std::string> root_password_hash(const Root& root);

// The second field of the user's line; nothing known about the user is an error.
Result<std::string> hash_of_user(std::string_view shadow, std::string_view user, std::string_view path);

// Takes about as long for a wrong password as for the right one. False too for a hash of an unknown kind.
bool password_matches(const std::string& password, const std::string& hash);

}  // namespace rescue
