// libarchive, fed from a Source: its decompressors and its cpio reader. For package.cc; nothing else of it is used
// for reading, and nothing that opens a path or starts a program.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lib/archive/entry.h"
#include "lib/archive/source.h"
#include "lib/base/error.h"

struct archive;

namespace rescue {

// An open archive and the stream that it reads.
class LibarchiveStream {
 public:
  explicit LibarchiveStream(std::unique_ptr<Source> source) : source_(std::move(source)) {}
  LibarchiveStream(const LibarchiveStream&) = delete;
  LibarchiveStream& operator=(const LibarchiveStream&) = delete;

  // Opens it with what `enable` (archive_read_support_...) switches on; called twice: for filter and format.
  using Enable = int (*)(archive*);
  Result<> open(Enable filter, Enable format);
  // What went wrong last: the source's own error, or libarchive's words.
  std::unexpected<Error> error();
  // Reads the source to its end, past what libarchive wanted of it.
  Result<> drain();

  archive* get() const { return archive_.get(); }
  std::string_view path() const { return source_->path(); }

 private:
  struct Free {
    void operator()(archive* handle) const;
  };
  static ptrdiff_t give_block(archive* handle, void* self, const void** block);

  std::unique_ptr<Source> source_;
  Result<> status_;
  std::unique_ptr<archive, Free> archive_;
};

// The ways of compression that libarchive undoes for us.
enum class Filter : uint8_t { gzip, bzip2, xz, lzma };

// Decompresses; more than `limit` bytes are an error.
class FilterSource : public Source {
 public:
  FilterSource(std::unique_ptr<Source> input, Filter filter, uint64_t limit)
      : stream_(std::move(input)), filter_(filter), limit_(limit) {}
  Result<std::string_view> next() override;
  std::string_view path() const override { return stream_.path(); }

 private:
  Result<> start();

  LibarchiveStream stream_;
  Filter filter_;
  uint64_t limit_;
  uint64_t produced_ = 0;
  bool started_ = false;
  bool ended_ = false;
};

// The entries of a cpio archive (the payload of rpm packages).
class CpioReader : public EntryReader {
 public:
  CpioReader(std::unique_ptr<Source> source, EntryLimits limits) : stream_(std::move(source)), limits_(limits) {}
  Result<const Entry*> next() override;
  Result<std::string_view> read() override;

 private:
  Result<int> take_entry();
  Result<> check_entry();
  std::unexpected<Error> bad(std::string_view detail) const;

  LibarchiveStream stream_;
  EntryLimits limits_;
  Entry entry_;
  uint64_t left_ = 0;
  uint64_t entries_ = 0;
  uint64_t total_ = 0;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace rescue
