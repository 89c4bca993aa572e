#include "lib/crypto/minisign.h"

#include <algorithm>
#include <cstring>
#include <span>

#include <sodium/crypto_sign.h>
#include <sodium/utils.h>

#include "lib/base/base64.h"
#include "lib/base/text.h"
#include "lib/crypto/random.h"

namespace rescue {

namespace {

constexpr std::string_view comment_prefix = "untrusted comment: ";
constexpr std::string_view trusted_prefix = "trusted comment: ";
constexpr std::string_view signed_content = "Ed";
constexpr std::string_view signed_digest = "ED";

// What minisign's buffers hold, less the prefixes: longer comments it would refuse or cut.
constexpr size_t max_comment = 1000;
constexpr size_t max_trusted_comment = 8000;

constexpr size_t public_key_size = 42;  // "Ed", key id, key
constexpr size_t signature_size = 74;   // algorithm, key id, signature

std::unexpected<Error> bad(std::string_view what, std::string_view path, std::string_view detail) {
  return with_status(corrupt(what, path, detail).error(), Status::bad_data);
}

template <size_t n>
std::string_view text_of(const std::array<uint8_t, n>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), n};
}

// Takes the first bytes of `from` for `to`; the caller has checked the sizes.
template <size_t n>
void take(std::string_view& from, std::array<uint8_t, n>& to) {
  std::copy_n(from.begin(), n, to.begin());
  from.remove_prefix(n);
}

// The lines of a file, without CR and LF at their ends.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines = split(text, '\n');
  for (std::string_view& line : lines)
    while (line.ends_with('\r'))
      line.remove_suffix(1);
  while (!lines.empty() && lines.back().empty())
    lines.pop_back();
  return lines;
}

// A comment goes into one line of a file that people look at.
std::string one_line(std::string_view text, size_t limit) {
  std::string line(text.substr(0, limit));
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
  return line;
}

bool ed25519_verify(const std::array<uint8_t, 64>& signature, std::string_view content,
                    const std::array<uint8_t, 32>& key) {
  return crypto_sign_verify_detached(signature.data(), reinterpret_cast<const uint8_t*>(content.data()), content.size(),
                                     key.data()) == 0;
}

std::array<uint8_t, 64> ed25519_sign(std::string_view content, const SecretKey& key) {
  std::array<uint8_t, 64> signature;
  crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const uint8_t*>(content.data()), content.size(),
                       key.key.data());
  return signature;
}

std::string globally_signed(const Signature& signature) {
  return str(text_of(signature.signature), signature.trusted_comment);
}

// The checks that do not need the content.
Result<> check_signer(const Signature& signature, const PublicKey& key, std::string_view path) {
  if (signature.id != key.id)
    return bad("verify signature", path,
               str("made with key ", show_key_id(signature.id), ", not with ", show_key_id(key.id)));
  if (!ed25519_verify(signature.global, globally_signed(signature), key.key))
    return bad("verify signature", path, "the signature or its trusted comment was changed, or is of another key");
  return {};
}

}  // namespace

std::string show_key_id(const KeyId& id) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (size_t i = id.size(); i-- > 0;) {
    text += digits[id[i] >> 4];
    text += digits[id[i] & 15];
  }
  return text;
}

Result<std::vector<PublicKey>> parse_public_keys(std::string_view text, std::string_view path) {
  std::vector<PublicKey> keys;
  std::string_view comment;
  for (const std::string_view line : lines_of(text)) {
    if (line.empty() || line.starts_with('#'))
      continue;
    if (line.starts_with("untrusted comment:")) {
      comment = line.substr(std::min(comment_prefix.size(), line.size()));
      continue;
    }
    const auto bytes = from_base64(trim(line));
    if (!bytes || bytes->size() != public_key_size || !bytes->starts_with(signed_content))
      return bad("read public key", path, "is not a minisign public key");
    std::string_view rest = std::string_view(*bytes).substr(2);
    PublicKey key;
    take(rest, key.id);
    take(rest, key.key);
    key.comment = comment;
    keys.push_back(std::move(key));
    comment = {};
  }
  if (keys.empty())
    return bad("read public key", path, "holds no key");
  return keys;
}

Result<PublicKey> parse_public_key(std::string_view text, std::string_view path) {
  std::vector<PublicKey> keys = TRY(parse_public_keys(text, path));
  if (keys.size() > 1)
    return bad("read public key", path, "holds more than one key");
  return std::move(keys.front());
}

