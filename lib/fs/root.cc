#include "lib/fs/root.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <memory>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/sort.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

// As many links as Linux itself follows in one path (path_resolution(7)).
constexpr int max_links = 40;

// The directory `path` below `dir`, if nothing on the way to it is a symbolic link: openat2(2), where the kernel has
// it. Any failure is one that a walk by components tells better.
UniqueFd open_without_links(int dir, const std::string& path) {
  static std::atomic<bool> lacking = false;
  if (lacking)
    return {};
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const auto fd = static_cast<int>(::syscall(SYS_openat2, dir, path.c_str(), &how, sizeof how));
  // Some sandboxes say that they do not permit what they do not know.
  if (fd < 0 && (errno == ENOSYS || errno == EPERM))
    lacking = true;
  return UniqueFd(fd);
}

// One walk from the root along a path. Keeps the directories on the way, so that `..` goes back the way it came.
class Walk {
 public:
  Walk(int root, std::string_view shown, Last last, const AssumedLinks* assumed)
      : root_(root), shown_(shown), last_(last), assumed_(assumed) {}

  Result<Found> run(std::string_view path) {
    push_path(path);
    while (!pending_.empty() || came_by_leap()) {
      if (pending_.empty())
        unfold(0);
      leap();
      const std::string name = std::move(pending_.back());
      pending_.pop_back();
      if (name == "..") {
        if (!dirs_.empty())
          unfold(1);
        continue;
      }
      if (auto found = TRY(step(name)); found.dir)
        return found;
    }
    return arrived_at_directory();
  }

 private:
  // A directory on the way, and how much of the path leads to the one before it.
  struct Entered {
    UniqueFd fd;
    size_t before;
  };

  int here() const { return dirs_.empty() ? root_ : dirs_.back().fd.get(); }

