#include "lib/fs/tree_copy.h"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/quote.h"
#include "lib/base/text.h"
#include "lib/fs/attributes.h"
#include "lib/fs/directory.h"

namespace rescue {

namespace {

constexpr mode_t all_bits = 07777;
constexpr mode_t permission_bits = 0777;

bool same_inode(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool is_older_or_same(const struct stat& source, const struct stat& target) {
  if (source.st_mtim.tv_sec != target.st_mtim.tv_sec)
    return source.st_mtim.tv_sec < target.st_mtim.tv_sec;
  return source.st_mtim.tv_nsec <= target.st_mtim.tv_nsec;
}

std::string joined(const std::string& dir, const std::string& name) {
  return dir.ends_with('/') ? dir + name : str(dir, '/', name);
}

Result<std::vector<std::string>> names_in(int dir, std::string_view shown, DirectoryRoom& room) {
  std::vector<std::string> names;
  DirectoryReader reader(dir, shown, room.get());
  while (TRY(reader.next()))
    if (!is_dot_or_dot_dot(reader.name()))
      names.emplace_back(reader.name());
  return names;
}

// Makes something at a name that is taken, without a moment in which nothing is there: makes it beside it under a
// name of our own, and renames it.
template <typename F>
Result<> make_over(int dir, const std::string& name, std::string_view shown, F make) {
  const std::string folder(name.find('/') == std::string::npos ? "" : str(dir_name(name), '/'));
  for (unsigned attempt = 0;; ++attempt) {
    const std::string temporary = str(folder, ".rescue-", ::getpid(), '-', attempt);
    if (make(temporary) == 0) {
      if (::renameat(dir, temporary.c_str(), dir, name.c_str()) == 0) {
        // Nothing happens when both are links to one file.
        (void)::unlinkat(dir, temporary.c_str(), 0);
        return {};
      }
      const int code = errno;
      (void)::unlinkat(dir, temporary.c_str(), 0);
      return fail("replace", shown, code);
    }
    if (errno != EEXIST || attempt == 1000)
      return fail("link", shown);
  }
}

Result<std::string> read_link(int dir, const std::string& name, std::string_view shown) {
  std::string text(256, '\0');
  while (true) {
    const ssize_t length = ::readlinkat(dir, name.c_str(), text.data(), text.size());
    if (length < 0)
      return fail("read link", shown);
    if (static_cast<size_t>(length) < text.size()) {
      text.resize(static_cast<size_t>(length));
      return text;
    }
    text.resize(text.size() * 2);
  }
}

}  // namespace

// A name in an open directory, and the path that people know it by.
struct TreeCopier::Place {
  int dir = AT_FDCWD;
  std::string name;
  std::string shown;
};

// One file on its way.
struct TreeCopier::Item {
  Place source;
  Place target;
  bool named = false;          // an operand, not found on the way
  bool several = false;        // one of several operands
  bool target_is_new = false;  // known not to be there
  bool below_made = false;     // below a directory that we made
  dev_t parent_device = 0;     // of the directory that it was found in; 0 for an operand
  const Descent* above = nullptr;
  bool may_inherit = true;  // what is made may get an access control list from its directory
  struct stat info{};       // of the source
  struct stat old{};        // of the target, where there is one, or as we made it; a mode of 0: not known
  std::string backup;
  bool made_directory = false;
  mode_t made_mode = 0;  // what a directory gets in the end, where its permissions are not kept

