// Secret key files of minisign: 158 bytes, of which the last 104 (key id, key, checksum) are masked by a stream of
// bytes that scrypt makes of the password.
#include <algorithm>
#include <cstring>
#include <memory>

#include <sodium/core.h>
#include <sodium/crypto_generichash.h>
#include <sodium/crypto_pwhash_scryptsalsa208sha256.h>
#include <sodium/crypto_sign.h>
#include <sodium/utils.h>

#include "lib/base/base64.h"
#include "lib/base/bytes.h"
#include "lib/base/text.h"
#include "lib/crypto/minisign.h"
#include "lib/crypto/random.h"

namespace rescue {

namespace {

constexpr std::string_view comment_prefix = "untrusted comment: ";
constexpr std::string_view attempt = "read secret key";
constexpr std::string_view signature_algorithm = "Ed";
constexpr std::string_view scrypt = "Sc";
constexpr std::string_view no_kdf{"\0\0", 2};
constexpr std::string_view checksum_algorithm = "B2";

constexpr size_t file_size = 158;
constexpr size_t salt_size = crypto_pwhash_scryptsalsa208sha256_SALTBYTES;
constexpr size_t checksum_size = 32;
constexpr size_t secret_size = 8 + 64 + checksum_size;
static_assert(2 + 2 + 2 + salt_size + 8 + 8 + secret_size == file_size);

// More than minisign ever asks for, and still an end to what a hostile file may cost.
constexpr uint64_t max_operations = uint64_t{1} << 28;
constexpr uint64_t max_memory = uint64_t{4} << 30;

std::unexpected<Error> bad(std::string_view path, std::string_view detail) {
  return with_status(corrupt(attempt, path, detail).error(), Status::bad_data);
}

// A secret in memory, wiped at the end.
struct Secret {
  std::array<uint8_t, secret_size> bytes{};
  Secret() = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { sodium_memzero(bytes.data(), bytes.size()); }

  uint8_t* id() { return bytes.data(); }
  uint8_t* key() { return bytes.data() + 8; }
  uint8_t* checksum() { return bytes.data() + 72; }
};

struct Cost {
  uint64_t operations;
  uint64_t memory;
};

std::string little_endian(uint64_t number) {
  std::string bytes;
  for (int i = 0; i < 8; ++i)
    bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}

// The decoded file, its fixed words checked.
Result<std::string> decode(std::string_view text, std::string_view path) {
  std::string_view line;
  for (std::string_view candidate : split(text, '\n')) {
    while (candidate.ends_with('\r'))
      candidate.remove_suffix(1);
    if (!candidate.empty() && !candidate.starts_with("untrusted comment:"))
      line = line.empty() ? candidate : "not one line";
  }
  auto bytes = from_base64(line);
  if (!bytes || bytes->size() != file_size || !bytes->starts_with(signature_algorithm) ||
      std::string_view(*bytes).substr(4, 2) != checksum_algorithm)
    return bad(path, "is not a minisign secret key");
  const std::string_view kdf = std::string_view(*bytes).substr(2, 2);
  if (kdf != scrypt && kdf != no_kdf)
    return bad(path, "is encrypted in a way that is not known");
  return std::move(*bytes);
}

// Masks or unmasks `secret` with what scrypt makes of the password; false when there is not enough memory.
bool mask(Secret& secret, std::string_view password, std::string_view salt, Cost cost) {
  // libsodium looks for the faster instructions in here. Without random numbers it would end the program.
  if (uint8_t probe[1]; random_bytes(probe))
    (void)sodium_init();
  Secret stream;
  if (crypto_pwhash_scryptsalsa208sha256(stream.bytes.data(), secret_size, password.data(), password.size(),
                                         reinterpret_cast<const uint8_t*>(salt.data()), cost.operations,
                                         static_cast<size_t>(cost.memory)) != 0)
    return false;
  for (size_t i = 0; i < secret_size; ++i)
    secret.bytes[i] ^= stream.bytes[i];
  return true;
}

std::array<uint8_t, checksum_size> checksum_of(const Secret& secret) {
  std::array<uint8_t, checksum_size> sum;
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, sum.size());
  crypto_generichash_update(&state, reinterpret_cast<const uint8_t*>(signature_algorithm.data()), 2);
  crypto_generichash_update(&state, secret.bytes.data(), 8 + 64);
  crypto_generichash_final(&state, sum.data(), sum.size());
  sodium_memzero(&state, sizeof state);
  return sum;
}

// The public half must be the one of the seed: a damaged key would sign what nobody can verify.
bool halves_agree(const SecretKey& key) {
  std::array<uint8_t, 32> public_half;
  SecretKey again;
  crypto_sign_seed_keypair(public_half.data(), again.key.data(), key.key.data());
  return again.key == key.key;
}

Result<> unmask(Secret& secret, const Bytes& file, std::string_view password) {
  const std::string_view salt = TRY(file.slice(6, salt_size, "salt")).text();
  const Cost cost{TRY(file.read<uint64_t>(38, "cost")), TRY(file.read<uint64_t>(46, "cost"))};
  if (cost.operations > max_operations || cost.memory > max_memory)
    return bad(file.path(), "asks for more memory or time than any real key");
  if (!mask(secret, password, salt, cost))
    return fail("decrypt secret key", file.path(), "not enough memory: this takes ", human_size(cost.memory),
                ", as minisign's own");
  const auto sum = checksum_of(secret);
  if (sodium_memcmp(sum.data(), secret.checksum(), sum.size()) != 0)
    return fail("decrypt secret key", file.path(), "wrong password");
  return {};
}

}  // namespace

