// sync: write what the kernel still holds in memory to disk.
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"

namespace rescue {
namespace {

struct Options {
  bool data = false;
  bool file_system = false;
};

constexpr Opt<Options> options[] = {
    {'d', "data", &Options::data, "sync only the data of each FILE, and no metadata that is not needed"},
    {'f', "file-system", &Options::file_system, "sync the whole file systems that the FILEs are on"},
};

// A FIFO without a reader or writer must not make us wait, and a file that may only be written is opened so.
Result<UniqueFd> open_for_sync(const std::string& path) {
  auto file = open_file(path, O_RDONLY | O_NONBLOCK);
  if (file)
    return file;
  auto writable = open_file(path, O_WRONLY | O_NONBLOCK);
  return writable ? std::move(writable) : std::move(file);
}

Result<> sync_path(const Options& opt, const std::string& path) {
  UniqueFd file = TRY(open_for_sync(path));
  const int result = opt.file_system ? ::syncfs(file.get()) : opt.data ? ::fdatasync(file.get()) : ::fsync(file.get());
  if (result < 0)
    return fail("write to disk", path);
  return file.close(path);
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (opt.data && opt.file_system)
    return fail("both --data and --file-system", "", "only one of them can be given");
  if (opt.data && args.empty())
    return fail("--data", "", "needs at least one FILE");
  if (args.empty())
    ::sync();
  for (const std::string_view path : args)
    if (const auto done = sync_path(opt, std::string(path)); !done)
      io.warn(done.error());
  return io.status();
}

}  // namespace

extern const Applet sync_applet = {
    .name = "sync",
    .summary = "write cached data to disk",
    .usage = "[OPTION] [FILE]...",
    .notes = dense<"Without a FILE, everything is written.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
