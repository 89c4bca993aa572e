#include "lib/fs/tree_remove.h"

#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/quote.h"
#include "lib/base/text.h"
#include "lib/fs/directory.h"

namespace rescue {

namespace {

// What a question calls it.
std::string_view kind_of(const struct stat& info) {
  switch (info.st_mode & S_IFMT) {
    case S_IFREG: return info.st_size == 0 ? "regular empty file" : "regular file";
    case S_IFDIR: return "directory";
    case S_IFLNK: return "symbolic link";
    case S_IFBLK: return "block special file";
    case S_IFCHR: return "character special file";
    case S_IFIFO: return "fifo";
    case S_IFSOCK: return "socket";
    default: return "weird file";
  }
}

// The names in a directory, each with its type before it and a zero byte behind it.
Result<std::string> names_in(int dir, std::string_view shown, DirectoryRoom& room) {
  std::string names;
  DirectoryReader reader(dir, shown, room.get());
  while (TRY(reader.next()))
    if (!is_dot_or_dot_dot(reader.name())) {
      names += static_cast<char>(reader.type());
      names += reader.name();
      names += '\0';
    }
  return names;
}

}  // namespace

// A file: where it is, its name there, and as messages show it: what was named as it was named, other files below that.
struct TreeRemover::Spot {
  int dir = AT_FDCWD;
  const char* name;
  std::string_view named;
  std::string_view above = {};
  uint8_t type = DT_UNKNOWN;

