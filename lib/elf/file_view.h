// A file of which only the pieces that are asked for are read, each at most once.
//
// The views that it gives stay good as long as it lives. Over bytes in memory it is a plain window on them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/error.h"

namespace rescue::elf {

class FileView {
 public:
  // `fd` and `path` must outlive the view. `size` is the length of the file.
  FileView(int fd, uint64_t size, std::string_view path) : fd_(fd), size_(size), path_(path) {}
  explicit FileView(Bytes whole) : size_(whole.size()), path_(whole.path()), whole_(whole) {}
  FileView(const FileView&) = delete;
  FileView& operator=(const FileView&) = delete;
  ~FileView() = default;

  uint64_t size() const { return size_; }
  std::string_view path() const { return path_; }

  // The `length` bytes at `offset`; an error when the file does not hold them all, or when they are more than
  // anything that we read at one stroke can have.
  Result<Bytes> piece(uint64_t offset, uint64_t length, std::string_view what);

  // The string at `offset`, whose closing zero must come before `end`.
  Result<std::string_view> c_string(uint64_t offset, uint64_t end, std::string_view what);

 private:
  struct Chunk {
    uint64_t offset;
    uint64_t length;
    const char* data;
    std::unique_ptr<char[]> own;  // where the room in the view is used up
  };

  const Chunk* find(uint64_t offset, uint64_t length) const;
  Result<const Chunk*> read_chunk(uint64_t offset, uint64_t length, std::string_view what);

  int fd_ = -1;
  uint64_t size_ = 0;
  std::string_view path_;
  Bytes whole_;
  std::vector<Chunk> chunks_;
  // Enough for what most files are asked for. A sweep reads thousands, and musl takes memory of this size from the
  // kernel and gives it back each time.
  size_t used_ = 0;
  std::array<char, size_t{6} * 4096> room_;
};

}  // namespace rescue::elf
