#include "lib/archive/zip.h"

#include <algorithm>
#include <array>

#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

#include "lib/archive/codec.h"
#include "lib/archive/inflate.h"
#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr uint32_t end64_magic = 0x06064b50;
constexpr uint32_t locator_magic = 0x07064b50;
constexpr uint32_t entry_magic = 0x02014b50;
constexpr uint32_t local_magic = 0x04034b50;
constexpr uint64_t end_size = 22;
constexpr uint64_t locator_size = 20;
constexpr uint64_t entry_size = 46;
constexpr uint64_t local_size = 30;
constexpr uint64_t max_comment = 65535;
constexpr uint64_t max_directory = uint64_t{1} << 30;

std::unexpected<Error> bad(std::string_view path, std::string_view detail) {
  return with_status(corrupt("read archive", path, detail).error(), Status::bad_data);
}

Result<std::string> text_at(int fd, uint64_t offset, uint64_t size, std::string_view path) {
  std::string text(static_cast<size_t>(size), '\0');
  if (TRY(pread_full(fd, text, offset, path)) != size)
    return bad(path, "ends too early; was it cut off?");
  return text;
}

// Two words of MS-DOS, in local time.
int64_t dos_time(uint16_t date, uint16_t time) {
  struct tm fields{};
  fields.tm_year = (date >> 9) + 80;
  fields.tm_mon = std::max((date >> 5 & 15) - 1, 0);
  fields.tm_mday = date & 31;
  fields.tm_hour = time >> 11;
  fields.tm_min = time >> 5 & 63;
  fields.tm_sec = (time & 31) * 2;
  fields.tm_isdst = -1;
  return ::mktime(&fields);
}

class DirectoryParser {
 public:
  DirectoryParser(int fd, std::string_view path) : fd_(fd), path_(path) {}

  Result<ZipArchive> run() {
    struct stat info{};
    if (::fstat(fd_, &info) < 0)
      return fail("look at", path_);
    if (!S_ISREG(info.st_mode))
      return fail("read archive", path_, "is no file: its end must be looked at");
    size_ = static_cast<uint64_t>(info.st_size);
    TRY(find_end());
    if (length_ > max_directory || offset_ > size_ || length_ > size_ - offset_)
      return bad(path_, "its directory is damaged");
    // What stands before the archive (a program that unpacks itself) moves all places.
    if (!is_64_ && end_at_ >= offset_ + length_)
      shift_ = archive_.before = end_at_ - offset_ - length_;
    const std::string directory = TRY(text_at(fd_, offset_ + shift_, length_, path_));
    const Bytes bytes(directory, path_);
    for (uint64_t at = 0; at + entry_size <= bytes.size() && archive_.members.size() < count_;)
      at = TRY(take_entry(bytes, at));
    if (archive_.members.size() != count_)
      return bad(path_, "its directory is damaged");
    return std::move(archive_);
  }

 private:
  // The end record is within the last 64 KiB, for a comment may follow it.
  Result<> find_end() {
    const uint64_t tail_size = std::min(size_, end_size + max_comment);
    const std::string tail = TRY(text_at(fd_, size_ - tail_size, tail_size, path_));
    const Bytes bytes(tail, path_);
    size_t at = tail.rfind("PK\5\6");
    while (at != std::string::npos && at + end_size > tail.size())
      at = at == 0 ? std::string::npos : tail.rfind("PK\5\6", at - 1);
    if (at == std::string::npos)
      return bad(path_, "is no zip archive, or its end is missing; was it cut off?");
    count_ = TRY(bytes.read<uint16_t>(at + 10, "the end"));
    length_ = TRY(bytes.read<uint32_t>(at + 12, "the end"));
    offset_ = TRY(bytes.read<uint32_t>(at + 16, "the end"));
    const uint64_t comment = TRY(bytes.read<uint16_t>(at + 20, "the end"));
    archive_.comment = tail.substr(at + end_size, comment);
    end_at_ = size_ - tail_size + at;
    if (at >= locator_size && bytes.read<uint32_t>(at - locator_size, "the end") == locator_magic)
      TRY(read_end64(TRY(bytes.read<uint64_t>(at - locator_size + 8, "the end"))));
    return {};
  }

