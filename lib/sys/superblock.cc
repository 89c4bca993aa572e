#include "lib/sys/superblock.h"

#include <algorithm>
#include <array>

#include <sys/ioctl.h>
#include <sys/stat.h>

#include <linux/fs.h>

#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

using Found = Result<std::optional<Superblock>>;

constexpr std::string_view what = "superblock";

std::string text_until_zero(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  while (text.ends_with(' '))
    text.remove_suffix(1);
  return std::string(text);
}

// "123e4567-e89b-12d3-a456-426614174000"; empty for one of zeros alone.
std::string uuid_text(std::string_view bytes) {
  if (std::ranges::all_of(bytes, [](char c) { return c == 0; }))
    return {};
  std::string text = to_hex(bytes);
  for (const size_t at : {20U, 16U, 12U, 8U})
    text.insert(at, "-");
  return text;
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::string hex_number(uint32_t number, size_t digits) {
  std::string text;
  for (size_t i = digits; i-- > 0;)
    text += "0123456789abcdef"[number >> (4 * i) & 15];
  return text;
}

void add(Superblock& block, std::string_view name, std::string value) {
  if (!value.empty())
    block.tags.push_back({name, std::move(value)});
}

void add(Superblock& block, std::string_view name, const char* value) {
  add(block, name, std::string(value));
}

Found finished(Superblock& block, const char* type) {
  add(block, "TYPE", type);
  return std::move(block);
}

// Whether these bytes are there.
bool has_at(const Bytes& bytes, uint64_t offset, std::string_view magic) {
  const auto found = bytes.slice(offset, magic.size(), what);
  return found && found->text() == magic;
}

// Where a superblock keeps what a tag says.
struct Field {
  enum class Kind : uint8_t { text, uuid, little, big };
  char tag[12];
  Kind kind;
  uint8_t length;
  uint16_t offset;
};
using enum Field::Kind;

// Of any length up to eight bytes.
uint64_t number_of(std::string_view bytes, bool big_endian = false) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    number = number << 8 | static_cast<uint8_t>(bytes[big_endian ? i : bytes.size() - 1 - i]);
  return number;
}

// Nothing, or 0, where they are not there: for places of which the size was checked.
std::string_view text_at(const Bytes& bytes, uint64_t offset, uint64_t length) {
  const auto found = bytes.slice(offset, length, what);
  return found ? found->text() : std::string_view();
}

uint64_t number_at(const Bytes& bytes, uint64_t offset, uint64_t length) {
  return number_of(text_at(bytes, offset, length));
}

Result<> add_fields(Superblock& block, const Bytes& bytes, std::span<const Field> fields) {
  for (const Field& field : fields) {
    const std::string_view value = TRY(bytes.slice(field.offset, field.length, what)).text();
    add(block, field.tag,
        field.kind == text   ? text_until_zero(value)
        : field.kind == uuid ? uuid_text(value)
                             : str(number_of(value, field.kind == big)));
  }
  return {};
}

// A superblock that keeps all of them.
Found described(const Bytes& bytes, std::span<const Field> fields, const char* type) {
  Superblock block;
  TRY(add_fields(block, bytes, fields));
  return finished(block, type);
}

// ---- ext2, ext3, ext4: struct ext2_super_block

constexpr uint32_t ext_has_journal = 0x4;
constexpr uint32_t ext_journal_device = 0x8;
constexpr uint32_t ext2_incompatible = 0x2 | 0x10;        // filetype, meta_bg: what ext2 can read
constexpr uint32_t ext3_incompatible = 0x2 | 0x4 | 0x10;  // and recover
constexpr uint32_t ext3_read_only = 0x1 | 0x2 | 0x4;      // sparse_super, large_file, btree_dir

const char* ext_type(uint32_t compatible, uint32_t incompatible, uint32_t read_only) {
  if ((incompatible & ext_journal_device) != 0)
    return "jbd";
  if ((incompatible & ~ext3_incompatible) != 0 || (read_only & ~ext3_read_only) != 0)
    return "ext4";
  return (compatible & ext_has_journal) != 0 ? "ext3" : "ext2";
}

