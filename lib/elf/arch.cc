#include "lib/elf/arch.h"

#include <algorithm>
#include <array>
#include <utility>

namespace rescue::elf {

namespace {

constexpr auto little = std::endian::little, big = std::endian::big;

// clang-format off
constexpr Arch table[] = {
    {"x86_64", "/lib64/ld-linux-x86-64.so.2", "x86_64-linux-gnu", "2.2.5", "lib64", EM_X86_64, true, little, 0, 0, 0x0303},
    {"x32", "/libx32/ld-linux-x32.so.2", "x86_64-linux-gnux32", "2.16", "libx32", EM_X86_64, false, little, 0, 0, 0x0803},
    {"i386", "/lib/ld-linux.so.2", "i386-linux-gnu", "2.0", "lib", EM_386, false, little, 0, 0, 0x0003},
    {"aarch64", "/lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu", "2.17", "lib64", EM_AARCH64, true, little, 0, 0, 0x0a03},
    {"armel", "/lib/ld-linux.so.3", "arm-linux-gnueabi", "2.4", "lib", EM_ARM, false, little, 0x600, 0x200, 0x0b03},
    // Libraries without either float mark are taken by both; the hard-float loader is the common one.
    {"armhf", "/lib/ld-linux-armhf.so.3", "arm-linux-gnueabihf", "2.4", "lib", EM_ARM, false, little, 0, 0, 0x0903},
    {"riscv64", "/lib/ld-linux-riscv64-lp64d.so.1", "riscv64-linux-gnu", "2.27", "lib64/lp64d", EM_RISCV, true, little, 6, 4, 0x1003},
    {"riscv64sf", "/lib/ld-linux-riscv64-lp64.so.1", "riscv64-linux-gnu", "2.27", "lib64/lp64", EM_RISCV, true, little, 6, 0, 0x0f03},
    {"ppc64le", "/lib64/ld64.so.2", "powerpc64le-linux-gnu", "2.17", "lib64", EM_PPC64, true, little, 0, 0, 0x0503},
    {"ppc64", "/lib64/ld64.so.1", "powerpc64-linux-gnu", "2.3", "lib64", EM_PPC64, true, big, 0, 0, 0x0503},
    {"s390x", "/lib/ld64.so.1", "s390x-linux-gnu", "2.2", "lib64", EM_S390, true, big, 0, 0, 0x0403},
    {"loongarch64", "/lib64/ld-linux-loongarch-lp64d.so.1", "loongarch64-linux-gnu", "2.36", "lib64", EM_LOONGARCH, true, little, 7, 3, 0x1203},
    {"loongarch64sf", "/lib64/ld-linux-loongarch-lp64s.so.1", "loongarch64-linux-gnu", "2.36", "lib64", EM_LOONGARCH, true, little, 7, 1, 0x1103},
};
// clang-format on

constexpr std::array<std::pair<uint16_t, std::string_view>, 14> machine_names = {{
    {2, "SPARC"},
    {3, "Intel 80386"},
    {4, "Motorola 68000"},
    {8, "MIPS"},
    {15, "PA-RISC"},
    {20, "PowerPC"},
    {21, "PowerPC64"},
    {22, "S/390"},
    {40, "ARM"},
    {43, "SPARC v9"},
    {62, "x86-64"},
    {183, "AArch64"},
    {243, "RISC-V"},
    {258, "LoongArch"},
}};

}  // namespace

std::span<const Arch> architectures() {
  return table;
}

const Arch* architecture_of(const Image& image) {
  const auto* found = std::ranges::find_if(table, [&](const Arch& arch) {
    return arch.machine == image.machine && arch.is64 == image.is64 && arch.order == image.order &&
           (image.flags & arch.flags_mask) == arch.flags_value;
  });
  return found != std::end(table) ? found : nullptr;
}

const Arch* architecture_named(std::string_view name) {
  const auto* found = std::ranges::find(table, name, &Arch::name);
  return found != std::end(table) ? found : nullptr;
}

std::string_view machine_name(uint16_t machine) {
  const auto* found = std::ranges::find(machine_names, machine, [](const auto& row) { return row.first; });
  return found != machine_names.end() ? found->second : "";
}

}  // namespace rescue::elf
