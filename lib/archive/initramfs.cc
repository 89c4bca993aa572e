#include "lib/archive/initramfs.h"

#include <algorithm>
#include <array>
#include <optional>

#include <sys/stat.h>

#include "lib/archive/cpio.h"
#include "lib/archive/lz4.h"
#include "lib/archive/package.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr std::string_view newc_magics[] = {"070701", "070702"};
constexpr std::string_view trailer("TRAILER!!!\0", 11);
constexpr size_t header_size = 110;
constexpr uint64_t max_members = 1'000'000;
constexpr size_t max_segments = 64;

uint64_t padded(uint64_t length) {
  return (length + 3) / 4 * 4;
}

class SegmentFinder {
 public:
  SegmentFinder(int fd, uint64_t size, std::string_view path) : fd_(fd), size_(size), path_(path) {}

  Result<std::vector<InitramfsSegment>> run() {
    std::vector<InitramfsSegment> segments;
    uint64_t at = 0;
    while (TRY(skip_zeros(at)) && segments.size() < max_segments) {
      std::array<char, 6> magic;
      const size_t count = TRY(pread_full(fd_, magic, at, path_));
      const bool plain = std::ranges::contains(newc_magics, std::string_view(magic.data(), count));
      const uint64_t end = plain ? TRY(end_of_archive(at)) : size_;
      segments.push_back({.offset = at, .size = end - at, .compressed = !plain});
      at = end;
    }
    return segments;
  }

 private:
  std::unexpected<Error> bad(std::string_view detail) const {
    return with_status(corrupt("read initramfs", path_, detail).error(), Status::bad_data);
  }

  // Goes to the first byte that is none; false at the end of the file.
  Result<bool> skip_zeros(uint64_t& at) const {
    std::array<char, 4096> block;
    while (at < size_) {
      const std::string_view bytes(block.data(), TRY(pread_full(fd_, block, at, path_)));
      const size_t zeros = std::min(bytes.find_first_not_of('\0'), bytes.size());
      at += zeros;
      if (bytes.empty() || zeros < bytes.size())
        return !bytes.empty();
    }
    return false;
  }

  // Goes from header to header.
  Result<uint64_t> end_of_archive(uint64_t at) const {
    for (uint64_t i = 0; i < max_members; ++i) {
      std::array<char, header_size + trailer.size()> block;
      const std::string_view bytes(block.data(), TRY(pread_full(fd_, block, at, path_)));
      const auto field = [&](size_t index) { return to_number<uint32_t>(bytes.substr(6 + 8 * index, 8), 16); };
      if (bytes.size() < header_size || !std::ranges::contains(newc_magics, bytes.substr(0, 6)))
        return bad("a header is damaged or cut off");
      const auto size = field(6);
      const auto name_size = field(11);
      if (!size || !name_size)
        return bad("a header is damaged");
      at += padded(header_size + uint64_t{*name_size}) + padded(*size);
      if (at > size_ + 3)
        return bad("ends too early; was it cut off?");
      if (*name_size == trailer.size() && bytes.substr(header_size) == trailer)
        return std::min(at, size_);
    }
    return bad("holds too many members");
  }

  int fd_;
  uint64_t size_;
  std::string_view path_;
};

}  // namespace

Result<std::vector<InitramfsSegment>> find_initramfs_segments(int fd, uint64_t size, std::string_view path) {
  return SegmentFinder(fd, size, path).run();
}

Result<std::unique_ptr<InitramfsReader>> InitramfsReader::open(int fd, std::string_view path, EntryLimits limits) {
  struct stat info{};
  if (::fstat(fd, &info) < 0)
    return fail("read initramfs", path);
  auto reader = std::make_unique<InitramfsReader>();
  reader->fd_ = fd;
  reader->path_ = path;
  reader->limits_ = limits;
  reader->segments_ = TRY(find_initramfs_segments(fd, static_cast<uint64_t>(info.st_size), path));
  return reader;
}

Result<> InitramfsReader::open_segment() {
  const InitramfsSegment& segment = segments_[at_++];
  std::unique_ptr<Source> source = std::make_unique<RangeSource>(fd_, segment.offset, segment.size, path_);
  std::array<char, 4> magic{};
  TRY(pread_full(fd_, magic, segment.offset, path_));
  if (std::string_view(magic.data(), magic.size()) == lz4_legacy_magic)
    source = std::make_unique<Lz4Source>(std::move(source), limits_.total_size);
  else if (segment.compressed)
    source = TRY(decompress(std::move(source), limits_));
  current_ = std::make_unique<CpioReader>(std::move(source), limits_, CpioReader::Behind::archives);
  return {};
}

Result<const Entry*> InitramfsReader::next() {
  while (true) {
    if (current_ != nullptr)
      if (const Entry* entry = TRY(current_->next()))
        return entry;
    if (at_ == segments_.size())
      return nullptr;
    TRY(open_segment());
  }
}

}  // namespace rescue
