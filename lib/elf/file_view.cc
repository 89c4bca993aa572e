#include "lib/elf/file_view.h"

#include <algorithm>
#include <utility>

#include "lib/base/fd.h"

namespace rescue::elf {

namespace {

constexpr uint64_t page = 4096;
// The headers and notes. The tables lie anywhere behind them: to copy more at once costs more than it saves.
constexpr uint64_t first_read = page;
constexpr uint64_t longest_piece = 16 << 20;

}  // namespace

const FileView::Chunk* FileView::find(uint64_t offset, uint64_t length) const {
  for (const Chunk& chunk : chunks_) {
    if (offset >= chunk.offset && offset - chunk.offset <= chunk.length &&
        length <= chunk.length - (offset - chunk.offset))
      return &chunk;
  }
  return nullptr;
}

Result<const FileView::Chunk*> FileView::read_chunk(uint64_t offset, uint64_t length, std::string_view what) {
  const uint64_t start = offset / page * page;
  const uint64_t wanted = (offset - start + length + page - 1) / page * page;
  const uint64_t size = std::min(std::max(wanted, start == 0 ? first_read : page), size_ - start);
  std::unique_ptr<char[]> own;
  const bool fits = size <= room_.size() - used_;
  if (!fits)
    own = std::make_unique_for_overwrite<char[]>(size);
  char* const data = fits ? room_.data() + used_ : own.get();
  const size_t count = TRY(pread_full(fd_, {data, size}, start, path_));
  if (count < size)
    return corrupt(what, path_, "the file became shorter while it was read");
  if (fits)
    used_ += size;
  chunks_.push_back({start, size, data, std::move(own)});
  return &chunks_.back();
}

Result<Bytes> FileView::piece(uint64_t offset, uint64_t length, std::string_view what) {
  if (fd_ < 0)
    return whole_.slice(offset, length, what);
  if (offset > size_ || length > size_ - offset)
    return corrupt(what, path_, "lies outside the file");
  if (length > longest_piece)
    return corrupt(what, path_, "is larger than it can be");
  const Chunk* chunk = find(offset, length);
  if (chunk == nullptr)
    chunk = TRY(read_chunk(offset, length, what));
  return Bytes(std::string_view(chunk->data + (offset - chunk->offset), length), path_);
}

Result<std::string_view> FileView::c_string(uint64_t offset, uint64_t end, std::string_view what) {
  if (offset >= end)
    return corrupt(what, path_, "lies outside the string table");
  // Nearly every string is short, and its page is at hand. Longer ones are read on, up to a bound: a path.
  for (uint64_t length = 256;; length *= 16) {
    const uint64_t left = std::min(end - offset, length);
    const std::string_view text = TRY(piece(offset, left, what)).text();
    if (const size_t zero = text.find('\0'); zero != std::string_view::npos)
      return text.substr(0, zero);
    if (left == end - offset || length >= 65536)
      return corrupt(what, path_, "has no closing zero byte");
  }
}

}  // namespace rescue::elf
