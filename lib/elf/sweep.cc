#include "lib/elf/sweep.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/side_by_side.h"
#include "lib/base/text.h"

namespace rescue::elf {

namespace {

// So many directories are open at once at the most, and as many as the tree is deep.
constexpr size_t most_open = 200;

// A file to be read. Its directory is kept open for all files in it.
struct Job {
  std::shared_ptr<const UniqueFd> dir;
  std::string name;
  std::string path;
};

// Programs and libraries; files that are no ELF at all need nothing.
bool is_wanted(const Library& library) {
  if (library.error)
    return library.error->code() != 0;
  const Linkage linkage = library.image.linkage();
  return library.image.damage || linkage == Linkage::dynamic_program ||
         (linkage == Linkage::library && library.image.has_dynamic) || library.image.truncated();
}

std::unique_ptr<Library> read_job(const Root& root, const Job& job) {
  auto library = read_library_at(root, job.dir->get(), job.name, job.path);
  return library && is_wanted(*library) ? std::move(library) : nullptr;
}

// What the threads share.
struct Reading {
  const Root& root;
  const std::vector<Job>& jobs;
  std::vector<std::unique_ptr<Library>>& files;
};

// Few enough that nobody waits for the other's last one.
constexpr size_t portion = 16;

void read_jobs(const Root& root, const std::vector<Job>& jobs, std::vector<std::unique_ptr<Library>>& files) {
  Reading reading{root, jobs, files};
  const auto read_one = [](void* shared, size_t i) {
    const Reading& all = *static_cast<Reading*>(shared);
    all.files[i] = read_job(all.root, all.jobs[i]);
  };
  side_by_side(jobs.size(), portion, read_one, &reading);
}

class Sweeper {
 public:
  Sweeper(const Root& root, Sweep& result) : root_(root), result_(result) {}

  void add(const std::string& path) {
    if (add_plain(path))
      return;
    auto found = root_.find_existing(path);
    if (!found) {
      result_.errors.push_back(std::move(found).error());
      return;
    }
    if (S_ISREG(found->info.st_mode))
      (void)add_plain(str('/', found->path));
    if (!S_ISDIR(found->info.st_mode))
      return;
    auto dir = open_at(found->dir.get(), found->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, root_.shown(path));
    walk(std::move(dir), found->path);
  }

  // Reads what was found so far, and closes the directories.
  void read() {
    std::vector<std::unique_ptr<Library>> files(jobs_.size());
    read_jobs(root_, jobs_, files);
    jobs_.clear();
    last_ = {};
    open_ = 0;
    for (std::unique_ptr<Library>& file : files)
      if (file && seen_.emplace(file->device, file->inode).second)
        result_.files.push_back(std::move(file));
  }

 private:
  // A directory in which files were named, as it was spelt and without links.
  struct Named {
    std::string spelt;
    std::string real;
    std::shared_ptr<const UniqueFd> dir;
  };

  // A plain file. They are mostly named by the hundred in one directory: the way to it is walked once.
  bool add_plain(const std::string& path) {
    if (!last_.dir || dir_name(path) != last_.spelt)
      enter(dir_name(path));
    const std::string name(base_name(path));
    struct stat info{};
    if (!last_.dir || ::fstatat(last_.dir->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(info.st_mode))
      return false;
    jobs_.push_back({last_.dir, name, str(last_.real, last_.real.empty() ? "" : "/", name)});
    return true;
  }

  void enter(std::string_view spelt) {
    make_room();
    last_ = {};
    const auto found = root_.find(spelt);
    auto dir = found && found->exists
                   ? open_at(found->dir.get(), found->name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, spelt)
                   : Result<UniqueFd>(std::unexpected(Error()));
    if (dir)
      last_ = {std::string(spelt), found->path, std::make_shared<const UniqueFd>(*std::move(dir))};
  }

  void make_room() {
    if (++open_ > most_open)
      read();
  }

  void walk(Result<UniqueFd> opened, const std::string& path) {
    if (!opened) {
      result_.errors.push_back(std::move(opened).error());
      return;
    }
    struct stat info{};
    if (::fstat(opened->get(), &info) < 0 || !walked_.emplace(info.st_dev, info.st_ino).second)
      return;
    make_room();
    const auto dir = std::make_shared<const UniqueFd>(*std::move(opened));
    const auto entries = list_dir(dir->get(), root_.shown(path));
    if (!entries) {
      result_.errors.push_back(entries.error());
      return;
    }
    for (const DirEntry& entry : *entries)
      take_entry(dir, entry, path.empty() ? entry.name : str(path, '/', entry.name));
  }

  void take_entry(const std::shared_ptr<const UniqueFd>& dir, const DirEntry& entry, std::string path) {
    unsigned char type = entry.type;
    if (type == DT_UNKNOWN) {
      struct stat info{};
      if (::fstatat(dir->get(), entry.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0)
        type = S_ISDIR(info.st_mode) ? DT_DIR : S_ISREG(info.st_mode) ? DT_REG : DT_LNK;
    }
    if (type == DT_DIR)
      walk(open_at(dir->get(), entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, root_.shown(path)), path);
    else if (type == DT_REG)
      jobs_.push_back({dir, entry.name, std::move(path)});
  }

  const Root& root_;
  Sweep& result_;
  Named last_;
  size_t open_ = 0;
  std::vector<Job> jobs_;
  std::set<std::pair<dev_t, ino_t>> walked_;
  std::set<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace

Sweep sweep(const Root& root, const std::vector<std::string>& paths) {
  Sweep result;
  Sweeper sweeper(root, result);
  for (const std::string& path : paths)
    sweeper.add(path);
  sweeper.read();
  return result;
}

}  // namespace rescue::elf
