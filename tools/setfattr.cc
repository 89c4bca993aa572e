// setfattr: set and remove extended attributes.
#include <cerrno>

#include <fcntl.h>
#include <sys/xattr.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/fs/xattr_text.h"

namespace rescue {
namespace {

struct Options {
  std::optional<std::string> name;
  std::optional<std::string> remove;
  std::optional<std::string> value;
  std::optional<std::string> restore;
  bool no_dereference = false;
  bool raw = false;
};

constexpr Opt<Options> options[] = {
    {'n', "name", &Options::name, "set this attribute", "NAME"},
    {'x', "remove", &Options::remove, "remove this attribute", "NAME"},
    {'v', "value", &Options::value, "to this value: text, 0x and hexadecimal digits, or 0s and base64", "VALUE"},
    {'h', "no-dereference", &Options::no_dereference, "of symbolic links themselves"},
    {0, "restore", &Options::restore, "set what is in FILE, as getfattr --dump writes it; - is standard input", "FILE"},
    {0, "raw", &Options::raw, "VALUE is the value as it is"},
};

Result<> set(const std::string& path, const std::string& name, std::string_view value, bool link) {
  const int done = link ? ::lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0)
                        : ::setxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0);
  if (done < 0)
    return fail(str("set ", name), path);
  return {};
}

Result<> remove(const std::string& path, const std::string& name, bool link) {
  if ((link ? ::lremovexattr(path.c_str(), name.c_str()) : ::removexattr(path.c_str(), name.c_str())) < 0)
    return fail(str("remove ", name), path);
  return {};
}

// "# file: PATH", lines NAME=VALUE, an empty line.
Result<int> restore(const Options& opt, Io& io) {
  UniqueFd file;
  if (*opt.restore != "-")
    file = TRY(open_file(*opt.restore, O_RDONLY));
  const std::string text = TRY(read_all(file ? file.get() : io.in, 1 << 28, *opt.restore));
  std::optional<std::string> path;
  uint64_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    constexpr std::string_view start = "# file: ";
    if (line.starts_with(start)) {
      path = unquote_xattr(line.substr(start.size()));
      continue;
    }
    if (line.empty()) {
      path.reset();
      continue;
    }
    if (!path)
      return fail(str("line ", number), *opt.restore, "belongs to no file");
    const size_t equals = line.find('=');
    const auto value = decode_xattr(equals == std::string_view::npos ? "" : line.substr(equals + 1));
    const auto done = value ? set(*path, unquote_xattr(line.substr(0, equals)), *value, opt.no_dereference)
                            : fail(str("line ", number), *opt.restore, "has a value that is no text, 0x or 0s");
    if (!done)
      io.warn(done.error());
  }
  return io.status();
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (int{opt.name.has_value()} + int{opt.remove.has_value()} + int{opt.restore.has_value()} != 1)
    return usage_error("give one of --name, --remove and --restore");
  if (opt.value && !opt.name)
    return usage_error("--value needs a --name");
  if (opt.restore)
    return restore(opt, io);
  if (args.empty())
    return usage_error("give a FILE");
  const auto value = opt.raw ? opt.value : decode_xattr(opt.value.value_or(""));
  if (opt.value && !value)
    return fail("value", "", "is neither text nor 0x and hexadecimal digits nor 0s and base64");
  for (const std::string_view path : args) {
    const auto done = opt.name ? set(std::string(path), *opt.name, value.value_or(""), opt.no_dereference)
                               : remove(std::string(path), *opt.remove, opt.no_dereference);
    if (!done)
      io.warn(done.error());
  }
  return io.status();
}

}  // namespace

extern const Applet setfattr_applet = {
    .name = "setfattr",
    .summary = "set and remove extended attributes",
    .usage = "-n NAME [-v VALUE] [-h] FILE...\n-x NAME [-h] FILE...\n--restore=FILE",
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
