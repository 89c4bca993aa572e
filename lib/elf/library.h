// The files of one root as the loader's search meets them: each directory is looked up once, each library opened
// and read once, and what is not there is remembered as well.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/elf/image.h"
#include "lib/fs/root.h"

namespace rescue::elf {

// Can be asked with a view.
template <typename T>
using TextMap = std::map<std::string, T, std::less<>>;

// A file that the search came upon. There is one per inode, whatever names lead to it.
struct Library {
  std::string path;            // within the root, links followed: "usr/lib/x86_64-linux-gnu/libc.so.6"
  Image image;                 // with image.damage, or empty if `error` is set
  std::optional<Error> error;  // it could not be opened, or has no ELF header
  mode_t mode = 0;
  dev_t device = 0;
  ino_t inode = 0;
};

// A directory of a search path.
struct Directory {
  std::string path;               // as the search path spells it; candidates are shown with it
  std::string real;               // within the root, links followed
  UniqueFd fd;                    // path-only; none where the directory is not there
  TextMap<const Library*> files;  // by name; null: not there

  bool exists() const { return static_cast<bool>(fd); }
};

class LibraryFiles {
 public:
  // `root` must outlive this.
  explicit LibraryFiles(const Root& root) : root_(root) {}

  const Root& root() const { return root_; }

  // The directory that `path` leads to. Stays where it is as long as this object lives.
  Directory& directory(std::string_view path);

  // The file `name` in `dir`, or null where there is none that could be opened: then the loader goes on.
  const Library* file_in(Directory& dir, std::string_view name);

  // The file that `path` leads to, or null.
  const Library* file(std::string_view path);

  // Takes a file that was read elsewhere; gives the one that is known for its inode already, if any.
  const Library* adopt(std::unique_ptr<Library> library);

 private:
  const Library* open_at_dir(const Found& found);
  const Library* open_in(const Directory& dir, const std::string& name, int links);

  const Root& root_;
  TextMap<std::unique_ptr<Directory>> directories_;
  TextMap<const Library*> paths_;
  std::map<std::pair<dev_t, ino_t>, std::unique_ptr<Library>> inodes_;
};

// Opens and reads a file of `root` for LibraryFiles::adopt. Touches no shared state, so that threads may call it.
// Null where nothing can be opened. `found` must exist.
std::unique_ptr<Library> read_library(const Root& root, const Found& found);

// The same for the plain file `name` of an open directory; `path` is its path within the root. It is opened before it
// is looked at: what is no plain file must not be named.
std::unique_ptr<Library> read_library_at(const Root& root, int dir, const std::string& name, std::string path);

}  // namespace rescue::elf
