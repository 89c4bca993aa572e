// The one executable: finds the applet by the name it was called by, or by its first word.
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "applet_table.h"
#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/manual.h"
#include "lib/base/version.h"

namespace rescue { namespace {

using Words = std::span<const char* const>;

const Applet* find_applet(std::string_view name) {
  size_t low = 0;
  for (size_t high = applet_count; low < high;) {
    const size_t middle = (low + high) / 2;
    if (applet_table[middle]->name < name)
      low = middle + 1;
    else
      high = middle;
  }
  return low < applet_count && applet_table[low]->name == name ? applet_table[low] : nullptr;
}

// A descriptor 0, 1 or 2 that is closed would be given to the first file that is opened, and messages would end up
// in it. A path-only descriptor holds the place: reading and writing it fails with EBADF, as on a closed one.
void hold_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF)
      ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

// `pipe_ignored`: whether we were started with SIGPIPE ignored, which then stays so for all.
int run_named(const Applet& applet, Words words, bool pipe_ignored) {
  if (applet.dies_with_reader && !pipe_ignored)
    std::signal(SIGPIPE, SIG_DFL);
  Io io(applet.name, applet.failure_status);
  return run_applet(applet, io, words);
}

struct Options {
  std::string install;
  bool list = false;
  std::string man;
  std::string section;
};

constexpr Opt<Options> options[] = {
    {0, "install", &Options::install, "make a link for every applet in DIR", "DIR"},
    {0, "list", &Options::list, "print the applets' names, one a line"},
    {0, "man", &Options::man, "print the manual page of APPLET as roff; reads its description from standard input",
     "APPLET"},
    {0, "section", &Options::section, "print the section of the manual that APPLET is in", "APPLET"},
};

extern const Applet rescue_applet;

Result<const Applet*> need_applet(std::string_view name) {
  if (name == "rescue")
    return &rescue_applet;
  if (const Applet* const applet = find_applet(name))
    return applet;
  return usage_error("no applet is called '", Printable(name), "'; `rescue` alone lists them");
}

void list_summaries(Io& io) {
  io.out.put("rescue ", version, ": commands that run without glibc. `rescue APPLET --help` explains one.\n\n");
  for (size_t i = 0; i < applet_count; ++i) {
    std::string name(applet_table[i]->name);
    name.resize(std::max<size_t>(name.size() + 1, 18), ' ');
    io.out.put("  ", name, applet_table[i]->summary, '\n');
  }
  io.out.put("\nIs glibc gone? Start with:  rescue-extract --help\n");
}

// What a link in `dir` says: just "rescue" beside the executable, so that the kit can be moved as a whole; else the
// executable's own path.
Result<std::string> link_target(const std::string& dir) {
  struct stat own{};
  struct stat beside{};
  if (::stat("/proc/self/exe", &own) < 0)
    return fail("find this executable", "/proc/self/exe");
  if (::stat(str(dir, "/rescue").c_str(), &beside) == 0 && own.st_dev == beside.st_dev && own.st_ino == beside.st_ino)
    return "rescue";
  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length < 0)
    return fail("find this executable", "/proc/self/exe");
  return std::string(path, static_cast<size_t>(length));
}

Result<int> install_links(Io& io, const std::string& dir) {
  if (::mkdir(dir.c_str(), 0755) < 0 && errno != EEXIST)
    return fail("make directory", dir);
  const std::string target = TRY(link_target(dir));
  for (size_t i = 0; i < applet_count; ++i) {
    const std::string link = str(dir, '/', applet_table[i]->name);
    char found[4096];
    const ssize_t length = ::readlink(link.c_str(), found, sizeof found);
    const bool same = length > 0 && std::string_view(found, static_cast<size_t>(length)) == target;
    if (!same && ::symlink(target.c_str(), link.c_str()) < 0)
      io.warn(fail("make link", link).error());
  }
  return io.status();
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  TRY(args.expect_end());
  if (!opt.install.empty())
    return install_links(io, opt.install);
  if (!opt.man.empty()) {
    const Applet* const applet = TRY(need_applet(opt.man));
    print_manual(*applet, TRY(read_all(io.in, 1 << 20, "standard input")), io.out);
    return 0;
  }
  if (!opt.section.empty()) {
    io.out.put(TRY(need_applet(opt.section))->section, '\n');
    return 0;
  }
  if (!opt.list) {
    list_summaries(io);
    return 0;
  }
  for (size_t i = 0; i < applet_count; ++i)
    io.out.put(applet_table[i]->name, '\n');
  return 0;
}

constinit const Applet rescue_applet = {
    .name = "rescue",
    .summary = "the commands of the rescue kit in one executable",
    .usage = "APPLET [ARGUMENT]...\n--list\n--install DIR",
    .section = 8,
    .operands_end_options = true,
    .options = describe<options>,
    .run = entry<options, run>,
};

int dispatch(Words words, bool pipe_ignored) {
  const std::string_view called = words.empty() ? "rescue" : base_name(words[0]);
  if (!words.empty())
    words = words.subspan(1);
  if (const Applet* const applet = find_applet(called))
    return run_named(*applet, words, pipe_ignored);
  if (applet_count == 1)
    return run_named(*applet_table[0], words, pipe_ignored);
  if (words.empty() || words[0][0] == '-')
    return run_named(rescue_applet, words, pipe_ignored);
  const auto applet = need_applet(words[0]);
  if (applet)
    return run_named(**applet, words.subspan(1), pipe_ignored);
  Io io("rescue", 2);
  return detail::finish(rescue_applet, io, std::unexpected(applet.error()));
}

}  // namespace
}  // namespace rescue

int main(int argc, char** argv) {
  rescue::hold_standard_descriptors();
  // A closed pipe is an error that is reported, not a silent death; what we run gets the default back.
  const bool pipe_ignored = std::signal(SIGPIPE, SIG_IGN) == SIG_IGN;
  return rescue::dispatch({argv, static_cast<size_t>(argc)}, pipe_ignored);
}
