// A file that is written whole or not at all: under another name beside its place, and then renamed.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/fd.h"
#include "lib/fs/root.h"

namespace rescue {

class NewFile {
 public:
  // For the file at `path`, whose folder must be there. Until commit() nothing is at `path` that was not there before.
  static Result<NewFile> create(const std::string& path, unsigned mode);
  // In a root; what the path's links lead to is replaced, not the link.
  static Result<NewFile> create(const Root& root, std::string_view path, unsigned mode);

  NewFile(NewFile&& other) noexcept = default;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  int fd() const { return fd_.get(); }
  // Syncs, puts it in its place, and syncs the folder.
  Result<> commit();

 private:
  NewFile(UniqueFd dir, std::string name, std::string shown)
      : dir_(std::move(dir)), name_(std::move(name)), shown_(std::move(shown)) {}
  static Result<NewFile> open(UniqueFd dir, std::string name, std::string shown, unsigned mode);

  UniqueFd dir_;
  UniqueFd fd_;
  std::string name_;
  std::string temporary_;
  std::string shown_;
};

// The whole content at once.
Result<> replace_file(const Root& root, std::string_view path, std::string_view content, unsigned mode);

}  // namespace rescue
