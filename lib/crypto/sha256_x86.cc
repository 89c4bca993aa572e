// SHA-256 with the SHA extensions of x86 (Intel Goldmont and Ice Lake, AMD Zen, and later).
//
// The functions carry their own target, so that the rest of the program still runs on the first x86-64 processors.
#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include "lib/crypto/sha256.h"

namespace rescue::sha256 {

namespace {

bool ask_for_sha() {
  constexpr unsigned ssse3 = 1U << 9, sse41 = 1U << 19, sha = 1U << 29;
  unsigned a, b, c, d;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & ssse3) == 0 || (c & sse41) == 0)
    return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & sha) != 0;
}

}  // namespace

// Asked once: inside a virtual machine CPUID costs as much as hashing some kilobytes.
bool have_x86_sha() {
  static const bool have = ask_for_sha();
  return have;
}

[[gnu::target("sha,sse4.1,ssse3")]] void compress_x86_sha(uint32_t* state, const uint8_t* blocks, size_t count) {
  const __m128i to_big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  const auto* constants = reinterpret_cast<const __m128i*>(round_constants.data());
  auto* words = reinterpret_cast<__m128i*>(state);

  // The instructions want the words as (a b e f) and (c d g h).
  const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xb1);
  const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
  __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);

  for (; count > 0; --count, blocks += 64) {
    const __m128i abef_before = abef;
    const __m128i cdgh_before = cdgh;
    const auto* input = reinterpret_cast<const __m128i*>(blocks);
    __m128i w[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; ++i)
      w[i] = _mm_shuffle_epi8(_mm_loadu_si128(input + i), to_big_endian);

    // Four rounds a step. Meanwhile the message words for the next steps are made in w, a ring of the last 16.
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; ++i) {
      __m128i& now = w[i % 4];
      __m128i& next = w[(i + 1) % 4];
      __m128i& last = w[(i + 3) % 4];
      const __m128i sum = _mm_add_epi32(now, _mm_load_si128(constants + i));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      if (i >= 3 && i < 15)
        next = _mm_sha256msg2_epu32(_mm_add_epi32(next, _mm_alignr_epi8(now, last, 4)), now);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      if (i >= 1 && i < 13)
        last = _mm_sha256msg1_epu32(last, now);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }

  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128(words, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(words + 1, _mm_alignr_epi8(dchg, feba, 8));
}

}  // namespace rescue::sha256

#endif
