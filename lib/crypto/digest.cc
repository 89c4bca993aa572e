#include "lib/crypto/digest.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

#include <sodium/crypto_generichash.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/crypto/sha256.h"

namespace rescue {

namespace {

// Large enough that the system call does not matter, small enough to stay in the processor's cache.
constexpr size_t read_size = 64 * 1024;

using Compress = void (*)(uint32_t* state, const uint8_t* blocks, size_t count);

Compress find_engine(Sha256Engine engine) {
#if defined(__x86_64__)
  if ((engine == Sha256Engine::best || engine == Sha256Engine::x86_sha) && sha256::have_x86_sha())
    return sha256::compress_x86_sha;
#elif defined(__aarch64__)
  if ((engine == Sha256Engine::best || engine == Sha256Engine::arm_sha2) && sha256::have_arm_sha2())
    return sha256::compress_arm_sha2;
#endif
  (void)engine;
  return sha256::compress_portable;
}

const uint8_t* octets(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

}  // namespace

bool available(Sha256Engine engine) {
  return engine == Sha256Engine::best || engine == Sha256Engine::portable ||
         find_engine(engine) != sha256::compress_portable;
}

Sha256::Sha256(Sha256Engine engine) : compress_(find_engine(engine)) {
  reset();
}

void Sha256::reset() {
  state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  size_ = 0;
}

void Sha256::update(std::string_view bytes) {
  const size_t waiting = size_ % block_size;
  size_ += bytes.size();
  if (waiting > 0) {
    const size_t take = std::min(bytes.size(), block_size - waiting);
    std::copy_n(bytes.begin(), take, tail_.begin() + waiting);
    bytes.remove_prefix(take);
    if (waiting + take < block_size)
      return;
    compress_(state_.data(), tail_.data(), 1);
  }
  const size_t blocks = bytes.size() / block_size;
  if (blocks > 0)
    compress_(state_.data(), octets(bytes), blocks);
  bytes.remove_prefix(blocks * block_size);
  std::copy_n(bytes.begin(), bytes.size(), tail_.begin());
}

Sha256::Digest Sha256::finish() {
  // A one bit, zeros, and the length in bits as a big-endian number at the end of a block.
  size_t used = size_ % block_size;
  tail_[used++] = 0x80;
  if (used > block_size - 8) {
    std::fill(tail_.begin() + used, tail_.end(), 0);
    compress_(state_.data(), tail_.data(), 1);
    used = 0;
  }
  std::fill(tail_.begin() + used, tail_.end(), 0);
  for (size_t i = 0; i < 8; ++i)
    tail_[block_size - 1 - i] = static_cast<uint8_t>((size_ * 8) >> (8 * i));
  compress_(state_.data(), tail_.data(), 1);
  Digest digest;
  for (size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
  reset();
  return digest;
}

Sha256::Digest Sha256::of(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

// libsodium's calls can only fail for sizes out of range, which ours are not.

void Blake2b512::reset() {
  static_assert(sizeof(crypto_generichash_state) == sizeof state_);
  static_assert(alignof(crypto_generichash_state) <= alignof(Blake2b512));
  crypto_generichash_init(reinterpret_cast<crypto_generichash_state*>(state_.data()), nullptr, 0, digest_size);
}

void Blake2b512::update(std::string_view bytes) {
  crypto_generichash_update(reinterpret_cast<crypto_generichash_state*>(state_.data()), octets(bytes), bytes.size());
}

Blake2b512::Digest Blake2b512::finish() {
  Digest digest;
  crypto_generichash_final(reinterpret_cast<crypto_generichash_state*>(state_.data()), digest.data(), digest.size());
  reset();
  return digest;
}

Blake2b512::Digest Blake2b512::of(std::string_view bytes) {
  Blake2b512 hash;
  hash.update(bytes);
  return hash.finish();
}

template <size_t n>
std::string hex(const std::array<uint8_t, n>& digest) {
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

template std::string hex(const std::array<uint8_t, 32>&);
template std::string hex(const std::array<uint8_t, 64>&);

template <typename D>
Result<typename D::Digest> digest_fd(int fd, std::string_view path, uint64_t* size) {
  // On the stack: a large allocation is a mapping made and dropped for every small file.
  char buffer[read_size];
  D hash;
  uint64_t total = 0;
  while (true) {
    const size_t count = TRY(read_some(fd, buffer, path));
    if (count == 0)
      break;
    hash.update({buffer, count});
    total += count;
  }
  if (size != nullptr)
    *size = total;
  return hash.finish();
}

template Result<Sha256::Digest> digest_fd<Sha256>(int, std::string_view, uint64_t*);
template Result<Blake2b512::Digest> digest_fd<Blake2b512>(int, std::string_view, uint64_t*);

}  // namespace rescue
