// find: look for files in directory trees. See lib/text/find_expression.h for its expressions.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <deque>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/base/time_text.h"
#include "lib/base/utf8.h"
#include "lib/base/version.h"
#include "lib/fs/descent.h"
#include "lib/fs/directory.h"
#include "lib/fs/mode.h"
#include "lib/fs/root.h"
#include "lib/sys/mounts.h"
#include "lib/sys/process.h"
#include "lib/text/find_expression.h"
#include "lib/text/wildcard.h"

namespace rescue {
namespace {

using find::Compare;
using find::Expression;
using find::Format;
using find::Kind;
using find::Node;

constexpr size_t command_limit = 128 * 1024;  // bytes of the words of one command, as GNU's

// A file that is looked at. What stat(2) says is asked for when it is needed first.
struct File {
  int dir = AT_FDCWD;
  const char* name = nullptr;
  std::string_view path;
  size_t depth = 0;
  uint8_t type = DT_UNKNOWN;
  bool known = false;   // `info` is
  bool failed = false;  // it cannot be had
  struct stat info{};
};

char letter_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return 'f';
    case S_IFDIR: return 'd';
    case S_IFLNK: return 'l';
    case S_IFBLK: return 'b';
    case S_IFCHR: return 'c';
    case S_IFIFO: return 'p';
    case S_IFSOCK: return 's';
    default: return 'U';
  }
}

char letter_of_type(uint8_t type) {
  switch (type) {
    case DT_REG: return 'f';
    case DT_DIR: return 'd';
    case DT_LNK: return 'l';
    case DT_BLK: return 'b';
    case DT_CHR: return 'c';
    case DT_FIFO: return 'p';
    case DT_SOCK: return 's';
    default: return 'U';
  }
}

bool compare(Compare how, uint64_t a, uint64_t b) {
  return how == Compare::equal ? a == b : how == Compare::more ? a > b : a < b;
}

int order(const struct timespec& a, const struct timespec& b) {
  if (a.tv_sec != b.tv_sec)
    return a.tv_sec < b.tv_sec ? -1 : 1;
  return a.tv_nsec < b.tv_nsec ? -1 : a.tv_nsec > b.tv_nsec ? 1 : 0;
}

std::string_view last_part(std::string_view path) {
  size_t end = path.size();
  while (end > 1 && path[end - 1] == '/')
    --end;
  const size_t slash = path.rfind('/', end - 1);
  return slash == npos || end == 1 ? path : path.substr(slash + 1);
}

std::string_view leading_part(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == npos)
    return ".";
  return path.substr(0, slash);
}

// A name as -ls shows it: on one line, without what a terminal would act on.
std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    constexpr std::string_view special = "\\\a\b\f\n\r\t\v \"";
    constexpr std::string_view letters = "\\abfnrtv \"";
    const auto byte = static_cast<uint8_t>(c);
    if (const size_t which = special.find(c); which != npos)
      (out += '\\') += letters[which];
    else if (byte > 0x20 && byte < 0x7f)
      out += c;
    else
      out += str('\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + ((byte >> 3) & 7)),
                 static_cast<char>('0' + (byte & 7)));
  }
  return out;
}

std::string padded(std::string_view text, size_t width, bool left = false) {
  std::string out(text);
  if (out.size() < width)
    out.insert(left ? out.size() : 0, width - out.size(), ' ');
  return out;
}

class Finder {
 public:
  Finder(Expression expression, Names& names, Io& io)
      : ex_(std::move(expression)), names_(names), io_(io), terminal_(io.out.is_terminal()) {
    batches_.resize(ex_.nodes.size());
  }

  Result<int> run() {
    for (const std::string& name : ex_.outputs) {
      if (name == "/dev/stderr") {
        outputs_.push_back({UniqueFd(), &io_.err, {}});
        continue;
      }
      UniqueFd fd = TRY(open_file(name, O_WRONLY | O_CREAT | O_TRUNC, 0666));
      outputs_.push_back({std::move(fd), nullptr, name});
      outputs_.back().own.emplace(outputs_.back().fd.get(), outputs_.back().name, true);
      outputs_.back().out = &*outputs_.back().own;
    }
    for (const std::string& start : TRY(starts())) {
      walk(start);
      if (quit_)
        break;
    }
    for (uint32_t i = 0; i < batches_.size(); ++i)
      flush_batch(i);
    for (Target& target : outputs_)
      TRY(target.out->flush());
    return command_failed_ || io_.status() != 0 ? 1 : 0;
  }

