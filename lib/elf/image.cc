#include "lib/elf/image.h"

#include <algorithm>

#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/elf/file_view.h"
#include "lib/elf/notes.h"

namespace rescue::elf {

namespace {

constexpr uint64_t longest_dynamic_section = 1 << 20;
constexpr uint64_t longest_note = 1 << 16;
// All names together. The largest real files hold some hundred kilobytes.
constexpr uint64_t most_text = 4 << 20;

struct Need {
  uint64_t tag;
  uint64_t offset;
};

// Reads one file from its header on. Field positions differ between the two classes; everything else is shared.
class Reader {
 public:
  Reader(FileView& file, Image& image) : file_(file), image_(image) {}

  Result<> header();
  Result<> program_headers();
  Result<> rest();

 private:
  // The position of a field: `small` in 32-bit files, `large` in 64-bit ones.
  uint64_t at(uint64_t small, uint64_t large) const { return image_.is64 ? large : small; }
  Result<uint64_t> word(const Bytes& bytes, uint64_t offset, std::string_view what) const;
  Result<Bytes> piece(uint64_t offset, uint64_t length, std::string_view what);

  Result<> interpreter(const Segment& segment);
  Result<> notes(const Segment& segment);
  Result<> dynamic(const Segment& segment);
  Result<> take_tag(uint64_t tag, uint64_t value);
  Result<> place_tables();
  Result<uint64_t> file_offset(uint64_t address, std::string_view what) const;
  Result<std::string> text(uint64_t offset, std::string_view what);
  Result<> names();
  Result<> version_needs();
  Result<> version_need_names(VersionNeed& need, uint64_t offset, uint16_t count);
  Result<> version_definitions();
  Result<> count_record(std::string_view what);

  FileView& file_;
  Image& image_;
  uint64_t text_left_ = most_text;
  uint64_t records_left_ = 0;

