// The compression functions of the hashes, for hash.cc; everybody else uses hash.h. Each mixes `count` blocks into the
// words of `state`.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rescue {

void compress_md5(uint32_t* state, const uint8_t* blocks, size_t count);
void compress_sm3(uint32_t* state, const uint8_t* blocks, size_t count);

void compress_sha1_portable(uint32_t* state, const uint8_t* blocks, size_t count);
void compress_sha3_256(uint64_t* state, const uint8_t* blocks, size_t count);
void compress_sha512_portable(uint64_t* state, const uint8_t* blocks, size_t count);

#if defined(__x86_64__)
void compress_sha1_x86(uint32_t* state, const uint8_t* blocks, size_t count);
void compress_sha512_avx2(uint64_t* state, const uint8_t* blocks, size_t count);

// Whether the processor and the system can run the latter; SHA-1 needs what sha256::have_x86_sha() asks for.
bool have_avx2_bmi2();
#endif

#if defined(__aarch64__)
void compress_sha1_arm(uint32_t* state, const uint8_t* blocks, size_t count);
void compress_sha512_arm(uint64_t* state, const uint8_t* blocks, size_t count);

bool have_arm_sha1();
bool have_arm_sha512();
#endif

}  // namespace rescue