 private:
  struct Level {
    std::string names;  // for each file its type, its name, a zero byte
    size_t next = 0;
    size_t name_at = 0;
    size_t path_size = 0;
    File self;
  };
  struct Target {
    UniqueFd fd;
    Output* out = nullptr;
    std::string name;
    std::optional<Output> own;
  };
  struct Batch {
    std::vector<std::string> names;
    size_t size = 0;
  };

  Result<std::vector<std::string>> starts() {
    if (!ex_.starts_from)
      return ex_.starts.empty() ? std::vector<std::string>{"."} : ex_.starts;
    if (!ex_.starts.empty())
      return fail("", "", "file operands cannot be combined with -files0-from");
    UniqueFd file;
    if (*ex_.starts_from != "-")
      file = TRY(open_file(*ex_.starts_from, O_RDONLY));
    std::string text = TRY(read_all(file ? file.get() : io_.in, uint64_t{1} << 32, *ex_.starts_from));
    std::vector<std::string> names;
    if (text.ends_with('\0'))
      text.pop_back();
    for (const std::string_view name : split(text, '\0'))
      if (!name.empty())
        names.emplace_back(name);
    return names;
  }

  void warn(std::string_view path, int code) {
    if (code == ENOENT && ex_.ignore_races)
      return;
    io_.warn(fail("", path, code).error());
  }

  // --- walking

  bool follows(size_t depth) const {
    return ex_.links == find::Links::follow || (ex_.links == find::Links::follow_named && depth == 0);
  }

  bool look(File& file) {
    if (file.known || file.failed)
      return file.known;
    const bool follow = follows(file.depth);
    int done = ::fstatat(file.dir, file.name, &file.info, follow ? 0 : AT_SYMLINK_NOFOLLOW);
    if (done < 0 && follow && (errno == ENOENT || errno == ENOTDIR))
      done = ::fstatat(file.dir, file.name, &file.info, AT_SYMLINK_NOFOLLOW);
    if (done < 0) {
      file.failed = true;
      warn(file.path, errno);
      return false;
    }
    file.known = true;
    return true;
  }

  char type(File& file) {
    const bool named = file.type != DT_UNKNOWN && !(file.type == DT_LNK && follows(file.depth));
    if (!file.known && named)
      return letter_of_type(file.type);
    return look(file) ? letter_of(file.info.st_mode) : '\0';
  }