  Result<> read_end64(uint64_t place) {
    const std::string text = TRY(text_at(fd_, place, 56, path_));
    const Bytes bytes(text, path_);
    if (TRY(bytes.read<uint32_t>(0, "the end")) != end64_magic)
      return bad(path_, "its directory is damaged");
    count_ = TRY(bytes.read<uint64_t>(32, "the end"));
    length_ = TRY(bytes.read<uint64_t>(40, "the end"));
    offset_ = TRY(bytes.read<uint64_t>(48, "the end"));
    is_64_ = true;
    return {};
  }

  Result<uint64_t> take_entry(const Bytes& bytes, uint64_t at) {
    if (TRY(bytes.read<uint32_t>(at, "an entry")) != entry_magic)
      return bad(path_, "its directory is damaged");
    ZipMember member;
    const auto maker = TRY(bytes.read<uint16_t>(at + 4, "an entry"));
    member.flags = TRY(bytes.read<uint16_t>(at + 8, "an entry"));
    member.method = TRY(bytes.read<uint16_t>(at + 10, "an entry"));
    const auto time = TRY(bytes.read<uint16_t>(at + 12, "an entry"));
    const auto date = TRY(bytes.read<uint16_t>(at + 14, "an entry"));
    member.crc = TRY(bytes.read<uint32_t>(at + 16, "an entry"));
    member.packed = TRY(bytes.read<uint32_t>(at + 20, "an entry"));
    member.size = TRY(bytes.read<uint32_t>(at + 24, "an entry"));
    const uint64_t name_size = TRY(bytes.read<uint16_t>(at + 28, "an entry"));
    const uint64_t extra_size = TRY(bytes.read<uint16_t>(at + 30, "an entry"));
    const uint64_t comment_size = TRY(bytes.read<uint16_t>(at + 32, "an entry"));
    const auto attributes = TRY(bytes.read<uint32_t>(at + 38, "an entry"));
    member.header = TRY(bytes.read<uint32_t>(at + 42, "an entry"));
    // 3: Unix; 19: macOS.
    if (maker >> 8 == 3 || maker >> 8 == 19)
      member.mode = attributes >> 16;
    member.name = TRY(bytes.slice(at + entry_size, name_size, "a name")).text();
    if (member.name.empty() || member.name.find('\0') != std::string::npos)
      return bad(path_, "a name is damaged");
    member.mtime = dos_time(date, time);
    TRY(read_extra(TRY(bytes.slice(at + entry_size + name_size, extra_size, "an extra field")), member));
    member.header += shift_;
    archive_.members.push_back(std::move(member));
    return at + entry_size + name_size + extra_size + comment_size;
  }

  // Fields of a number, a length and content. What is cut off is passed over, as everybody does.
  static Result<> read_extra(Bytes extra, ZipMember& member) {
    while (extra.size() >= 4) {
      const auto kind = TRY(extra.read<uint16_t>(0, "an extra field"));
      const uint64_t length = TRY(extra.read<uint16_t>(2, "an extra field"));
      if (length > extra.size() - 4)
        return {};
      const Bytes content = TRY(extra.slice(4, length, "an extra field"));
      if (kind == 1)
        TRY(read_zip64(content, member));
      else if (kind == 0x5455 && length >= 5 && (content.data()[0] & 1) != 0)
        member.mtime = TRY(content.read<int32_t>(1, "a time"));
      else if (kind == 0x7875 && length >= 3)
        read_owner(content, member);
      extra = TRY(extra.from(4 + length, "an extra field"));
    }
    return {};
  }

  static Result<> read_zip64(const Bytes& content, ZipMember& member) {
    uint64_t at = 0;
    for (uint64_t* const field : {&member.size, &member.packed, &member.header}) {
      if (*field != UINT32_MAX)
        continue;
      *field = TRY(content.read<uint64_t>(at, "a size"));
      at += 8;
    }
    return {};
  }

  static void read_owner(const Bytes& content, ZipMember& member) {
    uint64_t at = 1;
    for (uint32_t* const id : {&member.uid, &member.gid}) {
      const auto size = content.read<uint8_t>(at, "an owner");
      const auto number = content.read<uint32_t>(at + 1, "an owner");
      if (!size || *size != 4 || !number)
        return;
      *id = *number;
      at += 5;
    }
    member.has_owner = true;
  }

