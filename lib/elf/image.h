// What the loader would learn from an ELF file: its headers, what it needs, and what it offers.
//
// Program headers only: section headers may be stripped or wrong and nothing changes. A few pages are read, never
// the whole file; every offset and count is checked against the file before it is followed. Both classes and both
// byte orders are read by the same code.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/error.h"
#include "lib/elf/format.h"

namespace rescue::elf {

// A version name that a file needs of a library, or that a library defines. `hash` is what the file says it is:
// the loader compares hash and name, so a wrong hash is a version that is not there.
struct VersionName {
  std::string name;
  uint32_t hash = 0;
  uint16_t index = 0;  // how the symbols of the same file refer to it
  bool weak = false;   // of a need: its absence is only a warning
  bool base = false;   // of a definition: the name of the library itself, which nobody asks for
};

struct VersionNeed {
  std::string library;  // as in DT_NEEDED
  std::vector<VersionName> versions;
};

struct Segment {
  uint32_t type = 0;
  uint32_t flags = 0;
  uint64_t offset = 0;
  uint64_t address = 0;
  uint64_t file_size = 0;
  uint64_t memory_size = 0;
  uint64_t alignment = 0;
};

enum class Linkage : uint8_t {
  dynamic_program,  // names a loader
  library,          // shared object; the loader itself is one
  static_program,
  static_pie,
  relocatable,  // .o, kernel module
  core,
  other,
};

enum class CLibrary : uint8_t { unknown, glibc, musl };

struct Image {
  // Reads the ELF file behind `fd`. An error also when what the loader needs is damaged.
  static Result<Image> open(int fd, std::string_view path);
  // The same, when the size is known.
  static Result<Image> open(int fd, uint64_t size, std::string_view path);
  static Result<Image> parse(Bytes file);

  // As open() and parse(), but stops at nothing behind the program headers: `damage` holds the first thing wrong,
  // and the fields what could still be read. For saying what a broken file once was.
  static Result<Image> salvage(int fd, std::string_view path);
  static Result<Image> salvage(int fd, uint64_t size, std::string_view path);
  static Result<Image> salvage(Bytes file);

  bool is64 = false;
  std::endian order = std::endian::little;
  uint8_t osabi = 0;
  uint16_t type = 0;     // ET_*
  uint16_t machine = 0;  // EM_*
  uint32_t flags = 0;    // e_flags
  uint64_t file_size = 0;

  std::vector<Segment> segments;
  std::string interpreter;  // PT_INTERP, or empty
  bool has_dynamic = false;

  std::vector<std::string> needed;     // DT_NEEDED, in order
  std::vector<std::string> filters;    // DT_FILTER: loaded like a need
  std::vector<std::string> auxiliary;  // DT_AUXILIARY: loaded if it is there
  std::string soname;
  std::string rpath;  // as written, colons and tokens and all
  std::string runpath;
  bool has_rpath = false;
  bool has_runpath = false;
  uint64_t flags_1 = 0;
  bool prelinked = false;  // its addresses were filled in by prelink, so that its bytes are no package's any more
  bool has_relr = false;   // packed relative relocations: an old loader would skip them

  std::vector<VersionNeed> version_needs;
  std::vector<VersionName> version_definitions;

  std::string build_id;                    // lower-case hex, or empty
  std::string abi_tag;                     // least kernel, "3.2.0", or empty
  uint32_t abi_kernel = 0;                 // the same as major << 16 | minor << 8 | patch
  std::optional<uint32_t> x86_isa_needed;  // bits 0..3: x86-64 baseline, v2, v3, v4

  uint64_t loads_end = 0;     // the end of the last byte that a PT_LOAD takes from the file
  uint64_t sections_end = 0;  // the end of the section headers, which stand last in most files

  // For lookups in the symbol tables: places in the file, 0 if absent.
  struct Tables {
    uint64_t strings = 0, strings_size = 0;
    uint64_t symbols = 0, versions = 0, gnu_hash = 0, sysv_hash = 0;
    // Relocations with and without addends, and those of the procedure linkage table, which are of either kind.
    uint64_t rela = 0, rela_size = 0, rel = 0, rel_size = 0, plt = 0, plt_size = 0;
    bool plt_has_addends = false;
  };
  Tables tables;

  std::optional<Error> damage;  // set by salvage() only

  // The file ends before what the kernel would map: running it ends in SIGBUS.
  bool truncated() const { return loads_end > file_size; }
  // It was longer once, though all that is mapped may be there.
  bool cut_short() const { return truncated() || sections_end > file_size; }

  Linkage linkage() const;
  CLibrary c_library() const;
  bool defines(const VersionName& version) const;
  bool same_machine(const Image& other) const;
};

// Whether the first bytes of a file are those of an ELF file.
bool is_elf(std::string_view head);

}  // namespace rescue::elf
