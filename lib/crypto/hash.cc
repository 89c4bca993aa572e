#include "lib/crypto/hash.h"

#include <algorithm>
#include <bit>
#include <memory>

#include <sodium/crypto_generichash.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/crypto/compress.h"
#include "lib/crypto/crc.h"
#include "lib/crypto/sha256.h"

namespace rescue {

namespace {

// Large enough that the system call does not matter, small enough to stay in the processor's cache.
constexpr size_t read_size = 64 * 1024;

const uint8_t* octets(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

using Narrow = void (*)(uint32_t* state, const uint8_t* blocks, size_t count);
using Wide = void (*)(uint64_t* state, const uint8_t* blocks, size_t count);

Narrow sha1_engine(HashEngine engine) {
#if defined(__x86_64__)
  if (engine != HashEngine::portable && sha256::have_x86_sha())
    return compress_sha1_x86;
#elif defined(__aarch64__)
  if (engine != HashEngine::portable && have_arm_sha1())
    return compress_sha1_arm;
#endif
  (void)engine;
  return compress_sha1_portable;
}

Narrow sha256_engine(HashEngine engine) {
#if defined(__x86_64__)
  if (engine != HashEngine::portable && sha256::have_x86_sha())
    return sha256::compress_x86_sha;
#elif defined(__aarch64__)
  if (engine != HashEngine::portable && sha256::have_arm_sha2())
    return sha256::compress_arm_sha2;
#endif
  (void)engine;
  return sha256::compress_portable;
}

Wide sha512_engine(HashEngine engine) {
#if defined(__x86_64__)
  if (engine != HashEngine::portable && have_avx2_bmi2())
    return compress_sha512_avx2;
#elif defined(__aarch64__)
  if (engine != HashEngine::portable && have_arm_sha512())
    return compress_sha512_arm;
#endif
  (void)engine;
  return compress_sha512_portable;
}

// Hands what is left to read of a descriptor to `take`, piece by piece.
template <typename F>
Result<> each_piece(int fd, std::string_view path, F take) {
  char buffer[read_size];
  while (true) {
    const size_t count = TRY(read_some(fd, buffer, path));
    if (count == 0)
      return {};
    take(std::string_view(buffer, count));
  }
}

}  // namespace

size_t Hash::size_of(HashKind kind) {
  switch (kind) {
    case HashKind::md5: return 16;
    case HashKind::sha1: return 20;
    case HashKind::sha224: return 28;
    case HashKind::sha384: return 48;
    case HashKind::sha512: return 64;
    default: return 32;
  }
}

Hash::Hash(HashKind kind, HashEngine engine) : kind_(kind) {
  switch (kind) {
    case HashKind::md5: narrow_ = compress_md5; break;
    case HashKind::sha1: narrow_ = sha1_engine(engine); break;
    case HashKind::sha224:
    case HashKind::sha256: narrow_ = sha256_engine(engine); break;
    case HashKind::sm3: narrow_ = compress_sm3; break;
    case HashKind::sha384:
    case HashKind::sha512: wide_ = sha512_engine(engine); break;
    case HashKind::sha3_256: wide_ = compress_sha3_256; break;
  }
  reset();
}

void Hash::reset() {
  size_ = 0;
  switch (kind_) {
    case HashKind::md5:
    case HashKind::sha1: words_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}; break;
    case HashKind::sha224:
      words_ = {0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4};
      break;
    case HashKind::sha256:
      words_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
      break;
    case HashKind::sm3:
      words_ = {0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e};
      break;
    case HashKind::sha384:
      wide_words_ = {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
                     0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4};
      break;
    case HashKind::sha512:
      wide_words_ = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                     0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
      break;
    case HashKind::sha3_256: wide_words_ = {}; break;
  }
}

void Hash::compress(const uint8_t* blocks, size_t count) {
  if (is_wide())
    wide_(wide_words_.data(), blocks, count);
  else
    narrow_(words_.data(), blocks, count);
}

void Hash::update(std::string_view bytes) {
  const size_t block = block_size();
  const size_t waiting = size_ % block;
  size_ += bytes.size();
  if (waiting > 0) {
    const size_t take = std::min(bytes.size(), block - waiting);
    std::copy_n(bytes.begin(), take, tail_.begin() + waiting);
    bytes.remove_prefix(take);
    if (waiting + take < block)
      return;
    compress(tail_.data(), 1);
  }
  if (const size_t blocks = bytes.size() / block; blocks > 0) {
    compress(octets(bytes), blocks);
    bytes.remove_prefix(blocks * block);
  }
  std::copy_n(bytes.begin(), bytes.size(), tail_.begin());
}

std::string Hash::finish() {
  // A one bit, zeros, and the length in bits at the end of a block: of 8 bytes, of 16 for the wide ones; little-endian
  // for MD5 alone. SHA-3 has two bits more before the one, and at the end a one again in place of the length.
  const size_t block = block_size();
  const bool sha3 = kind_ == HashKind::sha3_256;
  size_t used = size_ % block;
  tail_[used++] = sha3 ? 0x06 : 0x80;
  if (!sha3 && used > block - block / 8) {
    std::fill(tail_.begin() + used, tail_.begin() + block, 0);
    compress(tail_.data(), 1);
    used = 0;
  }
  std::fill(tail_.begin() + used, tail_.begin() + block, 0);
  const bool little = sha3 || kind_ == HashKind::md5;
  for (size_t i = 0; i < 8 && !sha3; ++i)
    tail_[little ? block - 8 + i : block - 1 - i] = static_cast<uint8_t>((size_ * 8) >> (8 * i));
  if (sha3)
    tail_[block - 1] |= 0x80;
  // Lengths of 2^61 bytes and more are nobody's.
  compress(tail_.data(), 1);
  std::string digest(size_of(kind_), '\0');
  for (size_t i = 0; i < digest.size(); ++i) {
    const uint64_t word = is_wide() ? wide_words_[i / 8] : words_[i / 4];
    const size_t byte = is_wide() ? i % 8 : i % 4;
    const size_t place = little ? byte : (is_wide() ? 7 : 3) - byte;
    digest[i] = static_cast<char>(word >> (8 * place));
  }
  reset();
  return digest;
}

Result<std::string> hash_fd(HashKind kind, int fd, std::string_view path) {
  Hash hash(kind);
  TRY(each_piece(fd, path, [&](std::string_view piece) { hash.update(piece); }));
  return to_hex(hash.finish());
}

Result<std::string> blake2b_fd(size_t size, int fd, std::string_view path) {
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, size);
  TRY(each_piece(fd, path,
                 [&](std::string_view piece) { crypto_generichash_update(&state, octets(piece), piece.size()); }));
  std::string digest(size, '\0');
  crypto_generichash_final(&state, reinterpret_cast<uint8_t*>(digest.data()), size);
  return to_hex(digest);
}

Result<OldSum> crc_fd(int fd, std::string_view path) {
  Crc crc;
  OldSum sum;
  TRY(each_piece(fd, path, [&](std::string_view piece) {
    crc.update(piece);
    sum.size += piece.size();
  }));
  sum.sum = crc.finish(sum.size);
  return sum;
}

Result<OldSum> bsd_sum_fd(int fd, std::string_view path) {
  OldSum sum;
  TRY(each_piece(fd, path, [&](std::string_view piece) {
    sum.size += piece.size();
    for (const char c : piece)
      sum.sum = ((sum.sum >> 1) + ((sum.sum & 1) << 15) + static_cast<uint8_t>(c)) & 0xffff;
  }));
  return sum;
}

Result<OldSum> sysv_sum_fd(int fd, std::string_view path) {
  OldSum sum;
  uint32_t total = 0;
  TRY(each_piece(fd, path, [&](std::string_view piece) {
    sum.size += piece.size();
    for (const char c : piece)
      total += static_cast<uint8_t>(c);
  }));
  const uint32_t folded = (total & 0xffff) + (total >> 16);
  sum.sum = (folded & 0xffff) + (folded >> 16);
  return sum;
}

}  // namespace rescue
