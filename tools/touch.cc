// touch: set the times of files, and make those that are missing.
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/base/date_parse.h"
#include "lib/base/fd.h"

namespace rescue {
namespace {

enum class Which : uint8_t { access, modification };

struct Options {
  std::optional<std::string> date;
  std::optional<std::string> stamp;
  std::optional<std::string> reference;
  bool access = false;
  bool modification = false;
  bool no_create = false;
  bool ignored = false;
  bool no_dereference = false;
};

constexpr Choice<Which> which_words[] = {{"atime", Which::access},
                                         {"access", Which::access},
                                         {"use", Which::access},
                                         {"mtime", Which::modification},
                                         {"modify", Which::modification}};

Result<> choose_time(Options& o, std::string_view word) {
  const bool access = TRY(choose("--time", word, which_words)) == Which::access;
  o.access = o.access || access;
  o.modification = o.modification || !access;
  return {};
}

constexpr Opt<Options> options[] = {
    {'a', nullptr, &Options::access, "set only the time of the last access"},
    {'c', "no-create", &Options::no_create, "make no files"},
    {'d', "date", &Options::date, "take this time, as for date -d, instead of now", "TEXT"},
    {'f', nullptr, &Options::ignored, "ignored, as GNU's touch does"},
    {'h', "no-dereference", &Options::no_dereference, "set the times of symbolic links themselves"},
    {'m', nullptr, &Options::modification, "set only the time of the last modification"},
    {'r', "reference", &Options::reference, "take the times of RFILE; -d is then relative to them", "RFILE"},
    {'t', nullptr, &Options::stamp, "take this time: [[CC]YY]MMDDhhmm[.ss]", "STAMP"},
    {0, "time", choose_time, "which time: access, atime or use (-a), modify or mtime (-m)", "WORD"},
};

struct Times {
  struct timespec both[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
};

struct timespec now() {
  struct timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return time;
}

Result<struct timespec> parse(const std::string& text, const struct timespec& base) {
  const auto time = parse_date(text, base);
  if (!time)
    return fail("date", "", '\'', Printable(text), "' cannot be understood");
  return *time;
}

Result<Times> find_times(const Options& opt) {
  Times times;
  if (opt.reference) {
    struct stat info{};
    const int found =
        opt.no_dereference ? ::lstat(opt.reference->c_str(), &info) : ::stat(opt.reference->c_str(), &info);
    if (found < 0)
      return fail("look at", *opt.reference);
    times.both[0] = info.st_atim;
    times.both[1] = info.st_mtim;
    if (opt.date)
      for (struct timespec& time : times.both)
        time = TRY(parse(*opt.date, time));
  } else if (opt.date) {
    times.both[0] = times.both[1] = TRY(parse(*opt.date, now()));
  } else if (opt.stamp) {
    const auto seconds = parse_stamp(*opt.stamp, false, now().tv_sec);
    if (!seconds)
      return fail("date", "", '\'', Printable(*opt.stamp), "' is not of the form [[CC]YY]MMDDhhmm[.ss]");
    times.both[0] = times.both[1] = {*seconds, 0};
  }
  return times;
}

Result<> touch(const Options& opt, const Times& times, const std::string& path, int out) {
  if (path == "-") {
    if (::futimens(out, times.both) < 0 && !(errno == EBADF && opt.no_create))
      return fail("set times", "standard output");
    return {};
  }
  int open_code = 0;
  if (!opt.no_create && !opt.no_dereference) {
    auto file = open_file(path, O_WRONLY | O_CREAT | O_NONBLOCK, 0666);
    if (file && ::futimens(file->get(), times.both) == 0)
      return file->close(path);
    open_code = file ? 0 : file.error().code();
  }
  // What cannot be opened for writing may be ours all the same.
  if (::utimensat(AT_FDCWD, path.c_str(), times.both, opt.no_dereference ? AT_SYMLINK_NOFOLLOW : 0) == 0)
    return {};
  if (errno == ENOENT && (opt.no_create))
    return {};
  const int code = errno;
  return open_code != 0 && open_code != EISDIR ? fail("touch", path, open_code) : fail("set times", path, code);
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (opt.stamp && (opt.date || opt.reference))
    return usage_error("give only one of -t, -d and -r");
  Times times = TRY(find_times(opt));
  if (args.empty())
    return fail("missing operand", "", "give a FILE");
  if (opt.access != opt.modification)
    times.both[opt.access ? 1 : 0].tv_nsec = UTIME_OMIT;
  for (const std::string_view path : args)
    if (const auto done = touch(opt, times, std::string(path), io.out.fd()); !done)
      io.warn(done.error());
  return io.status();
}

}  // namespace

extern const Applet touch_applet = {
    .name = "touch",
    .summary = "set the times of files, and make those that are missing",
    .usage = "[OPTION]... FILE...",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
