// SHA-512 (FIPS 180-4), for every processor, and by the instructions that some have.
#include <bit>
#include <cstring>

#include "lib/crypto/compress.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#include <sys/auxv.h>
#endif

namespace rescue {

namespace {

// Section 4.2.3.
alignas(16) constexpr uint64_t round_constants[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

}  // namespace

void compress_sha512_portable(uint64_t* state, const uint8_t* blocks, size_t count) {
  for (; count > 0; --count, blocks += 128) {
    // Sixteen words more than are used: so the loop is one.
    uint64_t w[96];
    std::memcpy(w, blocks, 128);
    for (size_t i = 0; i < 16; ++i)
      w[i] = __builtin_bswap64(w[i]);
    uint64_t v[8];
    std::memcpy(v, state, sizeof v);
    // The words are not moved along after each round: they are called by their new places.
#pragma clang loop unroll_count(8)
    for (size_t i = 0; i < 80; ++i) {
      const auto at = [&](size_t place) -> uint64_t& { return v[(place - i) % 8]; };
      const uint64_t a = at(0), b = at(1), c = at(2), e = at(4);
      uint64_t& h = at(7);
      h += w[i] + round_constants[i] + (at(6) ^ (e & (at(5) ^ at(6)))) +
           (std::rotr(e, 14) ^ std::rotr(e, 18) ^ std::rotr(e, 41));
      at(3) += h;
      const uint64_t old = w[i + 1], last = w[i + 14];
      w[i + 16] = w[i] + (std::rotr(old, 1) ^ std::rotr(old, 8) ^ (old >> 7)) + w[i + 9] +
                  (std::rotr(last, 19) ^ std::rotr(last, 61) ^ (last >> 6));
      h += ((a & b) | ((a ^ b) & c)) + (std::rotr(a, 28) ^ std::rotr(a, 34) ^ std::rotr(a, 39));
    }
    for (size_t i = 0; i < 8; ++i)
      state[i] += v[i];
  }
}

#if defined(__x86_64__)

namespace {

// Wide vectors as arguments have no settled ABI without AVX; here they are only arguments of what is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

// Two message words of each of two blocks.
using Words = uint64_t __attribute__((vector_size(32)));
using Pair = uint64_t __attribute__((vector_size(16)));
using Octets = uint8_t __attribute__((vector_size(16)));

[[gnu::always_inline]] inline Words rotated(Words x, int by) {
  return (x >> by) | (x << (64 - by));
}

[[gnu::always_inline]] inline Pair load_pair(const uint8_t* bytes) {
  Octets octets;
  std::memcpy(&octets, bytes, sizeof octets);
  octets = __builtin_shufflevector(octets, octets, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
  return std::bit_cast<Pair>(octets);
}

[[gnu::always_inline]] inline Words load_words(const uint8_t* bytes) {
  return __builtin_shufflevector(load_pair(bytes), load_pair(bytes + 128), 0, 1, 2, 3);
}

[[gnu::always_inline]] inline Words load_constants(const uint64_t* from) {
  Pair pair;
  std::memcpy(&pair, from, sizeof pair);
  return __builtin_shufflevector(pair, pair, 0, 1, 0, 1);
}

// The second word of one pair and the first of the next.
[[gnu::always_inline]] inline Words between(Words a, Words b) {
  return __builtin_shufflevector(a, b, 1, 4, 3, 6);
}

// The words are not moved along after each round: they are called by their new places. `i` counts rounds.
struct Rounds {
  uint64_t v[8];
  // The last round's share of its a, which the next one adds: nothing waits for it until then.
  uint64_t sigma = 0;
  uint64_t b_xor_c;  // which the round before has made as its a ^ b, for the majority of the three

  explicit Rounds(const uint64_t* state) {
    std::memcpy(v, state, sizeof v);
    b_xor_c = v[1] ^ v[2];
  }

  // In as few instructions and registers as it takes: the compiler moves the words to and fro for want of them, and the
  // processor cannot take in more instructions than these.
  [[gnu::always_inline]] void run(size_t i, const uint64_t& sum) {
    const auto at = [&](size_t place) -> uint64_t& { return v[(place - i) % 8]; };
    uint64_t a_xor_b, t;
    __asm__(
        "addq %[sum], %[h]\n\t"
        "movq %[e], %[t]\n\t"
        "andq %[f], %[t]\n\t"
        "addq %[s], %[a]\n\t"
        "rorxq $41, %[e], %[s]\n\t"
        "rorxq $18, %[e], %[x]\n\t"
        "addq %[t], %[h]\n\t"
        "andnq %[g], %[e], %[t]\n\t"
        "xorq %[x], %[s]\n\t"
        "rorxq $14, %[e], %[x]\n\t"
        "addq %[t], %[h]\n\t"
        "xorq %[x], %[s]\n\t"
        "movq %[a], %[x]\n\t"
        "rorxq $39, %[a], %[t]\n\t"
        "addq %[s], %[h]\n\t"
        "xorq %[b], %[x]\n\t"
        "rorxq $34, %[a], %[s]\n\t"
        "addq %[h], %[d]\n\t"
        "andq %[x], %[y]\n\t"
        "xorq %[t], %[s]\n\t"
        "rorxq $28, %[a], %[t]\n\t"
        "xorq %[b], %[y]\n\t"
        "xorq %[t], %[s]\n\t"
        "addq %[y], %[h]"
        : [h] "+&r"(at(7)), [d] "+&r"(at(3)), [a] "+&r"(at(0)), [y] "+&r"(b_xor_c), [s] "+&r"(sigma),
          [x] "=&r"(a_xor_b), [t] "=&r"(t)
        : [b] "r"(at(1)), [e] "r"(at(4)), [f] "r"(at(5)), [g] "r"(at(6)), [sum] "m"(sum)
        : "cc");
    b_xor_c = a_xor_b;
  }

  void add_to(uint64_t* state) {
    v[0] += sigma;
    for (size_t i = 0; i < 8; ++i)
      state[i] += v[i];
  }
};

// The message words are made by vector instructions, for two blocks at a time, while the rounds of the first run; the
// last of these, and those of the second, find theirs made.
[[gnu::always_inline]] inline void compress_two(uint64_t* state, const uint8_t* blocks) {
  Words w[8];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < 8; ++i)
    w[i] = load_words(blocks + 16 * i);
  alignas(32) uint64_t sums[160];
  uint64_t* place = sums;
  const uint64_t* constants = round_constants;
  const auto store_sum = [&](size_t i) {
    const Words sum = w[i] + load_constants(constants + 2 * i);
    std::memcpy(place + 4 * i, &sum, sizeof sum);
  };
  Rounds rounds(state);
#pragma clang loop unroll(disable)
  do {
    // Two registers, for which there is room, and no sums of others.
    __asm__("" : "+r"(place), "+r"(constants));
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 8; ++i) {
      uint64_t* const sum = place + 4 * i;
      store_sum(i);
      // By way of memory: taking the words out of a register costs more.
      __asm__("" : "+m"(*sum), "+m"(sum[1]));
      const Words old = between(w[i], w[(i + 1) % 8]);
      const Words last = w[(i + 7) % 8];
      w[i] += (rotated(old, 1) ^ rotated(old, 8) ^ (old >> 7)) + between(w[(i + 4) % 8], w[(i + 5) % 8]) +
              (rotated(last, 19) ^ rotated(last, 61) ^ (last >> 6));
      rounds.run(2 * i, sum[0]);
      rounds.run(2 * i + 1, sum[1]);
    }
    place += 32;
    constants += 16;
  } while (constants != round_constants + 64);
#pragma clang loop unroll(full)
  for (size_t i = 0; i < 8; ++i)
    store_sum(i);
  const uint64_t* at = place;
#pragma clang loop unroll(disable)
  for (size_t lane = 0; lane < 2; ++lane, at = sums + 2) {
    if (lane > 0)
      rounds = Rounds(state);
#pragma clang loop unroll(disable)
    for (; at < sums + 160; at += 32) {
#pragma clang loop unroll(full)
      for (size_t i = 0; i < 16; ++i)
        rounds.run(i, at[i / 2 * 4 + i % 2]);
    }
    rounds.add_to(state);
  }
}

}  // namespace

[[gnu::target("avx2,bmi,bmi2")]] void compress_sha512_avx2(uint64_t* state, const uint8_t* blocks, size_t count) {
  for (; count >= 2; count -= 2, blocks += 256)
    compress_two(state, blocks);
  if (count != 0)
    compress_sha512_portable(state, blocks, 1);
}

namespace {

bool ask_for_avx2_bmi2() {
  constexpr unsigned os_saves_state = 1U << 27, avx_state = 6;
  constexpr unsigned bmi1 = 1U << 3, avx2 = 1U << 5, bmi2 = 1U << 8, features = bmi1 | avx2 | bmi2;
  unsigned a, b, c, d;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & os_saves_state) == 0)
    return false;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & avx_state) != avx_state)
    return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & features) == features;
}

}  // namespace

