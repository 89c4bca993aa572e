#include "lib/bundle/collect.h"

#include <algorithm>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <sys/xattr.h>

#include "lib/base/sort.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

// As many links as Linux itself follows in one path (path_resolution(7)).
constexpr int max_links = 40;

// Names that package managers and editors leave beside the files that they replace: such a file is of another
// version than its neighbours.
bool is_leftover(std::string_view name) {
  static constexpr std::string_view endings[] = {".dpkg-new", ".dpkg-tmp", ".dpkg-old", ".dpkg-dist", ".rpmnew",
                                                 ".rpmsave",  ".rpmorig",  ".ucf-dist", "~"};
  return name.contains(';') || std::ranges::any_of(endings, [&](auto ending) { return name.ends_with(ending); });
}

bool has_wildcard(std::string_view part) {
  return part.find_first_of("*?[\\") != std::string_view::npos;
}

// Labels that a file keeps wherever it is put. security.evm is bound to the inode, and trusted.* to the machine.
bool belongs_in_bundle(std::string_view name) {
  return (name.starts_with("security.") && name != "security.evm") || name.starts_with("user.") ||
         name.starts_with("system.posix_acl_");
}

std::string below(std::string_view dir, std::string_view name) {
  return dir.empty() ? std::string(name) : str(dir, '/', name);
}

}  // namespace

Result<std::vector<Xattr>> read_xattrs(int fd, std::string_view shown) {
  std::vector<Xattr> xattrs;
  std::string names(65536, '\0');
  const ssize_t length = ::flistxattr(fd, names.data(), names.size());
  if (length < 0) {
    if (errno == EOPNOTSUPP || errno == ENOSYS)
      return xattrs;
    return fail("read extended attributes", shown);
  }
  names.resize(static_cast<size_t>(length));
  for (const std::string_view name : split(names, '\0')) {
    if (!belongs_in_bundle(name))
      continue;
    std::string value(65536, '\0');
    const ssize_t size = ::fgetxattr(fd, std::string(name).c_str(), value.data(), value.size());
    if (size < 0)
      return fail("read extended attributes", shown);
    value.resize(static_cast<size_t>(size));
    xattrs.push_back({std::string(name), std::move(value)});
  }
  rescue::sort(xattrs, {}, &Xattr::name);
  return xattrs;
}

Result<> Collector::read_attributes(const Found& found, Item& item) const {
  ManifestEntry& entry = item.entry;
  if (records_ != nullptr) {
    const auto record = records_->find(entry.path);
    const Recorded known = record != records_->end() ? record->second : Recorded{.mode = 0755};
    entry.mode = entry.type == EntryKind::link ? 0777 : known.mode;
    entry.uid = known.uid;
    entry.gid = known.gid;
    if (entry.type == EntryKind::file) {
      item.mtime = known.mtime;
      item.mtime_nsec = known.mtime_nsec;
    }
    item.xattrs = known.xattrs;
    return {};
  }
  entry.mode = entry.type == EntryKind::link ? 0777 : found.info.st_mode & 07777;
  entry.uid = found.info.st_uid;
  entry.gid = found.info.st_gid;
  if (entry.type == EntryKind::link)
    return {};
  if (entry.type == EntryKind::file) {
    item.mtime = found.info.st_mtim.tv_sec;
    item.mtime_nsec = static_cast<uint32_t>(found.info.st_mtim.tv_nsec);
  }
  const std::string shown = root_.shown(entry.path);
  const UniqueFd fd = TRY(open_at(found.dir.get(), found.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown));
  item.xattrs = TRY(read_xattrs(fd.get(), shown));
  return {};
}

Result<Item*> Collector::look(const std::string& path) {
  if (const auto at = seen_.find(path); at != seen_.end())
    return at->second ? &*at->second : nullptr;
  auto found = root_.find(path, Last::keep);
  if (!found && found.error().code() != ENOENT && found.error().code() != ENOTDIR)
    return std::unexpected(std::move(found).error());
  std::optional<Item>& slot = seen_[path];
  if (!found || !found->exists)
    return nullptr;
  Item item;
  item.entry.path = path;
  const struct stat& info = found->info;
  if (S_ISLNK(info.st_mode)) {
    item.entry.type = EntryKind::link;
    item.entry.link = TRY(read_link_at(found->dir.get(), found->name, root_.shown(path)));
  } else if (S_ISDIR(info.st_mode)) {
    item.entry.type = EntryKind::dir;
  } else if (S_ISREG(info.st_mode)) {
    item.entry.size = static_cast<uint64_t>(info.st_size);
  } else {
    return nullptr;
  }
  item.device = info.st_dev;
  item.inode = info.st_ino;
  TRY(read_attributes(*found, item));
  slot = std::move(item);
  return &*slot;
}

