#include "lib/archive/tar_emit.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "lib/archive/pax.h"
#include "lib/archive/tar_format.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue {

using namespace tar;

Result<> PieceSink::flush() {
  return output_.write({buffer_.get(), std::exchange(used_, 0)});
}

Result<std::span<char>> PieceSink::room() {
  if (used_ == piece_size)
    TRY(flush());
  return std::span<char>(buffer_.get() + used_, piece_size - used_);
}

void PieceSink::commit(size_t count) {
  used_ += count;
  written_ += count;
}

Result<> PieceSink::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> free = TRY(room());
    const size_t count = std::min(free.size(), bytes.size());
    std::memcpy(free.data(), bytes.data(), count);
    commit(count);
    bytes.remove_prefix(count);
  }
  return {};
}

// A header block under construction.
class TarEmitter::Header {
 public:
  explicit Header(TarForm form) {
    if (form == TarForm::gnu)
      set_text(magic_field, gnu_magic);
    else
      set_text(magic_field, {"ustar\00000", 8});
  }

  void set_text(Field field, std::string_view text) {
    std::memcpy(bytes_.data() + field.offset, text.data(), std::min(text.size(), field.size));
  }
  // A text that is cut, if it must be, so that its closing zero fits.
  void set_name(Field field, std::string_view text) { set_text(field, text.substr(0, field.size - 1)); }

  // Octal digits and a zero byte; what is too large for those in GNU's binary form.
  void set_number(Field field, int64_t number) {
    char* const at = bytes_.data() + field.offset;
    const auto limit = uint64_t{1} << std::min<size_t>(3 * (field.size - 1), 63);
    auto rest = static_cast<uint64_t>(number);
    if (number >= 0 && rest < limit) {
      for (size_t i = field.size - 1; i > 0; --i, rest >>= 3)
        at[i - 1] = static_cast<char>('0' + (rest & 7));
      return;
    }
    for (size_t i = field.size; i > 0; --i) {
      at[i - 1] = static_cast<char>(rest & 0xff);
      rest = rest >> 8 | (number < 0 ? uint64_t{0xff} << 56 : 0);
    }
    at[0] = number < 0 ? '\xff' : '\x80';
  }
  // The same where GNU's form is not allowed: zero then, for a record says what it is.
  void set_small(Field field, int64_t number) {
    const auto limit = uint64_t{1} << (3 * (field.size - 1));
    set_number(field, number >= 0 && static_cast<uint64_t>(number) < limit ? number : 0);
  }
  void set_byte(size_t at, char byte) { bytes_[at] = byte; }

  std::string_view seal() {
    std::memset(bytes_.data() + checksum_field.offset, ' ', checksum_field.size);
    uint64_t sum = 0;
    for (const char byte : bytes_)
      sum += static_cast<uint8_t>(byte);
    set_number({checksum_field.offset, 7}, static_cast<int64_t>(sum));
    bytes_[checksum_field.offset + 6] = '\0';
    return {bytes_.data(), bytes_.size()};
  }

 private:
  std::array<char, block_size> bytes_{};
};

namespace {

bool is_device(char type) {
  return type == '3' || type == '4';
}

// Where a name is cut for POSIX's prefix: at a slash, with at most 155 bytes before and 100 behind it.
size_t split_of(std::string_view name) {
  if (name.size() <= name_field.size || name.size() > prefix_field.size + 1 + name_field.size)
    return 0;
  for (size_t at = std::min(prefix_field.size, name.size() - 2); at > 0; --at)
    if (name[at] == '/')
      return name.size() - at - 1 <= name_field.size ? at : 0;
  return 0;
}

// The name of a pax header: beside its member, as GNU's.
std::string pax_header_name(std::string_view name) {
  while (name.size() > 1 && name.ends_with('/'))
    name.remove_suffix(1);
  return str(dir_name(name), "/PaxHeaders/", base_name(name));
}

}  // namespace

// A member that says something of the one behind it.
Result<> TarEmitter::put_special(char type, std::string_view name, std::string_view text, const EmitItem* item) {
  Header header(form_);
  header.set_name(name_field, name);
  header.set_number(mode_field, 0644);
  header.set_number(uid_field, 0);
  header.set_number(gid_field, 0);
  header.set_number(size_field, static_cast<int64_t>(text.size()));
  header.set_small(mtime_field, item != nullptr ? item->entry.mtime : 0);
  header.set_byte(type_field.offset, type);
  if (form_ == TarForm::gnu) {
    header.set_text(user_field, "root");
    header.set_text(group_field, "root");
  } else {
    header.set_number(major_field, 0);
    header.set_number(minor_field, 0);
  }
  TRY(sink_.write(header.seal()));
  TRY(sink_.write(text));
  return pad(padding_of(text.size()));
}