Found probe_ext(const Bytes& b) {
  static constexpr Field names[] = {{"LABEL", text, 16, 120}, {"UUID", uuid, 16, 104}};
  static constexpr Field journal_names[] = {names[0], {"LOGUUID", uuid, 16, 104}};
  static constexpr Field journal[] = {{"EXT_JOURNAL", uuid, 16, 208}};
  const auto log_size = TRY(b.read<uint32_t>(24, what));
  if (!has_at(b, 56, "\x53\xef") || log_size > 10)
    return std::nullopt;
  const auto compatible = TRY(b.read<uint32_t>(92, what));
  const auto incompatible = TRY(b.read<uint32_t>(96, what));
  const char* const type = ext_type(compatible, incompatible, TRY(b.read<uint32_t>(100, what)));
  const bool is_journal = (incompatible & ext_journal_device) != 0;
  Superblock block;
  TRY(add_fields(block, b, is_journal ? journal_names : names));
  if (!is_journal && (compatible & ext_has_journal) != 0)
    TRY(add_fields(block, b, journal));
  if (std::string_view(type) == "ext3" && (incompatible & ~ext2_incompatible) == 0)
    add(block, "SEC_TYPE", "ext2");
  add(block, "VERSION", str(TRY(b.read<uint32_t>(76, what)), '.', TRY(b.read<uint16_t>(62, what))));
  add(block, "BLOCK_SIZE", str(1024U << log_size));
  return finished(block, type);
}

Found probe_xfs(const Bytes& b) {
  static constexpr Field fields[] = {{"LABEL", text, 12, 108}, {"UUID", uuid, 16, 32}, {"BLOCK_SIZE", big, 2, 102}};
  const auto sector = TRY(b.with_order(std::endian::big).read<uint16_t>(102, what));
  if (!has_at(b, 0, "XFSB") || sector < 512 || sector > 32768)
    return std::nullopt;
  return described(b, fields, "xfs");
}

Found probe_btrfs(const Bytes& b) {
  static constexpr Field fields[] = {{"LABEL", text, 255, 0x12b},
                                     {"UUID", uuid, 16, 0x20},
                                     {"UUID_SUB", uuid, 16, 0x10b},
                                     {"BLOCK_SIZE", little, 4, 0x90}};
  if (!has_at(b, 0x40, "_BHRfS_M"))
    return std::nullopt;
  return described(b, fields, "btrfs");
}

Found probe_squashfs(const Bytes& b) {
  static constexpr Field fields[] = {{"BLOCK_SIZE", little, 4, 12}};
  if (!has_at(b, 0, "hsqs"))
    return std::nullopt;
  Superblock block;
  add(block, "VERSION", str(TRY(b.read<uint16_t>(28, what)), '.', TRY(b.read<uint16_t>(30, what))));
  TRY(add_fields(block, b, fields));
  return finished(block, "squashfs");
}

Found probe_luks(const Bytes& b) {
  static constexpr Field fields[] = {{"VERSION", big, 2, 6},
                                     {"UUID", text, 40, 168},
                                     {"LABEL", text, 48, 24},  // from version 2 on
                                     {"SUBSYSTEM", text, 48, 208}};
  const bool is_first = has_at(b, 0, std::string_view("LUKS\xba\xbe\0\1", 8));
  if (!is_first && !has_at(b, 0, std::string_view("LUKS\xba\xbe\0\2", 8)))
    return std::nullopt;
  return described(b, std::span(fields).first(is_first ? 2 : 4), "crypto_LUKS");
}

// The label lies in one of the first four sectors.
Found probe_lvm(const Bytes& b) {
  for (uint64_t sector = 0; sector < 4; ++sector) {
    const Bytes label = TRY(b.slice(sector * 512, 512, what));
    if (!has_at(label, 0, "LABELONE") || !has_at(label, 24, "LVM2 001") || TRY(label.read<uint64_t>(8, what)) != sector)
      continue;
    std::string name(TRY(label.slice(TRY(label.read<uint32_t>(20, what)), 32, what)).text());
    for (const size_t place : {26U, 22U, 18U, 14U, 10U, 6U})
      name.insert(place, "-");
    Superblock block;
    add(block, "UUID", std::move(name));
    add(block, "VERSION", "LVM2 001");
    return finished(block, "LVM2_member");
  }
  return std::nullopt;
}

Found probe_raid(const Bytes& b) {
  static constexpr Field fields[] = {{"UUID", uuid, 16, 16}, {"UUID_SUB", uuid, 16, 168}, {"LABEL", text, 32, 32}};
  if (!has_at(b, 0, std::string_view("\xfc\x4e\x2b\xa9\1\0\0\0", 8)))
    return std::nullopt;
  Superblock block;
  TRY(add_fields(block, b, fields));
  // Where it says that it lies: at the start, 4 KiB behind that, or at the end.
  const auto sector = TRY(b.read<uint64_t>(144, what));
  add(block, "VERSION", sector == 0 ? "1.1" : sector == 8 ? "1.2" : "1.0");
  return finished(block, "linux_raid_member");
}

