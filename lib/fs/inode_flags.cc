#include "lib/fs/inode_flags.h"

#include <linux/fs.h>

namespace rescue {

namespace {

struct Row {
  uint32_t flag;
  char letter;
  bool can_be_changed;
  char words[30];
};

// In the order in which they are shown.
constexpr Row rows[] = {{FS_SECRM_FL, 's', true, "Secure_Deletion"},
                        {FS_UNRM_FL, 'u', true, "Undelete"},
                        {FS_SYNC_FL, 'S', true, "Synchronous_Updates"},
                        {FS_DIRSYNC_FL, 'D', true, "Synchronous_Directory_Updates"},
                        {FS_IMMUTABLE_FL, 'i', true, "Immutable"},
                        {FS_APPEND_FL, 'a', true, "Append_Only"},
                        {FS_NODUMP_FL, 'd', true, "No_Dump"},
                        {FS_NOATIME_FL, 'A', true, "No_Atime"},
                        {FS_COMPR_FL, 'c', true, "Compression_Requested"},
                        {FS_ENCRYPT_FL, 'E', false, "Encrypted"},
                        {FS_JOURNAL_DATA_FL, 'j', true, "Journaled_Data"},
                        {FS_INDEX_FL, 'I', false, "Indexed_directory"},
                        {FS_NOTAIL_FL, 't', true, "No_Tailmerging"},
                        {FS_TOPDIR_FL, 'T', true, "Top_of_Directory_Hierarchies"},
                        {FS_EXTENT_FL, 'e', true, "Extents"},
                        {FS_NOCOW_FL, 'C', true, "No_COW"},
                        {0x02000000, 'x', true, "DAX"},
                        {0x40000000, 'F', true, "Casefold"},
                        {FS_INLINE_DATA_FL, 'N', false, "Inline_Data"},
                        {0x20000000, 'P', true, "Project_Hierarchy"},
                        {0x00100000, 'V', false, "Verity"},
                        {0x00000400, 'm', true, "Dont_Compress"}};

}  // namespace

const uint32_t directory_flags = FS_DIRSYNC_FL | FS_TOPDIR_FL;

std::optional<uint32_t> parse_flags(std::string_view letters) {
  uint32_t flags = 0;
  for (const char letter : letters) {
    const Row* found = nullptr;
    for (const Row& row : rows)
      if (row.letter == letter && row.can_be_changed)
        found = &row;
    if (found == nullptr)
      return std::nullopt;
    flags |= found->flag;
  }
  return flags;
}

std::string flags_text(uint32_t flags) {
  std::string text;
  for (const Row& row : rows)
    text += (flags & row.flag) != 0 ? row.letter : '-';
  return text;
}

std::string flags_words(uint32_t flags) {
  std::string text;
  for (const Row& row : rows) {
    if ((flags & row.flag) == 0)
      continue;
    text += text.empty() ? "" : ", ";
    text += row.words;
  }
  return text.empty() ? "---" : text;
}

}  // namespace rescue
