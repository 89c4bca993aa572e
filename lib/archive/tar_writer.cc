#include <algorithm>

#include "lib/archive/pax.h"
#include "lib/archive/tar.h"
#include "lib/archive/tar_format.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

using namespace tar;

// Every pax header has the same name: one made of the entry's would have to be cut to fit.
constexpr std::string_view pax_name = "././@PaxHeader";

// A header block under construction.
class Header {
 public:
  Header() : bytes_(block_size, '\0') {
    set_text(magic_field, std::string_view("ustar\0"
                                           "00",
                                           8));
  }

  void set_text(Field field, std::string_view text) {
    std::copy_n(text.begin(), std::min(text.size(), field.size), bytes_.begin() + static_cast<ptrdiff_t>(field.offset));
  }
  // Octal digits and a zero byte. A number without room stays zero: a pax record has it.
  void set_number(Field field, uint64_t number) {
    std::string digits = to_octal(fits_number(number, field.size) ? number : 0);
    digits.insert(0, field.size - 1 - digits.size(), '0');
    set_text(field, digits);
  }
  void set_type(char type) { set_text(type_field, {&type, 1}); }

  // The finished block.
  std::string_view seal() {
    uint64_t sum = ' ' * checksum_field.size;
    for (const char byte : bytes_)
      sum += static_cast<uint8_t>(byte);
    std::string digits = to_octal(sum);
    digits.insert(0, 6 - digits.size(), '0');
    set_text(checksum_field, digits + '\0' + ' ');
    return bytes_;
  }

 private:
  std::string bytes_;
};

char type_letter(EntryType type) {
  switch (type) {
    case EntryType::file: return '0';
    case EntryType::hardlink: return '1';
    case EntryType::symlink: return '2';
    case EntryType::character: return '3';
    case EntryType::block: return '4';
    case EntryType::directory: return '5';
    case EntryType::fifo: return '6';
    case EntryType::socket: break;
  }
  return '\0';
}

void append_padding(std::string& bytes) {
  bytes.append(padding_of(bytes.size()), '\0');
}

// The pax header as a member of its own, and its content.
void append_pax(std::string& bytes, std::string_view records) {
  Header header;
  header.set_text(name_field, pax_name);
  header.set_number(mode_field, 0644);
  header.set_number(uid_field, 0);
  header.set_number(gid_field, 0);
  header.set_number(size_field, records.size());
  header.set_number(mtime_field, 0);
  header.set_number(major_field, 0);
  header.set_number(minor_field, 0);
  header.set_type('x');
  bytes += header.seal();
  bytes += records;
  append_padding(bytes);
}

void append_header(std::string& bytes, const Entry& entry) {
  Header header;
  header.set_text(name_field, entry.path);
  header.set_number(mode_field, entry.mode & 07777);
  header.set_number(uid_field, entry.uid);
  header.set_number(gid_field, entry.gid);
  header.set_number(size_field, entry.size);
  header.set_number(mtime_field, fits_mtime(entry) || entry.mtime > 0 ? static_cast<uint64_t>(entry.mtime) : 0);
  header.set_type(type_letter(entry.type));
  header.set_text(link_field, entry.link);
  header.set_number(major_field, entry.device_major);
  header.set_number(minor_field, entry.device_minor);
  bytes += header.seal();
}

bool is_device(EntryType type) {
  return type == EntryType::character || type == EntryType::block;
}

// Why an entry cannot be archived; empty when it can.
std::string_view objection(const Entry& entry) {
  const bool is_link = entry.type == EntryType::symlink || entry.type == EntryType::hardlink;
  if (entry.type == EntryType::socket)
    return "is a socket, and tar has no word for those";
  if (entry.path.empty() || (is_link && entry.link.empty()))
    return "has no name, or is a link without a target";
  if (entry.path.find('\0') != std::string::npos || entry.link.find('\0') != std::string::npos)
    return "holds a zero byte in a name";
  if (entry.type != EntryType::file && entry.size != 0)
    return "has content, and is no file";
  if (is_device(entry.type) &&
      (!fits_number(entry.device_major, major_field.size) || !fits_number(entry.device_minor, minor_field.size)))
    return "has device numbers too large for tar";
  return {};
}

// As the header has it: a directory's path ends with a slash, and nothing stands where it says nothing.
Entry as_archived(Entry entry) {
  if (entry.type == EntryType::directory && !entry.path.ends_with('/'))
    entry.path += '/';
  if (entry.type != EntryType::symlink && entry.type != EntryType::hardlink)
    entry.link.clear();
  if (!is_device(entry.type))
    entry.device_major = entry.device_minor = 0;
  rescue::sort(entry.xattrs, {}, &Xattr::name);
  return entry;
}

}  // namespace

Result<> TarWriter::add(const Entry& entry) {
  TRY(end_entry());
  path_ = entry.path;
  if (const std::string_view detail = objection(entry); !detail.empty())
    return fail("archive", path_, detail);
  const Entry archived = as_archived(entry);
  std::string bytes;
  if (const std::string records = pax_records(archived); !records.empty())
    append_pax(bytes, records);
  append_header(bytes, archived);
  left_ = entry.size;
  padding_ = padding_of(entry.size);
  return sink_.write(bytes);
}

Result<> TarWriter::write(std::string_view data) {
  if (data.size() > left_)
    return fail("archive", path_, "has grown meanwhile");
  left_ -= data.size();
  return sink_.write(data);
}

Result<> TarWriter::end_entry() {
  if (left_ > 0)
    return fail("archive", path_, "has become shorter meanwhile");
  static constexpr char zeros[block_size] = {};
  return sink_.write({zeros, std::exchange(padding_, 0)});
}

Result<> TarWriter::finish() {
  TRY(end_entry());
  return sink_.write(std::string(2 * block_size, '\0'));
}

Result<> TarWriter::add(Entry entry, std::string_view data) {
  entry.size = data.size();
  TRY(add(entry));
  return write(data);
}

}  // namespace rescue
