#include "lib/fs/new_file.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"

namespace rescue {

Result<NewFile> NewFile::open(UniqueFd dir, std::string name, std::string shown, unsigned mode) {
  NewFile file(std::move(dir), std::move(name), std::move(shown));
  std::string temporary = str(".rescue-", ::getpid(), '-', file.name_);
  file.fd_ = TRY(open_at(file.dir_.get(), temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, file.shown_));
  file.temporary_ = std::move(temporary);
  if (::fchmod(file.fd_.get(), mode) < 0)
    return fail("set the permissions", file.shown_);
  return file;
}

Result<NewFile> NewFile::create(const std::string& path, unsigned mode) {
  UniqueFd dir = TRY(open_file(std::string(dir_name(path)), O_RDONLY | O_DIRECTORY));
  return open(std::move(dir), std::string(base_name(path)), path, mode);
}

Result<NewFile> NewFile::create(const Root& root, std::string_view path, unsigned mode) {
  const Found found = TRY(root.find(path));
  if (found.exists && !S_ISREG(found.info.st_mode))
    return fail("replace", root.shown(path), "is not a file");
  UniqueFd dir = TRY(root.open_dir(dir_name(found.path)));
  return open(std::move(dir), found.name, root.shown(found.path), mode);
}

NewFile::~NewFile() {
  if (fd_ && !temporary_.empty())
    (void)::unlinkat(dir_.get(), temporary_.c_str(), 0);
}

Result<> NewFile::commit() {
  TRY(sync_fd(fd_.get(), shown_));
  if (::renameat(dir_.get(), temporary_.c_str(), dir_.get(), name_.c_str()) < 0)
    return fail("put it in its place", shown_);
  temporary_.clear();
  TRY(fd_.close(shown_));
  return sync_fd(dir_.get(), shown_);
}

Result<> replace_file(const Root& root, std::string_view path, std::string_view content, unsigned mode) {
  NewFile file = TRY(NewFile::create(root, path, mode));
  TRY(write_all(file.fd(), content, root.shown(path)));
  return file.commit();
}

}  // namespace rescue
