#include "lib/archive/cpio_writer.h"

#include <algorithm>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

// Where each form's parts end.
uint64_t alignment(CpioFormat format) {
  switch (format) {
    case CpioFormat::newc:
    case CpioFormat::crc: return 4;
    case CpioFormat::odc: return 1;
    case CpioFormat::bin: return 2;
  }
  return 1;
}

uint64_t padding_of(uint64_t length, uint64_t unit) {
  return (unit - length % unit) % unit;
}

uint64_t largest_file(CpioFormat format) {
  switch (format) {
    case CpioFormat::newc:
    case CpioFormat::crc: return UINT32_MAX;
    case CpioFormat::odc: return (uint64_t{1} << 33) - 1;
    case CpioFormat::bin: return INT32_MAX;
  }
  return 0;
}

uint32_t largest_owner(CpioFormat format) {
  switch (format) {
    case CpioFormat::newc:
    case CpioFormat::crc: return UINT32_MAX;
    case CpioFormat::odc: return 0777777;
    case CpioFormat::bin: return UINT16_MAX;
  }
  return 0;
}

void append_hex(std::string& text, uint64_t number) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (int shift = 28; shift >= 0; shift -= 4)
    text += digits[number >> shift & 15];
}

void append_octal(std::string& text, uint64_t number, size_t width) {
  for (size_t i = width; i > 0; --i)
    text += static_cast<char>('0' + (number >> (3 * (i - 1)) & 7));
}

void append_word(std::string& text, uint64_t number) {
  const auto word = static_cast<uint16_t>(number);
  text.append(reinterpret_cast<const char*>(&word), sizeof word);
}

// The two oldest forms know a device by one number.
uint64_t device_number(uint32_t major, uint32_t minor) {
  return makedev(major, minor);
}

uint32_t type_bits(EntryType type) {
  switch (type) {
    case EntryType::file:
    case EntryType::hardlink: return S_IFREG;
    case EntryType::directory: return S_IFDIR;
    case EntryType::symlink: return S_IFLNK;
    case EntryType::character: return S_IFCHR;
    case EntryType::block: return S_IFBLK;
    case EntryType::fifo: return S_IFIFO;
    case EntryType::socket: return S_IFSOCK;
  }
  return S_IFREG;
}

}  // namespace

std::string CpioWriter::ascii_header(const CpioMember& member) const {
  std::string text = format_ == CpioFormat::crc ? "070702" : "070701";
  const uint64_t fields[] = {member.inode,
                             member.mode,
                             member.uid,
                             member.gid,
                             member.links,
                             static_cast<uint64_t>(member.mtime),
                             member.size,
                             member.device_major,
                             member.device_minor,
                             member.special_major,
                             member.special_minor,
                             member.name.size() + 1,
                             member.sum};
  for (const uint64_t field : fields)
    append_hex(text, field);
  return text;
}

std::string CpioWriter::odc_header(const CpioMember& member) {
  std::string text = "070707";
  const uint64_t fields[] = {device_number(member.device_major, member.device_minor),
                             member.inode,
                             member.mode,
                             member.uid,
                             member.gid,
                             member.links,
                             device_number(member.special_major, member.special_minor)};
  for (const uint64_t field : fields)
    append_octal(text, field, 6);
  append_octal(text, static_cast<uint64_t>(member.mtime), 11);
  append_octal(text, member.name.size() + 1, 6);
  append_octal(text, member.size, 11);
  return text;
}

// Numbers of 32 bits have their upper half first, whatever the byte order.
std::string CpioWriter::binary_header(const CpioMember& member) {
  std::string text;
  append_word(text, 070707);
  const uint64_t fields[] = {device_number(member.device_major, member.device_minor),
                             member.inode,
                             member.mode,
                             member.uid,
                             member.gid,
                             member.links,
                             device_number(member.special_major, member.special_minor),
                             static_cast<uint64_t>(member.mtime) >> 16,
                             static_cast<uint64_t>(member.mtime),
                             member.name.size() + 1,
                             member.size >> 16,
                             member.size};
  for (const uint64_t field : fields)
    append_word(text, field);
  return text;
}

// Why a member cannot be archived; empty when it can.
std::string_view CpioWriter::objection(const CpioMember& member) const {
  if (member.name.empty() || member.name.find('\0') != std::string::npos)
    return "has no proper name";
  if (member.size > largest_file(format_))
    return "is too large for this form of cpio";
  if (member.uid > largest_owner(format_) || member.gid > largest_owner(format_))
    return "has an owner whose number is too large for this form of cpio";
  if (format_ == CpioFormat::bin && member.name.size() >= UINT16_MAX)
    return "has a name too long for this form of cpio";
  return {};
}

Result<> CpioWriter::put(std::string_view bytes) {
  written_ += bytes.size();
  return sink_.write(bytes);
}

Result<> CpioWriter::add(const CpioMember& member) {
  TRY(end_member());
  path_ = member.name;
  if (const std::string_view detail = objection(member); !detail.empty())
    return fail("archive", path_, detail);
  std::string bytes;
  switch (format_) {
    case CpioFormat::newc:
    case CpioFormat::crc: bytes = ascii_header(member); break;
    case CpioFormat::odc: bytes = odc_header(member); break;
    case CpioFormat::bin: bytes = binary_header(member); break;
  }
  bytes += member.name;
  bytes += '\0';
  bytes.append(padding_of(bytes.size(), alignment(format_)), '\0');
  left_ = member.size;
  padding_ = padding_of(member.size, alignment(format_));
  return put(bytes);
}

Result<> CpioWriter::write(std::string_view data) {
  if (data.size() > left_)
    return fail("archive", path_, "has grown meanwhile");
  left_ -= data.size();
  return put(data);
}

Result<> CpioWriter::end_member() {
  if (left_ > 0)
    return fail("archive", path_, "has become shorter meanwhile");
  static constexpr char zeros[4] = {};
  return put({zeros, std::exchange(padding_, 0)});
}

Result<> CpioWriter::finish(uint64_t block) {
  CpioMember trailer;
  trailer.name = "TRAILER!!!";
  TRY(add(trailer));
  return put(std::string(padding_of(written_, block), '\0'));
}

Result<> CpioWriter::add(const Entry& entry) {
  const bool link = entry.type == EntryType::symlink;
  if (entry.type == EntryType::hardlink)
    return fail("archive", entry.path, "is a hard link, which cpio cannot say of an entry by itself");
  if (link ? entry.link.empty() : entry.type != EntryType::file && entry.size != 0)
    return fail("archive", entry.path, "has content, and is no file; or is a link without a target");
  CpioMember member;
  member.name = entry.path;
  member.mode = type_bits(entry.type) | (entry.mode & 07777);
  member.uid = entry.uid;
  member.gid = entry.gid;
  member.links = entry.type == EntryType::directory ? 2 : 1;
  member.mtime = entry.mtime;
  member.size = link ? entry.link.size() : entry.size;
  member.inode = ++count_;
  member.special_major = entry.device_major;
  member.special_minor = entry.device_minor;
  TRY(add(member));
  return link ? write(entry.link) : Result<>();
}

Result<> CpioWriter::add(Entry entry, std::string_view data) {
  entry.size = data.size();
  TRY(add(entry));
  return write(data);
}

}  // namespace rescue
