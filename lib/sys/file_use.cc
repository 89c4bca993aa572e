#include "lib/sys/file_use.h"

#include <algorithm>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/fs/directory.h"
#include "lib/sys/process_files.h"

namespace rescue {

namespace {

class Asker {
 public:
  Asker(const ProcFs& proc, const FileQuestion& question) : proc_(proc), question_(question) {}

  FileUse ask(int32_t pid) const {
    FileUse use{.pid = pid};
    use.cwd = leads_there(str(pid, "/cwd"));
    use.root = leads_there(str(pid, "/root"));
    use.exe = leads_there(str(pid, "/exe"));
    for (const int fd : open_descriptors(proc_, pid))
      if (leads_there(str(pid, "/fd/", fd))) {
        use.open = true;
        use.writes = use.writes || (descriptor_flags(proc_, pid, fd) & O_ACCMODE) != O_RDONLY;
      }
    const std::string maps = proc_.file(pid, "maps");
    for (const MappedFile& file : parse_maps(maps))
      use.mapped = use.mapped || fits(file.device, file.inode);
    return use;
  }

 private:
  bool fits(dev_t device, ino_t inode) const {
    return device == question_.device && (question_.whole_device || inode == question_.inode);
  }
  bool leads_there(const std::string& link) const {
    struct stat info{};
    return ::fstatat(proc_.fd(), link.c_str(), &info, 0) == 0 && fits(info.st_dev, info.st_ino);
  }

  const ProcFs& proc_;
  const FileQuestion& question_;
};

}  // namespace

std::vector<int> open_descriptors(const ProcFs& proc, int32_t pid) {
  std::vector<int> numbers;
  const std::string path = str(pid, "/fd");
  const auto dir = open_at(proc.fd(), path, O_RDONLY | O_DIRECTORY, 0, path);
  if (!dir)
    return numbers;
  DirectoryReader reader(dir->get(), path);
  for (auto more = reader.next(); more && *more; more = reader.next())
    if (const auto number = to_number<int>(reader.name()))
      numbers.push_back(*number);
  rescue::sort(numbers);
  return numbers;
}

std::optional<uint32_t> descriptor_number(const ProcFs& proc, int32_t pid, int fd, std::string_view name, int base) {
  const std::string text = proc.file(pid, str("fdinfo/", fd));
  for (const std::string_view line : split(text, '\n'))
    if (line.starts_with(name))
      return to_number<uint32_t>(trim(line.substr(name.size())), base);
  return std::nullopt;
}

uint32_t descriptor_flags(const ProcFs& proc, int32_t pid, int fd) {
  return descriptor_number(proc, pid, fd, "flags:", 8).value_or(0);
}

Result<std::vector<FileUse>> find_socket_users(const ProcFs& proc, const std::vector<ino_t>& sockets) {
  std::vector<FileUse> users;
  for (const int32_t pid : TRY(proc.pids()))
    for (const int fd : open_descriptors(proc, pid)) {
      struct stat info{};
      if (::fstatat(proc.fd(), str(pid, "/fd/", fd).c_str(), &info, 0) == 0 && S_ISSOCK(info.st_mode) &&
          std::ranges::contains(sockets, info.st_ino)) {
        users.push_back({.pid = pid, .open = true, .writes = true});
        break;
      }
    }
  return users;
}

Result<std::vector<FileUse>> find_uses(const ProcFs& proc, const FileQuestion& question) {
  std::vector<FileUse> uses;
  const Asker asker(proc, question);
  for (const int32_t pid : TRY(proc.pids())) {
    const FileUse use = pid == ::getpid() ? FileUse() : asker.ask(pid);
    if (use.cwd || use.root || use.exe || use.mapped || use.open)
      uses.push_back(use);
  }
  return uses;
}

}  // namespace rescue
