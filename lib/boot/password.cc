#include "lib/boot/password.h"

#include <cerrno>

#include <crypt.h>

#include "lib/base/text.h"

#ifdef RESCUE_YESCRYPT
#include <yescrypt.h>
#endif

namespace rescue {

namespace {

// Without leaving early at the first byte that differs.
bool same(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i)
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
  return difference == 0;
}

std::string hashed(const std::string& password, const std::string& hash) {
#ifdef RESCUE_YESCRYPT
  // musl's crypt knows the older kinds only.
  if (hash.starts_with("$y$") || hash.starts_with("$7$")) {
    yescrypt_local_t local;
    uint8_t text[512];
    if (yescrypt_init_local(&local) != 0)
      return {};
    const uint8_t* const result =
        yescrypt_r(nullptr, &local, reinterpret_cast<const uint8_t*>(password.data()), password.size(),
                   reinterpret_cast<const uint8_t*>(hash.c_str()), nullptr, text, sizeof text);
    std::string copy = result == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(result));
    (void)yescrypt_free_local(&local);
    return copy;
  }
#endif
  struct crypt_data data{};
  const char* const result = ::crypt_r(password.c_str(), hash.c_str(), &data);
  return result == nullptr ? std::string() : std::string(result);
}

}  // namespace

Result<std::string> hash_of_user(std::string_view shadow, std::string_view user, std::string_view path) {
  for (const std::string_view line : split(shadow, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 2 || fields[0] != user)
      continue;
    // "" would let everybody in; "*" and "!..." nobody. "x" stands for a line elsewhere.
    if (!fields[1].starts_with('$'))
      return fail("check the password", path, user, " has no password that could be checked");
    return std::string(fields[1]);
  }
  return fail("check the password", path, "knows no ", user);
}

Result<std::string> root_password_hash(const Root& root) {
  const auto shadow = root.read_file("etc/shadow");
  if (shadow)
    return hash_of_user(*shadow, "root", root.shown("etc/shadow"));
  if (shadow.error().code() != ENOENT)
    return std::unexpected(shadow.error());
  return hash_of_user(TRY(root.read_file("etc/passwd")), "root", root.shown("etc/passwd"));
}

bool password_matches(const std::string& password, const std::string& hash) {
  // The old kinds (DES) begin with no dollar; nobody can hide behind a hash that is one of "*0" and "*1" either.
  return hash.starts_with('$') && same(hashed(password, hash), hash);
}

}  // namespace rescue