// What all forms have in the same way.
void TarEmitter::fill(Header& header, const EmitItem& item) {
  const Entry& entry = item.entry;
  header.set_number(mode_field, entry.mode & 07777);
  header.set_name(user_field, item.user);
  header.set_name(group_field, item.group);
  header.set_byte(type_field.offset, item.type);
}

Result<> TarEmitter::put_gnu_map(const EmitItem& item, Header& header) {
  const auto put = [](Header& block, size_t at, const Extent& extent) {
    block.set_number({at, 12}, static_cast<int64_t>(extent.offset));
    block.set_number({at + 12, 12}, static_cast<int64_t>(extent.length));
  };
  header.set_number(gnu_real_size_field, static_cast<int64_t>(item.entry.size));
  size_t next = 0;
  for (; next < std::min<size_t>(item.map.size(), 4); ++next)
    put(header, gnu_sparse_field.offset + next * 24, item.map[next]);
  if (next < item.map.size())
    header.set_byte(gnu_extended_at, '\1');
  TRY(sink_.write(header.seal()));
  while (next < item.map.size()) {
    std::array<char, block_size> block{};
    const auto number = [&](size_t at, uint64_t value) {
      for (size_t i = 11; i > 0; --i, value >>= 3)
        block[at + i - 1] = static_cast<char>('0' + (value & 7));
    };
    const size_t count = std::min(item.map.size() - next, gnu_extension_entries);
    for (size_t i = 0; i < count; ++i, ++next) {
      number(i * 24, item.map[next].offset);
      number(i * 24 + 12, item.map[next].length);
    }
    block[gnu_extension_extended_at] = next < item.map.size() ? '\1' : '\0';
    TRY(sink_.write({block.data(), block.size()}));
  }
  return {};
}

Result<> TarEmitter::begin_gnu(const EmitItem& item) {
  const Entry& entry = item.entry;
  const auto put_long = [&](char type, std::string_view text) {
    return put_special(type, "././@LongLink", str(text, std::string_view("\0", 1)), nullptr);
  };
  if (entry.link.size() > link_field.size)
    TRY(put_long('K', entry.link));
  if (item.name.size() > name_field.size)
    TRY(put_long('L', item.name));
  Header header(form_);
  fill(header, item);
  header.set_text(name_field, item.name);
  header.set_text(link_field, entry.link);
  header.set_number(uid_field, entry.uid);
  header.set_number(gid_field, entry.gid);
  header.set_number(size_field, static_cast<int64_t>(item.stored));
  header.set_number(mtime_field, entry.mtime);
  if (is_device(item.type)) {
    header.set_number(major_field, entry.device_major);
    header.set_number(minor_field, entry.device_minor);
  }
  if (item.type == 'D') {
    header.set_number({345, 12}, item.atime.seconds);
    header.set_number({357, 12}, item.ctime.seconds);
  }
  if (item.sparse) {
    header.set_byte(type_field.offset, 'S');
    return put_gnu_map(item, header);
  }
  return sink_.write(header.seal());
}

std::string TarEmitter::pax_text(const EmitItem& item) const {
  const Entry& entry = item.entry;
  std::string text;
  const auto add = [&](std::string_view key, std::string_view value) { text += pax_record(key, value); };
  const auto is_ascii = [](std::string_view name) {
    return std::ranges::all_of(name, [](char c) { return (c & '\x80') == 0; });
  };
  if (item.sparse) {
    add("GNU.sparse.major", "1");
    add("GNU.sparse.minor", "0");
    add("GNU.sparse.name", item.name);
    add("GNU.sparse.realsize", str(entry.size));
  } else if ((item.name.size() > name_field.size && split_of(item.name) == 0) || !is_ascii(item.name)) {
    add("path", item.name);
  }
  if (entry.link.size() > link_field.size || !is_ascii(entry.link))
    add("linkpath", entry.link);
  if (entry.uid > 07777777)
    add("uid", str(entry.uid));
  if (entry.gid > 07777777)
    add("gid", str(entry.gid));
  if (item.user.size() > 31 || !is_ascii(item.user))
    add("uname", item.user);
  if (item.group.size() > 31 || !is_ascii(item.group))
    add("gname", item.group);
  if (item.stored + map_text_.size() > 077777777777)
    add("size", str(item.stored + map_text_.size()));
  if (entry.mtime_ns != 0 || entry.mtime < 0 || entry.mtime > 077777777777)
    add("mtime", pax_time_text(entry.mtime, entry.mtime_ns));
  if (other_times_) {
    add("atime", pax_time_text(item.atime.seconds, item.atime.nanoseconds));
    add("ctime", pax_time_text(item.ctime.seconds, item.ctime.nanoseconds));
  }
  if (!item.access_list.empty())
    add("SCHILY.acl.access", item.access_list);
  if (!item.default_list.empty())
    add("SCHILY.acl.default", item.default_list);
  if (!item.contents.empty())
    add("GNU.dumpdir", item.contents);
  for (const Xattr& xattr : entry.xattrs) {
    if (xattr.name == "security.selinux")
      add("RHT.security.selinux", std::string_view(xattr.value).substr(0, xattr.value.find('\0')));
    else
      add(str("SCHILY.xattr.", pax_encode(xattr.name)), xattr.value);
  }
  return text;
}