// ---- swap: the signature ends the first page, whatever its size

Found probe_swap(Disk& disk) {
  static constexpr Field names[] = {{"LABEL", text, 16, 28}, {"UUID", uuid, 16, 12}};
  for (size_t page = 4096; page <= 65536; page *= 2) {
    const std::string end = text_until_zero(TRY(disk.read(page - 10, 10)));
    const bool suspended =
        end == "S1SUSPEND" || end == "S2SUSPEND" || end == "ULSUSPEND" || end.starts_with("LINHIB0001");
    if (end != "SWAPSPACE2" && end != "SWAP-SPACE" && !suspended)
      continue;
    const std::string head = TRY(disk.read(1024, 64));
    const Bytes b(head, disk.path());
    Superblock block;
    if (end != "SWAP-SPACE")
      TRY(add_fields(block, b, names));
    add(block, "VERSION", suspended ? lower_case(end) : end == "SWAPSPACE2" ? "1" : "0");
    return finished(block, suspended ? "swsuspend" : "swap");
  }
  return std::nullopt;
}

// ---- FAT

struct FatLayout {
  uint64_t sector = 0;
  bool is_32 = false;
  uint64_t root = 0;  // where the root directory begins
  uint64_t root_size = 0;
  uint64_t clusters = 0;
};

std::optional<FatLayout> fat_layout(const Bytes& head) {
  if (head.size() < 512)
    return std::nullopt;
  const uint64_t sector = number_at(head, 11, 2), cluster = number_at(head, 13, 1), reserved = number_at(head, 14, 2),
                 fats = number_at(head, 16, 1);
  const uint64_t media = number_at(head, 21, 1);
  if (number_at(head, 510, 2) != 0xAA55 || sector < 512 || sector > 4096 || !std::has_single_bit(sector) ||
      !std::has_single_bit(cluster) || reserved == 0 || fats == 0 || (media < 0xf8 && media != 0xf0))
    return std::nullopt;
  const std::string_view old_magic = text_at(head, 0x36, 5);
  FatLayout layout{.sector = sector};
  layout.is_32 = has_at(head, 0x52, "FAT32   ");
  if (!layout.is_32 && old_magic != "FAT12" && old_magic != "FAT16" && old_magic != "MSDOS")
    return std::nullopt;
  const uint64_t after_fats =
      (reserved + fats * (layout.is_32 ? number_at(head, 36, 4) : number_at(head, 22, 2))) * sector;
  const uint64_t first = layout.is_32 ? number_at(head, 44, 4) : 2;
  layout.root = after_fats + (first < 2 ? 0 : first - 2) * cluster * sector;
  layout.root_size = layout.is_32 ? cluster * sector : number_at(head, 17, 2) * 32;
  const uint64_t sectors = number_at(head, 19, 2) != 0 ? number_at(head, 19, 2) : number_at(head, 32, 4);
  layout.clusters = (sectors - std::min(sectors, (layout.root + layout.root_size + sector - 1) / sector)) / cluster;
  return layout;
}

// The label is that of the root directory, where it has one (its first cluster is looked at).
Result<std::string> fat_root_label(Disk& disk, const FatLayout& layout) {
  const std::string directory =
      TRY(disk.read(layout.root, static_cast<size_t>(std::min<uint64_t>(layout.root_size, 65536))));
  for (size_t at = 0; directory.size() - at >= 32; at += 32) {
    const auto attributes = static_cast<uint8_t>(directory[at + 11]);
    if (directory[at] == 0)
      break;
    if (static_cast<uint8_t>(directory[at]) != 0xe5 && (attributes & 0x3f) != 0x0f && (attributes & 0x18) == 0x08)
      return text_until_zero(std::string_view(directory).substr(at, 11));
  }
  return std::string();
}

