#include "lib/archive/cpio.h"

#include <optional>

#include <sys/stat.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr std::string_view newc_magic = "070701";
constexpr std::string_view trailer = "TRAILER!!!";
constexpr size_t header_size = 110;

// The fields behind the magic: eight hexadecimal digits each.
enum FieldIndex { inode, mode, uid, gid, names, mtime, size, major, minor, device_major, device_minor, name_size };

std::optional<uint32_t> field(std::string_view header, FieldIndex index) {
  return to_number<uint32_t>(header.substr(6 + size_t{8} * index, 8), 16);
}

// Header and name together, and the data, each end at a multiple of four.
uint64_t padding_of(uint64_t length) {
  return (4 - length % 4) % 4;
}

std::optional<EntryType> type_of(uint32_t file_mode) {
  switch (file_mode & S_IFMT) {
    case S_IFREG: return EntryType::file;
    case S_IFDIR: return EntryType::directory;
    case S_IFLNK: return EntryType::symlink;
    case S_IFCHR: return EntryType::character;
    case S_IFBLK: return EntryType::block;
    case S_IFIFO: return EntryType::fifo;
    case S_IFSOCK: return EntryType::socket;
    default: return std::nullopt;
  }
}

}  // namespace

// The next member, without its data; false at the trailer.
Result<bool> CpioReader::take_member(Member& member) {
  const std::string_view header = TRY(intake_.take_block(header_size));
  if (header.empty())
    return intake_.bad("ends without its end mark; was it cut off?");
  if (!header.starts_with(newc_magic))
    return intake_.bad("a header is damaged, or of a kind of cpio that is not supported in here");
  uint32_t values[name_size + 1];
  for (int i = 0; i <= name_size; ++i) {
    const auto value = field(header, static_cast<FieldIndex>(i));
    if (!value)
      return intake_.bad("a header is damaged");
    values[i] = *value;
  }
  // `header` may lie in the memory that the next lines read into: it is not used from here on.
  Entry& entry = member.entry;
  entry.path = TRY(intake_.take_text(values[name_size], uint64_t{limits_.text} + 1));
  TRY(intake_.skip(padding_of(header_size + values[name_size])));
  if (entry.path.find('\0') != entry.path.size() - 1 || entry.path.size() < 2)
    return intake_.bad("a name is damaged");
  entry.path.pop_back();
  if (entry.path == trailer)
    return false;
  const auto type = type_of(values[mode]);
  if (!type)
    return intake_.bad(str("'", entry.path, "' is of no known kind"));
  entry.type = *type;
  entry.mode = values[mode] & 07777;
  entry.uid = values[uid];
  entry.gid = values[gid];
  entry.mtime = values[mtime];
  entry.size = values[size];
  if (*type == EntryType::character || *type == EntryType::block) {
    entry.device_major = values[device_major];
    entry.device_minor = values[device_minor];
  }
  member.names = values[names];
  member.inode = {uint64_t{values[major]} << 32 | values[minor], values[inode]};
  return true;
}

// The data of a symbolic link is its target.
Result<> CpioReader::take_link(Entry& entry) {
  entry.link = TRY(intake_.take_text(entry.size, limits_.text));
  TRY(intake_.skip(padding_of(entry.size)));
  entry.size = 0;
  if (entry.link.empty() || entry.link.find('\0') != std::string::npos)
    return intake_.bad(str("the target of '", entry.path, "' is damaged"));
  return {};
}

Result<> CpioReader::check(const Entry& entry) {
  if (entry.type != EntryType::file && entry.size != 0)
    return intake_.bad(str("'", entry.path, "' has content, and is no file"));
  if (++entries_ > limits_.entries)
    return intake_.bad(str("holds more than the ", limits_.entries, " members that it may"));
  if (entry.size > limits_.entry_size || entry.size > limits_.total_size - total_)
    return intake_.bad(str("'", entry.path, "' is larger than it may be"));
  total_ += entry.size;
  return {};
}

// Hands a file out, and the names that were waiting for it.
void CpioReader::hand_out(Names& file, Entry entry) {
  file.first = entry.path;
  ready_.push_back(std::move(entry));
  for (Entry& name : file.held) {
    name.type = EntryType::hardlink;
    name.link = file.first;
    ready_.push_back(std::move(name));
  }
  file.held.clear();
}

// Puts a member where it belongs: handed out at once, or held until the data of its file comes.
void CpioReader::sort_out(Member member) {
  Entry& entry = member.entry;
  if (entry.type != EntryType::file || member.names < 2) {
    ready_.push_back(std::move(entry));
    return;
  }
  Names& file = files_[member.inode];
  ++file.seen;
  if (!file.first.empty() && entry.size == 0) {
    entry.type = EntryType::hardlink;
    entry.link = file.first;
    ready_.push_back(std::move(entry));
  } else if (entry.size > 0 || file.seen == member.names) {
    hand_out(file, std::move(entry));
  } else {
    file.held.push_back(std::move(entry));
  }
  if (file.seen == member.names)
    files_.erase(member.inode);
}

// Files whose last names are not in the archive: they are empty.
void CpioReader::hand_out_rest() {
  for (auto& [inode_number, file] : files_) {
    if (file.held.empty())
      continue;
    Entry entry = std::move(file.held.back());
    file.held.pop_back();
    hand_out(file, std::move(entry));
  }
  files_.clear();
}

// Behind the end mark. False where another archive follows.
Result<bool> CpioReader::end_archive() {
  const bool more = behind_ == Behind::archives && TRY(intake_.skip_zeros());
  if (!more)
    TRY(intake_.expect_zeros());
  hand_out_rest();
  return !more;
}

Result<const Entry*> CpioReader::next() {
  TRY(intake_.skip(std::exchange(left_, 0)));
  TRY(intake_.skip(std::exchange(padding_, 0)));
  while (ready_.empty() && !ended_) {
    Member member{};
    if (!TRY(take_member(member))) {
      ended_ = TRY(end_archive());
      continue;
    }
    if (member.entry.type == EntryType::symlink)
      TRY(take_link(member.entry));
    TRY(check(member.entry));
    sort_out(std::move(member));
  }
  if (ready_.empty())
    return nullptr;
  entry_ = std::move(ready_.front());
  ready_.pop_front();
  left_ = entry_.size;
  padding_ = padding_of(left_);
  return &entry_;
}

Result<std::string_view> CpioReader::read() {
  if (left_ == 0)
    return std::string_view();
  const std::string_view block = TRY(intake_.take_some(left_));
  left_ -= block.size();
  return block;
}

}  // namespace rescue
