// Streams of bytes, pulled block by block: a file, a piece of memory, what a decompressor makes of another stream.
//
// Blocks are handed out as views of the stream's own memory, so that nothing is copied on the way from the
// decompressor to the file that is written.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rescue {

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // The next bytes, at least one; empty at the end of the stream, then and ever after. The view is valid until the
  // next call. After an error the stream is of no further use.
  virtual Result<std::string_view> next() = 0;

  // The same in `memory`, which is the caller's: for one who takes the next bytes before these are used up.
  virtual Result<std::string_view> next_into(std::string& memory);

  // Passes over bytes that nobody wants, if that costs less than reading them; says over how many, at most `size`.
  virtual Result<uint64_t> skip(uint64_t /*size*/) { return 0; }

  // The file that the bytes come from, for messages.
  virtual std::string_view path() const = 0;
};

// Bytes in memory, which must outlive the source.
class MemorySource : public Source {
 public:
  MemorySource(std::string_view bytes, std::string_view path) : bytes_(bytes), path_(path) {}
  Result<std::string_view> next() override { return std::exchange(bytes_, {}); }
  std::string_view path() const override { return path_; }

 private:
  std::string_view bytes_;
  std::string path_;
};

// A file, read from where its descriptor stands (pipes will do); the descriptor stays the caller's.
class FdSource : public Source {
 public:
  FdSource(int fd, std::string_view path) : fd_(fd), path_(path) {}
  Result<std::string_view> next() override;
  Result<uint64_t> skip(uint64_t size) override;
  std::string_view path() const override { return path_; }

 private:
  int fd_;
  std::string path_;
  std::unique_ptr<char[]> buffer_;
};

// `size` bytes of a file from `offset`, read without moving the descriptor's position. A file that ends before is
// an error.
class RangeSource : public Source {
 public:
  RangeSource(int fd, uint64_t offset, uint64_t size, std::string_view path)
      : fd_(fd), offset_(offset), left_(size), path_(path) {}
  Result<std::string_view> next() override;
  std::string_view path() const override { return path_; }

 private:
  int fd_;
  uint64_t offset_;
  uint64_t left_;
  std::string path_;
  std::unique_ptr<char[]> buffer_;
};

// All that is left of a stream; an error when that is more than `limit` bytes.
Result<std::string> read_all(Source& source, uint64_t limit);

}  // namespace rescue
