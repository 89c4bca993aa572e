// Keys and signatures in minisign's format; the stock `minisign` reads ours, and we read its.
//
// Verifying needs no random numbers, no /dev and no clock: times in comments are never looked at, for a rescued
// machine may believe that it is 1970.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/crypto/digest.h"

namespace rescue {

using KeyId = std::array<uint8_t, 8>;
// As minisign shows it: 16 upper-case hexadecimal digits.
std::string show_key_id(const KeyId& id);

struct PublicKey {
  KeyId id{};
  std::array<uint8_t, 32> key{};
  std::string comment;  // untrusted: nobody vouches for it
  bool operator==(const PublicKey&) const = default;
};

// A key file of one or several keys: each a line of base64, with an "untrusted comment:" line before it or not.
// Empty lines and lines that begin with `#` are skipped. At least one key, else an error.
Result<std::vector<PublicKey>> parse_public_keys(std::string_view text, std::string_view path);
// The same with exactly one key.
Result<PublicKey> parse_public_key(std::string_view text, std::string_view path);
// The text of a key file, two lines.
std::string public_key_text(const PublicKey& key);

// A secret key, ready to sign. Its memory is wiped when it goes.
class SecretKey {
 public:
  SecretKey() = default;
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();

  KeyId id{};
  std::array<uint8_t, 64> key{};  // as libsodium has it: seed, then public key
  PublicKey public_key() const;
};

// Whether a secret key file wants a password: ask the user before parse_secret_key().
Result<bool> needs_password(std::string_view text, std::string_view path);
// `password` is not looked at when the key is not encrypted. A wrong password is an error.
Result<SecretKey> parse_secret_key(std::string_view text, std::string_view password, std::string_view path);
// The text of a secret key file: encrypted with `password` (this takes seconds and up to 1 GiB of memory, as
// minisign's own; less where there is less), or in the clear where there is none.
Result<std::string> secret_key_text(const SecretKey& key, std::optional<std::string_view> password);

// A new key pair.
Result<SecretKey> generate_key();

struct Signature {
  bool prehashed = true;  // "ED": the signature is of the BLAKE2b-512 digest; else the old "Ed", of the file itself
  KeyId id{};
  std::array<uint8_t, 64> signature{};
  std::array<uint8_t, 64> global{};  // over signature and trusted comment
  std::string comment;               // untrusted
  std::string trusted_comment;
};

Result<Signature> parse_signature(std::string_view text, std::string_view path);
// The text of a signature file, four lines.
std::string signature_text(const Signature& signature);

// Signs a file by its digest. Comments are one line each: at most 1000 bytes the untrusted one, 8000 the trusted one.
Result<Signature> sign(const SecretKey& key, const Blake2b512::Digest& digest, std::string_view trusted_comment,
                       std::string_view comment = "signature from rescue");

// Whether `key` made `signature` for this content, and vouches for its trusted comment. `path` names the signed file
// in the error, which asks for exit status bad_data and says what is wrong: another key, or changed content.
Result<> verify(const Signature& signature, const PublicKey& key, const Blake2b512::Digest& digest,
                std::string_view path);
// The same for content in memory, which the old "Ed" signatures need; takes prehashed ones as well.
Result<> verify_content(const Signature& signature, const PublicKey& key, std::string_view content,
                        std::string_view path);

// The key that a signature names, or nullptr.
const PublicKey* find_key(const std::vector<PublicKey>& keys, const Signature& signature);

}  // namespace rescue
