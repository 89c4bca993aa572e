#include "lib/archive/tar_scan.h"

#include <algorithm>
#include <optional>

#include "lib/archive/pax.h"
#include "lib/archive/tar_format.h"
#include "lib/base/base64.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

using namespace tar;

// Longer than any name or list of attributes; a damaged length must not ask for gigabytes.
constexpr uint64_t max_text = 16 << 20;
constexpr size_t max_extents = 1 << 20;

std::optional<EntryType> type_of(char type, std::string_view name) {
  switch (type) {
    case '\0':
    case '0':
    case '7':
    case 'S': return name.ends_with('/') ? EntryType::directory : EntryType::file;
    case '1': return EntryType::hardlink;
    case '2': return EntryType::symlink;
    case '3': return EntryType::character;
    case '4': return EntryType::block;
    case '5':
    case 'D': return EntryType::directory;
    case '6': return EntryType::fifo;
    default: return std::nullopt;
  }
}

bool is_known_elsewhere(char type) {
  return type == 'V' || type == 'M' || type == 'N';
}

template <typename T>
Result<> set_number(std::optional<T>& to, std::string_view value) {
  to = to_number<T>(value);
  return to ? Result<>() : fail("", "", "a number in its pax header is none");
}

}  // namespace

// What the members before a member say of it.
struct TarScanner::Extra {
  std::optional<std::string> path;
  std::optional<std::string> link;
  std::optional<std::string> user;
  std::optional<std::string> group;
  std::optional<uint64_t> uid;
  std::optional<uint64_t> gid;
  std::optional<uint64_t> size;
  std::optional<PaxTime> mtime;
  std::vector<Xattr> xattrs;
  std::string access_list;
  std::string default_list;
  std::string contents;
  std::string records;
  // Sparse files in pax, which three versions of GNU tar wrote in three ways.
  std::optional<std::string> sparse_name;
  std::optional<uint64_t> real_size;
  std::optional<uint64_t> offset;
  std::vector<Extent> map;
  bool sparse = false;
  bool map_in_data = false;
  bool any = false;
};

std::unexpected<Error> TarScanner::bad(std::string_view detail) const {
  return with_status(corrupt("read archive", source_->path(), detail).error(), Status::bad_data);
}

Result<bool> TarScanner::fill() {
  if (pending_.empty())
    pending_ = TRY(source_->next());
  return !pending_.empty();
}

Result<std::string_view> TarScanner::take_block() {
  if (!TRY(fill()))
    return std::string_view();
  if (pending_.size() >= block_size) {
    const std::string_view block = pending_.substr(0, block_size);
    pending_.remove_prefix(block_size);
    position_ += block_size;
    return block;
  }
  straddling_.clear();
  while (straddling_.size() < block_size && TRY(fill())) {
    const size_t count = std::min(block_size - straddling_.size(), pending_.size());
    straddling_ += pending_.substr(0, count);
    pending_.remove_prefix(count);
    position_ += count;
  }
  if (straddling_.size() < block_size)
    return bad("ends within a block; was it cut off?");
  return std::string_view(straddling_);
}

Result<std::string> TarScanner::take_text(uint64_t size) {
  if (size > max_text)
    return bad("a name or a header is longer than it can be");
  std::string text;
  const uint64_t whole = size + padding_of(size);
  while (text.size() < whole) {
    const std::string_view block = TRY(take_block());
    if (block.empty())
      return bad("ends too early; was it cut off?");
    text += block;
  }
  text.resize(static_cast<size_t>(size));
  return text;
}

Result<> TarScanner::skip(uint64_t size) {
  while (size > 0) {
    if (pending_.empty()) {
      const uint64_t skipped = TRY(source_->skip(size));
      position_ += skipped;
      size -= skipped;
      if (size == 0)
        return {};
    }
    if (!TRY(fill()))
      return bad("ends too early; was it cut off?");
    const auto count = static_cast<size_t>(std::min<uint64_t>(size, pending_.size()));
    pending_.remove_prefix(count);
    position_ += count;
    size -= count;
  }
  return {};
}

