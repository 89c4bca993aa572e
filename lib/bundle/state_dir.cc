#include "lib/bundle/state_dir.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/bundle/transaction.h"
#include "lib/fs/node.h"

namespace rescue {

const std::string_view state_dirs[2] = {"var/lib/rescue", ".rescue"};

namespace {

constexpr std::string_view area_dir = ".rescue";

std::string join(std::string_view dir, std::string_view name) {
  return dir.empty() ? std::string(name) : str(dir, '/', name);
}

// Makes one directory; one that is there already is fine. Only root looks into it, for replaced files may be secret.
Result<bool> make_dir(const Root& root, const Found& place, mode_t mode) {
  const std::string shown = root.shown(place.path);
  if (::mkdirat(place.dir.get(), place.name.c_str(), mode) < 0) {
    if (errno == EEXIST)
      return false;
    return fail("make directory", shown);
  }
  const UniqueFd parent = TRY(open_at(place.dir.get(), ".", O_RDONLY | O_DIRECTORY, 0, shown));
  TRY(sync_fd(parent.get(), shown));
  return true;
}

// Follows `path` and makes what is missing of it; gives it without links.
Result<std::string> make_path(const Root& root, std::string_view path, std::vector<std::string>& made) {
  std::string here;
  for (const std::string_view part : split(path, '/')) {
    const Found there = TRY(root.find(join(here, part), Last::keep));
    here = there.path;
    if (!there.exists) {
      if (TRY(make_dir(root, there, part == base_name(path) ? 0700 : 0755)))
        made.push_back(here);
    } else if (!S_ISDIR(there.info.st_mode)) {
      const Found followed = TRY(root.find_existing(here));
      if (!S_ISDIR(followed.info.st_mode))
        return fail("make directory", root.shown(here), ENOTDIR);
      here = followed.path;
    }
  }
  return here;
}

std::string number_name(unsigned number) {
  std::string digits = str(number);
  return str(std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0'), digits);
}

Result<std::string> make_numbered(const Root& root, std::string_view base, unsigned number,
                                  std::vector<std::string>& made) {
  std::string dir = join(TRY(make_path(root, base, made)), number_name(number));
  const Found place = TRY(root.find(dir, Last::keep));
  if (!TRY(make_dir(root, place, 0700)))
    return fail("make directory", root.shown(dir), EEXIST);
  return dir;
}

}  // namespace

NodeKind kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return NodeKind::file;
    case S_IFDIR: return NodeKind::dir;
    case S_IFLNK: return NodeKind::link;
    default: return NodeKind::other;
  }
}

Result<std::string> make_state_dir(const Root& root, std::vector<std::string>& made) {
  const auto there = TRY(list_state_dirs(root));
  const unsigned number = there.empty() ? 1 : there.front().number + 1;
  auto dir = make_numbered(root, state_dirs[0], number, made);
  if (dir)
    return dir;
  // Only where /var cannot have it at all: a failing disk is no reason to go elsewhere.
  const int code = dir.error().code();
  if (code == ENOENT || code == ENOTDIR || code == ELOOP || code == EROFS)
    if (auto other = make_numbered(root, state_dirs[1], number, made))
      return other;
  for (const std::string& path : made)
    if (const auto place = root.find(path, Last::keep))
      ::unlinkat(place->dir.get(), place->name.c_str(), AT_REMOVEDIR);
  return dir;
}

Result<std::vector<StateDir>> list_state_dirs(const Root& root) {
  std::vector<StateDir> dirs;
  for (const std::string_view base : state_dirs) {
    const auto found = root.find(base);
    if (!found || !found->exists || !S_ISDIR(found->info.st_mode))
      continue;
    const UniqueFd fd = TRY(root.open_dir(base));
    for (const DirEntry& entry : TRY(list_dir(fd.get(), root.shown(base))))
      if (const auto number = to_number<unsigned>(entry.name); number && entry.name.size() >= 6)
        dirs.push_back({str(found->path, '/', entry.name), *number});
  }
  rescue::sort(dirs, std::greater<>(), &StateDir::number);
  return dirs;
}

Result<uint32_t> AreaFinder::area_for(std::string_view path, std::vector<std::string>& areas,
                                      std::vector<std::string>& made) {
  const size_t slash = path.rfind('/');
  const std::string dir(slash == std::string_view::npos ? "" : path.substr(0, slash));
  if (const auto known = known_.find(dir); known != known_.end())
    return known->second;
  const std::string area = TRY(find_area(dir, made));
  auto at = std::ranges::find(areas, area);
  if (at == areas.end())
    at = areas.insert(at, area);
  const auto index = static_cast<uint32_t>(at - areas.begin());
  known_.emplace(dir, index);
  return index;
}

// The transaction's own directory, or, on another mount, one at the top of that mount.
Result<std::string> AreaFinder::find_area(std::string_view dir, std::vector<std::string>& made) {
  const auto up = [](std::string_view path) {
    return path.substr(0, path.find('/') == path.npos ? 0 : path.rfind('/'));
  };
  // A directory that an earlier step will make is on the file system of the one above it.
  auto fd = dirs_->get(std::string(dir));
  while (!fd && !dir.empty()) {
    dir = up(dir);
    fd = dirs_->get(std::string(dir));
  }
  const int there = TRY(fd);
  if (TRY(same_mount(TRY(dirs_->get(own_)), there, root_->shown(dir))))
    return own_;
  while (!dir.empty() && TRY(same_mount(TRY(dirs_->get(std::string(up(dir)))), there, root_->shown(dir))))
    dir = up(dir);
  const std::string base = join(dir, area_dir);
  if (!TRY(root_->find(base, Last::keep)).exists && std::ranges::find(made, base) == made.end())
    made.push_back(base);
  return str(base, '/', base_name(own_));
}

Result<> AreaFinder::make_areas(const std::vector<std::string>& areas) {
  for (const std::string& area : areas) {
    if (area == own_)
      continue;
    for (const std::string_view path : {dir_name(area), std::string_view(area)})
      TRY(make_dir(*root_, TRY(root_->find(path, Last::keep)), 0700));
  }
  return {};
}

}  // namespace rescue