  void walk(const std::string& start) {
    path_ = start;
    start_size_ = start.size();
    levels_.clear();
    File file{.name = path_.c_str(), .path = path_};
    if (!look(file))
      return;
    device_ = file.info.st_dev;
    if (!visit(file))
      return;
    auto top = open_file(start, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (!top)
      return finish_unread(file, top.error().code());
    auto descent = Descent::start(*std::move(top), path_);
    if (!descent)
      return finish_unread(file, descent.error().code());
    push(*descent, file, 0);
    while (!levels_.empty() && !quit_) {
      Level& level = levels_.back();
      if (level.next < level.names.size())
        step(*descent, level);
      else
        pop(*descent);
    }
  }

  // A directory that cannot be read has been visited all the same.
  void finish_unread(File& file, int code) {
    warn(file.path, code);
    if (ex_.depth_first)
      apply(file);
  }

  // Whether to go into it.
  bool visit(File& file) {
    pruned_ = false;
    const char kind = type(file);
    if (kind == '\0')
      return false;
    const bool is_directory = kind == 'd';
    const bool later = ex_.depth_first && is_directory;
    if (!later)
      apply(file);
    if (quit_ || !is_directory || file.depth >= ex_.max_depth || (pruned_ && !ex_.depth_first)) {
      if (later)
        apply(file);
      return false;
    }
    if (ex_.one_file_system && look(file) && file.info.st_dev != device_) {
      if (later)
        apply(file);
      return false;
    }
    return true;
  }

  void push(const Descent& descent, const File& file, size_t name_at) {
    levels_.emplace_back();
    Level& level = levels_.back();
    level.name_at = name_at;
    level.path_size = path_.size();
    level.self = file;
    if (!room_)
      room_ = std::make_unique_for_overwrite<char[]>(room_size);
    DirectoryReader reader(descent.fd(), path_, {room_.get(), room_size});
    while (true) {
      const auto more = reader.next();
      if (!more)
        warn(path_, more.error().code());
      if (!more || !*more)
        break;
      if (is_dot_or_dot_dot(reader.name()))
        continue;
      level.names += static_cast<char>(reader.type());
      level.names += reader.name();
      level.names += '\0';
    }
  }

  void step(Descent& descent, Level& level) {
    const auto kind = static_cast<uint8_t>(level.names[level.next]);
    const std::string_view name(level.names.data() + level.next + 1);
    level.next += name.size() + 2;
    path_.resize(level.path_size);
    if (!path_.ends_with('/'))
      path_ += '/';
    const size_t name_at = path_.size();
    path_ += name;
    File file{
        .dir = descent.fd(), .name = path_.c_str() + name_at, .path = path_, .depth = levels_.size(), .type = kind};
    const bool follow = follows(file.depth);
    if (follow && type(file) == 'd' && look(file) && descent.contains(file.info.st_dev, file.info.st_ino)) {
      io_.warn(fail("", path_, "File system loop detected; it is part of itself").error());
      return;
    }
    if (!visit(file))
      return;
    flush_directory_batches();
    if (const auto entered = descent.enter(std::string(name), follow, path_); !entered)
      return finish_unread(file, entered.error().code());
    push(descent, file, name_at);
  }

  void pop(Descent& descent) {
    flush_directory_batches();
    File self = levels_.back().self;
    const size_t name_at = levels_.back().name_at;
    path_.resize(levels_.back().path_size);
    levels_.pop_back();
    self.path = path_;
    self.name = path_.c_str() + name_at;
    if (levels_.empty()) {
      self.dir = AT_FDCWD;
    } else {
      if (const auto left = descent.leave(path_); !left) {
        warn(path_, left.error().code());
        levels_.clear();
        return;
      }
      self.dir = descent.fd();
    }
    if (ex_.depth_first)
      apply(self);
  }

  // --- evaluating

  void apply(File& file) {
    if (file.depth >= ex_.min_depth)
      (void)holds(ex_.root, file);
  }

  bool holds(uint32_t index, File& file) {
    const Node& node = ex_.nodes[index];
    switch (node.kind) {
      case Kind::both: return holds(node.left, file) && !quit_ && holds(node.right, file);
      case Kind::either: return holds(node.left, file) || (!quit_ && holds(node.right, file));
      case Kind::list: (void)holds(node.left, file); return !quit_ && holds(node.right, file);
      case Kind::negate: return !holds(node.left, file);
      case Kind::yes: return true;
      case Kind::no: return false;
      case Kind::name: return wildcard_match(node.text, base(file), node.ignore_case);
      case Kind::path: return wildcard_match(node.text, file.path, node.ignore_case);
      case Kind::link_name: {
        const std::string target = link_target(file);
        return !target.empty() && wildcard_match(node.text, target, node.ignore_case);
      }
      case Kind::regex: return ex_.regexes[node.regex].matches_whole(file.path);
      case Kind::type: return node.text.contains(type(file));
      case Kind::target_type: return node.text.contains(other_type(file));
      case Kind::print:
      case Kind::print_zero:
      case Kind::formatted:
      case Kind::list_long:
      case Kind::prune:
      case Kind::quit:
      case Kind::remove:
      case Kind::execute: return act(index, node, file);
      default: return look(file) && holds_for(node, file);
    }
  }

  // Of what was named, without slashes at its end.
  static std::string_view base(const File& file) {
    if (file.depth > 0)
      return file.name;
    std::string_view name = last_part(file.path);
    while (name.size() > 1 && name.ends_with('/'))
      name.remove_suffix(1);
    return name;
  }

  // Tests that need to know more than the name.
  bool holds_for(const Node& node, File& file) {
    const struct stat& info = file.info;
    switch (node.kind) {
      case Kind::size: {
        const auto size = static_cast<uint64_t>(info.st_size);
        return compare(node.compare, size / node.unit + (size % node.unit != 0 ? 1 : 0), node.number);
      }
      case Kind::empty: return is_empty(file);
      case Kind::permissions: {
        const uint64_t wanted = S_ISDIR(info.st_mode) ? node.unit : node.number;
        const uint64_t has = info.st_mode & 07777;
        return node.which == '='   ? has == wanted
               : node.which == '-' ? (has & wanted) == wanted
                                   : wanted == 0 || (has & wanted) != 0;
      }
      case Kind::inode: return compare(node.compare, info.st_ino, node.number);
      case Kind::links: return compare(node.compare, info.st_nlink, node.number);
      case Kind::user_id: return compare(node.compare, info.st_uid, node.number);
      case Kind::group_id: return compare(node.compare, info.st_gid, node.number);
      case Kind::no_user: return names_.users.name_of(info.st_uid).empty();
      case Kind::no_group: return names_.groups.name_of(info.st_gid).empty();
      case Kind::same_file: return info.st_ino == node.number && info.st_dev == node.device;
      case Kind::file_system: return file_system(file) == node.text;
      case Kind::readable: return ::faccessat(file.dir, file.name, R_OK, 0) == 0;
      case Kind::writable: return ::faccessat(file.dir, file.name, W_OK, 0) == 0;
      case Kind::executable: return ::faccessat(file.dir, file.name, X_OK, 0) == 0;
      case Kind::age: {
        const struct timespec time = time_of(file, node.which);
        if (node.compare == Compare::more)
          return order(time, node.time) < 0;
        if (node.compare == Compare::less)
          return order(time, node.time) > 0;
        return order(time, node.time) > 0 && order(time, node.window) <= 0;
      }
      case Kind::newer: return order(time_of(file, node.which), node.time) > 0;
      case Kind::used: {
        // Days that have begun: a file used an hour after its change is used 1 day after.
        constexpr int64_t second = 1000000000, day = 86400 * second;
        const int64_t after =
            (info.st_atim.tv_sec - info.st_ctim.tv_sec) * second + info.st_atim.tv_nsec - info.st_ctim.tv_nsec;
        const int64_t rounded = node.compare == Compare::more ? day - 1 : node.compare == Compare::equal ? day : 0;
        const int64_t days = (after + rounded) / day;
        return after >= 0 && compare(node.compare, static_cast<uint64_t>(days), node.number);
      }
      default: return false;
    }
  }

  struct timespec time_of(const File& file, char which) const {
    switch (which) {
      case 'a':
      case 'A': return file.info.st_atim;
      case 'c':
      case 'C': return file.info.st_ctim;
      case 'B': {
        struct statx more{};
        const int flags = follows(file.depth) ? 0 : AT_SYMLINK_NOFOLLOW;
        if (::syscall(SYS_statx, file.dir, file.name, flags, STATX_BTIME, &more) == 0 &&
            (more.stx_mask & STATX_BTIME) != 0)
          return {.tv_sec = more.stx_btime.tv_sec, .tv_nsec = static_cast<long>(more.stx_btime.tv_nsec)};
        return {};
      }
      default: return file.info.st_mtim;
    }
  }

  bool is_empty(const File& file) {
    if (S_ISREG(file.info.st_mode))
      return file.info.st_size == 0;
    if (!S_ISDIR(file.info.st_mode))
      return false;
    const auto dir = open_at(file.dir, file.name, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0, file.path);
    if (!dir) {
      warn(file.path, dir.error().code());
      return false;
    }
    DirectoryReader reader(dir->get(), file.path);
    while (true) {
      const auto more = reader.next();
      if (!more || !*more)
        return more.has_value();
      if (!is_dot_or_dot_dot(reader.name()))
        return false;
    }
  }

  std::string link_target(File& file) {
    if (type(file) != 'l')
      return {};
    return read_link_at(file.dir, file.name, file.path).value_or("");
  }

  // The type on the other side of a link: of its target, where links are not followed, else of itself.
  char other_type(File& file) {
    struct stat info{};
    const bool follow = follows(file.depth);
    if (::fstatat(file.dir, file.name, &info, follow ? AT_SYMLINK_NOFOLLOW : 0) == 0)
      return letter_of(info.st_mode);
    if (errno == ENOENT || errno == ENOTDIR)
      return 'l';
    warn(file.path, errno);
    return '\0';
  }

  std::string_view file_system(const File& file) {
    if (!has_mounts_)
      mounts_ = read_mounts().value_or(std::vector<Mount>());
    has_mounts_ = true;
    std::string_view type = "unknown";
    for (const Mount& mount : mounts_)
      if (mount.device == file.info.st_dev)
        type = mount.type;
    return type;
  }

  // --- acting

  Output& out(const Node& node) { return node.output == 0 ? io_.out : *outputs_[node.output - 1].out; }

  void put_name(std::string_view name, Output& to) {
    if (!terminal_ || &to != &io_.out)
      return to.write(name);
    while (!name.empty()) {
      const Character c = first_character(name);
      to.write(is_printable(c) ? name.substr(0, c.length) : "?");
      name.remove_prefix(c.length);
    }
  }

  bool act(uint32_t index, const Node& node, File& file) {
    switch (node.kind) {
      case Kind::print:
        put_name(file.path, out(node));
        out(node).put('\n');
        return true;
      case Kind::print_zero: out(node).put(file.path, '\0'); return true;
      case Kind::formatted: print_formatted(node, file); return true;
      case Kind::list_long: list_long(file, out(node)); return true;
      case Kind::prune: pruned_ = true; return true;
      case Kind::quit: quit_ = true; return true;
      case Kind::remove: return remove(file);
      default: return node.many ? collect(index, node, file) : run_single(node, file);
    }
  }

  bool remove(File& file) {
    if (file.path == "." || base(file) == ".")
      return true;
    if (::unlinkat(file.dir, file.name, type(file) == 'd' && !is_link(file) ? AT_REMOVEDIR : 0) == 0)
      return true;
    if (errno == ENOENT && ex_.ignore_races)
      return true;
    io_.warn(fail("cannot delete", file.path).error());
    return false;
  }

  // A link that was followed is removed itself.
  bool is_link(const File& file) const {
    struct stat info{};
    return follows(file.depth) && ::fstatat(file.dir, file.name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISLNK(info.st_mode);
  }

  void list_long(File& file, Output& to) {
    if (!look(file))
      return;
    const struct stat& info = file.info;
    const auto column = [&](std::string_view text, size_t& width, bool left = false) {
      width = std::max(width, text.size());
      to.put(padded(text, width, left), ' ');
    };
    column(Part(info.st_ino).view(), widths_.inode);
    column(Part((info.st_blocks + 1) / 2).view(), widths_.blocks);
    to.put(mode_text(info.st_mode), ' ');
    column(Part(info.st_nlink).view(), widths_.links);
    const std::string_view user = names_.users.name_of(info.st_uid);
    const std::string_view group = names_.groups.name_of(info.st_gid);
    column(user.empty() ? Part(info.st_uid).view() : user, widths_.user, true);
    column(group.empty() ? Part(info.st_gid).view() : group, widths_.group, true);
    if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode))
      to.put(padded(Part(major(info.st_rdev)).view(), 3), ", ", padded(Part(minor(info.st_rdev)).view(), 3), ' ');
    else
      column(Part(info.st_size).view(), widths_.size);
    if (const auto fields = local_time(info.st_mtim.tv_sec)) {
      const int64_t age = ::time(nullptr) - info.st_mtim.tv_sec;
      const bool recent = age >= -60 && age < 31556952 / 2;
      to.put(time_text(recent ? "%b %e %H:%M" : "%b %e  %Y", *fields, info.st_mtim.tv_sec, 0));
    }
    to.put(' ', escaped(file.path));
    if (S_ISLNK(info.st_mode))
      to.put(" -> ", escaped(link_target(file)));
    to.put('\n');
  }

