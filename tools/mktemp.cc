// mktemp: make a file or directory with a name that nobody else has.
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/quote.h"
#include "lib/crypto/random.h"

namespace rescue {
namespace {

struct Options {
  std::optional<std::string> suffix;
  std::optional<std::string> directory_given;
  bool in_directory = false;
  bool directory = false;
  bool dry_run = false;
  bool quiet = false;
  bool old_form = false;
};

Result<> choose_directory(Options& o, std::string_view word) {
  o.in_directory = true;
  if (!word.empty())
    o.directory_given = word;
  return {};
}

constexpr Opt<Options> options[] = {
    {'d', "directory", &Options::directory, "make a directory, not a file"},
    {'u', "dry-run", &Options::dry_run, "make nothing, print a name that is free (somebody may take it first)"},
    {'q', "quiet", &Options::quiet, "say nothing where it cannot be made"},
    {0, "suffix", &Options::suffix, "add SUFFIX to the name", "SUFFIX"},
    {'p', nullptr, choose_directory, "make it in DIR", "DIR"},
    {0, "tmpdir", choose_directory, "make it in DIR; without one in TMPDIR, or /tmp", "[DIR]"},
    {'t', nullptr, &Options::old_form, "TEMPLATE is one component, to be made in TMPDIR, the DIR of -p, or /tmp"},
};

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr int attempts = 1000;

// A name is only made to be free: where the kernel gives no random bytes yet, the clock is enough.
void fill(std::span<uint8_t> bytes, unsigned turn) {
  if (random_bytes(bytes))
    return;
  struct timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  auto state = static_cast<uint64_t>(now.tv_nsec) * 2654435761U + static_cast<uint64_t>(::getpid()) * 40503U + turn;
  for (uint8_t& byte : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<uint8_t>(state >> 56);
  }
}

Result<> create(const Options& opt, const std::string& path) {
  if (opt.dry_run) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) == 0)
      return fail("create", path, EEXIST);
    return errno == ENOENT ? Result<>() : fail("create", path);
  }
  if (opt.directory) {
    if (::mkdir(path.c_str(), 0700) < 0)
      return fail("create directory", path);
    return {};
  }
  return TRY(open_file(path, O_RDWR | O_CREAT | O_EXCL, 0600)).close(path);
}

struct Template {
  std::string before;
  size_t count = 0;  // of X
  std::string after;
};

Result<Template> split_template(const Options& opt, std::string_view text) {
  if (opt.suffix && !text.ends_with('X'))
    return fail("template", text, "must end in X where --suffix is given");
  const size_t last = text.rfind('X');
  const std::string_view before = last == std::string_view::npos ? "" : text.substr(0, last + 1);
  Template split;
  split.after = opt.suffix ? *opt.suffix : std::string(text.substr(before.size()));
  if (split.after.contains('/'))
    return fail("suffix", split.after, "has a slash in it");
  const size_t first = before.find_last_not_of('X') + 1;
  split.before = before.substr(0, first);
  split.count = before.size() - first;
  if (split.count < 3)
    return fail("template", text, "has too few X at its end: three are needed");
  return split;
}

std::string temporary_directory(const Options& opt) {
  const char* const from_environment = ::getenv("TMPDIR");
  const bool has_environment = from_environment != nullptr && *from_environment != '\0';
  // -t looks at the environment first.
  if (opt.old_form && has_environment)
    return from_environment;
  if (opt.directory_given)
    return *opt.directory_given;
  return has_environment ? from_environment : "/tmp";
}

Result<std::string> make(const Options& opt, const Args& args) {
  const bool in_directory = opt.in_directory || opt.old_form || args.empty();
  Template parts = TRY(split_template(opt, args.empty() ? "tmp.XXXXXXXXXX" : args[0]));
  if (in_directory) {
    if (opt.old_form && parts.before.contains('/'))
      return fail("template", parts.before, "has a slash in it");
    if (parts.before.starts_with('/'))
      return fail("template", parts.before, "is absolute, and --tmpdir is given");
    const std::string directory = temporary_directory(opt);
    parts.before = str(directory, directory.ends_with('/') ? "" : "/", parts.before);
  }
  std::vector<uint8_t> random(parts.count);
  for (unsigned turn = 0;; ++turn) {
    fill(random, turn);
    std::string path = parts.before;
    for (const uint8_t byte : random)
      path += letters[byte % letters.size()];
    path += parts.after;
    const auto made = create(opt, path);
    if (made)
      return path;
    if (made.error().code() != EEXIST || turn == attempts)
      return std::unexpected(made.error());
  }
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.size() > 1)
    return fail("extra operand", args[1], "there is one TEMPLATE");
  const auto path = make(opt, args);
  if (!path && opt.quiet && path.error().code() != 0)
    return 1;
  io.out.put(TRY(path), '\n');
  // Nobody would know its name.
  if (!io.out.flush() && !opt.dry_run)
    ::remove(path->c_str());
  return 0;
}

}  // namespace

extern const Applet mktemp_applet = {
    .name = "mktemp",
    .summary = "make a temporary file or directory",
    .usage = "[OPTION]... [TEMPLATE]",
    .notes = dense<"TEMPLATE has at least three X at its end; without one it is tmp.XXXXXXXXXX, in TMPDIR or /tmp.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
