#include "lib/archive/extract.h"

#include <algorithm>
#include <cerrno>
#include <ranges>

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/append.h"
#include "lib/base/text.h"
#include "lib/fs/attributes.h"
#include "lib/fs/root.h"
#include "lib/fs/tree_remove.h"

namespace rescue {

namespace {

constexpr int way_flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
// Links followed on one way.
constexpr unsigned max_links = 40;
// Directories kept open on the way down.
constexpr size_t max_open = 128;

std::string temporary_name(std::string_view name) {
  return str(".rescue-", ::getpid(), '-', name.substr(0, 200));
}

}  // namespace

Extractor::Extractor(UniqueFd dir, std::string shown, const ExtractOptions& options)
    : dir_(std::move(dir)), shown_(std::move(shown)), opt_(options), user_(::geteuid()), group_(::getegid()) {
  struct stat here{};
  struct stat root{};
  is_system_root_ = ::fstat(dir_.get(), &here) == 0 && ::stat("/", &root) == 0 && here.st_dev == root.st_dev &&
                    here.st_ino == root.st_ino;
}

// The names of a path; `..` only where anything goes.
Result<std::vector<std::string>> Extractor::components(std::string_view path) const {
  std::vector<std::string> names;
  for (const std::string_view name : split(path, '/')) {
    if (name.empty() || name == ".")
      continue;
    if (name == ".." && !opt_.anywhere)
      return fail("extract", path, "its name leads out of the directory by `..'");
    names.emplace_back(name);
  }
  return names;
}

Result<> Extractor::make_parent(int dir, const std::string& name) {
  if (::mkdirat(dir, name.c_str(), 0777 & ~opt_.mask) < 0 && errno != EEXIST)
    return fail("make directory", name);
  return {};
}

// A link in the place of a directory: its target goes in front of the rest of the way.
Result<> Extractor::follow(const std::string& name, int dir, std::vector<std::string>& rest, std::vector<Level>& way) {
  struct stat info{};
  if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0)
    return fail("look at", name);
  if (!S_ISLNK(info.st_mode))
    return fail("go into", name, ENOTDIR);
  if (is_own_link(info))
    return fail("go through", name, "is a link that this very archive made");
  const std::string target = TRY(read_link_at(dir, name, name));
  const bool absolute = target.starts_with('/');
  if (absolute && !is_system_root_)
    return fail("go through", name, "is a link that leads out of the directory, to ", Printable(target));
  if (absolute)
    way.clear();
  std::vector<std::string> names;
  for (const std::string_view part : split(target, '/'))
    if (!part.empty() && part != ".")
      names.emplace_back(part);
  // `rest` is a stack: the next name is its last.
  append(rest, std::views::reverse(names));
  return {};
}

Result<> Extractor::descend(std::vector<std::string>& rest, std::vector<Level>& way, bool make) {
  for (unsigned links = 0; !rest.empty();) {
    const std::string name = std::move(rest.back());
    rest.pop_back();
    if (name == ".." && !opt_.anywhere) {
      if (way.empty())
        return fail("go through a link", name, "leads out of the directory");
      way.pop_back();
      continue;
    }
    const int here = way.empty() ? dir_.get() : way.back().fd.get();
    int fd = ::openat(here, name.c_str(), way_flags | (opt_.anywhere ? 0 : O_NOFOLLOW));
    if (fd < 0 && errno == ENOENT && make) {
      TRY(make_parent(here, name));
      fd = ::openat(here, name.c_str(), way_flags | O_NOFOLLOW);
    }
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP) && !opt_.anywhere) {
      if (++links > max_links)
        return fail("go through", name, ELOOP);
      TRY(follow(name, here, rest, way));
      continue;
    }
    if (fd < 0)
      return fail("go into", name);
    struct stat info{};
    const bool known = ::fstat(fd, &info) == 0;
    way.push_back({name, UniqueFd(fd), known && (info.st_mode & S_ISGID) != 0});
  }
  return {};
}