  // --- -printf

  void print_formatted(const Node& node, File& file) {
    Output& to = out(node);
    for (const Format& piece : node.format) {
      to.write(piece.text);
      if (piece.stop) {
        (void)to.flush();
        return;
      }
      if (piece.directive == 0)
        continue;
      bool number = false;
      std::string text = value(piece, file, number);
      if (piece.precision && !number)
        text.resize(std::min<size_t>(text.size(), *piece.precision));
      const bool left = piece.flags.contains('-');
      const size_t width = piece.width.value_or(0);
      if (number && !left && piece.flags.contains('0') && text.size() < width)
        text.insert(0, width - text.size(), '0');
      if (piece.directive == 'p' || piece.directive == 'f' || piece.directive == 'P' || piece.directive == 'h')
        put_name(padded(text, width, left), to);
      else
        to.write(padded(text, width, left));
    }
  }

  std::string value(const Format& piece, File& file, bool& number) {
    switch (piece.directive) {
      case 'p': return std::string(file.path);
      case 'f': return std::string(file.depth == 0 ? last_part(file.path) : std::string_view(file.name));
      case 'h': return std::string(leading(file));
      case 'P': {
        const std::string_view rest = file.path.substr(std::min(start_size_, file.path.size()));
        return std::string(rest.starts_with('/') ? rest.substr(1) : rest);
      }
      case 'H': return std::string(file.path.substr(0, start_size_));
      case 'd': {
        number = true;
        const std::string_view sign = piece.flags.contains('+') ? "+" : piece.flags.contains(' ') ? " " : "";
        return str(sign, file.depth);
      }
      case 'l': return link_target(file);
      case 'y': return {type(file)};
      case 'Y': return {far_type(file)};
      default: break;
    }
    if (!look(file))
      return {};
    return value_of_info(piece, file, number);
  }