std::string public_key_text(const PublicKey& key) {
  // The stock tool prints the number without leading zeros.
  const std::string id = show_key_id(key.id);
  const std::string number = id.substr(std::min(id.find_first_not_of('0'), id.size() - 1));
  const std::string comment =
      key.comment.empty() ? str("minisign public key ", number) : one_line(key.comment, max_comment);
  return str(comment_prefix, comment, '\n', to_base64(str(signed_content, text_of(key.id), text_of(key.key))), '\n');
}

SecretKey::~SecretKey() {
  sodium_memzero(key.data(), key.size());
}

PublicKey SecretKey::public_key() const {
  PublicKey result;
  result.id = id;
  std::copy_n(key.begin() + 32, 32, result.key.begin());
  return result;
}

Result<SecretKey> generate_key() {
  // From a seed of our own: libsodium ends the program where it finds no random numbers.
  std::array<uint8_t, 32> seed;
  SecretKey key;
  TRY(random_bytes(seed));
  TRY(random_bytes(key.id));
  std::array<uint8_t, 32> public_half;
  crypto_sign_seed_keypair(public_half.data(), key.key.data(), seed.data());
  sodium_memzero(seed.data(), seed.size());
  return key;
}

Result<Signature> parse_signature(std::string_view text, std::string_view path) {
  constexpr std::string_view attempt = "read signature";
  const std::vector<std::string_view> lines = lines_of(text);
  if (lines.size() != 4)
    return bad(attempt, path, "is not a minisign signature: it does not have four lines");
  if (!lines[0].starts_with(comment_prefix) || lines[0].size() - comment_prefix.size() > max_comment)
    return bad(attempt, path, "the first line is not an untrusted comment");
  if (!lines[2].starts_with(trusted_prefix) || lines[2].size() - trusted_prefix.size() > max_trusted_comment + 192)
    return bad(attempt, path, "the third line is not a trusted comment");
  const auto bytes = from_base64(lines[1]);
  const auto global = from_base64(lines[3]);
  if (!bytes || bytes->size() != signature_size || !global || global->size() != 64)
    return bad(attempt, path, "a line that should hold a signature does not");
  std::string_view rest = *bytes;
  Signature signature;
  signature.prehashed = rest.starts_with(signed_digest);
  if (!signature.prehashed && !rest.starts_with(signed_content))
    return bad(attempt, path, "an algorithm that is not known");
  rest.remove_prefix(2);
  take(rest, signature.id);
  take(rest, signature.signature);
  rest = *global;
  take(rest, signature.global);
  signature.comment = lines[0].substr(comment_prefix.size());
  signature.trusted_comment = lines[2].substr(trusted_prefix.size());
  return signature;
}

std::string signature_text(const Signature& signature) {
  const std::string bytes =
      str(signature.prehashed ? signed_digest : signed_content, text_of(signature.id), text_of(signature.signature));
  return str(comment_prefix, signature.comment, '\n', to_base64(bytes), '\n', trusted_prefix, signature.trusted_comment,
             '\n', to_base64(text_of(signature.global)), '\n');
}

Result<Signature> sign(const SecretKey& key, const Blake2b512::Digest& digest, std::string_view trusted_comment,
                       std::string_view comment) {
  if (trusted_comment.size() > max_trusted_comment || comment.size() > max_comment)
    return fail("sign", "", "the comment is too long");
  if (trusted_comment.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos)
    return fail("sign", "", "the trusted comment must be one line");
  Signature signature;
  signature.id = key.id;
  signature.comment = one_line(comment, max_comment);
  signature.trusted_comment = trusted_comment;
  signature.signature = ed25519_sign(text_of(digest), key);
  signature.global = ed25519_sign(globally_signed(signature), key);
  return signature;
}

Result<> verify(const Signature& signature, const PublicKey& key, const Blake2b512::Digest& digest,
                std::string_view path) {
  TRY(check_signer(signature, key, path));
  if (!signature.prehashed)
    return bad("verify signature", path, "is of the old kind without a digest; sign anew with a minisign from 2021 on");
  if (!ed25519_verify(signature.signature, text_of(digest), key.key))
    return bad("verify signature", path, "the content is not what was signed");
  return {};
}

Result<> verify_content(const Signature& signature, const PublicKey& key, std::string_view content,
                        std::string_view path) {
  if (signature.prehashed)
    return verify(signature, key, Blake2b512::of(content), path);
  TRY(check_signer(signature, key, path));
  if (!ed25519_verify(signature.signature, content, key.key))
    return bad("verify signature", path, "the content is not what was signed");
  return {};
}

const PublicKey* find_key(const std::vector<PublicKey>& keys, const Signature& signature) {
  const auto found = std::ranges::find(keys, signature.id, &PublicKey::id);
  return found != keys.end() ? &*found : nullptr;
}

}  // namespace rescue
