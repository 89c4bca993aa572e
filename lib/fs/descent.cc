#include "lib/fs/descent.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

namespace rescue {

namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK;

}  // namespace

Result<NameIn> reach(std::string_view path) {
  constexpr size_t piece_size = 4000;  // PATH_MAX is 4096
  NameIn at{TRY(open_file(path.starts_with('/') ? "/" : ".", O_PATH | O_DIRECTORY)), {}};
  while (path.size() > piece_size) {
    const size_t slash = path.rfind('/', piece_size);
    if (slash == std::string_view::npos || slash == 0)
      return fail("reach", path, ENAMETOOLONG);
    const std::string_view piece = path.substr(0, slash);
    at.dir = TRY(open_at(at.dir.get(), std::string(piece), O_PATH | O_DIRECTORY, 0, piece));
    path.remove_prefix(std::min(path.find_first_not_of('/', slash), path.size()));
  }
  at.name = path;
  return at;
}

Result<Descent> Descent::start(UniqueFd top, std::string_view shown) {
  Descent descent;
  TRY(descent.push(std::move(top), true, shown));
  return descent;
}

Result<> Descent::push(UniqueFd fd, bool by_link, std::string_view shown) {
  struct stat info{};
  if (::fstat(fd.get(), &info) < 0)
    return fail("look at", shown);
  levels_.push_back({std::move(fd), info.st_dev, info.st_ino, by_link});
  return {};
}

Result<> Descent::enter(const std::string& name, bool follow, std::string_view shown) {
  UniqueFd child;
  bool by_link = false;
  if (auto opened = open_at(fd(), name, directory_flags | O_NOFOLLOW, 0, shown)) {
    child = *std::move(opened);
  } else if (follow && (opened.error().code() == ELOOP || opened.error().code() == ENOTDIR)) {
    child = TRY(open_at(fd(), name, directory_flags, 0, shown));
    by_link = true;
  } else {
    return std::unexpected(std::move(opened).error());
  }
  TRY(push(std::move(child), by_link, shown));
  close_some();
  return {};
}

// Closes the highest directory that can be opened again from the one below it.
void Descent::close_some() {
  while (levels_.size() - oldest_open_ > open_limit && oldest_open_ + 1 < levels_.size()) {
    if (!levels_[oldest_open_ + 1].by_link)
      levels_[oldest_open_].fd.reset();
    ++oldest_open_;
  }
}

Result<> Descent::leave(std::string_view shown) {
  Level& parent = levels_[levels_.size() - 2];
  if (!parent.fd) {
    parent.fd = TRY(open_at(fd(), "..", directory_flags, 0, shown));
    struct stat info{};
    if (::fstat(parent.fd.get(), &info) < 0)
      return fail("look at", shown);
    if (info.st_dev != parent.device || info.st_ino != parent.inode)
      return fail("go back up", shown, "the directory was moved meanwhile");
  }
  levels_.pop_back();
  oldest_open_ = std::min(oldest_open_, levels_.size() - 1);
  return {};
}

bool Descent::contains(dev_t device, ino_t inode) const {
  return std::ranges::any_of(levels_,
                             [&](const Level& level) { return level.device == device && level.inode == inode; });
}

bool Descent::is_inside_itself() const {
  const Level& here = levels_.back();
  return std::any_of(levels_.begin(), levels_.end() - 1,
                     [&](const Level& above) { return above.device == here.device && above.inode == here.inode; });
}

}  // namespace rescue
