#include "lib/sys/file_search.h"

#include <algorithm>
#include <cerrno>
#include <tuple>

#include <unistd.h>
#include <climits>

#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/fs/tree_walk.h"

namespace rescue {

namespace {

// What a link leads to is what is asked for, by that name.
std::string without_link(std::string path) {
  char target[PATH_MAX];
  constexpr int most_links = 40;
  for (int i = 0; i < most_links; ++i) {
    const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
    if (size < 0)
      break;
    const size_t slash = path.rfind('/');
    const bool from_here = target[0] != '/' && slash != std::string::npos;
    path = str(std::string_view(path).substr(0, from_here ? slash + 1 : 0),
               std::string_view(target, static_cast<size_t>(size)));
  }
  return path;
}

class Collector final : public WalkVisitor {
 public:
  Collector(FileSearch& search, const struct stat& top, bool deep, FileSearch::Crossing crossing)
      : search_(search), device_(top.st_dev), deep_(deep), crossing_(crossing) {}

  bool enter(const WalkEntry& entry) override {
    if (S_ISLNK(entry.info.st_mode) || (entry.info.st_dev != device_ && !crossing_.file_systems))
      return false;
    search_.add(entry.path, entry.path, entry.info);
    return deep_ || entry.depth == 0;
  }
  void leave(const WalkEntry& /*entry*/, bool /*complete*/) override {}
  void failed(const Error& /*error*/) override {}

 private:
  FileSearch& search_;
  const dev_t device_;
  const bool deep_;
  const FileSearch::Crossing crossing_;
};

}  // namespace

void FileSearch::add(std::string_view asked, std::string_view name, const struct stat& info) {
  files_.push_back({info.st_dev, info.st_ino, files_.size(), std::string(asked), std::string(name)});
}

Result<> FileSearch::add(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) < 0)
    return fail("look at", path);
  add(path, without_link(path), info);
  return {};
}

Result<> FileSearch::add_directory(std::string path, bool deep, Crossing crossing) {
  path = without_link(std::move(path));
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  struct stat info{};
  if (::stat(path.c_str(), &info) < 0)
    return fail("look at", path);
  if (!S_ISDIR(info.st_mode))
    return fail("look at", path, ENOTDIR);
  Collector collector(*this, info, deep, crossing);
  TreeWalk({.links = crossing.links ? TreeWalk::Links::follow : TreeWalk::Links::follow_named,
            .one_file_system = !crossing.file_systems},
           collector)
      .run(path);
  return {};
}

const std::string* FileSearch::find(dev_t device, ino_t inode) {
  const auto key = [](const File& file) { return std::tuple(file.device, file.inode, ~file.order); };
  if (!sorted_)
    sort(files_, std::less(), key);
  sorted_ = true;
  const auto file = std::ranges::lower_bound(files_, std::tuple(device, inode, size_t{0}), {}, key);
  if (file == files_.end() || file->device != device || file->inode != inode)
    return nullptr;
  file->found = true;
  return &file->name;
}

std::vector<std::string_view> FileSearch::missing() const {
  std::vector<const File*> files;
  for (const File& file : files_)
    if (!file.found)
      files.push_back(&file);
  sort(files, std::greater(), &File::order);
  std::vector<std::string_view> names;
  names.reserve(files.size());
  for (const File* file : files)
    names.emplace_back(file->asked);
  return names;
}

}  // namespace rescue
