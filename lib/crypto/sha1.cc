// SHA-1 (FIPS 180-4), in plain code and with the instructions that processors have for it.
#include <bit>
#include <cstring>

#include "lib/crypto/compress.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#include <sys/auxv.h>
#endif

namespace rescue {

namespace {

constexpr uint32_t constants[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};

uint32_t load(const uint8_t* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return std::byteswap(word);
}

template <int group>
[[gnu::always_inline]] inline uint32_t mix(uint32_t b, uint32_t c, uint32_t d) {
  if constexpr (group == 0)
    return d ^ (b & (c ^ d));
  else if constexpr (group == 2)
    return (b & c) | (d & (b | c));
  else
    return b ^ c ^ d;
}

template <int group>
[[gnu::always_inline]] inline void rounds(uint32_t* v, uint32_t* w) {
#pragma clang loop unroll(full)
  for (size_t j = 0; j < 20; ++j) {
    const size_t i = group * 20 + j;
    if (i >= 16)
      w[i % 16] = std::rotl(w[(i + 13) % 16] ^ w[(i + 8) % 16] ^ w[(i + 2) % 16] ^ w[i % 16], 1);
    // The five words are not moved along: each is called by its new place.
    const auto at = [&](size_t place) -> uint32_t& { return v[(place + 4 * i) % 5]; };
    at(4) += std::rotl(at(0), 5) + mix<group>(at(1), at(2), at(3)) + constants[group] + w[i % 16];
    at(1) = std::rotl(at(1), 30);
  }
}

}  // namespace

void compress_sha1_portable(uint32_t* state, const uint8_t* blocks, size_t count) {
  for (; count > 0; --count, blocks += 64) {
    uint32_t w[16];
    for (size_t i = 0; i < 16; ++i)
      w[i] = load(blocks + 4 * i);
    uint32_t v[5];
    std::memcpy(v, state, sizeof v);
    rounds<0>(v, w);
    rounds<1>(v, w);
    rounds<2>(v, w);
    rounds<3>(v, w);
    for (size_t i = 0; i < 5; ++i)
      state[i] += v[i];
  }
}

#if defined(__x86_64__)

namespace {

// Twenty rounds, four at a time. `before` is what the first four words were one step ago: it holds the fifth.
template <int group>
[[gnu::target("sha,sse4.1,ssse3"), gnu::always_inline]] inline void x86_rounds(__m128i& abcd, __m128i& before,
                                                                               __m128i* w) {
#pragma clang loop unroll(full)
  for (int j = 0; j < 5; ++j) {
    const int i = group * 5 + j;
    __m128i& now = w[i % 4];
    if (i >= 4)
      now = _mm_sha1msg2_epu32(_mm_xor_si128(_mm_sha1msg1_epu32(now, w[(i + 1) % 4]), w[(i + 2) % 4]), w[(i + 3) % 4]);
    const __m128i e = i == 0 ? _mm_add_epi32(before, now) : _mm_sha1nexte_epu32(before, now);
    before = abcd;
    abcd = _mm_sha1rnds4_epu32(abcd, e, group);
  }
}

}  // namespace

[[gnu::target("sha,sse4.1,ssse3")]] void compress_sha1_x86(uint32_t* state, const uint8_t* blocks, size_t count) {
  const __m128i reverse = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
  __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(state)), 0x1b);
  __m128i e = _mm_set_epi32(static_cast<int>(state[4]), 0, 0, 0);
  for (; count > 0; --count, blocks += 64) {
    const __m128i abcd_before = abcd;
    const __m128i e_before = e;
    __m128i w[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; ++i)
      w[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks) + i), reverse);
    x86_rounds<0>(abcd, e, w);
    x86_rounds<1>(abcd, e, w);
    x86_rounds<2>(abcd, e, w);
    x86_rounds<3>(abcd, e, w);
    e = _mm_sha1nexte_epu32(e, e_before);
    abcd = _mm_add_epi32(abcd, abcd_before);
  }
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state), _mm_shuffle_epi32(abcd, 0x1b));
  state[4] = static_cast<uint32_t>(_mm_extract_epi32(e, 3));
}

#elif defined(__aarch64__)

bool have_arm_sha1() {
  constexpr unsigned long sha1 = 1UL << 5;  // HWCAP_SHA1
  return (::getauxval(AT_HWCAP) & sha1) != 0;
}

[[gnu::target("sha2")]] void compress_sha1_arm(uint32_t* state, const uint8_t* blocks, size_t count) {
  uint32x4_t abcd = vld1q_u32(state);
  uint32_t e = state[4];
  for (; count > 0; --count, blocks += 64) {
    const uint32x4_t abcd_before = abcd;
    const uint32_t e_before = e;
    uint32x4_t w[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; ++i)
      w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(blocks + 16 * i)));
#pragma clang loop unroll(full)
    for (int i = 0; i < 20; ++i) {
      uint32x4_t& now = w[i % 4];
      if (i >= 4)
        now = vsha1su1q_u32(vsha1su0q_u32(now, w[(i + 1) % 4], w[(i + 2) % 4]), w[(i + 3) % 4]);
      const uint32x4_t sum = vaddq_u32(now, vdupq_n_u32(constants[i / 5]));
      const uint32_t next = vsha1h_u32(vgetq_lane_u32(abcd, 0));
      abcd = i < 5               ? vsha1cq_u32(abcd, e, sum)
             : i >= 10 && i < 15 ? vsha1mq_u32(abcd, e, sum)
                                 : vsha1pq_u32(abcd, e, sum);
      e = next;
    }
    abcd = vaddq_u32(abcd, abcd_before);
    e += e_before;
  }
  vst1q_u32(state, abcd);
  state[4] = e;
}

#endif

}  // namespace rescue
