#include "lib/fs/tree_walk.h"

#include <cerrno>

#include <fcntl.h>

#include "lib/base/fd.h"
#include "lib/fs/directory.h"

namespace rescue {

namespace {

Result<> read_names(int dir, std::string_view shown, DirectoryRoom& room, std::string& names) {
  DirectoryReader reader(dir, shown, room.get());
  while (TRY(reader.next())) {
    if (is_dot_or_dot_dot(reader.name()))
      continue;
    names += reader.name();
    names += '\0';
  }
  return {};
}

}  // namespace

// Looks at a file, through a link where links are followed; one that leads nowhere is the link itself.
bool TreeWalk::look(int dir, const char* name, size_t depth, struct stat& info, bool& followed) {
  const bool follow = opt_.links == Links::follow || (opt_.links == Links::follow_named && depth == 0);
  followed = false;
  if (::fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) < 0) {
    visitor_.failed(fail("look at", path_).error());
    return false;
  }
  if (!follow || !S_ISLNK(info.st_mode))
    return true;
  struct stat target{};
  if (::fstatat(dir, name, &target, 0) == 0) {
    info = target;
    followed = true;
  } else if (errno != ENOENT && errno != ENOTDIR) {
    visitor_.failed(fail("look at", path_).error());
    return false;
  }
  return true;
}

bool TreeWalk::wants_in(const WalkEntry& entry) const {
  return S_ISDIR(entry.info.st_mode) && (!opt_.one_file_system || entry.info.st_dev == device_);
}

void TreeWalk::run(const std::string& path) {
  path_ = path;
  depth_ = 0;
  struct stat info{};
  bool followed = false;
  if (!look(AT_FDCWD, path.c_str(), 0, info, followed))
    return;
  device_ = info.st_dev;
  const WalkEntry entry{AT_FDCWD, path.c_str(), path_, info, 0, followed};
  if (!visitor_.enter(entry) || !S_ISDIR(info.st_mode))
    return;
  auto top = open_file(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | (opt_.links == Links::keep ? O_NOFOLLOW : 0));
  // With a slash behind it, a link is the directory that it leads to.
  if (!top && top.error().code() == ENOTDIR && path.ends_with('/'))
    top = open_file(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  std::optional<Descent> descent;
  if (top) {
    auto started = Descent::start(*std::move(top), path_);
    if (started)
      descent.emplace(*std::move(started));
    else
      visitor_.failed(started.error());
  } else {
    visitor_.failed(top.error());
  }
  if (!descent) {
    visitor_.leave(entry, false);
    return;
  }
  push(*descent, entry, 0, true);
  while (depth_ > 0) {
    const Level& level = levels_[depth_ - 1];
    if (level.next < level.names.size())
      step(*descent);
    else
      pop(descent);
  }
}

// Makes the directory that descent is in the current level.
void TreeWalk::push(Descent& descent, const WalkEntry& entry, size_t name_at, bool is_top) {
  if (levels_.size() == depth_)
    levels_.emplace_back();
  Level& level = levels_[depth_++];
  level.names.clear();
  level.next = 0;
  level.name_at = name_at;
  level.path_size = is_top ? path_.size() : entry.path.size();
  level.info = entry.info;
  level.is_followed = entry.is_followed;
  level.complete = true;
  if (const auto read = read_names(descent.fd(), entry.path, room_, level.names); !read) {
    visitor_.failed(read.error());
    level.complete = false;
  }
}

void TreeWalk::step(Descent& descent) {
  Level& level = levels_[depth_ - 1];
  const std::string_view name = level.names.data() + level.next;
  level.next += name.size() + 1;
  path_.resize(level.path_size);
  if (!path_.ends_with('/'))
    path_ += '/';
  const size_t name_at = path_.size();
  path_ += name;
  struct stat info{};
  bool followed = false;
  if (!look(descent.fd(), name.data(), depth_, info, followed))
    return;
  const WalkEntry entry{descent.fd(), name.data(), path_, info, depth_, followed};
  // Links may lead back up: going there would never end.
  if (followed && S_ISDIR(info.st_mode) && descent.contains(info.st_dev, info.st_ino)) {
    visitor_.looped(path_);
    return;
  }
  if (!visitor_.enter(entry) || !wants_in(entry))
    return;
  if (const auto entered = descent.enter(std::string(name), followed, path_); !entered) {
    visitor_.failed(entered.error());
    visitor_.leave(entry, false);
    return;
  }
  push(descent, entry, name_at, false);
}

void TreeWalk::pop(std::optional<Descent>& descent) {
  const Level& level = levels_[depth_ - 1];
  path_.resize(level.path_size);
  --depth_;
  if (depth_ == 0) {
    descent.reset();
    visitor_.leave({AT_FDCWD, path_.c_str(), path_, level.info, 0, level.is_followed}, level.complete);
    return;
  }
  if (const auto left = descent->leave(path_); !left) {
    visitor_.failed(left.error());
    depth_ = 0;
    return;
  }
  visitor_.leave({descent->fd(), path_.c_str() + level.name_at, path_, level.info, depth_, level.is_followed},
                 level.complete);
}

}  // namespace rescue