// The directory that holds `path`, and the name in it. Keeps the directories on the way, for the next member is
// mostly beside this one.
Result<Extractor::Place> Extractor::locate(std::string_view path, bool make) {
  if (opt_.anywhere && path.starts_with('/')) {
    const std::string parent(dir_name(path));
    way_.clear();
    way_.push_back({parent, TRY(open_file(parent, way_flags)), false});
    return Place{way_.back().fd.get(), std::string(base_name(path)), false};
  }
  std::vector<std::string> names = TRY(components(path));
  if (names.empty())
    return Place{dir_.get(), ".", false};
  std::string last = std::move(names.back());
  names.pop_back();
  size_t same = 0;
  while (same < names.size() && same < way_.size() && names[same] == way_[same].name)
    ++same;
  way_.resize(same);
  std::vector<std::string> rest(names.rbegin(), names.rend() - static_cast<ptrdiff_t>(same));
  // What was reached through links has other names: that way is not kept.
  const size_t expected = names.size();
  if (const auto done = descend(rest, way_, make); !done) {
    way_.clear();
    const Error& error = done.error();
    return std::unexpected(
        Error(str(error.attempt(), ' ', Printable(error.path())), path, error.code(), error.detail(), error.status()));
  }
  const bool plain = way_.size() == expected && std::ranges::equal(way_, names, {}, &Level::name);
  Place place{way_.empty() ? dir_.get() : way_.back().fd.get(), std::move(last),
              !way_.empty() && way_.back().sets_group};
  // The way is empty where a link led to where it began.
  if ((!plain || way_.size() > max_open) && !way_.empty()) {
    // Only the last is needed, and its name must not be mistaken for the first of another way.
    Level holder = std::move(way_.back());
    holder.name.clear();
    way_.clear();
    way_.push_back(std::move(holder));
  }
  return place;
}

mode_t Extractor::mode_of(const Entry& entry) const {
  return opt_.exact_mode ? entry.mode & 07777 : entry.mode & 0777 & ~opt_.mask;
}

Result<Extractor::Outcome> Extractor::add(const Entry& entry) {
  if (entry.type == EntryType::hardlink) {
    // The way to the other name may close the directories that are on the way to this one.
    const Place target = TRY(locate(entry.link, false));
    link_dir_ = UniqueFd(::fcntl(target.dir, F_DUPFD_CLOEXEC, 0));
    link_name_ = target.name;
  }
  const Place place = TRY(locate(entry.path, opt_.make_parents));
  switch (entry.type) {
    case EntryType::directory: return make_directory(entry, place);
    case EntryType::file: return make_file(entry, place);
    default: return make_named(entry, place);
  }
}

