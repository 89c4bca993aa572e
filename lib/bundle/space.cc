#include "lib/bundle/space.h"

#include <cerrno>
#include <map>

#include <fcntl.h>
#include <sys/statvfs.h>

#include "lib/base/text.h"
#include "lib/bundle/state_dir.h"

namespace rescue {

namespace {

// The journal, the directories around it, and directory blocks that the new names may need.
constexpr uint64_t state_bytes = 128 * 1024;
constexpr uint64_t state_inodes = 6;

struct FileSystem {
  std::string place;
  struct statvfs info{};
  uint64_t bytes = 0;
  uint64_t inodes = 0;
};

class Counter {
 public:
  explicit Counter(const Root& root) : root_(root) {}

  Result<FileSystem*> at(std::string_view path) {
    if (const auto known = of_dir_.find(path); known != of_dir_.end())
      return known->second;
    FileSystem* const found = TRY(look_up(path));
    of_dir_.emplace(path, found);
    return found;
  }

  Result<> add(std::string_view dir, uint64_t bytes, uint64_t inodes) {
    FileSystem* const fs = TRY(at(dir));
    const uint64_t block = std::max<uint64_t>(fs->info.f_frsize, 512);
    fs->bytes += (bytes + block - 1) / block * block;
    fs->inodes += inodes;
    return {};
  }

  const auto& systems() const { return systems_; }

 private:
  Result<FileSystem*> look_up(std::string_view path) {
    // What does not exist yet will be on the file system of the nearest directory above.
    auto dir = root_.open_dir(path);
    while (!dir && !path.empty()) {
      path = path.substr(0, path.find('/') == path.npos ? 0 : path.rfind('/'));
      dir = root_.open_dir(path);
    }
    const UniqueFd fd = TRY(std::move(dir));
    struct stat info{};
    if (::fstat(fd.get(), &info) < 0)
      return fail("find", root_.shown(path));
    const auto [at, added] = systems_.emplace(info.st_dev, FileSystem{root_.shown(path), {}, 0, 0});
    if (added && ::fstatvfs(fd.get(), &at->second.info) < 0)
      return fail("ask for free space", root_.shown(path));
    return &at->second;
  }

  const Root& root_;
  std::map<dev_t, FileSystem> systems_;
  std::map<std::string, FileSystem*, std::less<>> of_dir_;
};

std::string_view dir_of(std::string_view path) {
  return path.find('/') == path.npos ? std::string_view() : path.substr(0, path.rfind('/'));
}

}  // namespace

std::string Shortage::advice() const {
  if (read_only)
    return str("the file system is mounted read-only. Make it writable (mount -o remount,rw ", Printable(place),
               ") and run this again");
  if (need_bytes > free_bytes)
    return str(human_size(need_bytes), " are needed and ", human_size(free_bytes),
               " are free. Free some (old logs in /var/log, packages in /var/cache) and run this again");
  return str(need_inodes, " inodes (file numbers) are needed and ", free_inodes,
             " are free. Remove small files that are not needed and run this again");
}

Result<std::optional<Shortage>> find_shortage(const Root& root, const Plan& plan, const Manifest& manifest) {
  Counter counter(root);
  TRY(counter.add(state_dirs[0], state_bytes, state_inodes));
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    if (step.action != Action::put)
      continue;
    const int entry = plan.entry_of_step[i];
    const bool is_file = step.kind == NodeKind::file && entry >= 0;
    const uint64_t bytes = is_file ? manifest.entries[static_cast<size_t>(entry)].size : step.kind == NodeKind::dir;
    TRY(counter.add(dir_of(step.path), bytes, 1));
  }
  for (const auto& [device, fs] : counter.systems()) {
    Shortage shortage{fs.place,  (fs.info.f_flag & ST_RDONLY) != 0,
                      fs.bytes,  fs.info.f_bavail * fs.info.f_frsize,
                      fs.inodes, fs.info.f_favail};
    // btrfs and others make inodes as they need them, and say that there are none.
    const bool counts_inodes = fs.info.f_files != 0;
    if (shortage.read_only || shortage.need_bytes > shortage.free_bytes ||
        (counts_inodes && shortage.need_inodes > shortage.free_inodes))
      return shortage;
  }
  return std::nullopt;
}

}  // namespace rescue