  int fd_;
  std::string_view path_;
  uint64_t size_ = 0;
  uint64_t end_at_ = 0;
  uint64_t count_ = 0;
  uint64_t length_ = 0;
  uint64_t offset_ = 0;
  uint64_t shift_ = 0;
  bool is_64_ = false;
  ZipArchive archive_;
};

// Deflated data without any header around it.
class InflateSource : public Source {
 public:
  explicit InflateSource(std::unique_ptr<Source> input)
      : input_(std::move(input)), buffer_(std::make_unique_for_overwrite<char[]>(size)) {}
  std::string_view path() const override { return input_->path(); }
  Result<std::string_view> next() override {
    while (!ended_) {
      if (pending_.empty() && !full_)
        if (pending_ = TRY(input_->next()); pending_.empty())
          return bad(path(), "a member ends too early");
      size_t made = 0;
      const Inflater::Outcome outcome = inflater_.run(pending_, buffer_.get(), size, made);
      if (outcome == Inflater::Outcome::damaged)
        return bad(path(), "a member is damaged");
      ended_ = outcome == Inflater::Outcome::end;
      full_ = made == size;
      if (made > 0)
        return std::string_view(buffer_.get(), made);
    }
    return std::string_view();
  }

 private:
  static constexpr size_t size = 128 * 1024;
  std::unique_ptr<Source> input_;
  std::unique_ptr<char[]> buffer_;
  std::string_view pending_;
  Inflater inflater_;
  bool full_ = false;  // so that there may be more without more input
  bool ended_ = false;
};

// Holds what is read against size and sum.
class CheckedSource : public Source {
 public:
  CheckedSource(std::unique_ptr<Source> input, const ZipMember& member)
      : input_(std::move(input)), name_(member.name), size_(member.size), crc_(member.crc) {}
  std::string_view path() const override { return input_->path(); }
  Result<std::string_view> next() override {
    const std::string_view block = TRY(input_->next());
    done_ += block.size();
    if (done_ > size_)
      return bad(name_, "holds more than the archive says");
    if (!block.empty()) {
      sum_ = static_cast<uint32_t>(::crc32_z(sum_, reinterpret_cast<const Bytef*>(block.data()), block.size()));
      return block;
    }
    if (done_ != size_)
      return bad(name_, "holds less than the archive says");
    if (sum_ != crc_)
      return bad(name_, "is damaged: its sum is wrong");
    return block;
  }

 private:
  std::unique_ptr<Source> input_;
  std::string name_;
  uint64_t size_;
  uint32_t crc_;
  uint64_t done_ = 0;
  uint32_t sum_ = 0;
};

}  // namespace

Result<ZipArchive> read_zip(int fd, std::string_view path) {
  return DirectoryParser(fd, path).run();
}

Result<std::unique_ptr<Source>> open_zip_member(int fd, std::string_view path, const ZipMember& member) {
  if (member.is_encrypted())
    return fail("extract", member.name, "is encrypted, which is not supported");
  const std::string header = TRY(text_at(fd, member.header, local_size, path));
  const Bytes bytes(header, path);
  if (TRY(bytes.read<uint32_t>(0, "a header")) != local_magic)
    return bad(member.name, "its header is damaged");
  const uint64_t start = member.header + local_size + TRY(bytes.read<uint16_t>(26, "a header")) +
                         TRY(bytes.read<uint16_t>(28, "a header"));
  std::unique_ptr<Source> source = std::make_unique<RangeSource>(fd, start, member.packed, path);
  const DecodeOptions options{.limit = member.size};
  switch (member.method) {
    case zip::stored: break;
    case zip::deflated: source = std::make_unique<InflateSource>(std::move(source)); break;
    case zip::bzip2: source = decode(std::move(source), Codec::bzip2, options); break;
    case zip::zstd: source = decode(std::move(source), Codec::zstd, options); break;
    case zip::xz: source = decode(std::move(source), Codec::xz, options); break;
    default: return fail("extract", member.name, "is compressed in way ", member.method, ", which is not supported");
  }
  return std::make_unique<CheckedSource>(std::move(source), member);
}

}  // namespace rescue
