#include <algorithm>

#include "lib/archive/pax.h"
#include "lib/archive/tar.h"
#include "lib/archive/tar_format.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

using namespace tar;

// In archives older than POSIX, a directory is a file whose name ends with a slash.
std::optional<EntryType> type_of(std::string_view header, std::string_view path) {
  switch (header[type_field.offset]) {
    case '\0':
    case '0':
    case '7': return path.ends_with('/') ? EntryType::directory : EntryType::file;
    case '1': return EntryType::hardlink;
    case '2': return EntryType::symlink;
    case '3': return EntryType::character;
    case '4': return EntryType::block;
    case '5': return EntryType::directory;
    case '6': return EntryType::fifo;
    default: return std::nullopt;
  }
}

std::string_view without_end_slashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.remove_suffix(1);
  return path;
}

}  // namespace

// Members that say something of the entry behind them. False when `header` is an entry itself.
Result<bool> TarReader::take_special(Block header, Announced& announced) {
  const char type = header[type_field.offset];
  if (std::string_view("xgLK").find(type) == std::string_view::npos)
    return false;
  const auto size = number_of(size_field, header);
  if (!size)
    return intake_.bad("a header is damaged");
  // `header` may lie in the memory that the next lines read into: it is not used from here on.
  const uint64_t limit = uint64_t{2} * limits_.text + uint64_t{2} * limits_.xattrs;
  std::string text = TRY(intake_.take_text(*size, limit));
  TRY(intake_.skip(padding_of(*size)));
  if (type == 'L' || type == 'K') {
    text.resize(std::min(text.find('\0'), text.size()));
    (type == 'L' ? announced.long_name : announced.long_link) = std::move(text);
  } else {
    std::string& records = type == 'x' ? announced.records : global_;
    if (text.size() > limit - records.size())
      return intake_.bad("its pax headers are too large");
    records += text;
  }
  announced.any = announced.any || type != 'g';
  return true;
}

Result<TarReader::Extra> TarReader::extra_of(Announced announced) const {
  Extra extra;
  for (const std::string_view records : {std::string_view(global_), std::string_view(announced.records)})
    if (const auto applied = extra.apply(records, limits_); !applied)
      return intake_.bad(applied.error().detail());
  if (!announced.long_name.empty())
    extra.path = std::move(announced.long_name);
  if (!announced.long_link.empty())
    extra.link = std::move(announced.long_link);
  return extra;
}

Result<> TarReader::make_entry(Block header, Extra extra) {
  entry_ = Entry();
  entry_.path = extra.path ? *std::move(extra.path) : path_of(header);
  const auto type = type_of(header, entry_.path);
  if (!type)
    return intake_.bad("holds a kind of member that is not supported in here (sparse, or of several volumes)");
  const auto mode = number_of(mode_field, header);
  const auto size = extra.size ? extra.size : number_of(size_field, header);
  const auto uid = extra.uid ? extra.uid : number_of(uid_field, header);
  const auto gid = extra.gid ? extra.gid : number_of(gid_field, header);
  const auto mtime = signed_number_of(mtime_field, header);
  if (!mode || !size || !uid || !gid || *uid > UINT32_MAX || *gid > UINT32_MAX || (!mtime && !extra.mtime))
    return intake_.bad("a header is damaged");
  entry_.type = *type;
  entry_.mode = *mode & 07777;
  entry_.uid = static_cast<uint32_t>(*uid);
  entry_.gid = static_cast<uint32_t>(*gid);
  const bool has_names = magic_field.of(header).starts_with(posix_magic.substr(0, 5));
  if (has_names || extra.user)
    entry_.user = extra.user ? *std::move(extra.user) : std::string(text_of(user_field, header));
  if (has_names || extra.group)
    entry_.group = extra.group ? *std::move(extra.group) : std::string(text_of(group_field, header));
  entry_.size = *size;
  const auto time = extra.mtime.value_or(PaxTime{mtime.value_or(0), 0});
  entry_.mtime = time.seconds;
  entry_.mtime_ns = time.nanoseconds;
  if (*type == EntryType::symlink || *type == EntryType::hardlink)
    entry_.link = extra.link ? *std::move(extra.link) : std::string(text_of(link_field, header));
  if (*type == EntryType::directory)
    entry_.path = without_end_slashes(entry_.path);
  entry_.xattrs = std::move(extra.xattrs);
  return set_device(header);
}

Result<> TarReader::set_device(Block header) {
  if (entry_.type != EntryType::character && entry_.type != EntryType::block)
    return {};
  const auto major = number_of(major_field, header);
  const auto minor = number_of(minor_field, header);
  if (!major || !minor || *major > UINT32_MAX || *minor > UINT32_MAX)
    return intake_.bad("a header is damaged");
  entry_.device_major = static_cast<uint32_t>(*major);
  entry_.device_minor = static_cast<uint32_t>(*minor);
  return {};
}

Result<> TarReader::check_entry() {
  const bool is_link = entry_.type == EntryType::symlink || entry_.type == EntryType::hardlink;
  if (entry_.path.empty() || (is_link && entry_.link.empty()))
    return intake_.bad("a member has no name, or a link no target");
  if (entry_.path.size() > limits_.text || entry_.link.size() > limits_.text)
    return intake_.bad("a name is longer than it can be");
  if (entry_.type != EntryType::file && entry_.size != 0)
    return intake_.bad(str("'", entry_.path, "' has content, and is no file"));
  if (++entries_ > limits_.entries)
    return intake_.bad(str("holds more than the ", limits_.entries, " members that it may"));
  if (entry_.size > limits_.entry_size || entry_.size > limits_.total_size - total_)
    return intake_.bad(str("'", entry_.path, "' is larger than it may be"));
  total_ += entry_.size;
  left_ = entry_.size;
  padding_ = padding_of(entry_.size);
  return {};
}

Result<const Entry*> TarReader::next() {
  if (ended_)
    return nullptr;
  TRY(intake_.skip(std::exchange(left_, 0)));
  TRY(intake_.skip(std::exchange(padding_, 0)));
  for (Announced announced;;) {
    const Block header = TRY(intake_.take_block(block_size));
    if (header.empty())
      return intake_.bad("ends without its end mark; was it cut off?");
    if (all_zero(header) && announced.any)
      return intake_.bad("the last header belongs to no member");
    if (all_zero(header))
      break;
    if (!checksum_is_right(header))
      return intake_.bad("a header is damaged: its checksum is wrong");
    if (TRY(take_special(header, announced)))
      continue;
    TRY(make_entry(header, TRY(extra_of(std::move(announced)))));
    TRY(check_entry());
    return &entry_;
  }
  TRY(intake_.expect_zeros());
  ended_ = true;
  return nullptr;
}

Result<std::string_view> TarReader::read() {
  if (left_ == 0)
    return std::string_view();
  const std::string_view block = TRY(intake_.take_some(left_));
  left_ -= block.size();
  return block;
}

}  // namespace rescue
