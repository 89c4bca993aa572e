#include "lib/elf/file_words.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/elf/arch.h"
#include "lib/elf/data_sections.h"
#include "lib/elf/format.h"
#include "lib/elf/notes.h"

namespace rescue::elf {

namespace {

constexpr uint32_t SHT_SYMTAB = 2;
constexpr uint32_t SHT_NOTE = 7;
constexpr uint32_t NT_PRPSINFO = 3;
constexpr uint64_t notes_limit = 65536;

// As file(1) spells the machines.
std::string machine_words(const Image& image) {
  switch (image.machine) {
    case EM_386: return "Intel 80386,";
    case EM_X86_64: return "x86-64,";
    case EM_AARCH64: return "ARM aarch64,";
    case EM_ARM: return str("ARM, EABI", image.flags >> 24);
    case EM_S390: return "IBM S/390,";
    case EM_LOONGARCH: return "LoongArch,";
    case EM_PPC64:
      return str("64-bit PowerPC or cisco 7500, ",
                 (image.flags & 3) == 2 ? "OpenPOWER ELF V2 ABI," : "Unspecified or Power ELF V1 ABI,");
    case EM_RISCV: {
      static constexpr std::string_view floats[] = {"soft-float", "single-float", "double-float", "quad-float"};
      return str("UCB RISC-V, ", (image.flags & 1) != 0 ? "RVC, " : "", floats[image.flags >> 1 & 3], " ABI,");
    }
    default: break;
  }
  const std::string_view name = machine_name(image.machine);
  return name.empty() ? str("machine ", image.machine, ',') : str(name, ',');
}

std::string_view system_words(uint8_t osabi) {
  switch (osabi) {
    case 0: return " (SYSV)";
    case 3: return " (GNU/Linux)";
    case 9: return " (FreeBSD)";
    case 97: return " (ARM)";
    case 255: return " (embedded)";
    default: return "";
  }
}

struct Kind {
  std::string_view words;
  std::string_view mime;
};

Kind kind_of(const Image& image) {
  switch (image.type) {
    case ET_REL: return {"relocatable", "application/x-object"};
    case ET_EXEC: return {"executable", "application/x-executable"};
    case ET_CORE: return {"core file", "application/x-coredump"};
    case ET_DYN:
      // Of the loader's own flags alone: a library may have the mode of a program.
      if ((image.flags_1 & DF_1_PIE) != 0)
        return {"pie executable", "application/x-pie-executable"};
      return {"shared object", "application/x-sharedlib"};
    default: return {"no file type", "application/octet-stream"};
  }
}

// What file(1) says of each note, in the order in which it meets them.
void add_notes(FileWords& words, FileView& file, uint64_t offset, uint64_t size, uint64_t alignment,
               const Image& image) {
  const auto notes = file.piece(offset, std::min(size, notes_limit), "notes");
  if (!notes)
    return;
  Image met;
  met.machine = image.machine;
  met.is64 = image.is64;
  read_notes(notes->with_order(image.order), alignment, met);
  if (!met.build_id.empty())
    words.text += str(", BuildID[",
                      met.build_id.size() == 40   ? "sha1"
                      : met.build_id.size() == 32 ? "md5/uuid"
                      : met.build_id.size() == 16 ? "xxHash"
                                                  : "unknown",
                      "]=", met.build_id);
  if (!met.abi_tag.empty())
    words.text += str(", for GNU/Linux ", met.abi_tag);
}

void add_segments(FileWords& words, FileView& file, const Image& image, bool notes) {
  bool dynamic = false;
  for (const Segment& segment : image.segments) {
    dynamic = dynamic || segment.type == PT_DYNAMIC;
    if (segment.type == PT_NOTE && notes)
      add_notes(words, file, segment.offset, segment.file_size, segment.alignment, image);
  }
  if (dynamic && image.interpreter.empty() && image.linkage() == Linkage::static_pie)
    words.text += ", static-pie linked";
  else
    words.text += dynamic ? ", dynamically linked" : ", statically linked";
  if (!image.interpreter.empty())
    words.text += str(", interpreter ", Printable(image.interpreter));
}

// The command line that died, from the note that the kernel writes first.
void add_core(FileWords& words, FileView& file, const Image& image) {
  words.text += ", SVR4-style";
  constexpr std::string_view what = "process note";
  for (const Segment& segment : image.segments) {
    if (segment.type != PT_NOTE)
      continue;
    const auto piece = file.piece(segment.offset, std::min(segment.file_size, notes_limit), what);
    if (!piece)
      return;
    const Bytes notes = piece->with_order(image.order);
    for (uint64_t at = 0; at < notes.size();) {
      const auto name = notes.read<uint32_t>(at, what);
      const auto size = notes.read<uint32_t>(at + 4, what);
      const auto type = notes.read<uint32_t>(at + 8, what);
      if (!name || !size || !type)
        return;
      const uint64_t body = at + 12 + (uint64_t{*name} + 3) / 4 * 4;
      // The arguments are the last 80 bytes of the record, of whatever machine.
      if (*type == NT_PRPSINFO && *size >= 80) {
        const auto arguments = notes.slice(body + *size - 80, 80, what);
        if (arguments)
          words.text +=
              str(", from '", Printable(trim(arguments->text().substr(0, arguments->text().find('\0')))), "'");
        return;
      }
      at = body + (uint64_t{*size} + 3) / 4 * 4;
    }
  }
}

// Of the section headers: their notes, and whether symbols and debugging information are there.
class Sections {
 public:
  Sections(FileView& file, const Image& image, const SectionTable& where) : file_(file), image_(image), where_(where) {}

