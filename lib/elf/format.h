// The numbers of the ELF specification that the kit reads, under the names that the specification gives them.
#pragma once

#include <cstdint>

namespace rescue::elf {

constexpr uint8_t ELFCLASS32 = 1, ELFCLASS64 = 2;
constexpr uint8_t ELFDATA2LSB = 1, ELFDATA2MSB = 2;
constexpr uint8_t ELFOSABI_NONE = 0, ELFOSABI_GNU = 3;

constexpr uint16_t ET_REL = 1, ET_EXEC = 2, ET_DYN = 3, ET_CORE = 4;

constexpr uint16_t EM_386 = 3, EM_PPC64 = 21, EM_S390 = 22, EM_ARM = 40, EM_X86_64 = 62, EM_AARCH64 = 183,
                   EM_RISCV = 243, EM_LOONGARCH = 258;

constexpr uint32_t PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3, PT_NOTE = 4, PT_GNU_PROPERTY = 0x6474e553;
constexpr uint32_t PF_X = 1, PF_W = 2, PF_R = 4;

constexpr uint64_t DT_NULL = 0, DT_NEEDED = 1, DT_PLTRELSZ = 2, DT_HASH = 4, DT_STRTAB = 5, DT_SYMTAB = 6, DT_RELA = 7,
                   DT_RELASZ = 8, DT_STRSZ = 10, DT_REL = 17, DT_RELSZ = 18, DT_PLTREL = 20, DT_JMPREL = 23,
                   DT_SONAME = 14, DT_RPATH = 15, DT_RUNPATH = 29, DT_FLAGS = 30, DT_RELR = 36,
                   DT_GNU_PRELINKED = 0x6ffffdf5, DT_GNU_HASH = 0x6ffffef5, DT_VERSYM = 0x6ffffff0,
                   DT_FLAGS_1 = 0x6ffffffb, DT_VERDEF = 0x6ffffffc, DT_VERDEFNUM = 0x6ffffffd, DT_VERNEED = 0x6ffffffe,
                   DT_VERNEEDNUM = 0x6fffffff, DT_AUXILIARY = 0x7ffffffd, DT_FILTER = 0x7fffffff;

constexpr uint64_t DF_1_NODEFLIB = 0x800, DF_1_PIE = 0x8000000;

constexpr uint16_t VER_FLG_BASE = 1, VER_FLG_WEAK = 2;

constexpr uint32_t NT_GNU_ABI_TAG = 1, NT_GNU_BUILD_ID = 3, NT_GNU_PROPERTY_TYPE_0 = 5;
constexpr uint32_t GNU_PROPERTY_X86_ISA_1_NEEDED = 0xc0008002;

}  // namespace rescue::elf