Result<Item*> Collector::take(std::string_view path, Tier tier) {
  std::vector<std::string> pending;
  const auto push = [&pending](std::string_view text) {
    const auto parts = split(text, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      if (!part->empty() && *part != ".")
        pending.emplace_back(*part);
  };
  push(path);
  std::vector<Item*> trail;
  std::string here;
  int links = 0;
  while (!pending.empty()) {
    const std::string name = std::move(pending.back());
    pending.pop_back();
    if (name == "..") {
      here = here.contains('/') ? here.substr(0, here.rfind('/')) : "";
      continue;
    }
    Item* const item = TRY(look(below(here, name)));
    if (item == nullptr || (item->entry.type == EntryKind::file && !pending.empty()))
      return nullptr;
    trail.push_back(item);
    if (item->entry.type == EntryKind::link) {
      if (++links > max_links)
        return fail("find", root_.shown(path), ELOOP);
      if (item->entry.link.starts_with('/'))
        here.clear();
      push(item->entry.link);
    } else {
      here = item->entry.path;
    }
  }
  for (Item* const item : trail) {
    item->entry.tier = item->wanted ? std::min(item->entry.tier, tier) : tier;
    item->wanted = true;
  }
  return trail.empty() ? nullptr : TRY(look(here));
}

// --- Patterns

Result<std::vector<DirEntry>> Collector::names_in(const std::string& dir) const {
  const auto fd = root_.open_dir(dir.empty() ? "/" : dir);
  if (!fd) {
    // Most directories of a recipe are not in every root.
    if (fd.error().code() == ENOENT || fd.error().code() == ENOTDIR || fd.error().code() == ELOOP)
      return std::vector<DirEntry>();
    return std::unexpected(fd.error());
  }
  return list_dir(fd->get(), root_.shown(dir));
}

Result<> Collector::expand_into(std::string prefix, std::vector<std::string_view> parts,
                                std::vector<std::string>& found) const {
  while (!parts.empty() && !has_wildcard(parts.front())) {
    prefix = below(prefix, parts.front());
    parts.erase(parts.begin());
  }
  if (parts.empty()) {
    found.push_back(std::move(prefix));
    return {};
  }
  const std::string_view pattern = parts.front();
  parts.erase(parts.begin());
  if (pattern == "**")
    return expand_below(prefix, parts, found);
  for (const DirEntry& entry : TRY(names_in(prefix))) {
    const bool hidden = entry.name.starts_with('.') && !pattern.starts_with('.');
    if (!hidden && !is_leftover(entry.name) && glob_match(pattern, entry.name))
      TRY(expand_into(below(prefix, entry.name), parts, found));
  }
  return {};
}

// `**`: this directory and all below it, links to directories not followed.
Result<> Collector::expand_below(const std::string& prefix, std::vector<std::string_view> rest,
                                 std::vector<std::string>& found) const {
  if (!rest.empty())
    TRY(expand_into(prefix, rest, found));
  for (const DirEntry& entry : TRY(names_in(prefix))) {
    if (entry.name.starts_with('.') || is_leftover(entry.name))
      continue;
    const std::string path = below(prefix, entry.name);
    if (rest.empty())
      found.push_back(path);
    if (entry.type != DT_DIR && entry.type != DT_UNKNOWN)
      continue;
    if (const auto at = root_.find(path, Last::keep); at && at->exists && S_ISDIR(at->info.st_mode))
      TRY(expand_below(path, rest, found));
  }
  return {};
}

Result<std::vector<std::string>> Collector::expand(std::string_view pattern) const {
  std::vector<std::string_view> parts;
  for (const std::string_view part : split(pattern, '/'))
    if (!part.empty())
      parts.push_back(part);
  std::vector<std::string> found;
  TRY(expand_into("", std::move(parts), found));
  return found;
}

std::vector<Item*> Collector::items() {
  std::vector<Item*> items;
  for (auto& [path, item] : seen_)
    if (item && item->wanted)
      items.push_back(&*item);
  return items;
}

}  // namespace rescue