Result<Extractor::Outcome> Extractor::make_directory(const Entry& entry, const Place& place) {
  // Until the end we must be able to write into it.
  const mode_t mode = mode_of(entry) | 0700;
  bool exists = place.name == ".";
  if (!exists && ::mkdirat(place.dir, place.name.c_str(), mode & 0777) < 0) {
    if (errno != EEXIST)
      return fail("make directory", entry.path);
    struct stat info{};
    if (::fstatat(place.dir, place.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0)
      return fail("make directory", entry.path);
    exists = S_ISDIR(info.st_mode);
    if (S_ISLNK(info.st_mode) && !is_own_link(info)) {
      // A link to a directory stays: in its place stands /lib of many systems.
      std::vector<std::string> rest{place.name};
      std::vector<Level> way;
      for (const Level& level : way_)
        if (UniqueFd copy(::fcntl(level.fd.get(), F_DUPFD_CLOEXEC, 0)); copy)
          way.push_back({level.name, std::move(copy), level.sets_group});
      if (descend(rest, way, false))
        return Outcome::skipped;
    }
    bool beside = false;
    if (!exists && TRY(clear(entry, place, beside)) == Outcome::skipped)
      return Outcome::skipped;
    if ((beside && ::unlinkat(place.dir, place.name.c_str(), 0) < 0) ||
        (!exists && ::mkdirat(place.dir, place.name.c_str(), mode & 0777) < 0))
      return fail("make directory", entry.path);
  }
  const bool keeps = opt_.directories_exist || opt_.existing == ExtractOptions::Existing::fail ||
                     opt_.existing == ExtractOptions::Existing::skip;
  if (!exists || !keeps)
    directories_.push_back(entry);
  return Outcome::done;
}

// What stands in the way of a member. `beside`: it is replaced by rename at the end.
Result<Extractor::Outcome> Extractor::clear(const Entry& entry, const Place& place, bool& beside) {
  using Existing = ExtractOptions::Existing;
  beside = false;
  struct stat info{};
  if (::fstatat(place.dir, place.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? Result<Outcome>(Outcome::done) : fail("look at", entry.path);
  switch (opt_.existing) {
    case Existing::fail: return fail("extract", entry.path, EEXIST);
    case Existing::skip: return Outcome::skipped;
    case Existing::keep_newer:
      if (info.st_mtim.tv_sec > entry.mtime ||
          (info.st_mtim.tv_sec == entry.mtime && info.st_mtim.tv_nsec >= static_cast<long>(entry.mtime_ns)))
        return Outcome::skipped;
      break;
    default: break;
  }
  if (S_ISDIR(info.st_mode)) {
    if (::unlinkat(place.dir, place.name.c_str(), AT_REMOVEDIR) < 0)
      return fail("replace the directory", entry.path);
    return Outcome::done;
  }
  if (opt_.existing == Existing::unlink_first) {
    if (::unlinkat(place.dir, place.name.c_str(), 0) < 0)
      return fail("remove", entry.path);
    return Outcome::done;
  }
  beside = true;
  return Outcome::done;
}

Result<Extractor::Outcome> Extractor::make_file(const Entry& entry, const Place& place) {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const mode_t mode = mode_of(entry) & 0777;
  made_name_ = opt_.only_whole ? temporary_name(place.name) : place.name;
  final_name_ = opt_.only_whole ? place.name : std::string();
  int fd = ::openat(place.dir, made_name_.c_str(), flags, mode);
  is_new_ = true;
  if (fd < 0 && errno == EEXIST) {
    bool beside = false;
    if (TRY(clear(entry, place, beside)) == Outcome::skipped)
      return Outcome::skipped;
    if (beside && opt_.existing == ExtractOptions::Existing::overwrite) {
      fd = ::openat(place.dir, made_name_.c_str(), O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
      beside = fd < 0;
      is_new_ = beside;
    }
    if (beside) {
      final_name_ = place.name;
      made_name_ = temporary_name(place.name);
      (void)::unlinkat(place.dir, made_name_.c_str(), 0);
    }
    if (fd < 0)
      fd = ::openat(place.dir, made_name_.c_str(), flags, mode);
  }
  if (fd < 0)
    return fail("make file", entry.path);
  file_ = UniqueFd(fd);
  file_dir_ = place.dir;
  entry_ = entry;
  position_ = 0;
  // A new file is ours and our group's already, where its directory does not say otherwise.
  owned_ = is_new_ && entry.uid == user_ && entry.gid == group_ && !place.sets_group;
  return Outcome::done;
}

Result<> Extractor::write(uint64_t offset, std::string_view data) {
  if (offset != position_ && ::lseek(file_.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
    return fail("write", entry_.path);
  position_ = offset + data.size();
  return write_all(file_.get(), data, entry_.path);
}

void Extractor::abandon_file() {
  if (!file_)
    return;
  file_.reset();
  (void)::unlinkat(file_dir_, made_name_.c_str(), 0);
}

Result<> Extractor::end_file() {
  Result<> done;
  if (position_ < entry_.size && ::ftruncate(file_.get(), static_cast<off_t>(entry_.size)) < 0)
    done = fail("write", entry_.path);
  if (!done) {
    abandon_file();
    return done;
  }
  done = set_attributes(entry_, {.fd = file_.get(), .shown = entry_.path}, owned_);
  const auto closed = file_.close(entry_.path);
  if (closed && !final_name_.empty() && ::renameat(file_dir_, made_name_.c_str(), file_dir_, final_name_.c_str()) < 0) {
    const int code = errno;
    (void)::unlinkat(file_dir_, made_name_.c_str(), 0);
    return fail("replace", entry_.path, code);
  }
  return closed ? done : closed;
}

Result<bool> Extractor::link_from(const std::string& path, const Entry& entry) {
  const Place place = TRY(locate(entry.path, opt_.make_parents));
  if (::linkat(AT_FDCWD, path.c_str(), place.dir, place.name.c_str(), 0) == 0)
    return true;
  if (errno != EEXIST || opt_.existing != ExtractOptions::Existing::replace)
    return false;
  const std::string name = temporary_name(place.name);
  if (::linkat(AT_FDCWD, path.c_str(), place.dir, name.c_str(), 0) < 0)
    return false;
  const bool done = ::renameat(place.dir, name.c_str(), place.dir, place.name.c_str()) == 0;
  // Two names of one file: rename does nothing then.
  (void)::unlinkat(place.dir, name.c_str(), 0);
  return done;
}

// Links, devices and pipes. What stands there is replaced at one stroke.
Result<Extractor::Outcome> Extractor::make_named(const Entry& entry, const Place& place) {
  auto made = make_node(entry, place, place.name);
  if (!made && made.error().code() == EEXIST) {
    bool beside = false;
    if (TRY(clear(entry, place, beside)) == Outcome::skipped)
      return Outcome::skipped;
    const std::string name = beside ? temporary_name(place.name) : place.name;
    if (beside)
      (void)::unlinkat(place.dir, name.c_str(), 0);
    made = make_node(entry, place, name);
    if (made && beside && ::renameat(place.dir, name.c_str(), place.dir, place.name.c_str()) < 0)
      made = fail("replace", entry.path);
    // Two names of one file: rename does nothing then.
    if (beside)
      (void)::unlinkat(place.dir, name.c_str(), 0);
  }
  TRY(std::move(made));
  if (entry.type == EntryType::hardlink)
    return Outcome::done;
  if (struct stat info{};
      entry.type == EntryType::symlink && ::fstatat(place.dir, place.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0)
    own_links_.insert({info.st_dev, info.st_ino});
  TRY(set_attributes(entry, {.dir = place.dir, .name = place.name, .shown = entry.path}, false));
  return Outcome::done;
}

Result<> Extractor::make_node(const Entry& entry, const Place& place, const std::string& name) {
  int done = -1;
  switch (entry.type) {
    case EntryType::symlink: done = ::symlinkat(entry.link.c_str(), place.dir, name.c_str()); break;
    case EntryType::hardlink: {
      struct stat from{};
      struct stat to{};
      if (::fstatat(link_dir_.get(), link_name_.c_str(), &from, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(str("link to ", Printable(entry.link)), entry.path);
      // They are names of one file already.
      if (::fstatat(place.dir, name.c_str(), &to, AT_SYMLINK_NOFOLLOW) == 0 && from.st_ino == to.st_ino &&
          from.st_dev == to.st_dev)
        return {};
      done = ::linkat(link_dir_.get(), link_name_.c_str(), place.dir, name.c_str(), 0);
      break;
    }
    case EntryType::fifo: done = ::mknodat(place.dir, name.c_str(), S_IFIFO | (mode_of(entry) & 0777), 0); break;
    case EntryType::socket: done = ::mknodat(place.dir, name.c_str(), S_IFSOCK | (mode_of(entry) & 0777), 0); break;
    case EntryType::character:
    case EntryType::block:
      done = ::mknodat(place.dir, name.c_str(),
                       (entry.type == EntryType::block ? S_IFBLK : S_IFCHR) | (mode_of(entry) & 0777),
                       makedev(entry.device_major, entry.device_minor));
      break;
    default: errno = EINVAL; break;
  }
  if (done < 0)
    return fail(entry.type == EntryType::hardlink ? str("link to ", Printable(entry.link)) : std::string("make"),
                entry.path);
  return {};
}

Result<> Extractor::set_attributes(const Entry& entry, const FileRef& file, bool owned) {
  struct stat info{};
  info.st_uid = entry.uid;
  info.st_gid = entry.gid;
  info.st_mtim = {.tv_sec = entry.mtime, .tv_nsec = static_cast<long>(entry.mtime_ns)};
  info.st_atim.tv_nsec = UTIME_NOW;
  bool given = true;
  Result<> first;
  const auto note = [&](Result<> done) {
    if (!done && first)
      first = std::move(done);
  };
  if (opt_.owner && !owned) {
    auto set = set_owner(file, info);
    given = set && *set;
    if (!set)
      note(std::unexpected(set.error()));
  }
  // Who does not own it gets no program that runs as somebody else.
  const mode_t mode = given && opt_.exact_mode ? mode_of(entry) : mode_of(entry) & 0777;
  // A file was made with its permissions; a change of owner takes the set-ID bits away.
  const bool made_exactly = is_new_ && entry.type == EntryType::file && (mode & 07000) == 0;
  if (entry.type != EntryType::symlink && !made_exactly)
    note(set_mode(file, mode));
  note(set_xattrs(entry, file));
  if (opt_.times)
    note(set_times(file, info));
  return first;
}

Result<> Extractor::set_xattrs(const Entry& entry, const FileRef& file) const {
  Result<> first;
  for (const Xattr& xattr : entry.xattrs) {
    const bool access_list = xattr.name == "system.posix_acl_access" || xattr.name == "system.posix_acl_default";
    const bool label = xattr.name == "security.selinux";
    if (!(access_list ? opt_.access_lists : label ? opt_.label : opt_.xattrs))
      continue;
    int done = 0;
    if (file.fd >= 0) {
      done = ::fsetxattr(file.fd, xattr.name.c_str(), xattr.value.data(), xattr.value.size(), 0);
    } else {
      // There is no setxattrat before Linux 6.13.
      const std::string path = str("/proc/self/fd/", file.dir, '/', file.name);
      done = ::lsetxattr(path.c_str(), xattr.name.c_str(), xattr.value.data(), xattr.value.size(), 0);
    }
    if (done < 0 && first)
      first = fail(str("set attribute ", Printable(xattr.name)), entry.path);
  }
  return first;
}

Result<> Extractor::finish(std::vector<Error>& errors) {
  // What comes last of a directory counts.
  std::set<Inode> done_before;
  for (size_t i = directories_.size(); i > 0; --i) {
    const Entry& entry = directories_[i - 1];
    const auto place = locate(entry.path, false);
    if (!place) {
      errors.push_back(place.error());
      continue;
    }
    const auto opened =
        open_at(place->dir, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK, 0, entry.path);
    // A later member has taken its place.
    if (!opened && (opened.error().code() == ENOTDIR || opened.error().code() == ELOOP))
      continue;
    if (!opened) {
      errors.push_back(opened.error());
      continue;
    }
    struct stat info{};
    if (::fstat(opened->get(), &info) == 0 && !done_before.insert({info.st_dev, info.st_ino}).second)
      continue;
    if (const auto done = set_attributes(entry, {.fd = opened->get(), .shown = entry.path}, false); !done)
      errors.push_back(done.error());
  }
  directories_.clear();
  way_.clear();
  return {};
}

Result<UniqueFd> Extractor::open(const std::string& path, int flags) {
  const Place place = TRY(locate(path, false));
  return open_at(place.dir, place.name, flags | O_NOFOLLOW, 0, path);
}

namespace {

class QuietRemoval final : public RemoveEvents {
 public:
  void failed(const Error& error) override { error_ = error; }
  void said(const std::string& /*line*/) override {}
  bool agrees(const std::string& /*question*/) override { return true; }
  const Error& error() const { return error_; }

 private:
  Error error_;
};

}  // namespace

Result<> Extractor::remove(const std::string& path) {
  const Place place = TRY(locate(path, false));
  if (::unlinkat(place.dir, place.name.c_str(), 0) == 0 || errno == ENOENT)
    return {};
  if (errno != EISDIR && errno != EPERM)
    return fail("remove", path);
  if (::unlinkat(place.dir, place.name.c_str(), AT_REMOVEDIR) == 0)
    return {};
  // The tree remover walks by descriptor from the path that it is given.
  const RemoveOptions options{.ignore_missing = true, .recursive = true, .one_file_system = true};
  QuietRemoval events;
  TreeRemover remover(options, events);
  if (!remover.remove(str("/proc/self/fd/", place.dir, '/', place.name)))
    return std::unexpected(events.error());
  return {};
}

}  // namespace rescue