// The next header that is one; false at the end of the archive.
Result<bool> TarScanner::take_header(std::string& header) {
  bool skipping = false;
  while (true) {
    const uint64_t start = position_;
    const std::string_view block = TRY(take_block());
    if (block.empty()) {
      end_ = start;
      return false;
    }
    if (all_zero(block)) {
      end_ = start;
      has_end_mark_ = true;
      if (ignore_zeros_)
        continue;
      const std::string_view second = TRY(take_block());
      if (!second.empty() && !all_zero(second))
        trouble_ = str("a lone zero block at ", start / block_size);
      return false;
    }
    if (checksum_is_right(block)) {
      header = block;
      if (skipping)
        trouble_ = "something that is no header was passed over";
      any_header_ = true;
      return true;
    }
    if (!any_header_)
      return bad("this does not look like a tar archive");
    skipping = true;
    trouble_ = "something that is no header was passed over";
  }
}

// Members that say something of the one behind them. False when `header` is a member itself.
Result<bool> TarScanner::take_special(const std::string& header, Extra& extra) {
  const char type = header[type_field.offset];
  if (std::string_view("xgLKX").find(type) == std::string_view::npos)
    return false;
  const auto size = number_of(size_field, header);
  if (!size)
    return bad("a header is damaged");
  std::string text = TRY(take_text(*size));
  extra.any = true;
  if (type == 'L' || type == 'K') {
    text.resize(std::min(text.find('\0'), text.size()));
    (type == 'L' ? extra.path : extra.link) = std::move(text);
    return true;
  }
  if (type == 'g') {
    if (global_.size() + text.size() > max_text)
      return bad("its pax headers are too large");
    global_ += text;
  } else {
    extra.records = std::move(text);
  }
  return true;
}

Result<> TarScanner::apply(std::string_view key, std::string_view value, Extra& extra) {
  constexpr std::string_view xattr_prefix = "SCHILY.xattr.";
  constexpr std::string_view other_prefix = "LIBARCHIVE.xattr.";
  if (key == "path")
    extra.path = value;
  else if (key == "linkpath")
    extra.link = value;
  else if (key == "uname")
    extra.user = value;
  else if (key == "gname")
    extra.group = value;
  else if (key == "size")
    return set_number(extra.size, value);
  else if (key == "uid")
    return set_number(extra.uid, value);
  else if (key == "gid")
    return set_number(extra.gid, value);
  else if (key == "mtime")
    extra.mtime = parse_pax_time(value);
  else if (key == "SCHILY.acl.access")
    extra.access_list = value;
  else if (key == "SCHILY.acl.default")
    extra.default_list = value;
  else if (key == "RHT.security.selinux")
    // As the kernel has it, with its closing zero.
    extra.xattrs.push_back(
        {"security.selinux", std::string(value) + (value.ends_with('\0') ? "" : std::string(1, '\0'))});
  else if (key.starts_with(xattr_prefix))
    extra.xattrs.push_back({pax_decode(key.substr(xattr_prefix.size())), std::string(value)});
  else if (key.starts_with(other_prefix)) {
    std::string text(value);
    text.append((4 - text.size() % 4) % 4, '=');
    if (auto bytes = from_base64(text))
      extra.xattrs.push_back({pax_decode(key.substr(other_prefix.size())), *std::move(bytes)});
  } else if (key == "GNU.dumpdir")
    extra.contents = value;
  else if (key == "GNU.sparse.name")
    extra.sparse_name = value;
  else if (key == "GNU.sparse.realsize" || key == "GNU.sparse.size") {
    extra.sparse = true;
    return set_number(extra.real_size, value);
  } else if (key == "GNU.sparse.major")
    extra.map_in_data = value == "1";
  else if (key == "GNU.sparse.offset")
    return set_number(extra.offset, value);
  else if (key == "GNU.sparse.numbytes") {
    const auto length = to_number<uint64_t>(value);
    if (!length || !extra.offset || extra.map.size() == max_extents)
      return fail("", "", "the map of a sparse file is malformed");
    extra.map.push_back({*std::exchange(extra.offset, std::nullopt), *length});
  } else if (key == "GNU.sparse.map") {
    const auto numbers = split(value, ',');
    if (numbers.size() / 2 > max_extents)
      return fail("", "", "the map of a sparse file is malformed");
    for (size_t i = 0; i + 1 < numbers.size(); i += 2) {
      const auto offset = to_number<uint64_t>(numbers[i]);
      const auto length = to_number<uint64_t>(numbers[i + 1]);
      if (!offset || !length)
        return fail("", "", "the map of a sparse file is malformed");
      extra.map.push_back({*offset, *length});
    }
  }
  return {};
}