  std::string shown() const {
    return above.empty() ? std::string(named) : str(above, above.ends_with('/') ? "" : "/", name);
  }
};

struct TreeRemover::Level {
  std::string names;
  size_t next = 0;
  std::string name;
  std::string shown;
  bool something_kept = false;
};

TreeRemover::Verdict TreeRemover::fail_with(const Error& error) {
  events_.failed(error);
  return Verdict::failed;
}

bool TreeRemover::remove(const std::string& path) {
  std::string name = path;
  while (name.ends_with("//"))
    name.pop_back();
  const Spot top{AT_FDCWD, name.c_str(), name};
  const Verdict verdict = remove_one(top, 0);
  return verdict == Verdict::descend ? walk(top) : verdict != Verdict::failed;
}

// Asks where somebody is to be asked. `verb` is "remove" or "descend into".
bool TreeRemover::wants(const Spot& spot, const struct stat& info, const char* verb) {
  using Ask = RemoveOptions::Ask;
  if (opt_.ask == Ask::never)
    return true;
  const bool is_protected =
      !S_ISLNK(info.st_mode) && ::faccessat(spot.dir, spot.name, W_OK, AT_EACCESS) < 0 && errno == EACCES;
  if (opt_.ask == Ask::protected_files && !is_protected)
    return true;
  return events_.agrees(str(verb, is_protected ? " write-protected " : " ", kind_of(info), ' ', Quoted(spot.shown())));
}

// Removes a file or an empty directory, or asks to go into a directory first.
TreeRemover::Verdict TreeRemover::remove_one(const Spot& spot, dev_t top_device) {
  struct stat info{};
  // Nobody asks what it is, and the directory says that it is none.
  if (spot.type != DT_UNKNOWN && spot.type != DT_DIR && opt_.ask == RemoveOptions::Ask::never)
    return remove_file(spot, info);
  if (::fstatat(spot.dir, spot.name, &info, AT_SYMLINK_NOFOLLOW) < 0) {
    if (opt_.ignore_missing && (errno == ENOENT || errno == ENOTDIR))
      return Verdict::gone;
    return fail_with(fail("remove", spot.shown()).error());
  }
  if (!S_ISDIR(info.st_mode))
    return remove_file(spot, info);
  if (!opt_.recursive && !opt_.empty_directories)
    return fail_with(fail("remove", spot.shown(), EISDIR).error());
  if (opt_.one_file_system && top_device != 0 && info.st_dev != top_device)
    return fail_with(fail("left out", spot.shown(), "is on another file system").error());
  if (!opt_.recursive) {
    if (!wants(spot, info, "remove"))
      return Verdict::kept;
    return finish_directory(spot);
  }
  // An empty one need not be entered, and is one question and not two.
  if (opt_.ask == RemoveOptions::Ask::never && ::unlinkat(spot.dir, spot.name, AT_REMOVEDIR) == 0) {
    if (opt_.verbose)
      events_.said(str("removed directory ", Quoted(spot.shown())));
    return Verdict::gone;
  }
  return Verdict::descend;
}

TreeRemover::Verdict TreeRemover::remove_file(const Spot& spot, const struct stat& info) {
  if (!wants(spot, info, "remove"))
    return Verdict::kept;
  if (::unlinkat(spot.dir, spot.name, 0) < 0) {
    if (opt_.ignore_missing && errno == ENOENT)
      return Verdict::gone;
    return fail_with(fail("remove", spot.shown()).error());
  }
  if (opt_.verbose)
    events_.said(str("removed ", Quoted(spot.shown())));
  return Verdict::gone;
}

TreeRemover::Verdict TreeRemover::finish_directory(const Spot& spot) {
  if (::unlinkat(spot.dir, spot.name, AT_REMOVEDIR) < 0)
    return fail_with(fail("remove directory", spot.shown()).error());
  if (opt_.verbose)
    events_.said(str("removed directory ", Quoted(spot.shown())));
  return Verdict::gone;
}

// Removes what is in a directory, and then the directory.
bool TreeRemover::walk(const Spot& top) {
  // The directory that the tree hangs in, so that every name is one component.
  auto parent = open_file(std::string(dir_name(top.name)), O_RDONLY | O_DIRECTORY);
  auto descent = parent ? Descent::start(*std::move(parent), top.shown()) : std::unexpected(parent.error());
  if (!descent) {
    events_.failed(descent.error());
    return false;
  }
  bool ok = true;
  dev_t device = 0;
  std::vector<Level> levels;
  const auto enter = [&](const Spot& spot, const std::string& name, const std::string& shown) {
    struct stat info{};
    if (::fstatat(spot.dir, spot.name, &info, AT_SYMLINK_NOFOLLOW) < 0) {
      fail_with(fail("remove", shown).error());
      return Verdict::failed;
    }
    if (device == 0)
      device = info.st_dev;
    if (const auto entered = descent->enter(name, false, shown); !entered)
      return fail_with(entered.error());
    auto names = names_in(descent->fd(), shown, room_);
    if (names && (names->empty() || wants(spot, info, "descend into"))) {
      levels.push_back({*std::move(names), 0, name, shown});
      return Verdict::descend;
    }
    if (!names)
      events_.failed(names.error());
    if (const auto left = descent->leave(shown); !left)
      events_.failed(left.error());
    return names ? Verdict::kept : Verdict::failed;
  };
  const std::string top_name(base_name(top.name));
  const Verdict first = enter({descent->fd(), top_name.c_str(), top.named}, top_name, top.shown());
  if (first != Verdict::descend)
    return first == Verdict::kept;
  while (!levels.empty()) {
    Level& level = levels.back();
    Verdict verdict;
    if (level.next < level.names.size()) {
      const Spot spot{descent->fd(),
                      level.names.data() + level.next + 1,
                      {},
                      level.shown,
                      static_cast<uint8_t>(level.names[level.next])};
      const std::string_view name = spot.name;
      level.next += name.size() + 2;
      verdict = remove_one(spot, device);
      if (verdict == Verdict::descend)
        verdict = enter(spot, std::string(name), spot.shown());
    } else {
      const Level done = std::move(level);
      levels.pop_back();
      if (const auto left = descent->leave(done.shown); !left) {
        events_.failed(left.error());
        return false;
      }
      const Spot spot{descent->fd(), done.name.c_str(), done.shown};
      struct stat info{.st_mode = S_IFDIR};
      (void)::fstatat(spot.dir, spot.name, &info, AT_SYMLINK_NOFOLLOW);
      verdict = done.something_kept || !wants(spot, info, "remove") ? Verdict::kept : finish_directory(spot);
    }
    ok = ok && verdict != Verdict::failed;
    if ((verdict == Verdict::kept || verdict == Verdict::failed) && !levels.empty())
      levels.back().something_kept = true;
  }
  return ok;
}

}  // namespace rescue
