#include "lib/elf/library.h"

#include <cerrno>

#include <fcntl.h>

#include "lib/base/text.h"

namespace rescue::elf {

namespace {

// The loader passes over what it cannot open, be it absent or forbidden, and looks further.
bool is_passed_over(int code) {
  return code == ENOENT || code == EACCES || code == ENOTDIR || code == ELOOP;
}

std::unique_ptr<Library> make_library(const Root& root, std::string path, const struct stat& info) {
  auto library = std::make_unique<Library>();
  library->path = std::move(path);
  library->mode = info.st_mode;
  library->device = info.st_dev;
  library->inode = info.st_ino;
  // Opening a device can do things, and a FIFO would keep us waiting for ever.
  if (!S_ISREG(info.st_mode))
    library->error = Error("open library", root.shown(library->path), 0, "not a regular file", Status::unset);
  return library;
}

void read_image(Library& library, const UniqueFd& fd, const struct stat& info, const std::string& shown) {
  if (auto image = Image::salvage(fd.get(), static_cast<uint64_t>(info.st_size), shown))
    library.image = *std::move(image);
  else
    library.error = std::move(image).error();
}

std::unique_ptr<Library> open_library(const Root& root, int dir, const std::string& name, std::string path,
                                      const struct stat& info) {
  auto library = make_library(root, std::move(path), info);
  if (library->error)
    return library;
  const std::string shown = root.shown(library->path);
  const auto fd = open_at(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown);
  if (!fd && is_passed_over(fd.error().code()))
    return nullptr;
  if (fd)
    read_image(*library, *fd, info, shown);
  else
    library->error = fd.error();
  return library;
}

}  // namespace

std::unique_ptr<Library> read_library(const Root& root, const Found& found) {
  return open_library(root, found.dir.get(), found.name, found.path, found.info);
}

std::unique_ptr<Library> read_library_at(const Root& root, int dir, const std::string& name, std::string path) {
  const std::string shown = root.shown(path);
  const auto fd = open_at(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, shown);
  struct stat info{};
  if (!fd && is_passed_over(fd.error().code()))
    return nullptr;
  // Asking the open file is cheaper than walking to it a second time.
  if ((fd ? ::fstat(fd->get(), &info) : ::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW)) < 0)
    return nullptr;
  auto library = make_library(root, std::move(path), info);
  if (!fd)
    library->error = fd.error();
  else if (!library->error)
    read_image(*library, *fd, info, shown);
  return library;
}

Directory& LibraryFiles::directory(std::string_view path) {
  if (const auto known = directories_.find(path); known != directories_.end())
    return *known->second;
  auto dir = std::make_unique<Directory>();
  dir->path = path;
  if (auto found = root_.find(path); found && found->exists && S_ISDIR(found->info.st_mode)) {
    dir->real = std::move(found->path);
    auto fd = open_at(found->dir.get(), found->name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, path);
    if (fd)
      dir->fd = *std::move(fd);
  }
  return *directories_.emplace(path, std::move(dir)).first->second;
}

const Library* LibraryFiles::adopt(std::unique_ptr<Library> library) {
  auto& known = inodes_[{library->device, library->inode}];
  if (!known)
    known = std::move(library);
  return known.get();
}

const Library* LibraryFiles::open_at_dir(const Found& found) {
  if (const auto known = inodes_.find({found.info.st_dev, found.info.st_ino}); known != inodes_.end())
    return known->second.get();
  auto library = read_library(root_, found);
  return library ? adopt(std::move(library)) : nullptr;
}

const Library* LibraryFiles::open_in(const Directory& dir, const std::string& name, int links) {
  struct stat info{};
  if (::fstatat(dir.fd.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0)
    return nullptr;
  if (S_ISLNK(info.st_mode)) {
    // Nearly all such links lead to a neighbour: no need to walk down from the root for it.
    const auto target = read_link_at(dir.fd.get(), name, name);
    if (links > 0 && target && target->find('/') == std::string::npos && *target != "." && *target != "..")
      return open_in(dir, *target, links - 1);
    return file(str(dir.real, '/', name));
  }
  if (const auto known = inodes_.find({info.st_dev, info.st_ino}); known != inodes_.end())
    return known->second.get();
  auto library = open_library(root_, dir.fd.get(), name, dir.real.empty() ? name : str(dir.real, '/', name), info);
  return library ? adopt(std::move(library)) : nullptr;
}

const Library* LibraryFiles::file_in(Directory& dir, std::string_view name) {
  if (!dir.exists())
    return nullptr;
  if (const auto known = dir.files.find(name); known != dir.files.end())
    return known->second;
  const Library* library = open_in(dir, std::string(name), 8);
  dir.files.emplace(name, library);
  return library;
}

const Library* LibraryFiles::file(std::string_view path) {
  if (const auto known = paths_.find(path); known != paths_.end())
    return known->second;
  const auto found = root_.find(path);
  const Library* library = found && found->exists ? open_at_dir(*found) : nullptr;
  paths_.emplace(path, library);
  return library;
}

}  // namespace rescue::elf
