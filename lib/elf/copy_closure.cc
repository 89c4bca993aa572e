#include "lib/elf/copy_closure.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/text.h"

namespace rescue::elf {

namespace {

// The components of a path with `.` and `..` taken out: in the copy no directory is a link.
std::vector<std::string> plain_components(std::string_view path) {
  std::vector<std::string> components;
  for (const std::string_view piece : split(path, '/')) {
    if (piece.empty() || piece == ".")
      continue;
    if (piece != "..")
      components.emplace_back(piece);
    else if (!components.empty())
      components.pop_back();
  }
  return components;
}

std::string joined(const std::vector<std::string>& components) {
  std::string path;
  for (const std::string& component : components)
    path += str('/', component);
  return path;
}

Result<> copy_bytes(int from, int to, std::string_view from_shown, std::string_view to_shown) {
  std::string buffer(size_t{1} << 16, '\0');
  while (const size_t count = TRY(read_some(from, buffer, from_shown)))
    TRY(write_all(to, std::string_view(buffer).substr(0, count), to_shown));
  return {};
}

bool is_from_cache(const LoadedObject& object) {
  return object.hit->rule == Rule::cache;
}

}  // namespace

Result<ClosureCopy> ClosureCopy::into(const Root& root, const std::string& target) {
  if (::mkdir(target.c_str(), 0755) < 0 && errno != EEXIST)
    return fail("make directory", target);
  UniqueFd fd = TRY(open_file(target, O_RDONLY | O_DIRECTORY));
  return ClosureCopy(root, std::move(fd), target);
}

Result<UniqueFd> ClosureCopy::directory_for(std::string_view path) const {
  std::vector<std::string> components = plain_components(path);
  components.pop_back();
  std::string shown = shown_;
  UniqueFd dir = TRY(open_at(target_.get(), ".", O_RDONLY | O_DIRECTORY, 0, shown));
  for (const std::string& component : components) {
    shown += str('/', component);
    if (::mkdirat(dir.get(), component.c_str(), 0755) < 0 && errno != EEXIST)
      return fail("make directory", shown);
    dir = TRY(open_at(dir.get(), component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, shown));
  }
  return dir;
}

Result<> ClosureCopy::copy(const std::string& from, std::string_view to) {
  const std::vector<std::string> components = plain_components(to);
  const std::string path = joined(components);
  if (components.empty() || !done_.insert(path).second)
    return {};
  const std::string from_shown = root_->shown(from), to_shown = shown_ + path;
  const UniqueFd source = TRY(root_->open_file(from, O_RDONLY | O_NONBLOCK));
  struct stat info{};
  if (::fstat(source.get(), &info) < 0)
    return fail("look at", from_shown);
  const UniqueFd dir = TRY(directory_for(path));
  UniqueFd file = TRY(open_at(dir.get(), components.back(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, to_shown));
  TRY(copy_bytes(source.get(), file.get(), from_shown, to_shown));
  if (::fchmod(file.get(), info.st_mode & 0777) < 0)
    return fail("set mode", to_shown);
  return file.close(to_shown);
}

Result<> ClosureCopy::add(const Closure& closure, std::string_view program) {
  for (const LoadedObject& object : closure.objects)
    if (object.library() != nullptr)
      TRY(copy(object.library()->path, object.hit->rule == Rule::program ? program : object.hit->path));
  // What only the cache knows the place of is found in the copy by the same cache; entries for other files do no harm.
  if (std::ranges::any_of(closure.objects, is_from_cache) && root_->exists("etc/ld.so.cache"))
    TRY(copy("etc/ld.so.cache", "/etc/ld.so.cache"));
  return {};
}

}  // namespace rescue::elf