  std::string value_of_info(const Format& piece, File& file, bool& number) {
    const struct stat& info = file.info;
    switch (piece.directive) {
      case 'D': return str(info.st_dev);
      case 'G': return str(info.st_gid);
      case 'U': return str(info.st_uid);
      case 'b': return str(info.st_blocks);
      case 'k': return str((info.st_blocks + 1) / 2);
      case 'i': return str(info.st_ino);
      case 'n': return str(info.st_nlink);
      case 's': return str(info.st_size);
      case 'F': return std::string(file_system(file));
      case 'S': return sparseness(info);
      case 'g': {
        const std::string_view name = names_.groups.name_of(info.st_gid);
        return name.empty() ? str(info.st_gid) : std::string(name);
      }
      case 'u': {
        const std::string_view name = names_.users.name_of(info.st_uid);
        return name.empty() ? str(info.st_uid) : std::string(name);
      }
      case 'm': {
        number = true;
        const std::string digits = to_octal(info.st_mode & 07777);
        return piece.flags.contains('#') && digits != "0" ? '0' + digits : digits;
      }
      case 'M': return mode_text(info.st_mode);
      case 'a': return moment(time_of(file, 'a'), 0);
      case 'c': return moment(time_of(file, 'c'), 0);
      case 't': return moment(time_of(file, 'm'), 0);
      default: return moment(time_of(file, piece.directive), piece.detail);
    }
  }

