// SHA-256 with the cryptographic extension of ARMv8.
#if defined(__aarch64__)

#include <arm_neon.h>
#include <sys/auxv.h>

#include "lib/crypto/sha256.h"

namespace rescue::sha256 {

bool have_arm_sha2() {
  constexpr unsigned long sha2 = 1UL << 6;  // HWCAP_SHA2
  return (::getauxval(AT_HWCAP) & sha2) != 0;
}

[[gnu::target("sha2")]] void compress_arm_sha2(uint32_t* state, const uint8_t* blocks, size_t count) {
  uint32x4_t abcd = vld1q_u32(state);
  uint32x4_t efgh = vld1q_u32(state + 4);

  for (; count > 0; --count, blocks += 64) {
    const uint32x4_t abcd_before = abcd;
    const uint32x4_t efgh_before = efgh;
    uint32x4_t w[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; ++i)
      w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(blocks + 16 * i)));

    // Four rounds a step; each step leaves in its place of w the message words for the fourth step after it.
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; ++i) {
      uint32x4_t& now = w[i % 4];
      const uint32x4_t sum = vaddq_u32(now, vld1q_u32(round_constants.data() + 4 * i));
      if (i < 12)
        now = vsha256su1q_u32(vsha256su0q_u32(now, w[(i + 1) % 4]), w[(i + 2) % 4], w[(i + 3) % 4]);
      const uint32x4_t abcd_now = abcd;
      abcd = vsha256hq_u32(abcd, efgh, sum);
      efgh = vsha256h2q_u32(efgh, abcd_now, sum);
    }
    abcd = vaddq_u32(abcd, abcd_before);
    efgh = vaddq_u32(efgh, efgh_before);
  }
  vst1q_u32(state, abcd);
  vst1q_u32(state + 4, efgh);
}

}  // namespace rescue::sha256

#endif
