// SHA-512 (FIPS 180-4), in code that the compiler makes for several kinds of processor.
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

// Wide vectors as arguments have no settled ABI without AVX; here they are only arguments of what is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

// Two message words of each of `lanes` blocks. The compiler makes of the operations what the processor has.
template <size_t lanes>
using Words = uint64_t __attribute__((vector_size(16 * lanes)));
using Octets = uint8_t __attribute__((vector_size(16)));

template <typename V>
[[gnu::always_inline]] inline V rotated(V x, int by) {
  return (x >> by) | (x << (64 - by));
}

[[gnu::always_inline]] inline Words<1> load_pair(const uint8_t* bytes) {
  Octets octets;
  std::memcpy(&octets, bytes, sizeof octets);
  octets = __builtin_shufflevector(octets, octets, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
  return std::bit_cast<Words<1>>(octets);
}

template <size_t lanes>
[[gnu::always_inline]] inline Words<lanes> load_words(const uint8_t* bytes) {
  if constexpr (lanes == 1)
    return load_pair(bytes);
  else
    return __builtin_shufflevector(load_pair(bytes), load_pair(bytes + 128), 0, 1, 2, 3);
}

template <size_t lanes>
[[gnu::always_inline]] inline Words<lanes> load_constants(size_t round) {
  Words<1> pair;
  std::memcpy(&pair, round_constants + round, sizeof pair);
  if constexpr (lanes == 1)
    return pair;
  else
    return __builtin_shufflevector(pair, pair, 0, 1, 0, 1);
}

// The second word of one pair and the first of the next.
[[gnu::always_inline]] inline Words<1> between(Words<1> a, Words<1> b) {
  return __builtin_shufflevector(a, b, 1, 2);
}
// Not every processor has two lanes.
[[maybe_unused, gnu::always_inline]] inline Words<2> between(Words<2> a, Words<2> b) {
  return __builtin_shufflevector(a, b, 1, 4, 3, 6);
}

struct Rounds {
  uint64_t v[8];
  uint64_t b_xor_c;  // which the round before has made as its a ^ b, for the majority of the three

  explicit Rounds(const uint64_t* state) {
    std::memcpy(v, state, sizeof v);
    b_xor_c = v[1] ^ v[2];
  }

  // The words are not moved along after each round: they are called by their new places. `i` counts rounds.
  [[gnu::always_inline]] void run(size_t i, uint64_t sum) {
    const auto at = [&](size_t place) -> uint64_t& { return v[(place - i) % 8]; };
    const uint64_t a = at(0), b = at(1), e = at(4);
    uint64_t& h = at(7);
    h += sum;
    h += (e & at(5)) + (~e & at(6));
    h += std::rotr(e, 14) ^ std::rotr(e, 18) ^ std::rotr(e, 41);
    at(3) += h;
    const uint64_t a_xor_b = a ^ b;
    h += b ^ (a_xor_b & b_xor_c);
    h += std::rotr(a, 28) ^ std::rotr(a, 34) ^ std::rotr(a, 39);
    b_xor_c = a_xor_b;
  }

#if defined(__x86_64__)
  // The same in as few instructions as it takes: the compiler moves the words to and fro for want of registers, and the
  // processor cannot take in more instructions than these.
  [[gnu::always_inline]] void run_bmi2(size_t i, const uint64_t& sum) {
    const auto at = [&](size_t place) -> uint64_t& { return v[(place - i) % 8]; };
    uint64_t a_xor_b, t;
    __asm__(
        "addq %[sum], %[h]\n\t"
        "movq %[e], %[t]\n\t"
        "andq %[f], %[t]\n\t"
        "andnq %[g], %[e], %[x]\n\t"
        "addq %[t], %[h]\n\t"
        "rorxq $14, %[e], %[t]\n\t"
        "addq %[x], %[h]\n\t"
        "rorxq $18, %[e], %[x]\n\t"
        "xorq %[x], %[t]\n\t"
        "rorxq $41, %[e], %[x]\n\t"
        "xorq %[x], %[t]\n\t"
        "movq %[a], %[x]\n\t"
        "addq %[t], %[h]\n\t"
        "xorq %[b], %[x]\n\t"
        "addq %[h], %[d]\n\t"
        "andq %[x], %[y]\n\t"
        "rorxq $28, %[a], %[t]\n\t"
        "xorq %[b], %[y]\n\t"
        "addq %[y], %[h]\n\t"
        "rorxq $34, %[a], %[y]\n\t"
        "xorq %[y], %[t]\n\t"
        "rorxq $39, %[a], %[y]\n\t"
        "xorq %[y], %[t]\n\t"
        "addq %[t], %[h]"
        : [h] "+&r"(at(7)), [d] "+&r"(at(3)), [y] "+&r"(b_xor_c), [x] "=&r"(a_xor_b), [t] "=&r"(t)
        : [a] "r"(at(0)), [b] "r"(at(1)), [e] "r"(at(4)), [f] "r"(at(5)), [g] "r"(at(6)), [sum] "m"(sum)
        : "cc");
    b_xor_c = a_xor_b;
  }
#endif

  void add_to(uint64_t* state) const {
    for (size_t i = 0; i < 8; ++i)
      state[i] += v[i];
  }
};

template <size_t lanes>
[[gnu::always_inline]] inline void run_round(Rounds& rounds, size_t i, const uint64_t& sum) {
#if defined(__x86_64__)
  if constexpr (lanes == 2)
    return rounds.run_bmi2(i, sum);
#endif
  rounds.run(i, sum);
}

// The message words are made by vector instructions, for one block or for two at a time, while the rounds of the first
// run; the last of these, and those of the second, find theirs made.
template <size_t lanes>
[[gnu::always_inline]] inline void compress(uint64_t* state, const uint8_t* blocks, size_t count) {
  for (; count >= lanes; count -= lanes, blocks += 128 * lanes) {
    Words<lanes> w[8];
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 8; ++i)
      w[i] = load_words<lanes>(blocks + 16 * i);
    alignas(32) uint64_t sums[80 * lanes];
    const auto store_sum = [&](size_t i, size_t start) {
      const Words<lanes> sum = w[i] + load_constants<lanes>(start + 2 * i);
      std::memcpy(sums + (start + 2 * i) * lanes, &sum, sizeof sum);
    };
    Rounds rounds(state);
#pragma clang loop unroll(disable)
    for (size_t start = 0; start < 64; start += 16) {
#pragma clang loop unroll(full)
      for (size_t i = 0; i < 8; ++i) {
        uint64_t* const place = sums + (start + 2 * i) * lanes;
        store_sum(i, start);
        // By way of memory: taking the words out of a register costs more.
        __asm__("" : "+m"(*place), "+m"(place[1]));
        const Words<lanes> old = between(w[i], w[(i + 1) % 8]);
        const Words<lanes> last = w[(i + 7) % 8];
        w[i] += (rotated(old, 1) ^ rotated(old, 8) ^ (old >> 7)) + between(w[(i + 4) % 8], w[(i + 5) % 8]) +
                (rotated(last, 19) ^ rotated(last, 61) ^ (last >> 6));
        run_round<lanes>(rounds, 2 * i, place[0]);
        run_round<lanes>(rounds, 2 * i + 1, place[1]);
      }
    }
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 8; ++i)
      store_sum(i, 64);
    size_t start = 64;
#pragma clang loop unroll(disable)
    for (size_t lane = 0; lane < lanes; ++lane, start = 0) {
      if (lane > 0)
        rounds = Rounds(state);
#pragma clang loop unroll(disable)
      for (const uint64_t* at = sums + start * lanes + 2 * lane; start < 80; start += 16, at += 16 * lanes) {
#pragma clang loop unroll(full)
        for (size_t i = 0; i < 16; ++i)
          run_round<lanes>(rounds, i, at[i / 2 * 2 * lanes + i % 2]);
      }
      rounds.add_to(state);
    }
  }
}

}  // namespace

void compress_sha512_portable(uint64_t* state, const uint8_t* blocks, size_t count) {
  compress<1>(state, blocks, count);
}

#if defined(__x86_64__)

[[gnu::target("avx2,bmi,bmi2")]] void compress_sha512_avx2(uint64_t* state, const uint8_t* blocks, size_t count) {
  compress<2>(state, blocks, count);
  if (count % 2 != 0)
    compress_sha512_portable(state, blocks + (count - 1) * 128, 1);
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
