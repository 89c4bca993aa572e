// libarchive's decompressors, fed from a Source. For package.cc. Nothing is used that opens a path or starts a program,
// and none of its readers of archives: see tar.h, and for cpio: a damaged length makes it ask for gigabytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lib/archive/source.h"
#include "lib/base/error.h"

struct archive;

namespace rescue {

// The ways of compression that libarchive undoes for us.
enum class Filter : uint8_t { gzip, bzip2, xz, lzma };

// Decompresses; more than `limit` bytes are an error.
class FilterSource : public Source {
 public:
  FilterSource(std::unique_ptr<Source> input, Filter filter, uint64_t limit)
      : input_(std::move(input)), filter_(filter), limit_(limit) {}
  Result<std::string_view> next() override;
  std::string_view path() const override { return input_->path(); }

 private:
  struct Free {
    void operator()(archive* handle) const;
  };
  static ptrdiff_t give_block(archive* handle, void* self, const void** block);

  Result<> start();
  // What went wrong last: the input's own error, or libarchive's words.
  std::unexpected<Error> error() const;
  std::unexpected<Error> bad(std::string_view detail) const;

  std::unique_ptr<Source> input_;
  Result<> input_status_;
  Filter filter_;
  uint64_t limit_;
  uint64_t produced_ = 0;
  bool ended_ = false;
  std::unique_ptr<archive, Free> archive_;
};

}  // namespace rescue
