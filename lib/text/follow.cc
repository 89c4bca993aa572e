#include "lib/text/follow.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/base/quote.h"

namespace rescue {

namespace {

// What a read can make more of. A directory, and whatever else, cannot be followed.
bool can_grow(mode_t mode) {
  return S_ISREG(mode) || S_ISFIFO(mode) || S_ISSOCK(mode) || S_ISCHR(mode);
}

}  // namespace

void Follower::add(std::string_view name, UniqueFd owned, int fd) {
  File& file = files_.emplace_back();
  file.name = name;
  file.owned = std::move(owned);
  file.fd = fd;
  if (::fstat(fd, &file.info) < 0 || !can_grow(file.info.st_mode)) {
    io_.warn(
        fail("follow", name,
             opt_.retry ? "this type of file does not grow" : "this type of file does not grow; giving up on this name")
            .error());
    file.given_up = !opt_.retry;
    file.owned.reset();
    file.fd = -1;
    file.code = EISDIR;
    return;
  }
  // A pipe is asked now and then, and must not hold up the others.
  if (!S_ISREG(file.info.st_mode))
    (void)::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void Follower::add_missing(std::string_view name, int code) {
  File& file = files_.emplace_back();
  file.name = name;
  file.code = code;
  file.given_up = !opt_.retry;
}

void Follower::header(std::string_view name) {
  if (!opt_.headers || (any_shown_ && shown_ == name))
    return;
  io_.out.put(any_shown_ ? "\n" : "", "==> ", name == "-" ? "standard input" : name, " <==\n");
  shown_ = name;
  any_shown_ = true;
}

void Follower::lose(File& file, int code) {
  const bool was_there = file.fd >= 0;
  file.owned.reset();
  file.fd = -1;
  if (opt_.retry) {
    if (was_there)
      io_.note(Quoted(file.name), " has become inaccessible: ", errno_text(code));
  } else if (file.code != code) {
    io_.warn(fail("follow", file.name, code).error());
  }
  file.code = code;
}

void Follower::take_new(File& file, UniqueFd opened, const struct stat& info) {
  if (!can_grow(info.st_mode)) {
    if (file.fd >= 0 || file.code != EISDIR)
      io_.note(Quoted(file.name), " has been replaced with an untailable file",
               opt_.retry ? "" : "; giving up on this name");
    file.owned.reset();
    file.fd = -1;
    file.code = EISDIR;
    file.given_up = !opt_.retry;
    return;
  }
  std::string_view how = " has been replaced;  following new file";
  if (file.fd < 0)
    how = file.code == 0 || file.code == ENOENT ? " has appeared;  following new file" : " has become accessible";
  io_.note(Quoted(file.name), how);
  file.owned = std::move(opened);
  file.fd = file.owned.get();
  file.info = info;
  file.code = 0;
  watch(file);
}

// Is the file of that name still the one that is open?
void Follower::look_at_name(File& file) {
  // Not to be held up by a pipe that nobody writes.
  auto opened = open_file(file.name, O_RDONLY | O_NONBLOCK);
  struct stat info{};
  if (!opened || ::fstat(opened->get(), &info) < 0)
    return lose(file, opened ? EIO : opened.error().code());
  const bool same = file.fd >= 0 && info.st_dev == file.info.st_dev && info.st_ino == file.info.st_ino;
  if (same)
    return;
  // What the old one got to the last belongs before the new one.
  if (file.fd >= 0)
    (void)print_news(file);
  take_new(file, std::move(*opened), info);
}

Result<> Follower::print_news(File& file) {
  struct stat info{};
  if (::fstat(file.fd, &info) < 0)
    return fail("follow", file.name);
  if (S_ISREG(info.st_mode)) {
    const off_t here = ::lseek(file.fd, 0, SEEK_CUR);
    if (here > info.st_size) {
      io_.note(file.name, ": file truncated");
      (void)::lseek(file.fd, 0, SEEK_SET);
    }
  }
  constexpr size_t size = 65536;
  const auto buffer = std::make_unique_for_overwrite<char[]>(size);
  while (io_.out.ok()) {
    const auto count = read_some(file.fd, {buffer.get(), size}, file.name);
    if (!count && count.error().code() != EAGAIN)
      return std::unexpected(count.error());
    if (!count || *count == 0)
      break;
    header(file.name);
    io_.out.write({buffer.get(), *count});
  }
  (void)io_.out.flush();
  return {};
}

bool Follower::anything_left() const {
  return std::ranges::any_of(files_, [&](const File& f) { return !f.given_up && (f.fd >= 0 || opt_.retry); });
}

bool Follower::writers_gone() const {
  return !opt_.writers.empty() &&
         std::ranges::all_of(opt_.writers, [](pid_t pid) { return ::kill(pid, 0) < 0 && errno == ESRCH; });
}

// Asks to be told of changes of the file, and of what happens to its name.
void Follower::watch(const File& file) const {
  if (!inotify_ || file.name == "-")
    return;
  (void)::inotify_add_watch(inotify_.get(), file.name.c_str(), IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF);
  if (opt_.by_name)
    (void)::inotify_add_watch(inotify_.get(), std::string(dir_name(file.name)).c_str(),
                              IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
}

// Until something happened, or it is time to look anyway. False where nobody reads what we print.
bool Follower::wait() const {
  pollfd fds[] = {{io_.out.fd(), 0, 0}, {inotify_.get(), POLLIN, 0}};
  if (::poll(fds, 2, opt_.interval_ms) > 0) {
    if ((fds[0].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0 && !io_.out.is_terminal())
      return false;
    char events[4096];
    while (::read(inotify_.get(), events, sizeof events) > 0) {
    }
  }
  return true;
}

bool Follower::run() {
  inotify_ = UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  for (const File& file : files_)
    watch(file);
  bool last_look = false;
  while (io_.out.ok()) {
    for (File& file : files_) {
      if (file.given_up)
        continue;
      if (file.name != "-" && (opt_.by_name || file.fd < 0))
        look_at_name(file);
      if (file.fd < 0)
        continue;
      if (const auto done = print_news(file); !done) {
        io_.warn(done.error());
        file.given_up = true;
      }
    }
    if (!anything_left())
      return false;
    if (last_look)
      return true;
    // They may have written between our look and their end: one more.
    last_look = writers_gone();
    if (!last_look && !wait())
      return true;
  }
  return true;
}

}  // namespace rescue