  static std::string_view leading(const File& file) {
    std::string_view path = file.path;
    while (file.depth == 0 && path.size() > 1 && path.ends_with('/'))
      path.remove_suffix(1);
    return path == "/" ? "" : leading_part(path);
  }

  // How many of its bytes are on disk: one number, as printf's %g has it.
  static std::string sparseness(const struct stat& info) {
    if (info.st_size == 0)
      return info.st_blocks == 0 ? "1" : "inf";
    const double ratio = 512.0 * static_cast<double>(info.st_blocks) / static_cast<double>(info.st_size);
    char digits[40];
    const int size = std::snprintf(digits, sizeof digits, "%g", ratio);
    return {digits, static_cast<size_t>(size)};
  }

  // The type behind a link; N where nothing is there, L for a loop.
  char far_type(File& file) {
    if (type(file) != 'l')
      return type(file);
    struct stat info{};
    if (::fstatat(file.dir, file.name, &info, 0) == 0)
      return letter_of(info.st_mode);
    return errno == ENOENT || errno == ENOTDIR ? 'N' : errno == ELOOP ? 'L' : '?';
  }

  static std::string moment(const struct timespec& time, char detail) {
    const std::string nanoseconds = str(time.tv_nsec);
    const std::string fraction = str('.', std::string(9 - nanoseconds.size(), '0'), nanoseconds, '0');
    if (detail == '@')
      return str(time.tv_sec, fraction);
    const auto fields = local_time(time.tv_sec);
    if (!fields)
      return str(time.tv_sec);
    const auto text = [&](std::string_view format) { return time_text(format, *fields, time.tv_sec, 0); };
    switch (detail) {
      case 0: return text("%a %b %e %H:%M:%S") + fraction + text(" %Y");
      case '+': return text("%Y-%m-%d+%H:%M:%S") + fraction;
      case 'S':
      case 'T':
      case 'X': return text(detail == 'S' ? "%S" : "%H:%M:%S") + fraction;
      default: {
        const char format[] = {'%', detail, '\0'};
        return text(format);
      }
    }
  }