  // Components go on the stack in reverse; a slash at the end, or a dot, asks for a directory.
  void push_path(std::string_view path) {
    const auto pieces = split(path, '/');
    const bool asks = path.size() > 1 && (path.ends_with('/') || path.ends_with("/."));
    must_be_dir_ = must_be_dir_ || (pending_.empty() && asks);
    for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece)
      if (!piece->empty() && *piece != ".")
        pending_.emplace_back(*piece);
    may_leap_ = true;
  }

  // Takes all components but the last at once, if there are several and none of them is a link or assumed to be one.
  void leap() {
    if (!std::exchange(may_leap_, false) || pending_.size() < 3 || std::ranges::contains(pending_, ".."))
      return;
    std::string way;
    for (size_t i = pending_.size() - 1; i > 0; --i) {
      way = way.empty() ? pending_[i] : str(way, '/', pending_[i]);
      if (is_assumed(way))
        return;
    }
    if (UniqueFd dir = open_without_links(here(), way)) {
      pending_.erase(pending_.begin() + 1, pending_.end());
      enter(std::move(dir), way);
    }
  }

  bool came_by_leap() const { return !dirs_.empty() && path_.find('/', dirs_.back().before + 1) != std::string::npos; }

  // Goes back to where the last directory was entered from. What led from there to it, but for so many components at
  // its end, is to be walked again.
  void unfold(size_t without) {
    const size_t before = dirs_.back().before;
    std::string way = path_.substr(before);
    dirs_.pop_back();
    path_.resize(before);
    if (without != 0)
      way.resize(way.rfind('/') == std::string::npos ? 0 : way.rfind('/'));
    push_path(way);
  }

  void enter(UniqueFd dir, const std::string& way) {
    dirs_.push_back({std::move(dir), path_.size()});
    path_ = path_of(way);
  }

  std::string path_of(const std::string& name) const { return path_.empty() ? name : str(path_, '/', name); }

  // The link at `name`, from what is assumed or from the disk.
  Result<std::string> target_of(const std::string& name) const {
    if (assumed_ != nullptr)
      if (const auto link = assumed_->find(path_of(name)); link != assumed_->end())
        return link->second;
    return read_link_at(here(), name, shown_);
  }

  bool is_assumed(const std::string& name) const { return assumed_ != nullptr && assumed_->contains(path_of(name)); }

  // Takes one component. Gives the end of the walk, or a Found without descriptor to go on.
  Result<Found> step(const std::string& name) {
    struct stat info{};
    const bool is_last = pending_.empty();
    bool exists = true;
    // On the way nearly all are directories: what opens as one needs no other look.
    int refused = 0;
    if (!is_last && !is_assumed(name)) {
      if (UniqueFd dir{::openat(here(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)}) {
        enter(std::move(dir), name);
        return Found{};
      }
      refused = errno;
    }
    if (is_assumed(name)) {
      info.st_mode = S_IFLNK | 0777;
    } else if (::fstatat(here(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0) {
      if (errno != ENOENT || !is_last)
        return fail("find", shown_);
      exists = false;
    }
    if (exists && S_ISLNK(info.st_mode) && (!is_last || last_ == Last::follow || must_be_dir_)) {
      if (++links_ > max_links)
        return fail("find", shown_, ELOOP);
      const std::string target = TRY(target_of(name));
      if (target.starts_with('/')) {
        dirs_.clear();
        path_.clear();
      }
      push_path(target);
      return Found{};
    }
    if (is_last)
      return end(name, exists, info);
    return fail("find", shown_, S_ISDIR(info.st_mode) ? refused : ENOTDIR);
  }

  Result<Found> end(const std::string& name, bool exists, const struct stat& info) {
    if (must_be_dir_ && exists && !S_ISDIR(info.st_mode))
      return fail("find", shown_, ENOTDIR);
    Found found{path_of(name), {}, name, exists, info};
    found.dir = TRY(take_dir());
    return found;
  }

  // The walk ends here: its descriptor is the caller's.
  Result<UniqueFd> take_dir() {
    if (!dirs_.empty())
      return std::move(dirs_.back().fd);
    return open_at(root_, ".", O_PATH | O_DIRECTORY, 0, shown_);
  }

  // The path ended in a directory that was entered: it is named in its parent.
  Result<Found> arrived_at_directory() {
    Found found{path_, {}, ".", true, {}};
    if (::fstat(here(), &found.info) < 0)
      return fail("find", shown_);
    if (!dirs_.empty()) {
      found.name = base_name(path_);
      dirs_.pop_back();
    }
    found.dir = TRY(take_dir());
    return found;
  }

  int root_;
  std::string_view shown_;
  Last last_;
  const AssumedLinks* assumed_;
  std::vector<Entered> dirs_;
  std::vector<std::string> pending_;
  std::string path_;
  int links_ = 0;
  bool must_be_dir_ = false;
  bool may_leap_ = false;
};

}  // namespace

Result<Root> Root::open(std::string_view path) {
  std::string name(path);
  while (name.size() > 1 && name.ends_with('/'))
    name.pop_back();
  UniqueFd fd = TRY(rescue::open_file(name, O_RDONLY | O_DIRECTORY));
  return Root(std::move(fd), std::move(name));
}

std::string Root::shown(std::string_view path) const {
  while (path.starts_with('/'))
    path.remove_prefix(1);
  if (path.empty())
    return path_;
  return is_system_root() ? str('/', path) : str(path_, '/', path);
}

Result<Found> Root::find(std::string_view path, Last last, const AssumedLinks* assumed) const {
  const std::string name = shown(path);
  return Walk(fd_.get(), name, last, assumed).run(path);
}

Result<Found> Root::find_existing(std::string_view path, Last last) const {
  Found found = TRY(find(path, last));
  if (!found.exists)
    return fail("find", shown(path), ENOENT);
  return found;
}

bool Root::exists(std::string_view path) const {
  const auto found = find(path);
  return found && found->exists;
}

Result<UniqueFd> Root::open_file(std::string_view path, int flags) const {
  const Found found = TRY(find_existing(path));
  return open_at(found.dir.get(), found.name, flags | O_NOFOLLOW, 0, shown(path));
}

Result<UniqueFd> Root::open_dir(std::string_view path) const {
  return open_file(path, O_RDONLY | O_DIRECTORY);
}

Result<std::string> Root::read_link(std::string_view path) const {
  const Found found = TRY(find_existing(path, Last::keep));
  return read_link_at(found.dir.get(), found.name, shown(path));
}

Result<std::string> Root::read_file(std::string_view path, uint64_t limit) const {
  // A FIFO would keep us waiting for ever.
  const UniqueFd fd = TRY(open_file(path, O_RDONLY | O_NONBLOCK));
  return read_all(fd.get(), limit, shown(path));
}

Result<std::string> read_link_at(int dir, const std::string& name, std::string_view shown) {
  // Nearly every target is short: musl takes memory of this size from the kernel, and gives it back each time.
  std::array<char, 256> room;
  const ssize_t size = ::readlinkat(dir, name.c_str(), room.data(), room.size());
  if (size < 0)
    return fail("read link", shown);
  if (static_cast<size_t>(size) < room.size())
    return std::string(room.data(), static_cast<size_t>(size));
  std::string target(4096, '\0');
  while (true) {
    const ssize_t length = ::readlinkat(dir, name.c_str(), target.data(), target.size());
    if (length < 0)
      return fail("read link", shown);
    if (static_cast<size_t>(length) < target.size()) {
      target.resize(static_cast<size_t>(length));
      return target;
    }
    target.resize(target.size() * 2);
  }
}

Result<std::string> working_directory() {
  std::array<char, PATH_MAX> room;
  if (::getcwd(room.data(), room.size()) == nullptr)
    return fail("find", "working directory");
  std::string path = room.data();
  // The kernel says "(unreachable)/..." for a place outside the root.
  if (!path.starts_with('/'))
    return fail("find", "working directory", ENOENT);
  return path;
}

Result<std::vector<DirEntry>> list_dir(int dir, std::string_view shown) {
  // A descriptor of its own: a path-only one cannot be listed, and the position of a shared one would move.
  UniqueFd fd = TRY(open_at(dir, ".", O_RDONLY | O_DIRECTORY, 0, shown));
  const auto close_dir = [](DIR* d) { ::closedir(d); };
  const std::unique_ptr<DIR, decltype(close_dir)> stream(::fdopendir(fd.get()), close_dir);
  if (!stream)
    return fail("list", shown);
  (void)fd.release();
  std::vector<DirEntry> entries;
  while (true) {
    errno = 0;
    const struct dirent* const entry = ::readdir(stream.get());
    if (entry == nullptr)
      break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..")
      entries.push_back({std::string(name), entry->d_type});
  }
  if (errno != 0)
    return fail("list", shown);
  rescue::sort(entries, {}, &DirEntry::name);
  return entries;
}

// The same of a string.

[[gnu::noinline]] std::string Root::shown(const String auto& path) const {
  return shown(std::string_view(path));
}
template std::string Root::shown(const std::string& path) const;

[[gnu::noinline]] Result<Found> Root::find(const String auto& path, Last last, const AssumedLinks* assumed) const {
  return find(std::string_view(path), last, assumed);
}
template Result<Found> Root::find(const std::string& path, Last last, const AssumedLinks* assumed) const;

[[gnu::noinline]] Result<std::vector<DirEntry>> list_dir(int dir, const String auto& shown) {
  return list_dir(dir, std::string_view(shown));
}
template Result<std::vector<DirEntry>> list_dir(int dir, const std::string& shown);

}  // namespace rescue