  std::vector<Need> wanted_;  // entries of the dynamic section whose value is a string
  uint64_t strings_ = 0, symbols_ = 0, versions_ = 0, gnu_hash_ = 0, sysv_hash_ = 0;  // addresses
  uint64_t rela_ = 0, rel_ = 0, plt_ = 0;
  uint64_t needs_ = 0, needs_count_ = 0, definitions_ = 0, definitions_count_ = 0;
};

Result<Bytes> Reader::piece(uint64_t offset, uint64_t length, std::string_view what) {
  return TRY(file_.piece(offset, length, what)).with_order(image_.order);
}

Result<uint64_t> Reader::word(const Bytes& bytes, uint64_t offset, std::string_view what) const {
  if (image_.is64)
    return bytes.read<uint64_t>(offset, what);
  return TRY(bytes.read<uint32_t>(offset, what));
}

Result<> Reader::header() {
  constexpr std::string_view what = "ELF header";
  if (file_.size() < 16)
    return corrupt(what, file_.path(), "the file is too short");
  const std::string_view ident = TRY(file_.piece(0, 16, what)).text();
  if (!is_elf(ident))
    return corrupt(what, file_.path(), "not an ELF file");
  const auto elf_class = static_cast<uint8_t>(ident[4]);
  const auto data = static_cast<uint8_t>(ident[5]);
  if (elf_class != ELFCLASS32 && elf_class != ELFCLASS64)
    return corrupt(what, file_.path(), "neither a 32-bit nor a 64-bit file");
  if (data != ELFDATA2LSB && data != ELFDATA2MSB)
    return corrupt(what, file_.path(), "unknown byte order");
  if (ident[6] != 1)
    return corrupt(what, file_.path(), "unknown ELF version");
  image_.is64 = elf_class == ELFCLASS64;
  image_.order = data == ELFDATA2LSB ? std::endian::little : std::endian::big;
  image_.osabi = static_cast<uint8_t>(ident[7]);
  image_.file_size = file_.size();
  const uint64_t size = at(52, 64);
  if (file_.size() < size)
    return corrupt(what, file_.path(), "the file is too short");
  const Bytes bytes = TRY(piece(0, size, what));
  image_.type = TRY(bytes.read<uint16_t>(16, what));
  image_.machine = TRY(bytes.read<uint16_t>(18, what));
  image_.flags = TRY(bytes.read<uint32_t>(at(36, 48), what));
  const uint64_t sections = TRY(word(bytes, at(32, 40), what));
  const uint64_t sections_size =
      uint64_t{TRY(bytes.read<uint16_t>(at(46, 58), what))} * TRY(bytes.read<uint16_t>(at(48, 60), what));
  if (sections != 0)
    image_.sections_end = sections > UINT64_MAX - sections_size ? UINT64_MAX : sections + sections_size;
  return {};
}

Result<> Reader::program_headers() {
  constexpr std::string_view what = "program headers";
  const Bytes head = TRY(piece(0, at(52, 64), what));
  const uint64_t offset = TRY(word(head, at(28, 32), what));
  const uint64_t size = TRY(head.read<uint16_t>(at(42, 54), what));
  const uint64_t count = TRY(head.read<uint16_t>(at(44, 56), what));
  if (count == 0)
    return {};
  if (size != at(32, 56))
    return corrupt(what, file_.path(), "have an unknown size");
  const Bytes table = TRY(piece(offset, size * count, what));
  image_.segments.reserve(count);
  for (uint64_t at_entry = 0; at_entry < table.size(); at_entry += size) {
    const auto field = [&](uint64_t small, uint64_t large) { return word(table, at_entry + at(small, large), what); };
    Segment segment;
    segment.type = TRY(table.read<uint32_t>(at_entry, what));
    segment.flags = TRY(table.read<uint32_t>(at_entry + at(24, 4), what));
    segment.offset = TRY(field(4, 8));
    segment.address = TRY(field(8, 16));
    segment.file_size = TRY(field(16, 32));
    segment.memory_size = TRY(field(20, 40));
    segment.alignment = TRY(field(28, 48));
    if (segment.type == PT_LOAD && segment.file_size != 0) {
      const uint64_t end =
          segment.offset > UINT64_MAX - segment.file_size ? UINT64_MAX : segment.offset + segment.file_size;
      image_.loads_end = std::max(image_.loads_end, end);
    }
    image_.segments.push_back(segment);
  }
  return {};
}

Result<> Reader::rest() {
  if (image_.type != ET_EXEC && image_.type != ET_DYN)
    return {};
  // Records of the version tables take 16 bytes and more each, so there cannot be more of them than this. It
  // bounds the work on a file whose records overlap.
  records_left_ = file_.size() / 16;
  for (const Segment& segment : image_.segments) {
    if (segment.type == PT_INTERP)
      TRY(interpreter(segment));
    else if (segment.type == PT_NOTE || segment.type == PT_GNU_PROPERTY)
      TRY(notes(segment));
  }
  // The loader takes the last dynamic segment; a sane file has one.
  const auto found = std::ranges::find_if(image_.segments.rbegin(), image_.segments.rend(),
                                          [](const Segment& segment) { return segment.type == PT_DYNAMIC; });
  if (found != image_.segments.rend())
    return dynamic(*found);
  return {};
}

Result<> Reader::interpreter(const Segment& segment) {
  constexpr std::string_view what = "loader name";
  if (segment.file_size > 4096)
    return corrupt(what, file_.path(), "is larger than it can be");
  const Bytes bytes = TRY(piece(segment.offset, segment.file_size, what));
  image_.interpreter = TRY(bytes.c_string(0, what));
  return {};
}

Result<> Reader::notes(const Segment& segment) {
  if (segment.file_size > longest_note)
    return {};  // the loader looks at small ones only, and so do we
  read_notes(TRY(piece(segment.offset, segment.file_size, "notes")), segment.alignment, image_);
  return {};
}

Result<> Reader::dynamic(const Segment& segment) {
  constexpr std::string_view what = "dynamic section";
  if (segment.file_size > longest_dynamic_section)
    return corrupt(what, file_.path(), "is larger than it can be");
  const Bytes bytes = TRY(piece(segment.offset, segment.file_size, what));
  image_.has_dynamic = true;
  const uint64_t entry = at(8, 16);
  for (uint64_t offset = 0; bytes.size() - offset >= entry; offset += entry) {
    const uint64_t tag = TRY(word(bytes, offset, what));
    if (tag == DT_NULL)
      break;
    TRY(take_tag(tag, TRY(word(bytes, offset + entry / 2, what))));
  }
  TRY(place_tables());
  TRY(names());
  TRY(version_needs());
  return version_definitions();
}

Result<> Reader::take_tag(uint64_t tag, uint64_t value) {
  switch (tag) {
    case DT_NEEDED:
    case DT_SONAME:
    case DT_RPATH:
    case DT_RUNPATH:
    case DT_FILTER:
    case DT_AUXILIARY: wanted_.push_back({tag, value}); break;
    case DT_STRTAB: strings_ = value; break;
    case DT_STRSZ: image_.tables.strings_size = value; break;
    case DT_SYMTAB: symbols_ = value; break;
    case DT_VERSYM: versions_ = value; break;
    case DT_GNU_HASH: gnu_hash_ = value; break;
    case DT_HASH: sysv_hash_ = value; break;
    case DT_RELA: rela_ = value; break;
    case DT_RELASZ: image_.tables.rela_size = value; break;
    case DT_REL: rel_ = value; break;
    case DT_RELSZ: image_.tables.rel_size = value; break;
    case DT_JMPREL: plt_ = value; break;
    case DT_PLTRELSZ: image_.tables.plt_size = value; break;
    case DT_PLTREL: image_.tables.plt_has_addends = value == DT_RELA; break;
    case DT_FLAGS_1: image_.flags_1 = value; break;
    case DT_RELR: image_.has_relr = true; break;
    case DT_GNU_PRELINKED: image_.prelinked = true; break;
    case DT_VERNEED: needs_ = value; break;
    case DT_VERNEEDNUM: needs_count_ = value; break;
    case DT_VERDEF: definitions_ = value; break;
    case DT_VERDEFNUM: definitions_count_ = value; break;
    default: break;
  }
  return {};
}

// The dynamic section speaks of addresses; the PT_LOAD segments say where in the file they are.
Result<uint64_t> Reader::file_offset(uint64_t address, std::string_view what) const {
  for (const Segment& segment : image_.segments) {
    if (segment.type == PT_LOAD && address >= segment.address && address - segment.address < segment.file_size) {
      const uint64_t inside = address - segment.address;
      if (segment.offset > file_.size() || inside >= file_.size() - segment.offset)
        break;
      return segment.offset + inside;
    }
  }
  return corrupt(what, file_.path(), "lies outside the file");
}

Result<> Reader::place_tables() {
  Image::Tables& tables = image_.tables;
  if (strings_ != 0) {
    tables.strings = TRY(file_offset(strings_, "string table"));
    if (tables.strings_size > file_.size() - tables.strings)
      return corrupt("string table", file_.path(), "ends past the file");
  }
  // Only a search for symbols follows these, and checks them then.
  const auto place = [&](uint64_t address) { return address == 0 ? 0 : file_offset(address, "").value_or(0); };
  tables.symbols = place(symbols_);
  tables.versions = place(versions_);
  tables.gnu_hash = place(gnu_hash_);
  tables.sysv_hash = place(sysv_hash_);
  tables.rela = place(rela_);
  tables.rel = place(rel_);
  tables.plt = place(plt_);
  return {};
}

Result<std::string> Reader::text(uint64_t offset, std::string_view what) {
  const Image::Tables& tables = image_.tables;
  if (offset >= tables.strings_size)
    return corrupt(what, file_.path(), "lies outside the string table");
  const uint64_t end = tables.strings + tables.strings_size;
  const std::string_view found = TRY(file_.c_string(tables.strings + offset, end, what));
  if (found.size() > text_left_)
    return corrupt(what, file_.path(), "more names than a file can need");
  text_left_ -= found.size();
  return std::string(found);
}

Result<> Reader::names() {
  for (const Need& entry : wanted_) {
    switch (entry.tag) {
      case DT_NEEDED: image_.needed.push_back(TRY(text(entry.offset, "needed library"))); break;
      case DT_FILTER: image_.filters.push_back(TRY(text(entry.offset, "filtered library"))); break;
      case DT_AUXILIARY: image_.auxiliary.push_back(TRY(text(entry.offset, "auxiliary library"))); break;
      case DT_SONAME: image_.soname = TRY(text(entry.offset, "soname")); break;
      case DT_RPATH:
        image_.rpath = TRY(text(entry.offset, "rpath"));
        image_.has_rpath = true;
        break;
      default:
        image_.runpath = TRY(text(entry.offset, "runpath"));
        image_.has_runpath = true;
        break;
    }
  }
  return {};
}

Result<> Reader::count_record(std::string_view what) {
  if (records_left_ == 0)
    return corrupt(what, file_.path(), "more entries than the file can hold");
  --records_left_;
  return {};
}

// Each record says how far behind it the next one lies, so that offsets only grow.
Result<> Reader::version_needs() {
  constexpr std::string_view what = "needed versions";
  if (needs_ == 0)
    return {};
  uint64_t offset = TRY(file_offset(needs_, what));
  for (uint64_t i = 0; i < needs_count_; ++i) {
    TRY(count_record(what));
    const Bytes record = TRY(piece(offset, 16, what));
    const auto count = TRY(record.read<uint16_t>(2, what));
    const auto names = TRY(record.read<uint32_t>(8, what));
    const auto next = TRY(record.read<uint32_t>(12, what));
    VersionNeed need{TRY(text(TRY(record.read<uint32_t>(4, what)), what)), {}};
    TRY(version_need_names(need, offset + names, count));
    image_.version_needs.push_back(std::move(need));
    if (next == 0)
      break;
    offset += next;
  }
  return {};
}

Result<> Reader::version_need_names(VersionNeed& need, uint64_t offset, uint16_t count) {
  constexpr std::string_view what = "needed version";
  for (uint16_t i = 0; i < count; ++i) {
    TRY(count_record(what));
    const Bytes record = TRY(piece(offset, 16, what));
    VersionName version;
    version.hash = TRY(record.read<uint32_t>(0, what));
    version.index = TRY(record.read<uint16_t>(6, what)) & 0x7fff;
    version.weak = (TRY(record.read<uint16_t>(4, what)) & VER_FLG_WEAK) != 0;
    version.name = TRY(text(TRY(record.read<uint32_t>(8, what)), what));
    const auto next = TRY(record.read<uint32_t>(12, what));
    need.versions.push_back(std::move(version));
    if (next == 0)
      break;
    offset += next;
  }
  return {};
}

Result<> Reader::version_definitions() {
  constexpr std::string_view what = "defined versions";
  if (definitions_ == 0)
    return {};
  uint64_t offset = TRY(file_offset(definitions_, what));
  for (uint64_t i = 0; i < definitions_count_; ++i) {
    TRY(count_record(what));
    const Bytes record = TRY(piece(offset, 20, what));
    VersionName version;
    version.base = (TRY(record.read<uint16_t>(2, what)) & VER_FLG_BASE) != 0;
    version.index = TRY(record.read<uint16_t>(4, what)) & 0x7fff;
    version.hash = TRY(record.read<uint32_t>(8, what));
    // The first name is the version's own; those behind it are the versions that it inherits.
    const auto names = TRY(record.read<uint32_t>(12, what));
    const Bytes name = TRY(piece(offset + names, 8, what));
    version.name = TRY(text(TRY(name.read<uint32_t>(0, what)), what));
    image_.version_definitions.push_back(std::move(version));
    const auto next = TRY(record.read<uint32_t>(16, what));
    if (next == 0)
      break;
    offset += next;
  }
  return {};
}

Result<Image> read_image(FileView&& file, bool tolerant) {
  Image image;
  Reader reader(file, image);
  TRY(reader.header());
  auto done = reader.program_headers().and_then([&] { return reader.rest(); });
  if (!done && !tolerant)
    return std::unexpected(std::move(done).error());
  if (!done)
    image.damage = std::move(done).error();
  return image;
}

Result<uint64_t> size_of(int fd, std::string_view path) {
  struct stat info{};
  if (::fstat(fd, &info) < 0)
    return fail("look at", path);
  if (!S_ISREG(info.st_mode))
    return fail("read", path, "not a regular file");
  return static_cast<uint64_t>(info.st_size);
}

}  // namespace

Result<Image> Image::open(int fd, std::string_view path) {
  return read_image(FileView(fd, TRY(size_of(fd, path)), path), false);
}

Result<Image> Image::open(int fd, uint64_t size, std::string_view path) {
  return read_image(FileView(fd, size, path), false);
}

Result<Image> Image::parse(Bytes file) {
  return read_image(FileView(file), false);
}

Result<Image> Image::salvage(int fd, std::string_view path) {
  return read_image(FileView(fd, TRY(size_of(fd, path)), path), true);
}

Result<Image> Image::salvage(int fd, uint64_t size, std::string_view path) {
  return read_image(FileView(fd, size, path), true);
}

Result<Image> Image::salvage(Bytes file) {
  return read_image(FileView(file), true);
}

Linkage Image::linkage() const {
  if (type == ET_REL)
    return Linkage::relocatable;
  if (type == ET_CORE)
    return Linkage::core;
  if (type != ET_EXEC && type != ET_DYN)
    return Linkage::other;
  // libc.so.6 can be run and names a loader too, but it is a library by its soname.
  if (!interpreter.empty())
    return type == ET_DYN && !soname.empty() && (flags_1 & DF_1_PIE) == 0 ? Linkage::library : Linkage::dynamic_program;
  if (type == ET_EXEC)
    return Linkage::static_program;
  return (flags_1 & DF_1_PIE) != 0 && needed.empty() ? Linkage::static_pie : Linkage::library;
}

CLibrary Image::c_library() const {
  if (base_name(interpreter).starts_with("ld-musl-"))
    return CLibrary::musl;
  for (const std::string& name : needed) {
    if (name.starts_with("libc.musl-") || name == "libc.so")
      return CLibrary::musl;
    if (name.starts_with("libc.so."))
      return CLibrary::glibc;
  }
  return CLibrary::unknown;
}

bool Image::defines(const VersionName& version) const {
  return std::ranges::any_of(version_definitions, [&](const VersionName& definition) {
    return definition.hash == version.hash && definition.name == version.name;
  });
}

bool Image::same_machine(const Image& other) const {
  return is64 == other.is64 && order == other.order && machine == other.machine;
}

bool is_elf(std::string_view head) {
  return head.starts_with(
      "\x7f"
      "ELF");
}

}  // namespace rescue::elf