  // --- commands

  bool run_single(const Node& node, File& file) {
    const std::string name = node.in_directory ? name_in_directory(file) : std::string(file.path);
    std::vector<std::string> words;
    for (const std::string& word : node.words) {
      std::string made;
      for (size_t at = 0; at < word.size();) {
        const size_t place = word.find("{}", at);
        made += word.substr(at, place - at);
        if (place == npos)
          break;
        made += name;
        at = place + 2;
      }
      words.push_back(std::move(made));
    }
    if (node.ask && !agrees(node, file))
      return false;
    return run_command(words, node.in_directory ? &file : nullptr, node.ask) == 0;
  }

  static std::string name_in_directory(const File& file) {
    const std::string_view name = base(file);
    return name.starts_with('/') ? std::string(name) : str("./", name);
  }

  bool agrees(const Node& node, const File& file) {
    (void)io_.out.flush();
    io_.err.put("< ", node.words[0], " ... ", file.path, " > ? ");
    char first = '\0';
    for (char c = '\0';;) {
      const auto count = read_some(io_.in, {&c, 1}, "standard input");
      if (!count || *count == 0 || c == '\n')
        break;
      if (first == '\0')
        first = c;
    }
    return first == 'y' || first == 'Y';
  }

  bool collect(uint32_t index, const Node& node, File& file) {
    Batch& batch = batches_[index];
    std::string name = node.in_directory ? name_in_directory(file) : std::string(file.path);
    const size_t size = name.size() + 1 + sizeof(char*);
    if (batch.size + size > command_limit)
      flush_batch(index);
    batch.size += size;
    batch.names.push_back(std::move(name));
    if (node.in_directory) {
      // What was named lies in directories of their own.
      if (file.depth == 0) {
        pending_ = file;
        flush_batch(index, &pending_);
      }
      pending_ = file;
    }
    return true;
  }

  void flush_directory_batches() {
    for (uint32_t i = 0; i < batches_.size(); ++i)
      if (ex_.nodes[i].in_directory && !batches_[i].names.empty())
        flush_batch(i, &pending_);
  }

  void flush_batch(uint32_t index, const File* place = nullptr) {
    Batch& batch = batches_[index];
    if (batch.names.empty())
      return;
    std::vector<std::string> words = ex_.nodes[index].words;
    for (std::string& name : batch.names)
      words.push_back(std::move(name));
    batch = {};
    if (run_command(words, place, false) != 0)
      command_failed_ = true;
  }

