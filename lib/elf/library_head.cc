#include "lib/elf/library_head.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/elf/format.h"

namespace rescue::elf {

namespace {

constexpr uint64_t page = 4096;
constexpr uint64_t longest_soname = 4096;
constexpr uint64_t longest_dynamic = 1 << 16;
constexpr uint64_t longest_notes = 1 << 16;
constexpr std::string_view truncated = "is truncated";

// glibc maps the file: what lies behind its end, up to the end of the page, reads as zeros. Only where a table begins
// is checked against the file's size. Of a truncated library it makes something all the same, and so must we.
class HeadFile {
 public:
  HeadFile(int fd, std::string_view whole, uint64_t size, std::string_view path, std::endian order)
      : fd_(fd), whole_(whole), size_(size), mapped_((size + page - 1) / page * page), path_(path), order_(order) {}

  Result<Bytes> piece(uint64_t offset, uint64_t length) {
    if (offset > size_ || length > mapped_ - offset)
      return corrupt("read library", path_, truncated);
    if (length <= head_.size() && offset <= head_.size() - length)
      return Bytes(std::string_view(head_.data() + offset, length), path_, order_);
    char* const chunk = room_for(length);
    TRY(fill({chunk, length}, offset));
    return Bytes(std::string_view(chunk, length), path_, order_);
  }

  Result<> read_head() { return fill(head_, 0); }
  uint64_t size() const { return size_; }
  std::string_view path() const { return path_; }
  // How much may be read at `offset`.
  uint64_t left(uint64_t offset) const { return offset > size_ ? 0 : mapped_ - offset; }

 private:
  // From our own room as long as there is some: musl takes memory of this size from the kernel, and gives it back.
  char* room_for(uint64_t length) {
    if (length <= room_.size() - used_)
      return room_.data() + std::exchange(used_, used_ + length);
    return chunks_.emplace_back(std::make_unique_for_overwrite<char[]>(length)).get();
  }

  Result<> fill(std::span<char> buffer, uint64_t offset) {
    size_t count = 0;
    if (fd_ >= 0)
      count = TRY(pread_full(fd_, buffer, offset, path_));
    else if (offset < whole_.size())
      count = whole_.substr(offset).copy(buffer.data(), buffer.size());
    std::memset(buffer.data() + count, 0, buffer.size() - count);
    return {};
  }

  int fd_;
  std::string_view whole_;
  uint64_t size_, mapped_;
  std::string_view path_;
  std::endian order_;
  size_t used_ = 0;
  std::array<char, page> head_;
  std::array<char, size_t{2} * page> room_;
  std::vector<std::unique_ptr<char[]>> chunks_;
};

struct Part {
  uint32_t type = 0;
  uint64_t offset = 0, address = 0, size = 0, alignment = 0;
};

class HeadReader {
 public:
  HeadReader(HeadFile& file, const CacheStyle& style) : file_(file), style_(style) {}

  Result<std::optional<LibraryHead>> run() {
    if (!TRY(header()))
      return std::nullopt;
    TRY(program_headers());
    for (const Part& part : parts_)
      TRY(take(part));
    if (!TRY(dynamic()))
      return std::nullopt;
    mark();
    return std::move(head_);
  }

 private:
  static constexpr std::string_view what = "read library";

  uint64_t at(uint64_t small, uint64_t large) const { return is64_ ? large : small; }
  Result<uint64_t> word(const Bytes& bytes, uint64_t offset) const {
    if (is64_)
      return bytes.read<uint64_t>(offset, what);
    return TRY(bytes.read<uint32_t>(offset, what));
  }

  Result<bool> header();
  Result<bool> not_elf(const Bytes& start);
  Result<bool> known_machine();
  Result<> program_headers();
  Result<> take(const Part& part);
  Result<> os_version(const Part& part);
  Result<> isa_level(const Part& part);
  Result<bool> dynamic();
  Result<std::optional<uint64_t>> strings(const Bytes& table);
  uint64_t place(uint64_t address) const;
  Result<std::string> text(uint64_t offset);
  bool is_own_loader(std::string_view name) const;
  void mark();