Result<> TarScanner::apply(std::string_view records, Extra& extra) {
  while (!records.empty()) {
    const auto record = take_pax_record(records);
    const auto done = record ? apply(record->key, record->value, extra) : std::unexpected(record.error());
    if (!done)
      return bad(done.error().detail());
  }
  return {};
}

Result<> TarScanner::set_map(std::vector<Extent> map, uint64_t size) {
  uint64_t at = 0;
  uint64_t total = 0;
  for (const Extent& extent : map) {
    if (extent.offset < at || extent.offset > size || extent.length > size - extent.offset)
      return bad(str("the map of the sparse file '", Printable(item_.name), "' is damaged"));
    at = extent.offset + extent.length;
    total += extent.length;
  }
  if (total > left_)
    return bad(str("the map of the sparse file '", Printable(item_.name), "' is damaged"));
  item_.map = std::move(map);
  item_.sparse = true;
  item_.entry.size = size;
  return {};
}

// GNU's own form: four extents in the header, and 21 in each block behind it.
Result<> TarScanner::read_gnu_map(const std::string& header) {
  std::vector<Extent> map;
  const auto take = [&](std::string_view entries) {
    for (; entries.size() >= 24; entries.remove_prefix(24)) {
      const auto offset = number_of({0, 12}, entries);
      const auto length = number_of({12, 12}, entries);
      if (entries[0] == '\0' || !offset || !length)
        return;
      map.push_back({*offset, *length});
    }
  };
  take(gnu_sparse_field.of(header));
  bool more = header[gnu_extended_at] != '\0';
  while (more) {
    const std::string_view block = TRY(take_block());
    if (block.empty() || map.size() > max_extents)
      return bad("the map of a sparse file is damaged");
    take(block.substr(0, gnu_extension_entries * 24));
    more = block[gnu_extension_extended_at] != '\0';
  }
  const auto size = number_of(gnu_real_size_field, header);
  if (!size)
    return bad("a header is damaged");
  return set_map(std::move(map), *size);
}

// The newest form: the map is at the start of the data, as decimal numbers a line, in whole blocks.
Result<> TarScanner::read_pax_map() {
  std::string text;
  size_t at = 0;
  const auto number = [&] -> Result<uint64_t> {
    while (true) {
      const size_t end = text.find('\n', at);
      if (end != std::string::npos) {
        const auto value = to_number<uint64_t>(std::string_view(text).substr(at, end - at));
        at = end + 1;
        return value ? Result<uint64_t>(*value) : bad("the map of a sparse file is damaged");
      }
      if (left_ < block_size || text.size() - at > block_size)
        return bad("the map of a sparse file is damaged");
      text += TRY(take_text(block_size));
      left_ -= block_size;
    }
  };
  const uint64_t count = TRY(number());
  if (count > max_extents)
    return bad("the map of a sparse file is damaged");
  std::vector<Extent> map;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t offset = TRY(number());
    map.push_back({offset, TRY(number())});
  }
  return set_map(std::move(map), item_.entry.size);
}

