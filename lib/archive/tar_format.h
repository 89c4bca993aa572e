// The header block of tar as POSIX and GNU have it. For tar_reader.cc and tar_writer.cc.
#pragma once

#include <cstddef>
#include <cstdint>
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
constexpr Field major_field = {329, 8};
constexpr Field minor_field = {337, 8};
constexpr Field prefix_field = {345, 155};

constexpr std::string_view posix_magic{"ustar\0", 6};

constexpr uint64_t padding_of(uint64_t size) {
  return (block_size - size % block_size) % block_size;
}

}  // namespace rescue::tar
