#include "lib/elf/cpu.h"

#include <algorithm>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "lib/base/text.h"

namespace rescue::elf {

namespace {

struct X86 {
  int level = 0;
  bool haswell = false;  // what the older loaders call by these names; they knew Intel's processors only
  bool avx512_1 = false;
};

#if defined(__x86_64__) || defined(__i386__)

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned sub = 0) {
  Registers r;
  if (__get_cpuid_count(leaf, sub, &r.a, &r.b, &r.c, &r.d) == 0)
    return {};
  return r;
}

bool has(unsigned value, unsigned bits) {
  return (value & bits) == bits;
}

// Which register sets the kernel saves: without that, a processor's vectors are no use.
unsigned saved_state() {
  unsigned low = 0, high = 0;
  if (has(cpuid(1).c, bit_OSXSAVE))
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

X86 probe_x86() {
  X86 found;
  const Registers basic = cpuid(1), more = cpuid(7), extended = cpuid(0x80000001), vendor = cpuid(0);
  const unsigned state = saved_state();
  found.level = 1;
  const bool v2 = has(basic.c, bit_CMPXCHG16B | bit_POPCNT | bit_SSE3 | bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2) &&
                  has(extended.c, bit_LAHF_LM);
  const bool v3 = v2 && has(state, 6) && has(basic.c, bit_AVX | bit_F16C | bit_FMA | bit_MOVBE | bit_OSXSAVE) &&
                  has(more.b, bit_AVX2 | bit_BMI | bit_BMI2) && has(extended.c, bit_LZCNT);
  const unsigned wide = bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL;
  const bool v4 = v3 && has(state, 0xe6) && has(more.b, wide);
  found.level += int{v2} + int{v3} + int{v4};
  const bool intel = vendor.b == signature_INTEL_ebx;
  found.haswell = intel && v3;
  found.avx512_1 = intel && v4;
  return found;
}

#else

X86 probe_x86() {
  return {};
}

#endif

std::vector<std::string> usable_names(const Arch* arch, const LoaderFacts& facts, const X86& cpu) {
  constexpr std::string_view prefix = "x86-64-v";
  std::vector<std::string> usable;
  if (arch == nullptr || arch->name != "x86_64")
    return usable;
  for (const std::string& name : facts.hwcaps)
    if (name.starts_with(prefix) &&
        to_number<int>(std::string_view(name).substr(prefix.size())).value_or(99) <= cpu.level)
      usable.push_back(name);
  return usable;
}

std::string_view platform_of(const Arch* arch, const X86& cpu) {
  if (arch == nullptr)
    return "";
  if (arch->name == "x86_64")
    return cpu.haswell ? "haswell" : "x86_64";
  if (arch->name == "i386")
    return cpu.haswell ? "haswell" : "i686";
  return arch->name;
}

}  // namespace

Hwcaps usable_hwcaps(const Arch* arch, const LoaderFacts& facts) {
  const X86 cpu = probe_x86();
  Hwcaps usable;
  usable.named = usable_names(arch, facts, cpu);
  // Since 2.37 the platform is what the kernel calls it.
  usable.platform = platform_of(arch, facts.legacy_hwcaps ? cpu : X86{});
  if (!facts.legacy_hwcaps || arch == nullptr)
    return usable;
  usable.legacy = {"tls", usable.platform};
  usable.legacy_bits = uint64_t{1} << 63;
  if (arch->name == "x86_64") {
    if (cpu.avx512_1)
      usable.legacy.emplace_back("avx512_1");
    usable.legacy.emplace_back("x86_64");
    usable.legacy_bits |= 1 | (cpu.avx512_1 ? 2 : 0) | (cpu.haswell ? uint64_t{1} << 48 : 0);
  } else if (arch->name == "i386") {
    usable.legacy.emplace_back("sse2");
    usable.legacy_bits |= uint64_t{1} << 26;
  } else if (arch->name == "aarch64") {
    usable.legacy.emplace_back("atomics");
    usable.legacy_bits |= uint64_t{1} << 8;
  }
  return usable;
}

int x86_level() {
  return probe_x86().level;
}

}  // namespace rescue::elf
