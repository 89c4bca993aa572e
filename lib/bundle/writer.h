// Writes a bundle file: under a temporary name beside the output, synced, and renamed when it is whole, so that there
// is never half a bundle under a name that somebody would restore from.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lib/archive/sink.h"
#include "lib/archive/tar.h"
#include "lib/archive/zstd.h"
#include "lib/base/error.h"
#include "lib/base/fd.h"

namespace rescue {

class BundleWriter {
 public:
  // Makes the temporary file. `output` may exist, and is replaced in the end.
  static Result<BundleWriter> open(const std::string& output, int level);
  BundleWriter(BundleWriter&& other) noexcept;
  BundleWriter& operator=(BundleWriter&& other) = delete;
  ~BundleWriter();  // removes the temporary file if commit() did not succeed

  TarWriter& tar() { return *tar_; }
  // Ends the archive, syncs it, and gives it its name; the size of the file.
  Result<uint64_t> commit();

 private:
  BundleWriter() = default;

  std::string output_;
  std::string temporary_;
  UniqueFd fd_;
  std::unique_ptr<FdSink> file_;
  std::unique_ptr<ZstdSink> zstd_;
  std::unique_ptr<TarWriter> tar_;
};

// Replaces the file `output` by one with this content, in the same way: for signatures and keys.
Result<> replace_text_file(const std::string& output, std::string_view text, unsigned mode);

}  // namespace rescue
