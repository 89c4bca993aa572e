#include "lib/archive/package.h"

#include <array>

#include <sys/stat.h>

#include "lib/archive/cpio.h"
#include "lib/archive/deb.h"
#include "lib/archive/libarchive.h"
#include "lib/archive/rpm.h"
#include "lib/archive/tar.h"
#include "lib/archive/zstd.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

// A source whose first block was already looked at.
class PeekedSource : public Source {
 public:
  PeekedSource(std::string_view first, std::unique_ptr<Source> rest) : first_(first), rest_(std::move(rest)) {}
  Result<std::string_view> next() override {
    if (first_.empty())
      return rest_->next();
    return std::exchange(first_, {});
  }
  std::string_view path() const override { return rest_->path(); }

 private:
  std::string_view first_;
  std::unique_ptr<Source> rest_;
};

// The start of the old lzma format: properties, a dictionary size that is a power of two, and a size or none.
bool looks_like_lzma(std::string_view start) {
  return start.size() > 13 && start.starts_with(std::string_view("\x5d\0\0", 3)) &&
         (start[12] == '\0' || start[12] == '\xff');
}

bool looks_like_cpio(std::string_view start) {
  return start.starts_with("0707");
}

std::optional<Filter> filter_of(std::string_view start) {
  if (start.starts_with("\x1f\x8b"))
    return Filter::gzip;
  if (start.starts_with("BZh"))
    return Filter::bzip2;
  if (start.starts_with(std::string_view("\xfd"
                                         "7zXZ\0",
                                         6)))
    return Filter::xz;
  if (looks_like_lzma(start))
    return Filter::lzma;
  return std::nullopt;
}

Result<std::unique_ptr<EntryReader>> open_entries(std::unique_ptr<Source> packed, const EntryLimits& limits) {
  auto source = TRY(decompress(std::move(packed), limits));
  const std::string_view first = TRY(source->next());
  const bool cpio = looks_like_cpio(first);
  auto whole = std::make_unique<PeekedSource>(first, std::move(source));
  if (cpio)
    return std::make_unique<CpioReader>(std::move(whole), limits);
  return std::make_unique<TarReader>(std::move(whole), limits);
}

Result<std::unique_ptr<EntryReader>> open_range(int fd, deb::Range range, std::string_view path,
                                                const EntryLimits& limits) {
  return open_entries(std::make_unique<RangeSource>(fd, range.offset, range.size, path), limits);
}

Result<uint64_t> size_of(int fd, std::string_view path) {
  struct stat info{};
  if (::fstat(fd, &info) < 0)
    return fail("read package", path, errno);
  if (!S_ISREG(info.st_mode))
    return fail("read package", path, "is not a file");
  return static_cast<uint64_t>(info.st_size);
}

}  // namespace

Result<std::unique_ptr<Source>> decompress(std::unique_ptr<Source> input, EntryLimits limits) {
  // Headers and padding come on top of the content: half a kilobyte an entry, and as much again.
  const uint64_t overhead = limits.entries * 4096 + (uint64_t{1} << 20);
  const uint64_t limit = limits.total_size < UINT64_MAX - overhead ? limits.total_size + overhead : UINT64_MAX;
  const std::string_view first = TRY(input->next());
  const bool zstd = looks_like_zstd(first);
  const auto filter = filter_of(first);
  std::unique_ptr<Source> whole = std::make_unique<PeekedSource>(first, std::move(input));
  if (zstd)
    whole = std::make_unique<ZstdSource>(std::move(whole), ZstdLimits{.output = limit});
  else if (filter)
    whole = std::make_unique<FilterSource>(std::move(whole), *filter, limit);
  return whole;
}

Result<std::unique_ptr<PackageReader>> PackageReader::open(int fd, std::string_view path, EntryLimits limits) {
  const uint64_t size = TRY(size_of(fd, path));
  std::array<char, 32> buffer;
  const std::string_view start(buffer.data(), TRY(pread_full(fd, buffer, 0, path)));
  auto package = std::make_unique<PackageReader>();
  deb::Range payload{0, size};
  if (start.starts_with(deb::magic)) {
    const deb::Layout layout = TRY(deb::read_layout(fd, path));
    const auto control = TRY(open_range(fd, layout.control, path, limits));
    TRY(deb::read_info(*control, path, package->info_));
    payload = layout.data;
  } else if (start.starts_with(rpm::magic)) {
    payload.offset = TRY(rpm::read_headers(fd, size, path, package->info_));
    payload.size = size > payload.offset ? size - payload.offset : 0;
  }
  package->entries_ = TRY(open_range(fd, payload, path, limits));
  return package;
}

}  // namespace rescue
