#include "lib/archive/package.h"

#include <algorithm>
#include <array>

#include <sys/stat.h>

#include "lib/archive/codec.h"
#include "lib/archive/cpio.h"
#include "lib/archive/deb.h"
#include "lib/archive/package_file.h"
#include "lib/archive/read_ahead.h"
#include "lib/archive/rpm_payload.h"
#include "lib/archive/tar.h"
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

bool looks_like_cpio(std::string_view start) {
  return start.starts_with("0707");
}

// Decompression goes on meanwhile on another processor.
Result<std::unique_ptr<Source>> open_payload(int fd, deb::Range range, std::string_view path, const EntryLimits& limits,
                                             bool sums) {
  auto packed = std::make_unique<RangeSource>(fd, range.offset, range.size, path);
  return std::make_unique<ReadAheadSource>(TRY(decompress(std::move(packed), limits, sums)));
}

Result<std::unique_ptr<EntryReader>> open_range(int fd, deb::Range range, std::string_view path,
                                                const EntryLimits& limits) {
  auto source = TRY(open_payload(fd, range, path, limits, true));
  const std::string_view first = TRY(source->next());
  const bool cpio = looks_like_cpio(first);
  auto whole = std::make_unique<PeekedSource>(first, std::move(source));
  if (cpio)
    return std::make_unique<CpioReader>(std::move(whole), limits);
  return std::make_unique<TarReader>(std::move(whole), limits);
}

// So much may come out of a payload as the header says that its files hold: what is more was not packed by rpm.
EntryLimits bounded_by(const std::vector<rpm::File>& files, EntryLimits limits) {
  uint64_t total = 0;
  for (const rpm::File& file : files)
    total += std::min<uint64_t>(file.size, limits.total_size);
  limits.total_size = std::min(limits.total_size, total);
  limits.entries = std::min<uint64_t>(limits.entries, files.size());
  return limits;
}

// The same of a Debian package, which says roughly how many kilobytes it takes when it is installed, and that each file
// takes one at least.
EntryLimits bounded_by(const PackageInfo& info, EntryLimits limits) {
  constexpr uint64_t slack = 65536;
  const auto field = info.fields.find("Installed-Size");
  const auto size = field == info.fields.end() ? std::nullopt : to_number<uint32_t>(field->second);
  if (!size)
    return limits;
  limits.total_size = std::min(limits.total_size, (*size + slack) * 4096);
  limits.entries = std::min(limits.entries, *size + slack);
  return limits;
}

}  // namespace

Result<uint64_t> package_file_size(int fd, std::string_view path) {
  struct stat info{};
  if (::fstat(fd, &info) < 0)
    return fail("read package", path);
  if (!S_ISREG(info.st_mode))
    return fail("read package", path, "is not a file");
  return static_cast<uint64_t>(info.st_size);
}

Result<std::unique_ptr<Source>> decompress(std::unique_ptr<Source> input, EntryLimits limits, bool sums) {
  // Headers and padding come on top of the content: half a kilobyte an entry, and as much again.
  const uint64_t overhead = limits.entries * 4096 + (uint64_t{1} << 20);
  const uint64_t limit = limits.total_size < UINT64_MAX - overhead ? limits.total_size + overhead : UINT64_MAX;
  const std::string_view first = TRY(input->next());
  const Codec codec = codec_of(first);
  std::unique_ptr<Source> whole = std::make_unique<PeekedSource>(first, std::move(input));
  if (codec != Codec::none)
    whole = decode(std::move(whole), codec, {.limit = limit, .threads = 0, .sums = sums});
  return whole;
}

PackageReader::PackageReader(std::string_view path, PathPatterns* patterns) : path_(path), patterns_(patterns) {}
PackageReader::~PackageReader() = default;

Result<std::unique_ptr<PackageReader>> PackageReader::open(int fd, std::string_view path, EntryLimits limits,
                                                           PathPatterns* patterns) {
  const uint64_t size = TRY(package_file_size(fd, path));
  std::array<char, 32> buffer;
  const std::string_view start(buffer.data(), TRY(pread_full(fd, buffer, 0, path)));
  std::unique_ptr<PackageReader> package(new PackageReader(path, patterns));  // its constructor is private
  if (start.starts_with(rpm::magic))
    TRY(package->open_rpm(fd, limits));
  else
    TRY(package->open_other(fd, size, start.starts_with(deb::magic), limits));
  return package;
}

Result<> PackageReader::open_rpm(int fd, const EntryLimits& limits) {
  rpm_ = TRY(rpm::Package::open(fd, path_));
  info_.kind = PackageKind::rpm;
  info_.name = rpm_->header().text(rpm::Tag::name);
  info_.version = rpm::version_of(rpm_->header());
  info_.architecture = rpm_->header().text(rpm::Tag::arch);
  const auto& files = *TRY(rpm_->files());
  std::vector<bool> wanted;
  if (patterns_ != nullptr && patterns_->any())
    for (const rpm::File& file : files)
      wanted.push_back(patterns_->wants(file.path));
  // rpm has xz compute a SHA-256 of the whole, which takes longer than all else but decompressing. Where everything in
  // the payload is held against the header, and each file against its digest there, that shows nothing more;
  // as long as that is SHA-256 or SHA-512 (8 and 10 in RFC 4880, section 9.4), and not one that nobody here knows.
  const uint64_t algorithm = rpm::file_digest_algorithm(rpm_->header());
  const bool sums = (algorithm != 8 && algorithm != 10) || std::ranges::any_of(files, [](const rpm::File& file) {
                      return S_ISREG(file.mode) && file.size > 0 && file.digest.empty();
                    });
  auto source =
      TRY(open_payload(fd, {rpm_->payload_offset(), rpm_->payload_size()}, path_, bounded_by(files, limits), sums));
  auto payload = std::make_unique<rpm::PayloadReader>(std::move(source), limits, files, std::move(wanted));
  payload_ = payload.get();
  entries_ = std::move(payload);
  return {};
}

Result<> PackageReader::open_other(int fd, uint64_t size, bool is_deb, const EntryLimits& limits) {
  deb::Range payload{0, size};
  if (is_deb) {
    const deb::Layout layout = TRY(deb::read_layout(fd, path_));
    const auto control = TRY(open_range(fd, layout.control, path_, deb::control_limits));
    TRY(deb::read_info(*control, path_, info_));
    payload = layout.data;
  }
  entries_ = TRY(open_range(fd, payload, path_, bounded_by(info_, limits)));
  return {};
}

Result<const Entry*> PackageReader::next() {
  while (true) {
    const Entry* const entry = TRY(entries_->next());
    if (entry == nullptr || payload_ != nullptr || patterns_ == nullptr || patterns_->wants(entry->path))
      return entry;
  }
}

const rpm::File* PackageReader::rpm_file(std::string_view entry_path) const {
  return payload_ != nullptr ? payload_->file_of(entry_path) : nullptr;
}

}  // namespace rescue
