// rmdir: remove empty directories.
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/quote.h"
#include "lib/fs/directory.h"

namespace rescue {
namespace {

struct Options {
  bool ignore_full = false;
  bool parents = false;
  bool verbose = false;
};

constexpr Opt<Options> options[] = {
    {0, "ignore-fail-on-non-empty", &Options::ignore_full, "do not complain of directories that are not empty"},
    {'p', "parents", &Options::parents, "remove the directories above them too: a/b, then a"},
    {'v', "verbose", &Options::verbose, "say what is removed"},
};

// Where a directory may not be changed, that is found first, whether something is in it or not.
bool is_not_empty(const std::string& path, int code) {
  if (code == ENOTEMPTY || code == EEXIST)
    return true;
  if (code != EACCES && code != EPERM && code != EROFS && code != EBUSY)
    return false;
  const auto dir = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!dir)
    return false;
  DirectoryReader reader(dir->get(), path);
  while (reader.next().value_or(false))
    if (!is_dot_or_dot_dot(reader.name()))
      return true;
  return false;
}

// Removes one directory. False where what is in it stops us, and that is fine.
Result<bool> remove_one(const Options& opt, Io& io, const std::string& path) {
  if (opt.verbose)
    io.out.put("rmdir: removing directory, ", Quoted(path), '\n');
  if (::rmdir(path.c_str()) == 0)
    return true;
  const int code = errno;
  if (opt.ignore_full && is_not_empty(path, code))
    return false;
  return fail("remove directory", path, code);
}

Result<> remove(const Options& opt, Io& io, std::string path) {
  if (!TRY(remove_one(opt, io, path)) || !opt.parents)
    return {};
  const auto strip = [&] {
    while (path.size() > 1 && path.ends_with('/'))
      path.pop_back();
  };
  for (strip(); path.find('/') != std::string::npos && path != "/";) {
    path.resize(path.rfind('/') + 1);
    strip();
    if (!TRY(remove_one(opt, io, path)))
      return {};
  }
  return {};
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return fail("missing operand", "", "give a DIRECTORY");
  for (const std::string_view path : args)
    if (const auto done = remove(opt, io, std::string(path)); !done)
      io.warn(done.error());
  return io.status();
}

}  // namespace

extern const Applet rmdir_applet = {
    .name = "rmdir",
    .summary = "remove empty directories",
    .usage = "[OPTION]... DIRECTORY...",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
