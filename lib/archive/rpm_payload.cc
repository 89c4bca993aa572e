#include "lib/archive/rpm_payload.h"

#include <algorithm>
#include <numeric>

#include <sys/stat.h>

#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/fs/capabilities.h"

namespace rescue::rpm {

namespace {

constexpr size_t nowhere = SIZE_MAX;

// "./usr/lib", "/usr/lib" and "usr/lib" are the same.
std::string_view plain(std::string_view path) {
  if (path.starts_with("./"))
    path.remove_prefix(2);
  while (path.starts_with('/'))
    path.remove_prefix(1);
  return path;
}

}  // namespace

PayloadReader::PayloadReader(std::unique_ptr<Source> source, EntryLimits limits, const std::vector<File>& files,
                             std::vector<bool> wanted)
    : CpioReader(std::move(source), limits),
      files_(files),
      wanted_(std::move(wanted)),
      by_path_(files.size()),
      seen_(files.size()) {
  std::iota(by_path_.begin(), by_path_.end(), 0U);
  rescue::sort(by_path_, {}, [&](uint32_t i) { return plain(files_[i].path); });
  for (size_t i = 0; i < files.size(); ++i) {
    // rpm numbers them from 1; a header without inodes has no hard links.
    if (!S_ISREG(files[i].mode) || !is_in_payload(files[i]) || files[i].inode == 0)
      continue;
    Group& group = groups_[{files[i].device, files[i].inode}];
    ++group.names;
    group.last = i;
  }
}

size_t PayloadReader::index_of(std::string_view path) const {
  const std::string_view wanted = plain(path);
  const auto found = std::ranges::lower_bound(by_path_, wanted, {}, [&](uint32_t i) { return plain(files_[i].path); });
  return found != by_path_.end() && plain(files_[*found].path) == wanted ? *found : nowhere;
}

const File* PayloadReader::file_of(std::string_view entry_path) const {
  const size_t index = index_of(entry_path);
  return index != nowhere ? &files_[index] : nullptr;
}

Result<> PayloadReader::make_member(uint32_t number, Member& member) {
  if (number >= files_.size())
    return bad(str("its payload has a file ", number, ", which its header does not know"));
  const File& file = files_[number];
  const auto type = entry_type_of(file.mode);
  if (!type)
    return bad(str("'", file.path, "' is of no known kind"));
  member.entry.path = file.path;
  member.entry.type = *type;
  if (*type == EntryType::symlink)
    member.entry.size = file.size;
  if (*type == EntryType::character || *type == EntryType::block) {
    member.entry.device_major = file.rdev >> 8 & 0xff;
    member.entry.device_minor = file.rdev & 0xff;
  }
  if (*type == EntryType::file && is_in_payload(file)) {
    const auto group = groups_.find({file.device, file.inode});
    const bool linked = group != groups_.end();
    member.names = linked ? group->second.names : 1;
    member.inode = {file.device, file.inode};
    member.entry.size = !linked || group->second.last == number ? file.size : 0;
  }
  return {};
}

Result<> PayloadReader::describe(Member& member) {
  const size_t index = index_of(member.entry.path);
  if (index == nowhere)
    return bad(str("its payload has '", Printable(member.entry.path), "', which its header does not know"));
  if (seen_[index])
    return bad(str("its payload has '", Printable(member.entry.path), "' twice"));
  seen_[index] = true;
  return apply(index, member);
}

Result<> PayloadReader::apply(size_t index, Member& member) {
  const File& file = files_[index];
  Entry& entry = member.entry;
  const auto differs = [&](std::string_view what) {
    return bad(str("header and payload give '", Printable(file.path), "' ", what));
  };
  if (entry_type_of(file.mode) != entry.type)
    return differs("different kinds");
  if (entry.type == EntryType::file && entry.size != file.size && (entry.size != 0 || member.names < 2))
    return differs("different sizes");
  if (entry.type == EntryType::symlink && entry.link != file.link)
    return differs("different targets");
  entry.path = plain(file.path);
  entry.mode = file.mode & 07777;
  entry.user = file.user;
  entry.group = file.group;
  entry.uid = entry.gid = 0;
  entry.mtime = file.mtime;
  if (!file.capabilities.empty()) {
    auto value = capabilities_from_text(file.capabilities);
    if (!value)
      return bad(str("'", Printable(file.path), "' has capabilities that cannot be understood: '",
                     Printable(file.capabilities), "'"));
    if (!value->empty())
      entry.xattrs = {{std::string(capability_xattr), *std::move(value)}};
  }
  // Before 4.11 rpm put a %ghost in, though nobody is to have it.
  member.skipped = !is_in_payload(file) || (!wanted_.empty() && !wanted_[index]);
  return {};
}

Result<> PayloadReader::check_end() {
  for (size_t i = 0; i < files_.size(); ++i)
    if (!seen_[i] && is_in_payload(files_[i]))
      return bad(str("its payload lacks '", Printable(files_[i].path), "', which its header lists"));
  return {};
}

}  // namespace rescue::rpm
