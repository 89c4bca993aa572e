// MD5, SHA-1, the SHA-2 family, SHA3-256 and SM3: digests of files, for the commands that print and check them.
//
// The compression runs on the processor's own instructions where it has them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

enum class HashKind : uint8_t { md5, sha1, sha224, sha256, sha384, sha512, sha3_256, sm3 };

// The ways there are to compute a hash. `best` is what every caller but a test wants.
enum class HashEngine : uint8_t { best, portable };

class Hash {
 public:
  explicit Hash(HashKind kind, HashEngine engine = HashEngine::best);

  void update(std::string_view bytes);
  // The digest of all that was given, as bytes. The object is then as new.
  std::string finish();

  static size_t size_of(HashKind kind);

 private:
  using Narrow = void (*)(uint32_t* state, const uint8_t* blocks, size_t count);
  using Wide = void (*)(uint64_t* state, const uint8_t* blocks, size_t count);

  void reset();
  void compress(const uint8_t* blocks, size_t count);
  bool is_wide() const { return wide_ != nullptr; }
  size_t block_size() const { return kind_ == HashKind::sha3_256 ? 136 : is_wide() ? 128 : 64; }

  HashKind kind_;
  Narrow narrow_ = nullptr;
  Wide wide_ = nullptr;
  std::array<uint32_t, 8> words_{};
  std::array<uint64_t, 25> wide_words_{};
  uint64_t size_ = 0;
  std::array<uint8_t, 136> tail_{};
};

// The digest of what is left to read of a descriptor, in hexadecimal.
Result<std::string> hash_fd(HashKind kind, int fd, std::string_view path);

// BLAKE2b of so many bytes (1 to 64), in hexadecimal.
Result<std::string> blake2b_fd(size_t size, int fd, std::string_view path);

// The old checksums, as cksum(1) and sum(1) have them, and the number of bytes.
struct OldSum {
  uint32_t sum = 0;
  uint64_t size = 0;
};
Result<OldSum> crc_fd(int fd, std::string_view path);
Result<OldSum> bsd_sum_fd(int fd, std::string_view path);
Result<OldSum> sysv_sum_fd(int fd, std::string_view path);

}  // namespace rescue
