// The part of cache_plan.h that changes the disk.
#include <array>
#include <cerrno>
#include <set>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/elf/cache_plan.h"

namespace rescue::elf {

namespace {

// Beside the target, so that the rename stays within one file system. The leading dot keeps every ldconfig off it.
constexpr const char* link_name = ".rescue-ldconfig-link";

Result<> make_link(const Found& place, const LinkChange& change, const std::string& shown) {
  const int dir = place.dir.get();
  (void)::unlinkat(dir, link_name, 0);  // what a run that was killed left
  if (::symlinkat(change.target.c_str(), dir, link_name) < 0)
    return fail("make link", shown);
  if (::renameat(dir, link_name, dir, place.name.c_str()) < 0) {
    const int code = errno;
    (void)::unlinkat(dir, link_name, 0);
    return fail("make link", shown, code);
  }
  return {};
}

Result<> change_link(const Root& root, const LinkChange& change) {
  const std::string shown = root.shown(change.path);
  const Found place = TRY(root.find(change.path, Last::keep));
  if (place.exists && !S_ISLNK(place.info.st_mode))
    return fail("make link", shown, "something else has come to stand there");
  if (!change.removes())
    return make_link(place, change, shown);
  if (::unlinkat(place.dir.get(), place.name.c_str(), 0) < 0 && errno != ENOENT)
    return fail("remove link", shown);
  return {};
}

Result<> sync_dir(const Root& root, std::string_view path) {
  const std::string shown = root.shown(path);
  const UniqueFd dir = TRY(root.open_dir(str('/', path)));
  return sync_fd(dir.get(), shown);
}

std::string_view parent_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// A new file gets the label of its directory; the cache has one of its own. Without labels this does nothing.
void copy_label(const Found& old, int fd) {
  constexpr const char* name = "security.selinux";
  std::array<char, 256> label{};
  if (!old.exists || !S_ISREG(old.info.st_mode))
    return;
  const auto from = open_at(old.dir.get(), old.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, old.path);
  const ssize_t size = from ? ::fgetxattr(from->get(), name, label.data(), label.size()) : -1;
  if (size > 0)
    (void)::fsetxattr(fd, name, label.data(), static_cast<size_t>(size), 0);
}

Result<> write_file(const CachePlan& plan, const Found& place, const std::string& name, const std::string& shown) {
  const int dir = place.dir.get();
  if (::unlinkat(dir, name.c_str(), 0) < 0 && errno != ENOENT)
    return fail("remove old temporary file", shown);
  UniqueFd file = TRY(open_at(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, shown));
  TRY(write_all(file.get(), plan.bytes, shown));
  if (::fchmod(file.get(), 0644) < 0)
    return fail("set mode", shown);
  copy_label(place, file.get());
  TRY(sync_fd(file.get(), shown));
  return file.close(shown);
}

}  // namespace

Result<> apply_links(const Root& root, const CachePlan& plan) {
  std::set<std::string_view> dirs;
  for (const LinkChange& change : plan.links) {
    TRY(change_link(root, change));
    dirs.insert(parent_of(change.path));
  }
  for (const std::string_view dir : dirs)
    TRY(sync_dir(root, dir));
  return {};
}

Result<> apply_cache(const Root& root, const CachePlan& plan) {
  const Found place = TRY(root.find(plan.cache_path, Last::keep));
  const int dir = place.dir.get();
  const std::string name = str(place.name, '~');
  const std::string shown = root.shown(plan.cache_path);
  auto done = write_file(plan, place, name, str(shown, '~'));
  if (done && ::renameat(dir, name.c_str(), dir, place.name.c_str()) < 0)
    done = fail("replace", shown);
  if (!done) {
    (void)::unlinkat(dir, name.c_str(), 0);
    return done;
  }
  const UniqueFd parent = TRY(open_at(dir, ".", O_RDONLY | O_DIRECTORY, 0, shown));
  return sync_fd(parent.get(), shown);
}

}  // namespace rescue::elf