  // False where they are not all in the file.
  bool read() {
    const auto table = file_.piece(where_.offset, where_.size(), what_);
    if (!table)
      return false;
    table_ = table->with_order(where_.order);
    return true;
  }

  void add(FileWords& words) {
    bool symbols = false;
    bool debug = false;
    const auto names = field(names_index(), 24, 16);
    for (uint64_t i = 0; i < where_.count; ++i) {
      const uint64_t type = read32(i, 4);
      symbols = symbols || type == SHT_SYMTAB;
      if (type == SHT_NOTE)
        add_notes(words, file_, field(i, 24, 16), field(i, 32, 20), field(i, 48, 32), image_);
      debug = debug || name_is(names + read32(i, 0), ".debug_info");
    }
    words.text += str(debug ? ", with debug_info" : "", symbols ? ", not stripped" : ", stripped");
  }

  uint64_t names_index() {
    const auto head = file_.piece(where_.wide ? 62 : 50, 2, what_);
    return head ? head->with_order(where_.order).read<uint16_t>(0, what_).value_or(0) : 0;
  }

 private:
  uint64_t read32(uint64_t i, uint64_t at) const {
    return table_.read<uint32_t>(i * where_.entry_size + at, what_).value_or(0);
  }
  uint64_t field(uint64_t i, uint64_t wide_at, uint64_t narrow_at) const {
    return where_.wide ? table_.read<uint64_t>(i * where_.entry_size + wide_at, what_).value_or(0)
                       : read32(i, narrow_at);
  }
  bool name_is(uint64_t at, std::string_view name) {
    const auto there = file_.piece(at, name.size() + 1, what_);
    return there && there->text() == std::string_view(name.data(), name.size() + 1);
  }

  static constexpr std::string_view what_ = "section header";
  FileView& file_;
  const Image& image_;
  SectionTable where_;
  Bytes table_;
};

}  // namespace

FileWords file_words(FileView& file, const Image& image) {
  const Kind kind = kind_of(image);
  FileWords words;
  words.mime = kind.mime;
  words.text = str("ELF ", image.is64 ? "64" : "32", "-bit ", image.order == std::endian::little ? "LSB " : "MSB ",
                   kind.words, ", ", machine_words(image), " version 1", system_words(image.osabi));
  if (image.type == ET_CORE) {
    add_core(words, file, image);
    return words;
  }
  const uint64_t head = image.is64 ? 64 : 52;
  if (file.size() < head)
    return words;
  const auto header = file.piece(0, head, "ELF header");
  const auto where = header ? section_table(*header) : fail("read", file.path(), EIO);
  if (image.type != ET_REL)
    add_segments(words, file, image, !where);
  if (!where) {
    words.text += ", no section header";
    return words;
  }
  Sections sections(file, image, *where);
  if (sections.read())
    sections.add(words);
  else
    words.text += str(", missing section headers at ", where->offset + sections.names_index() * where->entry_size);
  return words;
}

}  // namespace rescue::elf
