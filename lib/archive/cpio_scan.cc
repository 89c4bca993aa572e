#include "lib/archive/cpio_scan.h"

#include <algorithm>
#include <array>
#include <optional>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/base/bytes.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr uint64_t max_text = 65536;
constexpr std::string_view damaged = "a header is damaged";
constexpr size_t magic_size = 6;
constexpr size_t binary_size = 26;

uint64_t padding_of(uint64_t length, uint64_t unit) {
  return (unit - length % unit) % unit;
}

}  // namespace

Result<std::string_view> CpioScanner::take(size_t size) {
  const std::string_view block = TRY(intake_.take_block(size));
  if (block.empty())
    return intake_.bad("ends too early; was it cut off?");
  position_ += size;
  return block;
}

Result<> CpioScanner::skip(uint64_t size) {
  TRY(intake_.skip(size));
  position_ += size;
  return {};
}

Result<> CpioScanner::take_name(uint64_t size, uint64_t header_size) {
  item_.name = TRY(intake_.take_text(size, max_text));
  position_ += size;
  TRY(skip(padding_of(header_size + size, unit_)));
  if (item_.name.size() < 2 || item_.name.find('\0') != item_.name.size() - 1)
    return intake_.bad("a name is damaged");
  item_.name.pop_back();
  return {};
}

// 13 fields of eight hexadecimal digits.
Result<> CpioScanner::take_ascii(bool sums) {
  constexpr size_t count = 13;
  std::array<uint32_t, count> fields{};
  const std::string_view text = TRY(take(count * 8));
  for (size_t i = 0; i < count; ++i) {
    const auto number = to_number<uint32_t>(text.substr(i * 8, 8), 16);
    if (!number)
      return intake_.bad(damaged);
    fields[i] = *number;
  }
  item_.inode = fields[0];
  item_.mode = fields[1];
  item_.uid = fields[2];
  item_.gid = fields[3];
  item_.links = fields[4];
  item_.mtime = fields[5];
  item_.size = fields[6];
  item_.device_major = fields[7];
  item_.device_minor = fields[8];
  item_.special_major = fields[9];
  item_.special_minor = fields[10];
  item_.sum = fields[12];
  item_.has_sum = sums;
  unit_ = 4;
  return take_name(fields[11], magic_size + count * 8);
}

// Octal digits: six a field, but for time and size, which have eleven.
Result<> CpioScanner::take_odc() {
  constexpr size_t widths[] = {6, 6, 6, 6, 6, 6, 6, 11, 6, 11};
  std::array<uint64_t, std::size(widths)> fields{};
  constexpr size_t size = 6 * 8 + 11 * 2;
  std::string_view text = TRY(take(size));
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto number = to_number<uint64_t>(text.substr(0, widths[i]), 8);
    if (!number)
      return intake_.bad(damaged);
    fields[i] = *number;
    text.remove_prefix(widths[i]);
  }
  item_.device_major = major(fields[0]);
  item_.device_minor = minor(fields[0]);
  item_.inode = fields[1];
  item_.mode = static_cast<uint32_t>(fields[2]);
  item_.uid = static_cast<uint32_t>(fields[3]);
  item_.gid = static_cast<uint32_t>(fields[4]);
  item_.links = static_cast<uint32_t>(fields[5]);
  item_.special_major = major(fields[6]);
  item_.special_minor = minor(fields[6]);
  item_.mtime = static_cast<int64_t>(fields[7]);
  item_.size = fields[9];
  unit_ = 1;
  return take_name(fields[8], magic_size + size);
}

// 13 words of 16 bits; the first six bytes were taken already.
Result<> CpioScanner::take_binary(bool swapped) {
  const std::string rest(TRY(take(binary_size - magic_size)));
  const Bytes bytes(rest, "cpio", swapped ? std::endian::big : std::endian::little);
  std::array<uint32_t, 10> words{};
  for (size_t i = 0; i < words.size(); ++i)
    words[i] = TRY(bytes.read<uint16_t>(i * 2, "a header"));
  item_.mode = words[0];
  item_.uid = words[1];
  item_.gid = words[2];
  item_.links = words[3];
  item_.special_major = major(words[4]);
  item_.special_minor = minor(words[4]);
  item_.mtime = int64_t{words[5]} << 16 | words[6];
  item_.size = uint64_t{words[8]} << 16 | words[9];
  unit_ = 2;
  return take_name(words[7], binary_size);
}

Result<bool> CpioScanner::take_header() {
  const std::string magic(TRY(take(magic_size)));
  item_ = CpioItem();
  if (magic == "070701" || magic == "070702") {
    TRY(take_ascii(magic == "070702"));
  } else if (magic == "070707") {
    TRY(take_odc());
  } else if (magic.starts_with("\xc7\x71") || magic.starts_with("\x71\xc7")) {
    const bool swapped = magic[0] == '\x71';
    const Bytes bytes(magic, "cpio", swapped ? std::endian::big : std::endian::little);
    const uint32_t device = TRY(bytes.read<uint16_t>(2, "a header"));
    const uint32_t inode = TRY(bytes.read<uint16_t>(4, "a header"));
    TRY(take_binary(swapped));
    item_.device_major = major(device);
    item_.device_minor = minor(device);
    item_.inode = inode;
  } else {
    return intake_.bad("a header is damaged, or this is no cpio archive");
  }
  return item_.name != "TRAILER!!!";
}

Result<const CpioItem*> CpioScanner::next() {
  if (ended_)
    return nullptr;
  TRY(skip(std::exchange(left_, 0)));
  TRY(skip(std::exchange(padding_, 0)));
  if (!TRY(take_header())) {
    ended_ = true;
    return nullptr;
  }
  left_ = item_.size;
  padding_ = padding_of(item_.size, unit_);
  if (S_ISLNK(item_.mode)) {
    item_.link = TRY(intake_.take_text(left_, max_text));
    position_ += std::exchange(left_, 0);
    if (item_.link.empty() || item_.link.find('\0') != std::string::npos)
      return intake_.bad(str("the target of '", Printable(item_.name), "' is damaged"));
  }
  return &item_;
}

Result<> CpioScanner::drain() {
  while (TRY(intake_.more()))
    TRY(intake_.take_some(UINT64_MAX));
  return {};
}

Result<std::string_view> CpioScanner::read() {
  if (left_ == 0)
    return std::string_view();
  const std::string_view block = TRY(intake_.take_some(left_));
  left_ -= block.size();
  position_ += block.size();
  return block;
}

}  // namespace rescue