Result<bool> needs_password(std::string_view text, std::string_view path) {
  const std::string bytes = TRY(decode(text, path));
  return std::string_view(bytes).substr(2, 2) == scrypt;
}

Result<SecretKey> parse_secret_key(std::string_view text, std::string_view password, std::string_view path) {
  std::string decoded = TRY(decode(text, path));
  const Bytes file(decoded, path);
  Secret secret;
  std::copy_n(decoded.begin() + (file_size - secret_size), secret_size, secret.bytes.begin());
  if (std::string_view(decoded).substr(2, 2) == scrypt)
    TRY(unmask(secret, file, password));
  sodium_memzero(decoded.data(), decoded.size());
  SecretKey key;
  std::copy_n(secret.id(), key.id.size(), key.id.begin());
  std::copy_n(secret.key(), key.key.size(), key.key.begin());
  if (!halves_agree(key))
    return bad(path, "is damaged: its two halves do not belong together");
  return key;
}

Result<std::string> secret_key_text(const SecretKey& key, std::optional<std::string_view> password) {
  Secret secret;
  std::copy_n(key.id.begin(), key.id.size(), secret.id());
  std::copy_n(key.key.begin(), key.key.size(), secret.key());
  std::string salt(salt_size, '\0');
  Cost cost{0, 0};
  if (password) {
    std::ranges::copy(checksum_of(secret), secret.checksum());
    TRY(random_bytes({reinterpret_cast<uint8_t*>(salt.data()), salt.size()}));
    cost = {crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE,
            crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE};
    // A small machine gets a weaker lock, as with minisign, down to what libsodium calls interactive.
    while (!mask(secret, *password, salt, cost)) {
      cost = {cost.operations / 2, cost.memory / 2};
      if (cost.memory < crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_INTERACTIVE)
        return fail("encrypt secret key", "", "not enough memory");
    }
  }
  const std::string_view masked(reinterpret_cast<const char*>(secret.bytes.data()), secret_size);
  std::string bytes = str(signature_algorithm, password ? scrypt : no_kdf, checksum_algorithm, salt,
                          little_endian(cost.operations), little_endian(cost.memory), masked);
  std::string text = str(comment_prefix, password ? "minisign encrypted secret key" : "minisign secret key", '\n',
                         to_base64(bytes), '\n');
  sodium_memzero(bytes.data(), bytes.size());
  return text;
}

}  // namespace rescue