  Inode inode() const { return {info.st_dev, info.st_ino}; }
};

// A directory that is being copied.
struct TreeCopier::Level {
  std::vector<std::string> names;
  size_t next = 0;
  Item item;
  bool gives_access_lists = false;
};

TreeCopier::TreeCopier(const CopyOptions& options, CopyEvents& events)
    : opt_(options), events_(events), data_(options.data), umask_(::umask(0)) {
  ::umask(umask_);
}

bool TreeCopier::follows(const Item& item) const {
  return opt_.links == CopyOptions::Links::follow || (opt_.links == CopyOptions::Links::follow_named && item.named);
}

// As cp does; where sources are removed as mv does, which tells itself of a file that it was given.
void TreeCopier::say_copied(const Item& item) {
  const bool directory = S_ISDIR(item.info.st_mode);
  const bool moves = opt_.removes_sources;
  if (!opt_.verbose || (moves && item.named && !directory))
    return;
  if (moves && directory)
    return events_.said(str("created directory ", Quoted(item.target.shown)));
  std::string line = str(moves ? "copied " : "", Quoted(item.source.shown), " -> ", Quoted(item.target.shown));
  if (!item.backup.empty())
    line += str(" (backup: ", Quoted(item.backup), ')');
  events_.said(line);
}

bool TreeCopier::copy(const std::string& source, const std::string& target, bool several) {
  Item item{
      .source = {AT_FDCWD, source, source}, .target = {AT_FDCWD, target, target}, .named = true, .several = several};
  ok_ = true;
  const auto next = copy_item(item);
  if (!next) {
    events_.failed(next.error());
    return false;
  }
  if (*next == Next::descend)
    return walk(item) && ok_;
  if (several) {
    struct stat made{};
    if (::lstat(target.c_str(), &made) == 0)
      named_targets_.insert({target, {made.st_dev, made.st_ino}});
  }
  return ok_;
}

// Copies all that is below a directory, whose copy has been made.
bool TreeCopier::walk(Item& top) {
  std::vector<Level> levels;
  const int follow = follows(top) ? 0 : O_NOFOLLOW;
  const auto open_top = [](const Place& place, int flags) -> Result<Descent> {
    UniqueFd fd = TRY(open_at(place.dir, place.name, O_RDONLY | O_DIRECTORY | flags, 0, place.shown));
    return Descent::start(std::move(fd), place.shown);
  };
  auto from = open_top(top.source, follow);
  auto to = from ? open_top(top.target, 0) : std::unexpected(from.error());
  auto names = to ? names_in(from->fd(), top.source.shown, room_) : std::unexpected(to.error());
  if (!names)
    return give_up(top, names.error());
  levels.push_back({*std::move(names), 0, top, opt_.keep_mode && has_default_access_list(to->fd())});
  bool ok = true;
  while (!levels.empty()) {
    Level& level = levels.back();
    if (level.next < level.names.size()) {
      const std::string& name = level.names[level.next++];
      Item item{.source = {from->fd(), name, joined(level.item.source.shown, name)},
                .target = {to->fd(), name, joined(level.item.target.shown, name)},
                .target_is_new = level.item.made_directory,
                .below_made = level.item.made_directory || level.item.below_made,
                .parent_device = level.item.info.st_dev,
                .above = &*from,
                .may_inherit = level.gives_access_lists};
      ok = step(item, *from, *to, levels) && ok;
      continue;
    }
    if (const auto done = finish_directory(level, from->fd(), to->fd()); !done) {
      events_.failed(done.error());
      ok = false;
    }
    levels.pop_back();
    if (levels.empty())
      break;
    auto up = from->leave(levels.back().item.source.shown);
    if (up)
      up = to->leave(levels.back().item.target.shown);
    if (!up) {
      events_.failed(up.error());
      return false;
    }
  }
  return ok;
}

bool TreeCopier::step(Item& item, Descent& from, Descent& to, std::vector<Level>& levels) {
  const auto next = copy_item(item);
  if (!next) {
    events_.failed(next.error());
    return false;
  }
  return *next == Next::done || enter(item, from, to, levels);
}

bool TreeCopier::enter(const Item& item, Descent& from, Descent& to, std::vector<Level>& levels) {
  if (const auto entered = from.enter(item.source.name, follows(item), item.source.shown); !entered)
    return give_up(item, entered.error());
  auto names = names_in(from.fd(), item.source.shown, room_);
  const auto entered = names ? to.enter(item.target.name, false, item.target.shown) : std::unexpected(names.error());
  if (!entered) {
    if (const auto back = from.leave(item.source.shown); !back)
      events_.failed(back.error());
    return give_up(item, entered.error());
  }
  levels.push_back({*std::move(names), 0, item, opt_.keep_mode && has_default_access_list(to.fd())});
  return true;
}

// A directory that cannot be read, or its copy not be written: the copy is there, and gets what it should have.
bool TreeCopier::give_up(const Item& item, const Error& error) {
  events_.failed(error);
  if (const auto done = finish_named(item); !done)
    events_.failed(done.error());
  return false;
}

// Copies one file, or makes the copy of a directory and asks to go on below it.
Result<TreeCopier::Next> TreeCopier::copy_item(Item& item) {
  if (!TRY(look(item)))
    return Next::done;
  if (!item.target_is_new && !TRY(clear_target(item)))
    return Next::done;
  bool stop = false;
  const Next next = TRY(check_earlier_directory(item, stop));
  if (stop)
    return next;
  // Its last name: it gets another content, or its number may become another's.
  if (item.old.st_nlink == 1)
    made_.erase({item.old.st_dev, item.old.st_ino});
  if (const auto linked = TRY(link_to_earlier_copy(item, true)))
    return *linked;
  auto created = create(item);
  if (created) {
    remember_copy(item);
  } else {
    copies_.erase(item.inode());
    // The backup was made for nothing.
    if (!item.backup.empty())
      (void)::renameat(item.target.dir, str(dir_name(item.target.name), '/', base_name(item.backup)).c_str(),
                       item.target.dir, item.target.name.c_str());
  }
  return created;
}

// Looks at both files. False when there is nothing to do.
Result<bool> TreeCopier::look(Item& item) {
  const int flags = follows(item) ? 0 : AT_SYMLINK_NOFOLLOW;
  if (::fstatat(item.source.dir, item.source.name.c_str(), &item.info, flags) < 0)
    return fail("look at", item.source.shown);
  const bool is_directory = S_ISDIR(item.info.st_mode);
  if (is_directory && !opt_.recursive)
    return fail("left out", item.source.shown, "is a directory, and -r was not given");
  if (item.several && item.named && !is_directory && opt_.backup.kind == Backup::none &&
      !named_sources_.insert({std::string(base_name(item.source.name)), item.inode()}).second) {
    events_.warned(str(Quoted(item.source.shown), " is given more than once; copied once"));
    return false;
  }
  if (item.target_is_new)
    return true;
  const bool by_name = !S_ISREG(item.info.st_mode) && (opt_.recursive || is_directory || S_ISLNK(item.info.st_mode));
  const bool as_it_is =
      by_name || opt_.symbolic_link || opt_.hard_link || opt_.backup.kind != Backup::none || opt_.remove_destination;
  const char* const name = item.target.name.c_str();
  if (::fstatat(item.target.dir, name, &item.old, as_it_is ? AT_SYMLINK_NOFOLLOW : 0) == 0)
    return true;
  if (errno == ELOOP && opt_.force) {
    // A link that leads nowhere gives way.
    if (::fstatat(item.target.dir, name, &item.old, AT_SYMLINK_NOFOLLOW) == 0)
      return true;
  }
  if (errno != ENOENT)
    return fail("look at", item.target.shown);
  item.target_is_new = true;
  return true;
}

// Sees to it that the target may be replaced, and clears it away where need be. False when the item is done.
Result<bool> TreeCopier::clear_target(Item& item) {
  const bool is_directory = S_ISDIR(item.info.st_mode);
  bool nothing_to_do = false;
  if (!TRY(is_same_file_fine(item, nothing_to_do)))
    return fail("copy", item.source.shown, "is the same file as ", Quoted(item.target.shown));
  if (!is_directory) {
    if (opt_.update == CopyOptions::Update::older && is_older_or_same(item.info, item.old)) {
      // It stands for a copy: the other links to the source become links to it, and it one to the copy of an earlier.
      TRY(link_to_earlier_copy(item, false));
      remember_copy(item);
      return false;
    }
    if (opt_.existing == CopyOptions::Existing::skip)
      return false;
    const bool writable =
        S_ISLNK(item.old.st_mode) || ::faccessat(item.target.dir, item.target.name.c_str(), W_OK, AT_EACCESS) == 0;
    if (opt_.existing == CopyOptions::Existing::ask &&
        !events_.may_replace(item.target.shown, item.old.st_mode, writable))
      return false;
  }
  if (nothing_to_do || !TRY(check_types(item)))
    return false;
  TRY(set_aside(item));
  return true;
}

// Whether the two are different files, or it does no harm that they are one (as GNU's cp sees it).
Result<bool> TreeCopier::is_same_file_fine(const Item& item, bool& nothing_to_do) const {
  const bool same = same_inode(item.info, item.old);
  if (same && opt_.hard_link) {
    nothing_to_do = true;
    return true;
  }
  const auto same_name = [&] {
    struct stat a{};
    struct stat b{};
    const auto parent = [](const Place& place, struct stat& info) {
      return ::fstatat(place.dir, std::string(dir_name(place.name)).c_str(), &info, 0) == 0;
    };
    return base_name(item.source.name) == base_name(item.target.name) && parent(item.source, a) &&
           parent(item.target, b) && same_inode(a, b);
  };
  const bool keeps_links = opt_.links == CopyOptions::Links::keep;
  struct stat source = item.info;
  struct stat target = item.old;
  if (keeps_links && S_ISLNK(source.st_mode) && S_ISLNK(target.st_mode)) {
    const bool one_name = same_name();
    nothing_to_do = !one_name && opt_.backup.kind == Backup::none && same;
    return !one_name;
  }
  if (!keeps_links) {
    if (!same)
      return true;
    if (::fstatat(item.target.dir, item.target.name.c_str(), &target, AT_SYMLINK_NOFOLLOW) < 0 ||
        ::fstatat(item.source.dir, item.source.name.c_str(), &source, AT_SYMLINK_NOFOLLOW) < 0)
      return true;
    if (S_ISLNK(source.st_mode) && S_ISLNK(target.st_mode) && opt_.remove_destination)
      return true;
  }
  const bool one_file = same_inode(source, target);
  if (opt_.backup.kind != Backup::none) {
    // The backup keeps what is there, unless that is what should be copied.
    if (one_file)
      return !same_name();
    return keeps_links || !S_ISLNK(source.st_mode) || S_ISLNK(target.st_mode);
  }
  if (opt_.remove_destination && (S_ISLNK(target.st_mode) || (one_file && target.st_nlink > 1 && !same_name())))
    return true;
  if (!S_ISLNK(source.st_mode) && !S_ISLNK(target.st_mode))
    return !one_file;
  if (opt_.symbolic_link && S_ISLNK(target.st_mode))
    return true;
  if (!keeps_links)
    return false;
  const auto referent = [](const Place& place, const struct stat& own, struct stat& info) {
    info = own;
    return !S_ISLNK(own.st_mode) || ::fstatat(place.dir, place.name.c_str(), &info, 0) == 0;
  };
  struct stat from{};
  struct stat to{};
  return !referent(item.source, source, from) || !referent(item.target, target, to) || !same_inode(from, to);
}

Result<bool> TreeCopier::check_types(const Item& item) {
  const bool to_directory = S_ISDIR(item.old.st_mode);
  if (S_ISDIR(item.info.st_mode)) {
    if (!to_directory)
      return fail("replace with a directory", item.target.shown, "is not a directory");
    return true;
  }
  if (to_directory)
    return fail("replace with a file", item.target.shown, "is a directory");
  if (item.several && opt_.backup.kind != Backup::numbered &&
      named_targets_.contains({item.target.shown, {item.old.st_dev, item.old.st_ino}}))
    return fail(str("replace with ", Quoted(item.source.shown)), item.target.shown, "was made only just now");
  return true;
}

// Moves the target away where a backup is wanted, or removes it where it must not be written into.
Result<> TreeCopier::set_aside(Item& item) {
  if (S_ISDIR(item.old.st_mode))
    return {};
  const Place& target = item.target;
  if (opt_.backup.kind != Backup::none && !is_dot_or_dot_dot(base_name(target.name))) {
    const std::string backup = TRY(backup_name(target.dir, target.name, opt_.backup, target.shown));
    struct stat there{};
    if (opt_.backup.kind != Backup::numbered &&
        ::fstatat(target.dir, backup.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 && same_inode(there, item.info))
      return fail("copy", item.source.shown, "a backup of ", Quoted(target.shown), " would replace it");
    const std::string made = TRY(make_backup(target.dir, target.name, opt_.backup, target.shown));
    item.backup = item.target.dir == AT_FDCWD ? made : joined(std::string(dir_name(target.shown)), made);
    item.target_is_new = true;
    return {};
  }
  const bool breaks_links = opt_.keep_links && item.old.st_nlink > 1;
  const bool not_written = opt_.links == CopyOptions::Links::keep && !S_ISREG(item.info.st_mode);
  if (!opt_.remove_destination && (opt_.attributes_only || (!breaks_links && !not_written)))
    return {};
  if (::unlinkat(target.dir, target.name.c_str(), 0) < 0 && errno != ENOENT)
    return fail("remove", target.shown);
  item.target_is_new = true;
  if (opt_.verbose)
    events_.said(str("removed ", Quoted(target.shown)));
  return {};
}

// Directories that were met before: copying one into itself would not end, and two links to one are not made.
Result<TreeCopier::Next> TreeCopier::check_earlier_directory(const Item& item, bool& stop) {
  if (!S_ISDIR(item.info.st_mode))
    return Next::done;
  if (made_directories_.contains(item.inode()))
    return fail("copy", item.source.shown, "cannot be copied into itself, ", Quoted(item.target.shown));
  const auto earlier = directories_.find(item.inode());
  if (earlier == directories_.end()) {
    if (item.named)
      directories_[item.inode()] = item.target.shown;
    return Next::done;
  }
  if (earlier->second == item.target.shown) {
    events_.warned(str(Quoted(item.source.shown), " is given more than once; copied once"));
    stop = true;
    return Next::done;
  }
  if (!follows(item))
    return fail(str("make a hard link to ", Quoted(earlier->second)), item.target.shown, "is a directory");
  return Next::done;
}

void TreeCopier::renamed(const std::string& copy, const std::string& name) {
  for (auto& [inode, place] : copies_)
    if (place == copy)
      place = name;
}

// Whether a copy of this file is where it was put. Something else may have its name by now, and where sources are
// removed the number of the source may be another file's: times count to the nanosecond then. Of a copy whose path is
// too long to look at, it is believed.
bool TreeCopier::has_copy(const Item& item) const {
  const auto earlier = copies_.find(item.inode());
  if (earlier == copies_.end())
    return false;
  struct stat copy{};
  if (::lstat(earlier->second.c_str(), &copy) < 0)
    return errno == ENAMETOOLONG;
  if (!opt_.removes_sources) {
    const auto made = made_.find({copy.st_dev, copy.st_ino});
    return made != made_.end() && made->second == item.inode();
  }
  return (copy.st_mode & S_IFMT) == (item.info.st_mode & S_IFMT) && copy.st_size == item.info.st_size &&
         copy.st_mtim.tv_sec == item.info.st_mtim.tv_sec && copy.st_mtim.tv_nsec == item.info.st_mtim.tv_nsec;
}

void TreeCopier::remember_copy(const Item& item) {
  const auto copy = copies_.find(item.inode());
  if (copy == copies_.end() || copy->second != item.target.shown || opt_.removes_sources)
    return;
  struct stat made = item.old;
  if (made.st_ino != 0 || ::fstatat(item.target.dir, item.target.name.c_str(), &made, AT_SYMLINK_NOFOLLOW) == 0)
    made_[{made.st_dev, made.st_ino}] = item.inode();
}

// The second of two links to one file becomes a link to the copy of the first.
Result<std::optional<TreeCopier::Next>> TreeCopier::link_to_earlier_copy(Item& item, bool aloud) {
  const bool may_come_again = item.info.st_nlink > 1 || (follows(item) && opt_.links != CopyOptions::Links::keep);
  if (!opt_.keep_links || S_ISDIR(item.info.st_mode) || (!may_come_again && !opt_.removes_sources))
    return std::nullopt;
  if (!has_copy(item)) {
    copies_.erase(item.inode());
    if (!may_come_again)
      return std::nullopt;
  }
  const auto [earlier, is_first] = copies_.try_emplace(item.inode(), item.target.shown);
  if (is_first)
    return std::nullopt;
  if (aloud && !opt_.removes_sources)
    say_copied(item);
  NameIn first{.dir = {}, .name = earlier->second};
  const auto link = [&](const std::string& name) {
    return ::linkat(first.dir ? first.dir.get() : AT_FDCWD, first.name.c_str(), item.target.dir, name.c_str(), 0);
  };
  int done = link(item.target.name);
  if (done < 0 && errno == ENAMETOOLONG) {
    first = TRY(reach(first.name));
    done = link(item.target.name);
  }
  if (done < 0 && errno == EEXIST) {
    TRY(make_over(item.target.dir, item.target.name, item.target.shown, link));
    if (opt_.verbose)
      events_.said(str("removed ", Quoted(item.target.shown)));
  } else if (done < 0) {
    return fail(str("link to ", Quoted(earlier->second)), item.target.shown);
  }
  // The newest name is the last to be replaced.
  earlier->second = item.target.shown;
  return Next::done;
}

Result<TreeCopier::Next> TreeCopier::create(Item& item) {
  if (S_ISDIR(item.info.st_mode))
    return make_directory(item);
  say_copied(item);
  if (opt_.symbolic_link) {
    if (!item.source.shown.starts_with('/') && item.target.shown.find('/') != std::string::npos &&
        dir_name(item.target.shown) != ".")
      return fail("make a symbolic link", item.target.shown,
                  "a link to a path that is not absolute can only be made in the current directory");
    TRY(make_symbolic_link(item, item.source.shown));
    return Next::done;
  }
  if (opt_.hard_link)
    TRY(make_link(item));
  else if (S_ISREG(item.info.st_mode))
    TRY(copy_regular(item));
  else if (S_ISLNK(item.info.st_mode))
    TRY(copy_symbolic_link(item));
  else if (!opt_.recursive || opt_.copy_contents)
    TRY(copy_regular(item));
  else
    TRY(make_special(item));
  return Next::done;
}

Result<TreeCopier::Next> TreeCopier::make_directory(Item& item) {
  if (item.above != nullptr && opt_.links == CopyOptions::Links::follow &&
      item.above->contains(item.info.st_dev, item.info.st_ino))
    return fail("copy", item.source.shown, "leads back to a directory above it");
  if (item.target_is_new) {
    // Nobody else gets in before the owner and permissions are right, and we do in any case.
    const mode_t wanted = item.info.st_mode & all_bits;
    const mode_t later = wanted & (opt_.keep_owner ? 077 : 022);
    const char* const name = item.target.name.c_str();
    if (::mkdirat(item.target.dir, name, (wanted & 01777 & ~later) | 0700) < 0)
      return fail("make directory", item.target.shown);
    if (::fstatat(item.target.dir, name, &item.old, AT_SYMLINK_NOFOLLOW) < 0)
      return fail("look at", item.target.shown);
    item.made_directory = true;
    item.made_mode = (item.old.st_mode & all_bits & ~(0700 & ~wanted)) | (later & ~umask_);
    if (opt_.default_mode)
      item.made_mode = (item.old.st_mode & 07000) | (permission_bits & ~umask_);
    // Whatever is made below it is not met before it.
    if (!item.below_made)
      made_directories_.insert({item.old.st_dev, item.old.st_ino});
    if (opt_.verbose)
      say_copied(item);
  }
  const bool other_device = item.parent_device != 0 && item.parent_device != item.info.st_dev;
  if (!opt_.one_file_system || !other_device)
    return Next::descend;
  TRY(finish_named(item));
  return Next::done;
}

Result<> TreeCopier::finish_directory(const Level& level, int from, int to) {
  const Item& item = level.item;
  const FileRef source{.fd = from, .shown = item.source.shown};
  const FileRef target{.fd = to, .shown = item.target.shown};
  return copy_attributes(item, source, target, item.made_directory ? item.made_mode : item.old.st_mode);
}

// Owner first: it takes away set-ID bits and capabilities. Times last: everything else changes them. `mode` is for
// files whose permissions are not kept.
Result<> TreeCopier::copy_attributes(const Item& item, const FileRef& from, const FileRef& to, mode_t mode) {
  mode_t kept_mode = item.info.st_mode & all_bits;
  if (opt_.keep_owner) {
    const bool same_owner =
        item.old.st_mode != 0 && item.old.st_uid == item.info.st_uid && item.old.st_gid == item.info.st_gid;
    if (!item.target_is_new && opt_.keep_mode && !same_owner && !S_ISLNK(item.info.st_mode))
      TRY(set_mode(to, item.info.st_mode & item.old.st_mode & 0700));
    if (!same_owner && !TRY(set_owner(to, item.info)))
      kept_mode &= permission_bits;
  }
  const XattrChoice choice{.access_lists = opt_.keep_mode, .label = opt_.keep_label, .others = opt_.keep_xattrs};
  if (choice.access_lists || choice.label || choice.others) {
    if (opt_.keep_mode && !S_ISLNK(item.info.st_mode) && (item.may_inherit || !item.target_is_new))
      remove_access_lists(to);
    if (const auto done = copy_xattrs(from, to, choice); !done && !opt_.quiet_xattrs) {
      if (opt_.need_xattrs)
        return done;
      events_.warned(message(done.error()));
    }
  }
  if (!S_ISLNK(item.info.st_mode)) {
    if (opt_.keep_mode)
      TRY(set_mode(to, kept_mode));
    else if (item.target_is_new && mode != item.old.st_mode)
      TRY(set_mode(to, mode));
  }
  return opt_.keep_times ? set_times(to, item.info) : Result<>();
}

Result<> TreeCopier::finish_named(const Item& item) {
  const FileRef from{.dir = item.source.dir, .name = item.source.name, .shown = item.source.shown};
  const FileRef to{.dir = item.target.dir, .name = item.target.name, .shown = item.target.shown};
  return copy_attributes(item, from, to, item.made_directory ? item.made_mode : item.old.st_mode);
}

Result<> TreeCopier::make_link(Item& item) {
  const int flags = follows(item) ? AT_SYMLINK_FOLLOW : 0;
  const auto link = [&](const std::string& name) {
    return ::linkat(item.source.dir, item.source.name.c_str(), item.target.dir, name.c_str(), flags);
  };
  if (link(item.target.name) == 0)
    return {};
  const bool replace = opt_.force || opt_.existing == CopyOptions::Existing::ask;
  if (errno != EEXIST || !replace)
    return fail(str("link to ", Quoted(item.source.shown)), item.target.shown);
  return make_over(item.target.dir, item.target.name, item.target.shown, link);
}

Result<> TreeCopier::make_symbolic_link(const Item& item, const std::string& text) {
  const auto link = [&](const std::string& name) { return ::symlinkat(text.c_str(), item.target.dir, name.c_str()); };
  if (link(item.target.name) == 0)
    return {};
  if (errno != EEXIST || !opt_.force)
    return fail("make symbolic link", item.target.shown);
  return make_over(item.target.dir, item.target.name, item.target.shown, link);
}

Result<> TreeCopier::copy_symbolic_link(Item& item) {
  const std::string text = TRY(read_link(item.source.dir, item.source.name, item.source.shown));
  TRY(make_symbolic_link(item, text));
  item.target_is_new = true;
  item.old = {};
  return finish_named(item);
}

Result<> TreeCopier::make_special(Item& item) {
  const mode_t type = item.info.st_mode & S_IFMT;
  const mode_t mode = item.info.st_mode & (opt_.keep_owner && opt_.keep_mode ? 0700 : permission_bits);
  const char* const name = item.target.name.c_str();
  if (::mknodat(item.target.dir, name, type | mode, item.info.st_rdev) < 0)
    return fail("make a special file", item.target.shown);
  if (::fstatat(item.target.dir, name, &item.old, AT_SYMLINK_NOFOLLOW) < 0)
    return fail("look at", item.target.shown);
  item.target_is_new = true;
  return finish_named(item);
}

// Opens or makes the target. Nothing has happened to it before the source is open.
Result<UniqueFd> TreeCopier::open_target(Item& item) {
  const Place& target = item.target;
  if (!item.target_is_new) {
    const int flags = O_WRONLY | (opt_.attributes_only ? 0 : O_TRUNC);
    auto opened = open_at(target.dir, target.name, flags, 0, target.shown);
    if (opened || !opt_.force)
      return opened;
    if (::unlinkat(target.dir, target.name.c_str(), 0) < 0)
      return fail("remove", target.shown);
    if (opt_.verbose)
      events_.said(str("removed ", Quoted(target.shown)));
    item.target_is_new = true;
  }
  mode_t mode = item.info.st_mode & permission_bits;
  if (opt_.default_mode)
    mode = 0666;
  if (opt_.keep_owner)
    mode &= 0700;
  // Attributes of a file without write permission cannot be set.
  const mode_t extra = opt_.keep_xattrs || opt_.keep_mode ? 0200 : 0;
  auto made = open_at(target.dir, target.name, O_WRONLY | O_CREAT | O_EXCL, mode | extra, target.shown);
  if (made || made.error().code() != EEXIST)
    return made;
  // A symbolic link to a file that is not there yet: a file would appear where nobody named one.
  if (::getenv("POSIXLY_CORRECT") != nullptr)
    return open_at(target.dir, target.name, O_WRONLY | O_CREAT, mode | extra, target.shown);
  return fail("write through it", target.shown, "is a symbolic link that leads nowhere");
}

Result<> TreeCopier::copy_regular(Item& item) {
  const int follow = follows(item) ? 0 : O_NOFOLLOW;
  UniqueFd in = TRY(open_at(item.source.dir, item.source.name, O_RDONLY | follow, 0, item.source.shown));
  struct stat opened{};
  if (::fstat(in.get(), &opened) < 0)
    return fail("look at", item.source.shown);
  if (!same_inode(opened, item.info))
    return fail("copy", item.source.shown, "was replaced by another file meanwhile");
  UniqueFd out = TRY(open_target(item));
  struct stat made{};
  if (::fstat(out.get(), &made) < 0)
    return fail("look at", item.target.shown);
  if (!opt_.attributes_only) {
    const auto copied = data_.copy(in.get(), opened, item.source.shown, out.get(), made, item.target.shown);
    if (!copied) {
      // A clone that could not be made leaves no empty file behind.
      if (item.target_is_new && opt_.data.reflink == Reflink::always)
        (void)::unlinkat(item.target.dir, item.target.name.c_str(), 0);
      return copied;
    }
  }
  if (item.target_is_new)
    item.old = made;
  TRY(finish_file(item, in.get(), out.get(), made.st_mode));
  return out.close(item.target.shown);
}

Result<> TreeCopier::finish_file(const Item& item, int in, int out, mode_t made_mode) {
  mode_t mode = made_mode;
  if (item.target_is_new && !opt_.keep_mode) {
    const mode_t wanted = opt_.default_mode ? 0666 : item.info.st_mode & permission_bits;
    mode = (made_mode & ~(0200 & ~wanted)) | (opt_.keep_owner ? wanted & 077 & ~umask_ : 0);
  }
  const FileRef source{.fd = in, .shown = item.source.shown};
  const FileRef target{.fd = out, .shown = item.target.shown};
  return copy_attributes(item, source, target, mode);
}

}  // namespace rescue
