// A directory for one test, removed at its end, and short ways to fill and read it.
#pragma once

#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/fs/root.h"

namespace rescue::test {

class Scratch {
 public:
  Scratch() {
    std::string name = "/tmp/rescue-test-XXXXXX";
    path_ = ::mkdtemp(name.data()) != nullptr ? name : "";
  }
  ~Scratch() { remove_below(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& path() const { return path_; }
  std::string at(std::string_view name) const { return str(path_, '/', name); }
  Root root() const { return std::move(*Root::open(path_)); }

  void dir(std::string_view name, mode_t mode = 0755) const { ::mkdir(at(name).c_str(), mode); }
  void link(std::string_view name, const char* target) const { (void)!::symlink(target, at(name).c_str()); }
  void file(std::string_view name, std::string_view content, mode_t mode = 0644) const {
    const auto fd = open_file(at(name), O_WRONLY | O_CREAT | O_TRUNC, mode);
    if (fd)
      (void)write_all(fd->get(), content, name);
  }

  // "" where there is nothing, "->TARGET" for a link, "dir", or the content of the file.
  std::string what(std::string_view name) const {
    struct stat info{};
    if (::lstat(at(name).c_str(), &info) < 0)
      return "";
    if (S_ISDIR(info.st_mode))
      return "dir";
    if (S_ISLNK(info.st_mode)) {
      char target[4096];
      const ssize_t length = ::readlink(at(name).c_str(), target, sizeof target);
      return str("->", std::string_view(target, static_cast<size_t>(length)));
    }
    const auto fd = open_file(at(name), O_RDONLY);
    return fd ? read_all(fd->get(), 1 << 20, name).value_or("unreadable") : "unreadable";
  }

  // All paths below, one a line with what they are: two listings are equal if the trees are.
  std::string listing(std::string_view below = {}) const {
    std::string text;
    const std::string dir = below.empty() ? path_ : at(below);
    const auto fd = open_file(dir, O_RDONLY | O_DIRECTORY);
    const auto entries = list_dir(fd ? fd->get() : -1, dir);
    if (!entries)
      return text;
    for (const DirEntry& entry : *entries) {
      const std::string name = below.empty() ? entry.name : str(below, '/', entry.name);
      struct stat info{};
      ::lstat(at(name).c_str(), &info);
      text += str(name, ' ', to_octal(info.st_mode & 07777), ' ', what(name), '\n');
      if (S_ISDIR(info.st_mode))
        text += listing(name);
    }
    return text;
  }

 private:
  static void remove_below(const std::string& path) {
    const auto fd = open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (const auto entries = list_dir(fd ? fd->get() : -1, path))
      for (const DirEntry& entry : *entries) {
        const std::string name = str(path, '/', entry.name);
        if (::unlink(name.c_str()) < 0)
          remove_below(name);
      }
    ::rmdir(path.c_str());
  }

  std::string path_;
};

}  // namespace rescue::test
