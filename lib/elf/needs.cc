#include "lib/elf/needs.h"

#include <set>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/elf/image.h"

namespace rescue::elf {

namespace {

class Collector {
 public:
  Collector(const Root& root, const std::set<std::string>& but_not) : root_(root), but_not_(but_not) {}

  void collect_below(std::string_view path) {
    const auto found = root_.find(path);
    if (found && found->exists && S_ISDIR(found->info.st_mode))
      if (auto fd = open_at(found->dir.get(), found->name, O_RDONLY | O_DIRECTORY, 0, path))
        walk(*fd, found->path, found->info, base_name(path).ends_with("bin"));
  }

  NeededVersions take() { return std::move(needed_); }

 private:
  // `all`: names tell nothing in a directory of programs; in one of libraries they say what is worth opening.
  void walk(const UniqueFd& dir, const std::string& path, const struct stat& info, bool all) {
    if (!seen_.emplace(info.st_dev, info.st_ino).second)
      return;
    const auto entries = list_dir(dir.get(), path);
    if (!entries)
      return;
    for (const DirEntry& entry : *entries) {
      if (entry.type == DT_LNK || !(entry.type == DT_DIR || all || may_be_elf(entry.name)))
        continue;
      const std::string shown = str(path, '/', entry.name);
      // Devices and FIFOs are never opened for reading; what the directory does not tell, the descriptor does.
      if (entry.type == DT_DIR || entry.type == DT_UNKNOWN) {
        if (!is_data_dir(entry.name))
          enter(dir, entry.name, shown, all);
        if (entry.type == DT_DIR)
          continue;
      }
      if ((entry.type == DT_REG || entry.type == DT_UNKNOWN) && !but_not_.contains(shown))
        read(dir, entry.name, shown);
    }
  }

  void enter(const UniqueFd& parent, const std::string& name, const std::string& shown, bool all) {
    const auto fd = open_at(parent.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, shown);
    struct stat info{};
    if (fd && ::fstat(fd->get(), &info) == 0)
      walk(*fd, shown, info, all);
  }

  void read(const UniqueFd& dir, const std::string& name, const std::string& shown) {
    const auto fd = open_at(dir.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown);
    if (!fd)
      return;
    const auto image = Image::open(fd->get(), shown);
    if (!image)
      return;
    for (const VersionNeed& need : image->version_needs)
      for (const VersionName& version : need.versions)
        if (!version.weak)
          needed_[need.library].try_emplace(version.name, shown);
  }

  static bool may_be_elf(std::string_view name) {
    return name.find('.') == std::string_view::npos || name.find(".so") != std::string_view::npos;
  }

  static bool is_data_dir(std::string_view name) {
    return name == "modules" || name == "firmware" || name == "gconv" || name == "locale" || name == "__pycache__";
  }

  const Root& root_;
  const std::set<std::string>& but_not_;
  NeededVersions needed_;
  std::set<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace

NeededVersions versions_needed(const Root& root, const std::set<std::string>& but_not) {
  Collector collector(root, but_not);
  for (const std::string_view path : {"usr/bin", "usr/sbin", "usr/libexec", "usr/lib", "usr/lib64", "usr/lib32", "bin",
                                      "sbin", "lib", "lib64", "lib32"})
    collector.collect_below(path);
  return collector.take();
}

}  // namespace rescue::elf