Found probe_fat(Disk& disk) {
  const std::string start = TRY(disk.read(0, 512));
  const Bytes head(start, disk.path());
  const auto layout = fat_layout(head);
  if (!layout)
    return std::nullopt;
  const uint64_t at = layout->is_32 ? 0x43 : 0x27;
  const uint64_t serial = number_at(head, at, 4);
  std::string boot_label = text_until_zero(text_at(head, at + 4, 11));
  if (boot_label == "NO NAME")
    boot_label.clear();
  Superblock block;
  if (!layout->is_32)
    add(block, "SEC_TYPE", "msdos");
  add(block, "LABEL_FATBOOT", boot_label);
  add(block, "LABEL", TRY(fat_root_label(disk, *layout)));
  std::string uuid = hex_number(static_cast<uint32_t>(serial), 8);
  std::ranges::transform(uuid, uuid.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  uuid.insert(4, "-");
  add(block, "UUID", serial == 0 ? "" : std::move(uuid));
  add(block, "VERSION",
      layout->is_32               ? "FAT32"
      : layout->clusters < 0xff4  ? "FAT12"
      : layout->clusters < 0xfff4 ? "FAT16"
                                  : "");
  add(block, "BLOCK_SIZE", str(layout->sector));
  return finished(block, "vfat");
}

// ---- ISO 9660: volume descriptors from sector 16 on

// "2024010112000000" as blkid writes it: 2024-01-01-12-00-00-00.
std::string iso_date(std::string_view digits) {
  if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }) ||
      std::ranges::all_of(digits, [](char c) { return c == '0'; }))
    return {};
  std::string text(digits);
  for (const size_t at : {14U, 12U, 10U, 8U, 6U, 4U})
    text.insert(at, "-");
  return text;
}

// Joliet's name, in the two-byte letters of UCS-2; only those of ASCII.
std::string joliet_label(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    if (bytes[i] != 0 || static_cast<uint8_t>(bytes[i + 1]) >= 0x80)
      return {};
    text += bytes[i + 1];
  }
  return text_until_zero(text);
}

Found probe_iso(Disk& disk) {
  Superblock block;
  std::string label;
  std::string uuid;
  std::string version;
  for (uint64_t sector = 16; sector < 32; ++sector) {
    const std::string descriptor = TRY(disk.read(sector * 2048, 2048));
    const Bytes b(descriptor, disk.path());
    if (b.size() < 2048 || !has_at(b, 1, "CD001"))
      break;
    const uint64_t kind = number_at(b, 0, 1);
    if (kind == 1 && block.tags.empty()) {
      uuid = iso_date(text_at(b, 830, 16));
      if (uuid.empty())
        uuid = iso_date(text_at(b, 813, 16));
      label = text_until_zero(text_at(b, 40, 32));
      add(block, "BLOCK_SIZE", "2048");
    } else if (kind == 2 && has_at(b, 88, "%/")) {
      version = "Joliet Extension";
      const std::string joliet = joliet_label(text_at(b, 40, 32));
      if (lower_case(joliet) == lower_case(label) && label.size() <= 16)
        label = joliet;
    } else if (kind == 255) {
      break;
    }
  }
  if (block.tags.empty())
    return std::nullopt;
  add(block, "UUID", std::move(uuid));
  add(block, "VERSION", std::move(version));
  add(block, "LABEL", std::move(label));
  return finished(block, "iso9660");
}

// ---- the order of looking

struct Prober {
  uint64_t offset;
  size_t length;
  Found (*probe)(const Bytes&);
};

// Members of something bigger come first: what they hold is not theirs to mount.
constexpr Prober fixed_probers[] = {
    {0, 512, probe_luks}, {0, 2048 + 512, probe_lvm}, {4096, 256, probe_raid},    {0, 256, probe_raid},
    {0, 512, probe_xfs},  {1024, 1024, probe_ext},    {65536, 4096, probe_btrfs}, {0, 96, probe_squashfs},
};

// A superblock that is cut off is none, and one that is not there is not an error; only a disk that cannot be read is.
bool is_system_error(const Found& found) {
  return !found && found.error().code() != 0;
}

Found probe_raid_at_end(Disk& disk) {
  if (disk.size() < 65536)
    return std::nullopt;
  const uint64_t at = ((disk.size() / 512) - 16) / 8 * 8 * 512;
  const std::string bytes = TRY(disk.read(at, 256));
  return probe_raid(Bytes(bytes, disk.path()));
}

// ---- partition tables

// A GUID is written with its first three numbers in little-endian order.
std::string guid_text(std::string_view bytes) {
  constexpr std::array<uint8_t, 16> order = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  std::string sorted;
  for (const uint8_t i : order)
    sorted += bytes[i];
  return uuid_text(sorted);
}