// Asked once, as for SHA-256.
bool have_avx2_bmi2() {
  static const bool have = ask_for_avx2_bmi2();
  return have;
}

#elif defined(__aarch64__)

bool have_arm_sha512() {
  constexpr unsigned long sha512 = 1UL << 21;  // HWCAP_SHA512
  return (::getauxval(AT_HWCAP) & sha512) != 0;
}

[[gnu::target("sha3")]] void compress_sha512_arm(uint64_t* state, const uint8_t* blocks, size_t count) {
  uint64x2_t ab = vld1q_u64(state), cd = vld1q_u64(state + 2), ef = vld1q_u64(state + 4), gh = vld1q_u64(state + 6);
  for (; count > 0; --count, blocks += 128) {
    const uint64x2_t before[4] = {ab, cd, ef, gh};
    uint64x2_t w[8];
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; ++i)
      w[i] = vreinterpretq_u64_u8(vrev64q_u8(vld1q_u8(blocks + 16 * i)));
#pragma clang loop unroll(full)
    for (int i = 0; i < 40; ++i) {
      uint64x2_t& now = w[i % 8];
      const uint64x2_t sum = vaddq_u64(now, vld1q_u64(round_constants + 2 * i));
      if (i < 32)
        now = vsha512su1q_u64(vsha512su0q_u64(now, w[(i + 1) % 8]), w[(i + 7) % 8],
                              vextq_u64(w[(i + 4) % 8], w[(i + 5) % 8], 1));
      const uint64x2_t t =
          vsha512hq_u64(vaddq_u64(vextq_u64(sum, sum, 1), gh), vextq_u64(ef, gh, 1), vextq_u64(cd, ef, 1));
      const uint64x2_t next = vsha512h2q_u64(t, cd, ab);
      gh = ef;
      ef = vaddq_u64(cd, t);
      cd = ab;
      ab = next;
    }
    ab = vaddq_u64(ab, before[0]);
    cd = vaddq_u64(cd, before[1]);
    ef = vaddq_u64(ef, before[2]);
    gh = vaddq_u64(gh, before[3]);
  }
  vst1q_u64(state, ab);
  vst1q_u64(state + 2, cd);
  vst1q_u64(state + 4, ef);
  vst1q_u64(state + 6, gh);
}

#endif

}  // namespace rescue
