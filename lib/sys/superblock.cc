#include "lib/sys/superblock.h"

#include <algorithm>
#include <array>

#include <sys/ioctl.h>
#include <sys/stat.h>

#include <linux/fs.h>

#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/base/utf8.h"

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

// Of any length up to eight bytes.
uint64_t number_of(std::string_view bytes, bool big_endian = false) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i)
    number = number << 8 | static_cast<uint8_t>(bytes[big_endian ? i : bytes.size() - 1 - i]);
  return number;
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

// The characters of UTF-16, up to a zero.
std::vector<uint32_t> utf16_codes(std::string_view bytes, bool big_endian) {
  std::vector<uint32_t> codes;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const auto code = static_cast<uint32_t>(number_of(bytes.substr(i, 2), big_endian));
    if (code == 0)
      break;
    if (code >= 0xdc00 && code < 0xe000 && !codes.empty() && codes.back() >= 0xd800 && codes.back() < 0xdc00)
      codes.back() = 0x10000 + ((codes.back() - 0xd800) << 10) + (code - 0xdc00);
    else
      codes.push_back(code);
  }
  return codes;
}

std::string utf16_text(std::string_view bytes, bool big_endian = false) {
  std::string text;
  for (const uint32_t code : utf16_codes(bytes, big_endian))
    append_utf8(text, code);
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

// Version 3 is another file system, of which blocks are told to have 1 KiB.
Found probe_squashfs(const Bytes& b) {
  if (!has_at(b, 0, "hsqs"))
    return std::nullopt;
  Superblock block;
  const auto version = TRY(b.read<uint16_t>(28, what));
  add(block, "VERSION", str(version, '.', TRY(b.read<uint16_t>(30, what))));
  add(block, "BLOCK_SIZE", version < 4 ? "1024" : "");
  return finished(block, version < 4 ? "squashfs3" : "squashfs");
}

Found probe_cramfs(const Bytes& b) {
  static constexpr Field fields[] = {{"LABEL", text, 16, 48}};
  if ((!has_at(b, 0, "\x45\x3d\xcd\x28") && !has_at(b, 0, "\x28\xcd\x3d\x45")) || !has_at(b, 16, "Compressed ROMFS"))
    return std::nullopt;
  return described(b, fields, "cramfs");
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

// "1234-ABCD"
std::string serial_text(uint64_t serial) {
  std::string text = hex_number(static_cast<uint32_t>(serial), 8);
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  text.insert(4, "-");
  return text;
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
  add(block, "UUID", serial == 0 ? "" : serial_text(serial));
  add(block, "VERSION",
      layout->is_32               ? "FAT32"
      : layout->clusters < 0xff4  ? "FAT12"
      : layout->clusters < 0xfff4 ? "FAT16"
                                  : "");
  add(block, "BLOCK_SIZE", str(layout->sector));
  return finished(block, "vfat");
}

// ---- exFAT: the label is an entry of the root directory

constexpr uint64_t most_exfat_root = 320'000;  // bytes of it that are looked at

Result<std::string> exfat_label(Disk& disk, const Bytes& head, unsigned sector_bits, unsigned cluster_bits) {
  uint64_t cluster = number_at(head, 96, 4);
  for (uint64_t left = most_exfat_root; left > 0 && cluster >= 2 && cluster <= 0xffffff6;) {
    const uint64_t sector = number_at(head, 88, 4) + ((cluster - 2) << (cluster_bits - sector_bits));
    const auto wanted = static_cast<size_t>(std::min(left, uint64_t{1} << cluster_bits));
    const std::string entries = TRY(disk.read(sector << sector_bits, wanted));
    for (size_t at = 0; at + 32 <= entries.size() && entries[at] != 0; at += 32)
      if (static_cast<uint8_t>(entries[at]) == 0x83)
        return text_until_zero(utf16_text(std::string_view(entries).substr(
            at + 2, std::min<size_t>(static_cast<uint8_t>(entries[at + 1]) * size_t{2}, 22))));
    if (entries.size() < wanted || entries[wanted - 32] == 0)
      break;
    left -= wanted;
    cluster = number_of(TRY(disk.read((number_at(head, 80, 4) << sector_bits) + cluster * 4, 4)));
  }
  return std::string();
}

Found probe_exfat(Disk& disk) {
  const std::string start = TRY(disk.read(0, 512));
  const Bytes head(start, disk.path());
  const auto sector_bits = static_cast<unsigned>(number_at(head, 108, 1));
  const auto cluster_bits = static_cast<unsigned>(sector_bits + number_at(head, 109, 1));
  if (head.size() < 512 || !has_at(head, 3, "EXFAT   ") || sector_bits < 9 || sector_bits > 12 || cluster_bits > 25)
    return std::nullopt;
  Superblock block;
  add(block, "LABEL", TRY(exfat_label(disk, head, sector_bits, cluster_bits)));
  add(block, "UUID", serial_text(number_at(head, 100, 4)));
  add(block, "VERSION", str(number_at(head, 105, 1), '.', number_at(head, 104, 1)));
  add(block, "BLOCK_SIZE", str(1U << sector_bits));
  return finished(block, "exfat");
}

// ---- NTFS: the label is in the fourth record of its master table

struct NtfsLayout {
  uint64_t sector = 0;
  uint64_t record = 0;
  uint64_t table = 0;  // where the master table begins
};

constexpr uint64_t most_ntfs_cluster = 2 << 20;
constexpr uint64_t most_ntfs_record = 65536;  // 1 and 4 KiB are in use

std::optional<NtfsLayout> ntfs_layout(const Bytes& head, uint64_t size) {
  // What is FAT's is zero here: reserved sectors, tables, root entries, sectors, sectors of a table, sectors again.
  static constexpr uint8_t unused[][2] = {{14, 2}, {16, 1}, {17, 2}, {19, 2}, {22, 2}, {32, 4}};
  if (head.size() < 512 || !has_at(head, 3, "NTFS    "))
    return std::nullopt;
  for (const auto& [at, length] : unused)
    if (number_at(head, at, length) != 0)
      return std::nullopt;
  // Both sizes are a count, or above 128 a power of two: of sectors, and of clusters or bytes.
  NtfsLayout layout{.sector = number_at(head, 11, 2)};
  const uint64_t count = number_at(head, 13, 1), record = number_at(head, 64, 1), first = number_at(head, 48, 8);
  const uint64_t cluster = layout.sector * (count >= 240 && count <= 249 ? uint64_t{1} << (256 - count)
                                            : count <= 128               ? count
                                                                         : 0);
  layout.record = record >= 0xe1 && record <= 0xf7 ? uint64_t{1} << (256 - record)
                  : record <= 64                   ? record * cluster
                                                   : 0;
  if (layout.sector < 256 || layout.sector > 4096 || !std::has_single_bit(cluster / layout.sector) ||
      cluster > most_ntfs_cluster || layout.record < 64 || layout.record > most_ntfs_record || first > size / cluster)
    return std::nullopt;
  layout.table = first * cluster;
  return layout;
}

std::string ntfs_label(const Bytes& record) {
  const uint64_t end = std::min<uint64_t>(record.size(), number_at(record, 28, 4));
  for (uint64_t at = number_at(record, 20, 2); at < end;) {
    const uint64_t type = number_at(record, at, 4), length = number_at(record, at + 4, 4);
    if (type == 0x60)
      return text_until_zero(
          utf16_text(text_at(record, at + number_at(record, at + 20, 2), number_at(record, at + 16, 4))));
    if (length == 0 || type == 0xffffffff)
      break;
    at += length;
  }
  return {};
}

Found probe_ntfs(Disk& disk) {
  const std::string start = TRY(disk.read(0, 512));
  const Bytes head(start, disk.path());
  const auto layout = ntfs_layout(head, disk.size());
  if (!layout)
    return std::nullopt;
  const std::string first = TRY(disk.read(layout->table, 4));
  const std::string volume = TRY(disk.read(layout->table + 3 * layout->record, static_cast<size_t>(layout->record)));
  if (first != "FILE" || !volume.starts_with("FILE"))
    return std::nullopt;
  Superblock block;
  add(block, "LABEL", ntfs_label(Bytes(volume, disk.path())));
  add(block, "BLOCK_SIZE", str(layout->sector));
  const uint64_t serial = number_at(head, 72, 8);
  std::string uuid = str(serial_text(serial >> 32), serial_text(serial));
  std::erase(uuid, '-');
  add(block, "UUID", std::move(uuid));
  return finished(block, "ntfs");
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

std::string iso_trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\n\v\f\r";
  text = text.substr(0, text.find('\0'));
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return std::string(text.substr(0, text.find_last_not_of(blanks) + 1));
}

// Joliet has letters of all languages, but half as many; the plain name has capitals alone, and _ for what is no ASCII.
// Where the one begins the other, both together are the whole name; where not, Joliet's is.
std::string merged_name(std::string_view wide, std::string_view ascii) {
  const auto upper = [](uint32_t c) { return c >= 'a' && c <= 'z' ? c - 32 : c; };
  std::string name;
  size_t at = 0;
  size_t units = 0;
  for (const uint32_t code : utf16_codes(wide, true)) {
    const auto plain = at < ascii.size() ? static_cast<uint8_t>(ascii[at]) : uint8_t{'_'};
    if (plain != '_' && code != '_' && upper(plain) != upper(code))
      break;
    append_utf8(name, plain == '_' || (code != '_' && plain >= 'A' && plain <= 'Z') ? code : plain);
    ++at;
    units += code < 0x10000 ? 1 : 2;
  }
  return iso_trimmed(units * 2 == wide.size() ? name.append(ascii.substr(std::min(at, ascii.size())))
                                              : utf16_text(wide, true));
}

struct IsoVolume {
  std::string boot;
  std::string primary;
  std::string joliet;
};

Result<IsoVolume> read_iso(Disk& disk) {
  IsoVolume volume;
  for (uint64_t sector = 16; sector < 32; ++sector) {
    std::string descriptor = TRY(disk.read(sector * 2048, 2048));
    const Bytes b(descriptor, disk.path());
    const uint64_t kind = number_at(b, 0, 1);
    if (b.size() < 2048 || !has_at(b, 1, "CD001") || kind == 255)
      break;
    std::string* const place = kind == 0                          ? &volume.boot
                               : kind == 1                        ? &volume.primary
                               : kind == 2 && has_at(b, 88, "%/") ? &volume.joliet
                                                                  : nullptr;
    if (place != nullptr && place->empty())
      *place = std::move(descriptor);
  }
  return volume;
}

struct IsoName {
  char tag[17];
  uint8_t length;
  uint16_t offset;
  bool may_refer;  // with a _ before it, it names a file that says so
};
constexpr IsoName iso_label = {"LABEL", 32, 40, false};
constexpr IsoName iso_names[] = {{"SYSTEM_ID", 32, 8, false},
                                 {"VOLUME_SET_ID", 128, 190, false},
                                 {"PUBLISHER_ID", 128, 318, true},
                                 {"DATA_PREPARER_ID", 128, 446, true},
                                 {"APPLICATION_ID", 128, 574, true}};

std::string iso_name(const IsoVolume& volume, const IsoName& name) {
  const auto field = [&](const std::string& of) {
    return std::string_view(of).substr(std::min<size_t>(name.offset, of.size()), name.length);
  };
  const std::string_view ascii = field(volume.primary), wide = field(volume.joliet);
  const bool no_ascii = name.may_refer && (ascii.starts_with('_') || iso_trimmed(ascii).empty());
  const bool no_wide =
      wide.empty() ||
      (name.may_refer && (wide.starts_with(std::string_view("\0_", 2)) || iso_trimmed(utf16_text(wide, true)).empty()));
  if (no_wide)
    return no_ascii ? std::string() : iso_trimmed(ascii);
  return no_ascii ? iso_trimmed(utf16_text(wide, true)) : merged_name(wide, ascii);
}

Found probe_iso(Disk& disk) {
  const IsoVolume volume = TRY(read_iso(disk));
  if (volume.primary.empty())
    return std::nullopt;
  const Bytes b(volume.primary, disk.path());
  Superblock block;
  add(block, "BLOCK_SIZE", "2048");
  for (const IsoName& name : iso_names)
    add(block, name.tag, iso_name(volume, name));
  std::string uuid = iso_date(text_at(b, 830, 16));
  add(block, "UUID", uuid.empty() ? iso_date(text_at(b, 813, 16)) : std::move(uuid));
  add(block, "BOOT_SYSTEM_ID", volume.boot.empty() ? "" : iso_trimmed(std::string_view(volume.boot).substr(7, 32)));
  add(block, "VERSION", volume.joliet.empty() ? "" : "Joliet Extension");
  add(block, iso_label.tag, iso_name(volume, iso_label));
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
    {0, 512, probe_luks},       {0, 2048 + 512, probe_lvm}, {4096, 256, probe_raid},
    {0, 256, probe_raid},       {0, 512, probe_xfs},        {1024, 1024, probe_ext},
    {65536, 4096, probe_btrfs}, {0, 96, probe_squashfs},    {0, 64, probe_cramfs},
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
                                               "ntfs",
                                               "exfat",
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
                                               "squashfs3",
                                               "cramfs",
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
  for (const auto probe : {probe_raid_at_end, probe_swap, probe_iso, probe_fat, probe_ntfs, probe_exfat}) {
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
