// Digests of files and streams.
//
// SHA-256 runs on the processor's own instructions where it has them (x86 SHA extensions, ARMv8 SHA2), found out when
// it is first used; the program as a whole asks for no more than the oldest processor of its architecture.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

// The ways there are to compute SHA-256. `best` is what every caller but a test wants.
enum class Sha256Engine : uint8_t { best, portable, x86_sha, arm_sha2 };
bool available(Sha256Engine engine);

class Sha256 {
 public:
  static constexpr size_t digest_size = 32;
  using Digest = std::array<uint8_t, digest_size>;

  Sha256() : Sha256(Sha256Engine::best) {}
  // An engine that is not available() is replaced by the portable one.
  explicit Sha256(Sha256Engine engine);

  void update(std::string_view bytes);
  // The digest of all that was given. The object is then as new.
  Digest finish();

  static Digest of(std::string_view bytes);

 private:
  static constexpr size_t block_size = 64;
  using Compress = void (*)(uint32_t* state, const uint8_t* blocks, size_t count);

  void reset();

  Compress compress_;
  std::array<uint32_t, 8> state_;
  uint64_t size_;                         // bytes given so far
  std::array<uint8_t, block_size> tail_;  // the first size_ % 64 bytes wait for the rest of their block
};

// BLAKE2b with 512 bits, without a key: what minisign signs.
class Blake2b512 {
 public:
  static constexpr size_t digest_size = 64;
  using Digest = std::array<uint8_t, digest_size>;

  Blake2b512() { reset(); }
  void update(std::string_view bytes);
  Digest finish();

  static Digest of(std::string_view bytes);

 private:
  void reset();
  alignas(64) std::array<uint8_t, 384> state_;  // libsodium's crypto_generichash_state
};

// Lower-case hexadecimal digits of a digest.
template <size_t n>
std::string hex(const std::array<uint8_t, n>& digest);
extern template std::string hex(const std::array<uint8_t, 32>&);
extern template std::string hex(const std::array<uint8_t, 64>&);

// The digest of what is left to read of a descriptor; `path` names it in errors. `size`, where given, gets the number
// of bytes.
template <typename D>
Result<typename D::Digest> digest_fd(int fd, std::string_view path, uint64_t* size = nullptr);
extern template Result<Sha256::Digest> digest_fd<Sha256>(int, std::string_view, uint64_t*);
extern template Result<Blake2b512::Digest> digest_fd<Blake2b512>(int, std::string_view, uint64_t*);

inline Result<Sha256::Digest> sha256_fd(int fd, std::string_view path, uint64_t* size = nullptr) {
  return digest_fd<Sha256>(fd, path, size);
}

}  // namespace rescue
