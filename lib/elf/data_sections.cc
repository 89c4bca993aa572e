#include "lib/elf/data_sections.h"

#include "lib/elf/format.h"

namespace rescue::elf {

namespace {

constexpr uint32_t SHT_NULL = 0;
constexpr uint32_t SHT_NOBITS = 8;
constexpr uint64_t SHF_ALLOC = 2;

// A field of the file's class: 4 or 8 bytes, at another place in each.
Result<uint64_t> read_wide(const Bytes& bytes, bool wide, uint64_t narrow_at, uint64_t wide_at, std::string_view what) {
  if (wide)
    return bytes.read<uint64_t>(wide_at, what);
  return TRY(bytes.read<uint32_t>(narrow_at, what));
}

}  // namespace

Result<SectionTable> section_table(const Bytes& header) {
  static constexpr std::string_view what = "ELF header";
  if (!header.text().starts_with("\x7f"
                                 "ELF"))
    return corrupt(what, header.path(), "is missing");
  const auto file_class = TRY(header.read<uint8_t>(4, what));
  const auto data = TRY(header.read<uint8_t>(5, what));
  if ((file_class != ELFCLASS32 && file_class != ELFCLASS64) || (data != ELFDATA2LSB && data != ELFDATA2MSB))
    return corrupt(what, header.path(), "is of an unknown kind");
  SectionTable table;
  table.wide = file_class == ELFCLASS64;
  table.order = data == ELFDATA2LSB ? std::endian::little : std::endian::big;
  const Bytes fields = header.with_order(table.order);
  table.offset = TRY(read_wide(fields, table.wide, 32, 40, what));
  table.entry_size = TRY(fields.read<uint16_t>(table.wide ? 58 : 46, what));
  table.count = TRY(fields.read<uint16_t>(table.wide ? 60 : 48, what));
  if (table.offset == 0 || table.count == 0)
    return corrupt("section headers", header.path(), "there are none");
  if (table.entry_size < (table.wide ? 64U : 40U))
    return corrupt("section headers", header.path(), "are too small");
  return table;
}

Result<std::vector<Region>> data_sections(const Bytes& table, const SectionTable& where) {
  static constexpr std::string_view what = "section header";
  std::vector<Region> regions;
  for (uint64_t i = 0; i < where.count; ++i) {
    const Bytes entry = TRY(table.slice(i * where.entry_size, where.entry_size, what)).with_order(where.order);
    const auto type = TRY(entry.read<uint32_t>(4, what));
    const uint64_t flags = TRY(read_wide(entry, where.wide, 8, 8, what));
    if (type == SHT_NULL || type == SHT_NOBITS || (flags & SHF_ALLOC) == 0)
      continue;
    const uint64_t offset = TRY(read_wide(entry, where.wide, 16, 24, what));
    regions.push_back({offset, TRY(read_wide(entry, where.wide, 20, 32, what))});
  }
  return regions;
}

}  // namespace rescue::elf
