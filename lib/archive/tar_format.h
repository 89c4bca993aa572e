// The header block of tar as POSIX and GNU have it, for the readers and writers of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rescue::tar {

constexpr size_t block_size = 512;

// A field of the header: where it begins, and its length.
struct Field {
  size_t offset;
  size_t size;

  std::string_view of(std::string_view header) const { return header.substr(offset, size); }
};

constexpr Field name_field = {0, 100};
constexpr Field mode_field = {100, 8};
constexpr Field uid_field = {108, 8};
constexpr Field gid_field = {116, 8};
constexpr Field size_field = {124, 12};
constexpr Field mtime_field = {136, 12};
constexpr Field checksum_field = {148, 8};
constexpr Field type_field = {156, 1};
constexpr Field link_field = {157, 100};
constexpr Field magic_field = {257, 8};
constexpr Field user_field = {265, 32};
constexpr Field group_field = {297, 32};
constexpr Field major_field = {329, 8};
constexpr Field minor_field = {337, 8};
constexpr Field prefix_field = {345, 155};

constexpr std::string_view posix_magic{"ustar\0", 6};

constexpr uint64_t padding_of(uint64_t size) {
  return (block_size - size % block_size) % block_size;
}

// GNU's own magic, and where its headers have what POSIX's have not.
constexpr std::string_view gnu_magic{"ustar  \0", 8};
constexpr Field gnu_sparse_field = {386, 96};
constexpr size_t gnu_extended_at = 482;
constexpr Field gnu_real_size_field = {483, 12};
constexpr size_t gnu_extension_entries = 21;
constexpr size_t gnu_extension_extended_at = 504;

// A field's text, which ends at its first zero byte or with the field.
std::string_view text_of(Field field, std::string_view header);

// Octal digits with blanks around them; an empty field counts as zero.
std::optional<uint64_t> octal_of(Field field, std::string_view header);

// A number in either of its forms: octal digits, or for what is too large for those, GNU's: the first bit set, and then
// big-endian in two's complement.
std::optional<int64_t> signed_number_of(Field field, std::string_view header);
std::optional<uint64_t> number_of(Field field, std::string_view header);

bool checksum_is_right(std::string_view header);
bool all_zero(std::string_view bytes);

// The name, with POSIX's prefix before it.
std::string path_of(std::string_view header);

}  // namespace rescue::tar