  // Runs a command and waits for it; in the directory of `place`, where there is one.
  int run_command(const std::vector<std::string>& words, const File* place, bool without_input) {
    (void)io_.out.flush();
    for (Target& target : outputs_)
      (void)target.out->flush();
    const pid_t child = fork_child();
    if (child < 0) {
      io_.warn(fail("start", words[0]).error());
      return 1;
    }
    if (child > 0)
      return wait_for(child);
    if (without_input) {
      const int null = ::open("/dev/null", O_RDONLY);
      ::dup2(null, 0);
    }
    if (place != nullptr && !enter(*place)) {
      io_.warn(fail("go to the directory of", place->path).error());
      ::_exit(1);
    }
    const auto error = execute_found(words);
    io_.warn(fail("", words[0], error.error().code()).error());
    ::_exit(1);
  }

  static bool enter(const File& file) {
    if (file.depth > 0)
      return ::fchdir(file.dir) == 0;
    std::string path(file.path);
    while (path.size() > 1 && path.ends_with('/'))
      path.pop_back();
    const size_t slash = path.rfind('/');
    return slash == npos || ::chdir(slash == 0 ? "/" : path.substr(0, slash).c_str()) == 0;
  }

  struct Widths {
    size_t inode = 9;
    size_t blocks = 6;
    size_t links = 3;
    size_t user = 8;
    size_t group = 8;
    size_t size = 8;
  };

  Expression ex_;
  Names& names_;
  Io& io_;
  bool terminal_;
  std::deque<Target> outputs_;
  std::vector<Batch> batches_;
  static constexpr size_t room_size = 65536;
  std::unique_ptr<char[]> room_;  // for reading directories
  std::string path_;
  size_t start_size_ = 0;
  std::vector<Level> levels_;
  dev_t device_ = 0;
  File pending_;
  std::vector<Mount> mounts_;
  bool has_mounts_ = false;
  Widths widths_;
  bool pruned_ = false;
  bool quit_ = false;
  bool command_failed_ = false;
};

Result<int> run(Io& io, Args& args);

constexpr DenseText help = dense<
    "Operators, from those that bind most: ( EXPR )  ! EXPR  EXPR -a EXPR  EXPR -o EXPR  EXPR , EXPR\n"
    "Options: -depth -maxdepth N -mindepth N -xdev -follow -daystart -regextype TYPE -files0-from FILE\n"
    "  -ignore_readdir_race\n"
    "Tests: -name -iname -path -ipath -lname -ilname PATTERN  -regex -iregex EXPRESSION  -type -xtype bcdflps\n"
    "  -size N[bcwkMG] -empty -perm [-/]MODE -user NAME -group NAME -uid N -gid N -nouser -nogroup -links N -inum N\n"
    "  -samefile FILE -fstype TYPE -readable -writable -executable -newer FILE -newerXY REFERENCE -amin -cmin -mmin N\n"
    "  -atime -ctime -mtime N -used N -true -false\n"
    "Actions: -print -print0 -printf FORMAT -ls -fprint FILE -fprint0 FILE -fprintf FILE FORMAT -fls FILE -prune\n"
    "  -quit -delete -exec COMMAND ; -exec COMMAND {} + -execdir -ok -okdir COMMAND ;\n"
    "N is a number, +N more, -N less.">;

}  // namespace

extern const Applet find_applet = {
    .name = "find",
    .summary = "look for files in directory trees",
    .usage = "[-H] [-L] [-P] [START]... [EXPRESSION]",
    .usage_status = 1,
    .dies_with_reader = true,
    .notes = help,
    .run = plain_entry<run>,
};

namespace {

Result<int> run(Io& io, Args& args) {
  Names names;
  struct timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::vector<std::string> warnings;
  const std::vector<std::string_view> words(args.begin(), args.end());
  Expression expression = TRY(find::parse(words, names, now, warnings));
  if (expression.asked_help) {
    print_help(find_applet, io.out);
    return 0;
  }
  if (expression.asked_version) {
    io.out.put("find (rescue) ", version, '\n');
    return 0;
  }
  for (const std::string& warning : warnings)
    io.note("warning: ", warning);
  return Finder(std::move(expression), names, io).run();
}

}  // namespace
}  // namespace rescue
