#include "lib/health/canonical_paths.h"

#include <algorithm>

#include "lib/base/text.h"

namespace rescue {

namespace {

// Of a merged system these are links to their namesakes in /usr.
constexpr std::string_view top_names[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

}  // namespace

std::string_view without_slashes(std::string_view path) {
  while (path.starts_with('/'))
    path.remove_prefix(1);
  while (path.ends_with('/'))
    path.remove_suffix(1);
  return path;
}

std::string_view directory_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view without_usr(std::string_view path) {
  if (!path.starts_with("usr/"))
    return path;
  const std::string_view rest = path.substr(4);
  return std::ranges::contains(top_names, rest.substr(0, rest.find('/'))) ? rest : path;
}

std::string CanonicalPaths::of(std::string_view path) {
  path = without_slashes(path);
  const std::string_view dir = directory_of(path);
  const std::string_view name = base_name(path);
  if (dir.empty())
    return std::string(name);
  auto known = directories_.find(dir);
  if (known == directories_.end()) {
    const auto found = root_.find(dir);
    // A link that leads nowhere says all the same where.
    std::string real = found && (!found->exists || S_ISDIR(found->info.st_mode)) ? found->path : of(dir);
    known = directories_.emplace(dir, std::move(real)).first;
  }
  return str(known->second, known->second.empty() ? "" : "/", name);
}

}  // namespace rescue