std::string utf16_text(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const unsigned code = static_cast<uint8_t>(bytes[i]) | static_cast<unsigned>(static_cast<uint8_t>(bytes[i + 1]))
                                                               << 8;
    if (code == 0)
      break;
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += static_cast<char>(0xc0 | code >> 6);
      text += static_cast<char>(0x80 | (code & 0x3f));
    } else {
      text += static_cast<char>(0xe0 | code >> 12);
      text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      text += static_cast<char>(0x80 | (code & 0x3f));
    }
  }
  return text;
}

constexpr unsigned most_gpt_entries = 1024;

using FoundTable = Result<std::optional<PartitionTable>>;

Result<std::optional<Partition>> gpt_entry(const Bytes& b, unsigned number, uint64_t sector) {
  const std::string type = guid_text(TRY(b.slice(0, 16, what)).text());
  const auto first = TRY(b.read<uint64_t>(32, what));
  const auto last = TRY(b.read<uint64_t>(40, what));
  if (type.empty() || last < first || last >= UINT64_MAX / 4096)
    return std::nullopt;
  return Partition{.number = number,
                   .start = first * sector,
                   .size = (last - first + 1) * sector,
                   .uuid = guid_text(TRY(b.slice(16, 16, what)).text()),
                   .label = utf16_text(TRY(b.slice(56, 72, what)).text()),
                   .type = type};
}

FoundTable probe_gpt(Disk& disk, uint64_t sector) {
  const std::string header = TRY(disk.read(sector, 92));
  const Bytes b(header, disk.path());
  if (b.size() < 92 || TRY(b.slice(0, 8, what)).text() != "EFI PART")
    return std::nullopt;
  const auto at = TRY(b.read<uint64_t>(72, what));
  const auto count = TRY(b.read<uint32_t>(80, what));
  const auto size = TRY(b.read<uint32_t>(84, what));
  if (count > most_gpt_entries || size < 128 || size > 4096 || at > disk.size() / sector)
    return std::nullopt;
  PartitionTable table{.type = "gpt", .uuid = guid_text(TRY(b.slice(56, 16, what)).text())};
  const std::string entries = TRY(disk.read(at * sector, size_t{count} * size));
  const Bytes all(entries, disk.path());
  for (unsigned i = 0; i < count && all.size() >= uint64_t{i + 1} * size; ++i)
    if (auto partition = TRY(gpt_entry(TRY(all.slice(uint64_t{i} * size, size, what)), i + 1, sector)))
      table.partitions.push_back(*std::move(partition));
  return table;
}

struct DosEntry {
  uint8_t type = 0;
  uint64_t start = 0;
  uint64_t size = 0;
  bool is_extended() const { return type == 0x05 || type == 0x0f || type == 0x85; }
};

// The four entries of a boot record; nothing where it is none.
Result<std::optional<std::array<DosEntry, 4>>> dos_entries(const Bytes& b) {
  if (b.size() < 512 || TRY(b.read<uint16_t>(510, what)) != 0xAA55)
    return std::nullopt;
  std::array<DosEntry, 4> entries;
  for (unsigned i = 0; i < 4; ++i) {
    const uint64_t at = 446 + 16 * i;
    if ((TRY(b.read<uint8_t>(at, what)) & 0x7f) != 0)
      return std::nullopt;
    entries[i] = {TRY(b.read<uint8_t>(at + 4, what)), uint64_t{TRY(b.read<uint32_t>(at + 8, what))} * 512,
                  uint64_t{TRY(b.read<uint32_t>(at + 12, what))} * 512};
  }
  return entries;
}

Partition dos_partition(const PartitionTable& table, unsigned number, const DosEntry& entry, uint64_t base) {
  return {.number = number,
          .start = base + entry.start,
          .size = entry.size,
          .uuid = str(table.uuid, '-', hex_number(number, 2)),
          .label = {},
          .type = str("0x", hex_number(entry.type, entry.type < 16 ? 1 : 2))};
}

// Logical partitions are a chain of boot records within the extended one, each with one partition and the next.
Result<> add_logical(Disk& disk, PartitionTable& table, uint64_t extended) {
  uint64_t record = extended;
  for (unsigned number = 5; number < 64; ++number) {
    const std::string sector = TRY(disk.read(record, 512));
    const auto entries = TRY(dos_entries(Bytes(sector, disk.path())));
    if (!entries)
      return {};
    const DosEntry& own = (*entries)[0];
    if (own.size != 0)
      table.partitions.push_back(dos_partition(table, number, own, record));
    const DosEntry& next = (*entries)[1];
    if (!next.is_extended() || next.size == 0 || next.start == 0)
      return {};
    record = extended + next.start;
  }
  return {};
}