  HeadFile& file_;
  const CacheStyle& style_;
  LibraryHead head_;
  bool is64_ = false;
  uint16_t machine_ = 0;
  uint32_t e_flags_ = 0;
  std::vector<Part> parts_;
  std::optional<Part> dynamic_;
};

// A linker script has the name of a library, and is meant for the linker alone.
Result<bool> HeadReader::not_elf(const Bytes& start) {
  const std::string_view text = start.text().substr(0, std::min<uint64_t>(512, file_.size()));
  if (text.find("GROUP") != std::string_view::npos || text.find("GNU ld script") != std::string_view::npos)
    return false;
  return fail("read library", file_.path(), "is not an ELF file: its first bytes are others");
}

Result<bool> HeadReader::header() {
  if (file_.size() == 0)
    return fail("read library", file_.path(), "is empty");
  TRY(file_.read_head());
  const Bytes start = TRY(file_.piece(0, page));
  const std::string_view magic =
      "\x7f"
      "ELF";
  if (file_.size() < (style_.arch->is64 ? 64 : 52)) {
    if (start.text().starts_with(magic.substr(0, file_.size())))
      return fail("read library", file_.path(), "is too short for an ELF file");
    return false;
  }
  if (!start.text().starts_with(magic))
    return not_elf(start);
  const auto elf_class = TRY(start.read<uint8_t>(4, what));
  is64_ = elf_class == ELFCLASS64;
  machine_ = TRY(start.read<uint16_t>(18, what));
  e_flags_ = TRY(start.read<uint32_t>(at(36, 48), what));
  // Of the other byte order, the type reads as a number that no library has.
  if (TRY(start.read<uint16_t>(16, what)) != ET_DYN || (elf_class != ELFCLASS32 && elf_class != ELFCLASS64))
    return false;
  return known_machine();
}

// glibc for x86 refuses other machines; elsewhere they get the mark of any library.
Result<bool> HeadReader::known_machine() {
  if (style_.is_x86() && machine_ != EM_X86_64 && (is64_ || machine_ != EM_386))
    return fail("read library", file_.path(), "is made for another kind of processor");
  return true;
}

Result<> HeadReader::program_headers() {
  const Bytes start = TRY(file_.piece(0, 64));
  const uint64_t offset = TRY(word(start, at(28, 32)));
  const uint64_t count = TRY(start.read<uint16_t>(at(44, 56), what));
  const uint64_t size = at(32, 56);
  const Bytes table = TRY(file_.piece(offset, count * size));
  parts_.reserve(count);
  for (uint64_t entry = 0; entry < table.size(); entry += size) {
    const auto field = [&](uint64_t small, uint64_t large) { return word(table, entry + at(small, large)); };
    parts_.push_back({TRY(table.read<uint32_t>(entry, what)), TRY(field(4, 8)), TRY(field(8, 16)), TRY(field(16, 32)),
                      TRY(field(28, 48))});
  }
  return {};
}

Result<> HeadReader::take(const Part& part) {
  switch (part.type) {
    case PT_DYNAMIC: dynamic_ = part; break;
    case PT_INTERP: {
      if (!style_.old_libcs)
        break;
      const std::string name = TRY(text(part.offset));
      if (is_own_loader(name))
        head_.flags = 3;
      break;
    }
    case PT_NOTE: {
      if (style_.os_versions && head_.os_version == 0)
        TRY(os_version(part));
      if (style_.named_hwcaps && style_.is_x86())
        TRY(isa_level(part));
      break;
    }
    case PT_GNU_PROPERTY: {
      if (style_.named_hwcaps && style_.is_x86())
        TRY(isa_level(part));
      break;
    }
    default: break;
  }
  return {};
}

// Calls `look(type, body)` for GNU's notes until it gives true. A note that does not fit ends the walk.
template <typename F>
void walk_notes(const Bytes& notes, uint64_t alignment, F look) {
  const auto up = [&](uint64_t value) { return (value + alignment - 1) / alignment * alignment; };
  uint64_t offset = 0;
  while (offset < notes.size() && notes.size() - offset >= 12) {
    const uint64_t name_size = notes.read<uint32_t>(offset, "").value_or(0);
    const uint64_t body_size = notes.read<uint32_t>(offset + 4, "").value_or(0);
    const uint32_t type = notes.read<uint32_t>(offset + 8, "").value_or(0);
    const auto name = notes.slice(offset + 12, name_size, "");
    const auto body = notes.slice(offset + up(12 + name_size), body_size, "");
    if (!name || !body)
      return;
    if (name->text() == std::string_view("GNU\0", 4) && look(type, *body))
      return;
    offset += up(up(12 + name_size) + body_size);
  }
}

Result<> HeadReader::os_version(const Part& part) {
  if (part.size < 32 || part.size > longest_notes || part.alignment < 4)
    return {};
  const Bytes notes = TRY(file_.piece(part.offset, part.size));
  walk_notes(notes, part.alignment == 8 ? 8 : 4, [&](uint32_t type, const Bytes& body) {
    if (type != NT_GNU_ABI_TAG || body.size() != 16)
      return false;
    const auto number = [&](uint64_t offset) { return body.read<uint32_t>(offset, "").value_or(0); };
    head_.os_version = number(0) << 24 | (number(4) & 0xff) << 16 | (number(8) & 0xff) << 8 | (number(12) & 0xff);
    return true;
  });
  return {};
}

Result<> HeadReader::isa_level(const Part& part) {
  const uint64_t alignment = at(4, 8);
  if (part.size > longest_notes || part.alignment != alignment)
    return {};
  const Bytes notes = TRY(file_.piece(part.offset, part.size));
  walk_notes(notes, alignment, [&](uint32_t type, const Bytes& body) {
    if (type != NT_GNU_PROPERTY_TYPE_0)
      return false;
    for (uint64_t offset = 0; offset < body.size() && body.size() - offset >= 12;) {
      const uint32_t property = body.read<uint32_t>(offset, "").value_or(0);
      const uint64_t size = body.read<uint32_t>(offset + 4, "").value_or(0);
      const uint32_t value = body.read<uint32_t>(offset + 8, "").value_or(0);
      if (property == GNU_PROPERTY_X86_ISA_1_NEEDED && size == 4) {
        head_.isa_level = value == 0 ? 0 : static_cast<uint32_t>(std::bit_width(value) - 1);
        return true;
      }
      offset += 8 + (size + alignment - 1) / alignment * alignment;
    }
    return false;
  });
  return {};
}

// Where an address of the dynamic section lies in the file: any place at all where no segment holds it.
uint64_t HeadReader::place(uint64_t address) const {
  for (const Part& part : parts_)
    if (part.type == PT_LOAD && address >= part.address && address - part.address < part.size)
      return address - (part.address - part.offset);
  return address;
}

Result<std::string> HeadReader::text(uint64_t offset) {
  for (uint64_t length = 128;; length *= 8) {
    const uint64_t size = std::min(length, file_.left(offset));
    const std::string_view piece = TRY(file_.piece(offset, size)).text();
    if (const size_t zero = piece.find('\0'); zero != std::string_view::npos)
      return std::string(piece.substr(0, zero));
    if (size < length || length >= longest_soname)
      return corrupt(what, file_.path(), truncated);
  }
}

// The place of the string table, from the first entry that names one.
Result<std::optional<uint64_t>> HeadReader::strings(const Bytes& table) {
  const uint64_t entry = at(8, 16);
  for (uint64_t offset = 0; table.size() - offset >= entry; offset += entry) {
    const uint64_t tag = TRY(word(table, offset));
    if (tag == DT_STRTAB)
      return place(TRY(word(table, offset + entry / 2)));
    if (tag == DT_NULL)
      break;
  }
  return std::nullopt;
}

Result<bool> HeadReader::dynamic() {
  if (!dynamic_)
    return false;
  const uint64_t entry = at(8, 16);
  const uint64_t size = std::min({std::max(dynamic_->size, entry), file_.left(dynamic_->offset), longest_dynamic});
  const Bytes table = TRY(file_.piece(dynamic_->offset, size));
  const auto names = TRY(strings(table));
  if (!names)
    return false;
  if (*names > file_.size())
    return corrupt(what, file_.path(), truncated);
  if (head_.flags == 0)
    head_.flags = style_.old_libcs ? 1 : 3;
  for (uint64_t offset = 0; table.size() - offset >= entry; offset += entry) {
    const uint64_t tag = TRY(word(table, offset));
    if (tag == DT_NULL)
      break;
    const uint64_t name = *names + TRY(word(table, offset + entry / 2));
    if (tag == DT_SONAME)
      head_.soname = TRY(text(name));
    if (tag == DT_NEEDED && head_.flags == 1) {
      const std::string needed = TRY(text(name));
      if (needed == "libc.so.6" || needed == "libm.so.6")
        head_.flags = 3;
    }
    if (head_.soname && head_.flags != 1)
      break;
  }
  return true;
}

// A loader that this ldconfig knows: its own, and those of the other kinds of its machine.
bool HeadReader::is_own_loader(std::string_view name) const {
  return std::ranges::any_of(architectures(), [&](const Arch& arch) {
    const bool kin = style_.is_x86()   ? arch.machine == EM_X86_64 || arch.machine == EM_386
                     : style_.is_arm() ? arch.machine == EM_AARCH64 || arch.machine == EM_ARM
                                       : arch.machine == style_.arch->machine;
    return kin && arch.interpreter == name;
  });
}

// The mark of the architecture, for those that ldconfig of this one knows apart.
void HeadReader::mark() {
  if (style_.is_x86()) {
    if (machine_ == EM_X86_64)
      head_.flags = is64_ ? 0x0303 : 0x0803;
    return;
  }
  if (style_.is_arm()) {
    constexpr uint32_t eabi_mask = 0xff000000, eabi5 = 0x05000000, hard_float = 0x400, soft_float = 0x200;
    if (is64_)
      head_.flags = 0x0a03;
    else if ((e_flags_ & eabi_mask) == eabi5)
      head_.flags = (e_flags_ & hard_float) != 0 ? 0x0903 : (e_flags_ & soft_float) != 0 ? 0x0b03 : 3;
    return;
  }
  Image image;
  image.is64 = is64_;
  image.machine = machine_;
  image.flags = e_flags_;
  image.order = style_.arch->order;
  if (const Arch* arch = architecture_of(image); arch != nullptr && arch->machine == style_.arch->machine)
    head_.flags = arch->cache_flags;
}

Result<std::optional<LibraryHead>> read_file(HeadFile file, const CacheStyle& style) {
  return HeadReader(file, style).run();
}

}  // namespace

Result<std::optional<LibraryHead>> read_library_head(int fd, uint64_t size, std::string_view path,
                                                     const CacheStyle& style) {
  return read_file(HeadFile(fd, {}, size, path, style.arch->order), style);
}

Result<std::optional<LibraryHead>> parse_library_head(std::string_view bytes, std::string_view path,
                                                      const CacheStyle& style) {
  return read_file(HeadFile(-1, bytes, bytes.size(), path, style.arch->order), style);
}

}  // namespace rescue::elf