Result<> TarScanner::make_item(const std::string& header, Extra& extra) {
  TRY(apply(global_, extra));
  TRY(apply(extra.records, extra));
  item_ = TarItem();
  Entry& entry = item_.entry;
  item_.type = header[type_field.offset];
  item_.name = extra.sparse_name ? *extra.sparse_name : extra.path ? *extra.path : path_of(header);
  item_.name.resize(std::min(item_.name.find('\0'), item_.name.size()));
  const auto mode = number_of(mode_field, header);
  const auto size = extra.size ? extra.size : number_of(size_field, header);
  const auto uid = extra.uid ? extra.uid : number_of(uid_field, header);
  const auto gid = extra.gid ? extra.gid : number_of(gid_field, header);
  const auto mtime = signed_number_of(mtime_field, header);
  if (!size || *size > INT64_MAX)
    return bad("a header is damaged");
  entry.type = type_of(item_.type, item_.name).value_or(EntryType::file);
  entry.mode = static_cast<uint32_t>(mode.value_or(0)) & 07777;
  entry.uid = static_cast<uint32_t>(uid.value_or(0));
  entry.gid = static_cast<uint32_t>(gid.value_or(0));
  const auto time = extra.mtime.value_or(PaxTime{mtime.value_or(0), 0});
  entry.mtime = time.seconds;
  entry.mtime_ns = time.nanoseconds;
  item_.user = extra.user ? *extra.user : std::string(text_of(user_field, header));
  item_.group = extra.group ? *extra.group : std::string(text_of(group_field, header));
  entry.path = item_.name;
  while (entry.path.size() > 1 && entry.path.ends_with('/'))
    entry.path.pop_back();
  if (entry.type == EntryType::symlink || entry.type == EntryType::hardlink)
    entry.link = extra.link ? *extra.link : std::string(text_of(link_field, header));
  if (entry.type == EntryType::character || entry.type == EntryType::block) {
    entry.device_major = static_cast<uint32_t>(number_of(major_field, header).value_or(0));
    entry.device_minor = static_cast<uint32_t>(number_of(minor_field, header).value_or(0));
  }
  rescue::sort(extra.xattrs, {}, &Xattr::name);
  entry.xattrs = std::move(extra.xattrs);
  item_.access_list = std::move(extra.access_list);
  item_.default_list = std::move(extra.default_list);
  item_.contents = std::move(extra.contents);
  // Links have no data, whatever size they tell; a directory may have a size that says nothing either.
  const bool has_data = entry.type == EntryType::file || item_.type == 'D' || !type_of(item_.type, item_.name);
  left_ = has_data || (entry.type == EntryType::hardlink && extra.any) ? *size : 0;
  if (entry.type == EntryType::directory && item_.type == '5')
    left_ = 0;
  item_.stored = left_;
  padding_ = padding_of(left_);
  entry.size = entry.type == EntryType::file ? left_ : 0;
  extent_ = 0;
  within_ = 0;
  if (item_.type == 'S')
    TRY(read_gnu_map(header));
  if (extra.sparse && extra.real_size) {
    entry.size = *extra.real_size;
    TRY(extra.map_in_data ? read_pax_map() : set_map(std::move(extra.map), entry.size));
  }
  if (item_.type == 'D' && left_ > 0) {
    item_.contents = TRY(take_text(left_));
    left_ = padding_ = 0;
  }
  return {};
}

Result<const TarItem*> TarScanner::next() {
  if (ended_)
    return nullptr;
  TRY(skip(std::exchange(left_, 0)));
  TRY(skip(std::exchange(padding_, 0)));
  Extra extra;
  std::string header;
  uint64_t start = position_;
  while (true) {
    if (!TRY(take_header(header))) {
      ended_ = true;
      return nullptr;
    }
    if (TRY(take_special(header, extra)))
      continue;
    if (!extra.any)
      start = position_ - block_size;
    break;
  }
  TRY(make_item(header, extra));
  item_.block = start / block_size;
  if (!type_of(item_.type, item_.name) && !is_known_elsewhere(item_.type))
    trouble_ = str("'", Printable(item_.name), "' is of an unknown kind, and taken for a file");
  return &item_;
}

Result<TarScanner::Piece> TarScanner::read() {
  Piece piece;
  uint64_t most = left_;
  if (item_.sparse) {
    while (extent_ < item_.map.size() && within_ == item_.map[extent_].length) {
      ++extent_;
      within_ = 0;
    }
    if (extent_ == item_.map.size())
      return piece;
    most = std::min(most, item_.map[extent_].length - within_);
    piece.offset = item_.map[extent_].offset;
  }
  if (most == 0)
    return piece;
  if (!TRY(fill()))
    return bad("ends too early; was it cut off?");
  piece.offset += within_;
  piece.data = pending_.substr(0, static_cast<size_t>(std::min<uint64_t>(most, pending_.size())));
  pending_.remove_prefix(piece.data.size());
  position_ += piece.data.size();
  left_ -= piece.data.size();
  within_ += piece.data.size();
  return piece;
}

Result<> TarScanner::drain() {
  while (TRY(fill()))
    pending_ = {};
  return {};
}

}  // namespace rescue
