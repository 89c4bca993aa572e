#include "lib/archive/source.h"

#include <algorithm>
#include <span>

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fd.h"

namespace rescue {

namespace {

constexpr size_t read_size = 128 * 1024;

}  // namespace

Result<std::string_view> Source::next_into(std::string& memory) {
  memory.assign(TRY(next()));
  return std::string_view(memory);
}

Result<std::string_view> FdSource::next() {
  if (!buffer_)
    buffer_ = std::make_unique_for_overwrite<char[]>(read_size);
  const size_t count = TRY(read_some(fd_, {buffer_.get(), read_size}, path_));
  return std::string_view(buffer_.get(), count);
}

// In a file one can go on; but not beyond its end, so that what is cut off shows.
Result<uint64_t> FdSource::skip(uint64_t size) {
  struct stat info{};
  if (size < read_size || ::fstat(fd_, &info) < 0 || !S_ISREG(info.st_mode))
    return 0;
  const off_t at = ::lseek(fd_, 0, SEEK_CUR);
  if (at < 0 || at >= info.st_size)
    return 0;
  const uint64_t step = std::min<uint64_t>(size, static_cast<uint64_t>(info.st_size - at));
  return ::lseek(fd_, static_cast<off_t>(step), SEEK_CUR) < 0 ? 0 : step;
}

Result<std::string_view> RangeSource::next() {
  const auto want = static_cast<size_t>(std::min<uint64_t>(left_, read_size));
  if (want == 0)
    return std::string_view();
  if (!buffer_)
    buffer_ = std::make_unique_for_overwrite<char[]>(read_size);
  const size_t count = TRY(pread_full(fd_, {buffer_.get(), want}, offset_, path_));
  if (count < want)
    return with_status(corrupt("read", path_, "the file ends too early; was it cut off?").error(), Status::bad_data);
  offset_ += count;
  left_ -= count;
  return std::string_view(buffer_.get(), count);
}

Result<std::string> read_all(Source& source, uint64_t limit) {
  std::string text;
  while (true) {
    const std::string_view block = TRY(source.next());
    if (block.empty())
      return text;
    if (block.size() > limit - text.size())
      return with_status(corrupt("read", source.path(), "is larger than it can be").error(), Status::bad_data);
    text += block;
  }
}

}  // namespace rescue
