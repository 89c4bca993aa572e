#include "lib/bundle/label.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/xattr.h>

#include "lib/base/text.h"

namespace rescue {

const char* const label_name = "security.selinux";

namespace {

// The label of a file that has one, with its closing zero; empty otherwise.
std::string label_of(int fd) {
  std::string label(256, '\0');
  const ssize_t length = ::fgetxattr(fd, label_name, label.data(), label.size());
  label.resize(length > 0 ? static_cast<size_t>(length) : 0);
  return label;
}

std::string sibling_label(int dir, std::string_view shown) {
  const auto entries = list_dir(dir, shown);
  if (!entries)
    return {};
  for (const DirEntry& entry : *entries) {
    if (entry.type != DT_REG || !entry.name.starts_with("lib"))
      continue;
    if (const auto fd = open_at(dir, entry.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown))
      if (std::string label = label_of(fd->get()); !label.empty())
        return label;
  }
  return {};
}

}  // namespace

// Most systems have no labels at all; a directory without one says so for all that is in it.
bool LabelFinder::is_labelled(const std::string& path) {
  const auto [known, added] = labelled_.emplace(path, false);
  if (added)
    if (const auto dir = root_.open_dir(path))
      known->second = !label_of(dir->get()).empty();
  return known->second;
}

std::string LabelFinder::label_for(const Step& step) {
  const std::string parent(dir_name(step.path));
  if (!is_labelled(parent))
    return {};
  if (step.old_kind == NodeKind::file)
    if (const auto old = root_.open_file(step.path, O_RDONLY | O_NONBLOCK))
      if (std::string label = label_of(old->get()); !label.empty())
        return label;
  const auto dir = root_.open_dir(parent);
  return dir ? sibling_label(dir->get(), root_.shown(step.path)) : std::string();
}

void LabelFinder::set_label(int fd, const Step& step) {
  const std::string label = label_for(step);
  // A label that the loaded policy does not know is refused; the directory's default is then as good as any.
  if (!label.empty() && label != label_of(fd))
    (void)::fsetxattr(fd, label_name, label.data(), label.size(), 0);
}

}  // namespace rescue