Result<> TarEmitter::begin_pax(const EmitItem& item) {
  const Entry& entry = item.entry;
  map_text_.clear();
  if (item.sparse) {
    map_text_ = str(item.map.size(), '\n');
    for (const Extent& extent : item.map)
      map_text_ += str(extent.offset, '\n', extent.length, '\n');
    map_text_.append(padding_of(map_text_.size()), '\0');
  }
  if (const std::string text = pax_text(item); !text.empty())
    TRY(put_special('x', pax_header_name(item.name), text, &item));
  Header header(form_);
  fill(header, item);
  if (item.type == 'D')
    header.set_byte(type_field.offset, '5');
  const std::string sparse_name =
      item.sparse ? str(dir_name(item.name), "/GNUSparseFile.0/", base_name(item.name)) : "";
  const std::string_view name = item.sparse ? std::string_view(sparse_name) : item.name;
  const size_t cut = split_of(name);
  header.set_text(name_field, cut > 0 ? name.substr(cut + 1) : name);
  header.set_text(prefix_field, name.substr(0, cut));
  header.set_text(link_field, entry.link);
  header.set_small(uid_field, entry.uid);
  header.set_small(gid_field, entry.gid);
  header.set_small(size_field, static_cast<int64_t>(item.stored + map_text_.size()));
  header.set_small(mtime_field, entry.mtime);
  header.set_number(major_field, is_device(item.type) ? entry.device_major : 0);
  header.set_number(minor_field, is_device(item.type) ? entry.device_minor : 0);
  TRY(sink_.write(header.seal()));
  return sink_.write(map_text_);
}

Result<> TarEmitter::begin_ustar(const EmitItem& item) {
  const Entry& entry = item.entry;
  const size_t cut = split_of(item.name);
  if ((item.name.size() > name_field.size && cut == 0) || entry.link.size() > link_field.size)
    return fail("archive", item.name, "has a name too long for the form ustar");
  if (entry.uid > 07777777 || entry.gid > 07777777 || item.stored > 077777777777 || entry.mtime < 0)
    return fail("archive", item.name, "has a number out of range for the form ustar");
  Header header(form_);
  fill(header, item);
  header.set_text(name_field, cut > 0 ? std::string_view(item.name).substr(cut + 1) : item.name);
  header.set_text(prefix_field, std::string_view(item.name).substr(0, cut));
  header.set_text(link_field, entry.link);
  header.set_number(uid_field, entry.uid);
  header.set_number(gid_field, entry.gid);
  header.set_number(size_field, static_cast<int64_t>(item.stored));
  header.set_number(mtime_field, entry.mtime);
  header.set_number(major_field, is_device(item.type) ? entry.device_major : 0);
  header.set_number(minor_field, is_device(item.type) ? entry.device_minor : 0);
  return sink_.write(header.seal());
}

Result<> TarEmitter::begin(const EmitItem& item) {
  map_text_.clear();
  switch (form_) {
    case TarForm::gnu: TRY(begin_gnu(item)); break;
    case TarForm::pax: TRY(begin_pax(item)); break;
    case TarForm::ustar: TRY(begin_ustar(item)); break;
  }
  left_ = item.stored;
  padding_ = padding_of(item.stored);
  return {};
}

Result<> TarEmitter::write(std::string_view data) {
  left_ -= std::min<uint64_t>(left_, data.size());
  return sink_.write(data);
}

Result<uint64_t> TarEmitter::copy_from(int fd, uint64_t size, std::string_view path) {
  uint64_t done = 0;
  while (done < size) {
    std::span<char> free = TRY(sink_.room());
    free = free.first(static_cast<size_t>(std::min<uint64_t>(free.size(), size - done)));
    const size_t count = TRY(read_some(fd, free, path));
    if (count == 0)
      break;
    sink_.commit(count);
    done += count;
  }
  left_ -= std::min(left_, done);
  return done;
}

Result<> TarEmitter::pad(uint64_t size) {
  while (size > 0) {
    std::span<char> free = TRY(sink_.room());
    free = free.first(static_cast<size_t>(std::min<uint64_t>(free.size(), size)));
    std::memset(free.data(), 0, free.size());
    sink_.commit(free.size());
    size -= free.size();
  }
  return {};
}

Result<> TarEmitter::end() {
  return pad(std::exchange(left_, 0) + std::exchange(padding_, 0));
}

Result<> TarEmitter::finish(uint64_t record) {
  TRY(pad(2 * block_size));
  const uint64_t over = sink_.written() % record;
  TRY(pad(over == 0 ? 0 : record - over));
  return sink_.flush();
}

}  // namespace rescue
