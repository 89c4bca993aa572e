#include "lib/sys/process_files.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/fs/root.h"

namespace rescue {

namespace {

constexpr uint64_t largest_maps = 64 << 20;
constexpr std::string_view deleted_mark = " (deleted)";

// The first blank-separated word, which is taken off.
std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

// The kernel writes a newline in a name as \012, and nothing else so.
std::string unescaped(std::string_view name) {
  std::string text(name);
  for (size_t at = 0; (at = text.find("\\012", at)) != std::string::npos; ++at)
    text.replace(at, 4, "\n");
  return text;
}

std::string hex_number(uint64_t number) {
  char digits[16];
  return {digits, std::to_chars(digits, digits + sizeof digits, number, 16).ptr};
}

// "fe:01", in hexadecimal.
dev_t device_number(std::string_view word) {
  const size_t colon = std::min(word.find(':'), word.size());
  const auto high = to_number<unsigned>(word.substr(0, colon), 16);
  const auto low = to_number<unsigned>(word.substr(std::min(colon + 1, word.size())), 16);
  return high && low ? makedev(*high, *low) : 0;
}

std::optional<MappedFile> parse_line(std::string_view line) {
  const std::string_view range = next_word(line);
  const size_t dash = std::min(range.find('-'), range.size());
  const auto begin = to_number<uint64_t>(range.substr(0, dash), 16);
  const auto end = to_number<uint64_t>(range.substr(std::min(dash + 1, range.size())), 16);
  next_word(line);  // permissions
  next_word(line);  // offset
  const dev_t device = device_number(next_word(line));
  const auto inode = to_number<ino_t>(next_word(line));
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  if (!begin || !end || !inode || *inode == 0 || !line.starts_with('/'))
    return std::nullopt;
  MappedFile file;
  file.deleted = line.ends_with(deleted_mark);
  file.path = unescaped(line.substr(0, line.size() - (file.deleted ? deleted_mark.size() : 0)));
  file.begin = *begin;
  file.end = *end;
  file.device = device;
  file.inode = *inode;
  return file;
}

}  // namespace

std::vector<MappedFile> parse_maps(std::string_view text) {
  std::vector<MappedFile> files;
  for (const std::string_view line : split(text, '\n')) {
    auto file = parse_line(line);
    const auto same = [&](const MappedFile& other) { return other.inode == file->inode && other.path == file->path; };
    // The mappings of one file follow each other, with at most a few others between them.
    if (file && std::ranges::none_of(files, same))
      files.push_back(*std::move(file));
  }
  return files;
}

Result<ProcessFiles> ProcessFiles::open(std::string_view proc) {
  UniqueFd dir = TRY(open_file(std::string(proc), O_RDONLY | O_DIRECTORY));
  if (::faccessat(dir.get(), "self/maps", R_OK, 0) < 0)
    return fail("look at processes", proc);
  return ProcessFiles(std::move(dir), std::string(proc));
}

std::string ProcessFiles::shown(pid_t pid, std::string_view name) const {
  return str(path_, '/', pid, '/', name);
}

Result<std::vector<pid_t>> ProcessFiles::processes() const {
  std::vector<pid_t> pids;
  for (const DirEntry& entry : TRY(list_dir(dir_.get(), path_)))
    if (const auto pid = to_number<pid_t>(entry.name); pid && *pid != ::getpid())
      pids.push_back(*pid);
  rescue::sort(pids);
  return pids;
}

Result<struct stat> ProcessFiles::root_of(pid_t pid) const {
  struct stat info{};
  if (::fstatat(dir_.get(), str(pid, "/root").c_str(), &info, 0) < 0)
    return fail("look at process", shown(pid, "root"));
  return info;
}

std::string ProcessFiles::name_of(pid_t pid) const {
  const std::string path = shown(pid, "comm");
  const auto fd = open_at(dir_.get(), str(pid, "/comm"), O_RDONLY, 0, path);
  std::string name = fd ? read_all(fd->get(), 256, path).value_or("") : "";
  while (name.ends_with('\n'))
    name.pop_back();
  return name;
}

bool ProcessFiles::in_other_namespace(pid_t pid) const {
  struct stat own{};
  struct stat other{};
  return ::fstatat(dir_.get(), "self/ns/mnt", &own, 0) == 0 &&
         ::fstatat(dir_.get(), str(pid, "/ns/mnt").c_str(), &other, 0) == 0 && own.st_ino != other.st_ino;
}

Result<std::vector<MappedFile>> ProcessFiles::mapped(pid_t pid) const {
  const std::string path = shown(pid, "maps");
  const UniqueFd fd = TRY(open_at(dir_.get(), str(pid, "/maps"), O_RDONLY, 0, path));
  return parse_maps(TRY(read_all(fd.get(), largest_maps, path)));
}

Result<UniqueFd> ProcessFiles::open_mapped(pid_t pid, const MappedFile& file) const {
  const std::string name = str("map_files/", hex_number(file.begin), '-', hex_number(file.end));
  auto fd = open_at(dir_.get(), str(pid, '/', name), O_RDONLY | O_NONBLOCK, 0, shown(pid, name));
  if (fd)
    return fd;
  auto other = open_by_descriptor(pid, file);
  return other ? std::move(other) : std::move(fd);
}

Result<UniqueFd> ProcessFiles::open_by_descriptor(pid_t pid, const MappedFile& file) const {
  std::vector<std::string> names = {"exe"};
  const auto dir = open_at(dir_.get(), str(pid, "/fd"), O_RDONLY | O_DIRECTORY, 0, shown(pid, "fd"));
  const auto entries = dir ? list_dir(dir->get(), shown(pid, "fd")) : Result<std::vector<DirEntry>>();
  for (const DirEntry& entry : entries.value_or(std::vector<DirEntry>()))
    names.push_back(str("fd/", entry.name));
  for (const std::string& name : names) {
    const std::string path = str(pid, '/', name);
    struct stat info{};
    if (::fstatat(dir_.get(), path.c_str(), &info, 0) == 0 && S_ISREG(info.st_mode) && info.st_ino == file.inode)
      return open_at(dir_.get(), path, O_RDONLY | O_NONBLOCK, 0, shown(pid, name));
  }
  return fail("open mapped file", file.path, ENOENT);
}

Result<UniqueFd> ProcessFiles::open_inside(pid_t pid, std::string_view path) const {
  const auto root = TRY(Root::open(shown(pid, "root")));
  return root.open_file(path, O_RDONLY | O_NONBLOCK);
}

}  // namespace rescue
