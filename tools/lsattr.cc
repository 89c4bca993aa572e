// lsattr: list the inode flags of files.
#include <cerrno>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <linux/fs.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/fs/inode_flags.h"
#include "lib/fs/tree_walk.h"

namespace rescue {
namespace {

struct Options {
  bool all = false;
  bool directory = false;
  bool generation = false;
  bool long_names = false;
  bool project = false;
  bool recursive = false;
  bool ignored = false;
};

constexpr Opt<Options> options[] = {
    {'R', nullptr, &Options::recursive, "list directories with all that is in them"},
    {'V', nullptr, &Options::ignored, "ignored: --version prints the version"},
    {'a', nullptr, &Options::all, "list names too that begin with a dot"},
    {'d', nullptr, &Options::directory, "list directories themselves, not what is in them"},
    {'l', nullptr, &Options::long_names, "print the flags as words"},
    {'p', nullptr, &Options::project, "print the number of the project"},
    {'v', nullptr, &Options::generation, "print the version, or generation"},
};

class Lister final : public WalkVisitor {
 public:
  Lister(const Options& opt, Io& io) : opt_(opt), io_(io) {}

  bool enter(const WalkEntry& entry) override {
    const bool directory = S_ISDIR(entry.info.st_mode);
    if (entry.depth > 0 && !opt_.all && entry.name[0] == '.')
      return false;
    if (entry.depth > 0 || !directory || opt_.directory)
      list(entry);
    if (!directory || opt_.directory || (entry.depth > 0 && !opt_.recursive))
      return false;
    if (opt_.recursive && entry.depth > 0)
      io_.out.put('\n', entry.path, ":\n");
    if (opt_.all)
      for (const std::string_view name : {"/.", "/.."})
        list_named(str(entry.path, name));
    return true;
  }
  void leave(const WalkEntry& entry, bool /*complete*/) override {
    if (opt_.recursive && entry.depth > 0)
      io_.out.put('\n');
  }
  void failed(const Error& error) override { io_.warn(error); }

 private:
  void list_named(const std::string& path) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) == 0)
      list({AT_FDCWD, path.c_str(), path, info, 1, false});
  }

  void list(const WalkEntry& entry) {
    const auto done = read(entry);
    // What was found on the way, and has no flags, is no failure.
    if (!done && entry.depth > 0)
      io_.note(message(done.error()));
    else if (!done)
      io_.warn(done.error());
  }

  Result<> read(const WalkEntry& entry) {
    if (!S_ISREG(entry.info.st_mode) && !S_ISDIR(entry.info.st_mode))
      return fail("read flags", entry.path, EOPNOTSUPP);
    const UniqueFd fd = TRY(open_at(entry.dir, entry.name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0, entry.path));
    unsigned flags = 0;
    if (::ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) < 0)
      return fail("read flags", entry.path);
    const auto column = [&](uint64_t number, size_t width) {
      const std::string digits = str(number);
      io_.out.put(std::string(width - std::min(width, digits.size()), ' '), digits, ' ');
    };
    if (opt_.project) {
      struct fsxattr attributes{};
      if (::ioctl(fd.get(), FS_IOC_FSGETXATTR, &attributes) < 0)
        return fail("read project", entry.path);
      column(attributes.fsx_projid, 5);
    }
    if (opt_.generation) {
      unsigned generation = 0;
      if (::ioctl(fd.get(), FS_IOC_GETVERSION, &generation) < 0)
        return fail("read version", entry.path);
      column(generation, 10);
    }
    if (opt_.long_names) {
      std::string path(entry.path);
      path.resize(std::max<size_t>(path.size(), 28), ' ');
      io_.out.put(path, ' ', flags_words(flags), '\n');
    } else {
      io_.out.put(flags_text(flags), ' ', entry.path, '\n');
    }
    return {};
  }

  const Options& opt_;
  Io& io_;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    args.push(".");
  Lister lister(opt, io);
  TreeWalk walk({}, lister);
  for (const std::string_view path : args)
    walk.run(std::string(path));
  return io.status();
}

}  // namespace

extern const Applet lsattr_applet = {
    .name = "lsattr",
    .summary = "list the flags of files: immutable, append-only and others",
    .usage = "[OPTION]... [FILE]...",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
