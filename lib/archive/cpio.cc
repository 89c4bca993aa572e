#include "lib/archive/cpio.h"

#include <algorithm>
#include <optional>

#include <sys/stat.h>

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr std::string_view newc_magic = "070701";
constexpr std::string_view crc_magic = "070702";
constexpr std::string_view stripped_magic = "07070X";  // RPM's own
constexpr std::string_view trailer = "TRAILER!!!";
constexpr size_t magic_size = 6;
// Magic and a first number, which all forms have.
constexpr size_t start_size = 14;
constexpr size_t header_size = 110;

// The fields behind them: eight hexadecimal digits each.
enum FieldIndex { mode, uid, gid, names, mtime, size, major, minor, device_major, device_minor, name_size };

std::optional<uint32_t> hex_at(std::string_view header, size_t offset) {
  return to_number<uint32_t>(header.substr(offset, 8), 16);
}

// Header and name together, and the data, each end at a multiple of four.
uint64_t padding_of(uint64_t length) {
  return (4 - length % 4) % 4;
}

}  // namespace

std::optional<EntryType> entry_type_of(uint32_t file_mode) {
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

// The next member, without its data; false at the trailer.
Result<bool> CpioReader::take_member(Member& member) {
  const std::string_view start = TRY(intake_.take_block(start_size));
  if (start.empty())
    return intake_.bad("ends without its end mark; was it cut off?");
  const bool stripped = start.starts_with(stripped_magic);
  if (!stripped && !start.starts_with(newc_magic) && !start.starts_with(crc_magic))
    return intake_.bad("a header is damaged, or of a kind of cpio that is not supported in here");
  const auto number = hex_at(start, magic_size);
  if (!number)
    return intake_.bad("a header is damaged");
  if (!stripped)
    return take_header(*number, member);
  TRY(intake_.skip(padding_of(start_size)));
  TRY(make_member(*number, member));
  return true;
}

// The rest of a header, and the name behind it.
Result<bool> CpioReader::take_header(uint32_t inode, Member& member) {
  const std::string_view header = TRY(intake_.take_block(header_size - start_size));
  uint32_t values[name_size + 1];
  for (size_t i = 0; i <= name_size; ++i) {
    const auto value = header.empty() ? std::nullopt : hex_at(header, 8 * i);
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
  const auto type = entry_type_of(values[mode]);
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
  member.inode = {uint64_t{values[major]} << 32 | values[minor], inode};
  return true;
}

Result<> CpioReader::make_member(uint32_t /*number*/, Member& /*member*/) {
  return intake_.bad("its members have no headers of their own, as only RPM has them");
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

// Hands a file out, and the names that were waiting for it. Where the name that came with the data is not wanted, one
// that is takes its place.
void CpioReader::hand_out(Names& file, Member member) {
  const auto wanted = std::ranges::find(file.held, false, &Member::skipped);
  if (member.skipped && wanted != file.held.end()) {
    const uint64_t size = member.entry.size;
    std::swap(member, *wanted);
    wanted->entry.size = 0;
    member.entry.size = size;
  }
  file.first = member.entry.path;
  file.lost = member.skipped;
  ready_.push_back(std::move(member));
  for (Member& name : file.held) {
    name.entry.type = EntryType::hardlink;
    name.entry.link = file.first;
    ready_.push_back(std::move(name));
  }
  file.held.clear();
}

// Puts a member where it belongs: handed out at once, or held until the data of its file comes.
Result<> CpioReader::sort_out(Member member) {
  Entry& entry = member.entry;
  if (entry.type != EntryType::file || member.names < 2) {
    ready_.push_back(std::move(member));
    return {};
  }
  const auto inode = member.inode;
  const uint64_t names = member.names;
  Names& file = files_[inode];
  ++file.seen;
  if (!file.first.empty() && entry.size == 0) {
    if (file.lost && !member.skipped)
      return bad(str("'", entry.path, "' has its content under another name, which was not asked for"));
    entry.type = EntryType::hardlink;
    entry.link = file.first;
    ready_.push_back(std::move(member));
  } else if (entry.size > 0 || file.seen == names) {
    hand_out(file, std::move(member));
  } else {
    file.held.push_back(std::move(member));
  }
  if (file.seen == names)
    files_.erase(inode);
  return {};
}

// Files whose last names are not in the archive: they are empty.
void CpioReader::hand_out_rest() {
  for (auto& [inode_number, file] : files_) {
    if (file.held.empty())
      continue;
    Member member = std::move(file.held.back());
    file.held.pop_back();
    hand_out(file, std::move(member));
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
  while (true) {
    TRY(intake_.skip(std::exchange(left_, 0)));
    TRY(intake_.skip(std::exchange(padding_, 0)));
    while (ready_.empty() && !ended_)
      TRY(take_one());
    if (ready_.empty())
      return nullptr;
    const bool skipped = ready_[next_ready_].skipped;
    entry_ = std::move(ready_[next_ready_].entry);
    if (++next_ready_ == ready_.size()) {
      ready_.clear();
      next_ready_ = 0;
    }
    left_ = entry_.size;
    padding_ = padding_of(left_);
    if (!skipped)
      return &entry_;
  }
}

// One member more, or the end.
Result<> CpioReader::take_one() {
  Member member;
  if (!TRY(take_member(member))) {
    TRY(check_end());
    ended_ = TRY(end_archive());
    return {};
  }
  if (member.entry.type == EntryType::symlink)
    TRY(take_link(member.entry));
  TRY(describe(member));
  TRY(check(member.entry));
  return sort_out(std::move(member));
}

Result<std::string_view> CpioReader::read() {
  if (left_ == 0)
    return std::string_view();
  const std::string_view block = TRY(intake_.take_some(left_));
  left_ -= block.size();
  return block;
}

}  // namespace rescue
