#include "lib/sys/disk_words.h"

#include "lib/base/bytes.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

struct Feature {
  uint64_t field;
  uint32_t bit;
  std::string_view words;
};

// Of ext2 to ext4, in file(1)'s order.
constexpr uint64_t state_at = 0x3a, incompatible_at = 0x60, read_only_at = 0x64;
constexpr Feature features[] = {
    {incompatible_at, 4, " (needs journal recovery)"},
    {state_at, 2, " (errors)"},
    {incompatible_at, 0x40, " (extents)"},
    {incompatible_at, 0x80, " (64bit)"},
    {read_only_at, 2, " (large files)"},
    {read_only_at, 8, " (huge files)"},
};

Result<std::string> ext_words(Disk& disk, const Superblock& found) {
  constexpr std::string_view what = "superblock";
  const std::string raw = TRY(disk.read(1024, 1024));
  const Bytes block(raw, disk.path());
  std::string words = str("Linux rev ", TRY(block.read<uint32_t>(0x4c, what)), '.',
                          TRY(block.read<uint16_t>(0x3e, what)), ' ', found.type(), " filesystem data");
  if ((TRY(block.read<uint16_t>(state_at, what)) & 1) == 0)
    words += " (mounted or unclean)";
  words += str(", UUID=", found.uuid());
  if (!found.label().empty())
    words += str(", volume name \"", Printable(found.label()), '"');
  for (const Feature& feature : features)
    if ((TRY(block.read<uint16_t>(feature.field, what)) & feature.bit) != 0)
      words += feature.words;
  return words;
}

Result<std::string> xfs_words(Disk& disk) {
  constexpr std::string_view what = "superblock";
  const std::string raw = TRY(disk.read(0, 512));
  const Bytes block(raw, disk.path(), std::endian::big);
  return str("SGI XFS filesystem data (blksz ", TRY(block.read<uint32_t>(4, what)), ", inosz ",
             TRY(block.read<uint16_t>(104, what)), ", ",
             (TRY(block.read<uint16_t>(100, what)) & 0x2000) != 0 || (TRY(block.read<uint16_t>(100, what)) & 15) == 5
                 ? "v2"
                 : "v1",
             " dirs)");
}

Result<std::string> swap_words(Disk& disk, const Superblock& found) {
  constexpr std::string_view what = "swap header";
  const std::string raw = TRY(disk.read(1024, 12));
  const Bytes head(raw, disk.path());
  return str("Linux swap file, 4k page size, little endian, version ", TRY(head.read<uint32_t>(0, what)), ", size ",
             TRY(head.read<uint32_t>(4, what)), " pages, ", TRY(head.read<uint32_t>(8, what)), " bad pages, ",
             found.label().empty() ? "no label" : str("LABEL=", Printable(found.label())), ", UUID=", found.uuid());
}

std::string plain_words(const Superblock& found) {
  std::string words = str(found.type(), found.is_mountable() ? " filesystem data" : " data");
  if (!found.uuid().empty())
    words += str(", UUID=", Printable(found.uuid()));
  if (!found.label().empty())
    words += str(", label \"", Printable(found.label()), '"');
  return words;
}

std::string superblock_words(Disk& disk, const Superblock& found) {
  Result<std::string> words = std::string();
  if (found.type().starts_with("ext"))
    words = ext_words(disk, found);
  else if (found.type() == "xfs")
    words = xfs_words(disk);
  else if (found.type() == "swap")
    words = swap_words(disk, found);
  return words && !words->empty() ? *std::move(words) : plain_words(found);
}

std::string table_words(const PartitionTable& table) {
  std::string words = table.type == "gpt" ? "GPT partition table" : "DOS/MBR boot sector";
  for (const Partition& partition : table.partitions)
    words += str("; partition ", partition.number, " : ID=", partition.type, ", startsector ", partition.start / 512,
                 ", ", partition.size / 512, " sectors");
  return words;
}

}  // namespace

std::optional<std::string> disk_words(Disk& disk) {
  const auto found = probe_superblock(disk);
  if (found && *found)
    return superblock_words(disk, **found);
  const auto table = probe_partitions(disk);
  if (table && *table && !(*table)->partitions.empty())
    return table_words(**table);
  return std::nullopt;
}

}  // namespace rescue