FoundTable probe_dos(Disk& disk) {
  const std::string sector = TRY(disk.read(0, 512));
  const Bytes b(sector, disk.path());
  const auto entries = TRY(dos_entries(b));
  if (!entries)
    return std::nullopt;
  PartitionTable table{.type = "dos", .uuid = hex_number(TRY(b.read<uint32_t>(440, what)), 8)};
  for (unsigned i = 0; i < 4; ++i) {
    const DosEntry& entry = (*entries)[i];
    if (entry.size == 0 || entry.type == 0)
      continue;
    table.partitions.push_back(dos_partition(table, i + 1, entry, 0));
    if (entry.is_extended())
      TRY(add_logical(disk, table, entry.start));
  }
  if (table.partitions.empty())
    return std::nullopt;
  return table;
}

bool is_hard_error(const Error& error) {
  return error.code() != 0;
}

}  // namespace

Result<FdDisk> FdDisk::open(int fd, std::string_view path) {
  struct stat info{};
  if (::fstat(fd, &info) < 0)
    return fail("look at", path);
  uint64_t size = static_cast<uint64_t>(info.st_size);
  if (S_ISBLK(info.st_mode) && ::ioctl(fd, BLKGETSIZE64, &size) < 0)
    return fail("find the size", path);
  return FdDisk(fd, size, path);
}

void FdDisk::narrow(uint64_t start, uint64_t size) {
  start_ = std::min(start, size_);
  size_ = size == 0 ? size_ - start_ : std::min(size, size_ - start_);
}

Result<std::string> FdDisk::read(uint64_t offset, size_t length) {
  if (offset >= size_)
    return std::string();
  length = static_cast<size_t>(std::min<uint64_t>(length, size_ - offset));
  std::string bytes;
  Result<size_t> got = 0;
  bytes.resize_and_overwrite(length, [&](char* data, size_t) {
    got = pread_full(fd_, std::span(data, length), start_ + offset, path_);
    return got.value_or(0);
  });
  TRY(got);
  return bytes;
}

Result<std::string> TextDisk::read(uint64_t offset, size_t length) {
  return offset >= bytes_.size() ? std::string() : std::string(bytes_.substr(static_cast<size_t>(offset), length));
}

std::string_view Superblock::tag(std::string_view name) const {
  const auto found = std::ranges::find(tags, name, &Tag::name);
  return found == tags.end() ? std::string_view() : std::string_view(found->value);
}

std::string_view Superblock::usage() const {
  const std::string_view name = type();
  return name.ends_with("_member")                                ? "raid"
         : name == "crypto_LUKS"                                  ? "crypto"
         : name == "swap" || name == "swsuspend" || name == "jbd" ? "other"
                                                                  : "filesystem";
}

bool Superblock::is_mountable() const {
  return usage() == "filesystem";
}

std::span<const std::string_view> known_types() {
  static constexpr std::string_view types[] = {"linux_raid_member",
                                               "LVM2_member",
                                               "crypto_LUKS",
                                               "vfat",
                                               "swsuspend",
                                               "swap",
                                               "xfs",
                                               "ext4",
                                               "ext3",
                                               "ext2",
                                               "jbd",
                                               "iso9660",
                                               "squashfs",
                                               "btrfs"};
  return types;
}

Found probe_superblock(Disk& disk) {
  for (const Prober& prober : fixed_probers) {
    const std::string bytes = TRY(disk.read(prober.offset, prober.length));
    Found found = prober.probe(Bytes(bytes, disk.path()));
    if (is_system_error(found) || (found && *found))
      return found;
  }
  for (const auto probe : {probe_raid_at_end, probe_swap, probe_iso, probe_fat}) {
    Found found = probe(disk);
    if (is_system_error(found) || (found && *found))
      return found;
  }
  return std::nullopt;
}

FoundTable probe_partitions(Disk& disk) {
  for (const uint64_t sector : {512U, 4096U}) {
    FoundTable found = probe_gpt(disk, sector);
    if ((!found && is_hard_error(found.error())) || (found && *found))
      return found;
  }
  FoundTable found = probe_dos(disk);
  if (!found && !is_hard_error(found.error()))
    return std::nullopt;
  return found;
}

}  // namespace rescue
