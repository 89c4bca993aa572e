// truncate: set the size of files.
#include <cerrno>
#include <limits>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/size_text.h"

namespace rescue {
namespace {

enum class Relation : uint8_t { exactly, extend, reduce, at_most, at_least, round_down, round_up };

struct Options {
  std::optional<std::string> size;
  std::optional<std::string> reference;
  bool no_create = false;
  bool in_blocks = false;
};

constexpr Opt<Options> options[] = {
    {'c', "no-create", &Options::no_create, "make no files"},
    {'o', "io-blocks", &Options::in_blocks, "SIZE counts blocks, as the file system has them"},
    {'r', "reference", &Options::reference, "take the size of RFILE", "RFILE"},
    {'s', "size", &Options::size,
     "the size, or + to extend by it, - to reduce, < at most, > at least, / round down to, % round up to multiples",
     "SIZE"},
};

struct Size {
  int64_t value = 0;
  Relation relation = Relation::exactly;
};

Result<Size> parse(std::string_view text) {
  const std::string given(text);
  Size size;
  const auto skip_blanks = [&] {
    while (text.starts_with(' ') || text.starts_with('\t'))
      text.remove_prefix(1);
  };
  skip_blanks();
  if (!text.empty())
    switch (text[0]) {
      case '<': size.relation = Relation::at_most; break;
      case '>': size.relation = Relation::at_least; break;
      case '/': size.relation = Relation::round_down; break;
      case '%': size.relation = Relation::round_up; break;
      default: break;
    }
  if (size.relation != Relation::exactly)
    text.remove_prefix(1);
  skip_blanks();
  const bool has_sign = text.starts_with('+') || text.starts_with('-');
  if (has_sign && size.relation != Relation::exactly)
    return fail("size", "", '\'', Printable(given), "' is relative twice");
  const bool negative = text.starts_with('-');
  if (has_sign)
    text.remove_prefix(1);
  const ParsedSize parsed = parse_size(text, "EgGkKmMPtTYZ0");
  if (parsed.problem != SizeProblem::none || parsed.value > std::numeric_limits<int64_t>::max())
    return fail("size", "", '\'', Printable(given), "' is not one");
  size.value = static_cast<int64_t>(parsed.value);
  if (has_sign)
    size.relation = negative ? Relation::reduce : Relation::extend;
  if ((size.relation == Relation::round_down || size.relation == Relation::round_up) && size.value == 0)
    return fail("size", "", "cannot round to multiples of nothing");
  return size;
}

// The size that a file of `now` bytes gets; nothing where it would be too large.
std::optional<int64_t> new_size(int64_t now, const Size& size) {
  int64_t result = size.value;
  switch (size.relation) {
    case Relation::exactly: break;
    case Relation::extend:
      if (__builtin_add_overflow(now, size.value, &result))
        return std::nullopt;
      break;
    case Relation::reduce: result = now > size.value ? now - size.value : 0; break;
    case Relation::at_most: result = std::min(now, size.value); break;
    case Relation::at_least: result = std::max(now, size.value); break;
    case Relation::round_down: result = now - now % size.value; break;
    case Relation::round_up:
      if (__builtin_add_overflow(now, (size.value - now % size.value) % size.value, &result))
        return std::nullopt;
      break;
  }
  return result;
}

// The end of a file; of a device, which has no size of its own, where seeking ends.
Result<int64_t> size_of(int fd, const struct stat& info, std::string_view path) {
  if (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))
    return info.st_size;
  const off_t end = ::lseek(fd, 0, SEEK_END);
  if (end < 0)
    return fail("find the size", path);
  return end;
}

Result<> change(const Options& opt, const std::optional<int64_t>& reference, std::optional<Size> size,
                const std::string& path) {
  auto file = open_file(path, O_WRONLY | O_NONBLOCK | (opt.no_create ? 0 : O_CREAT), 0666);
  if (!file && opt.no_create && file.error().code() == ENOENT)
    return {};
  UniqueFd fd = TRY(std::move(file));
  struct stat info{};
  if (::fstat(fd.get(), &info) < 0)
    return fail("look at", path);
  if (opt.in_blocks && size &&
      __builtin_mul_overflow(size->value, static_cast<int64_t>(std::max<blksize_t>(info.st_blksize, 512)),
                             &size->value))
    return fail("set the size", path, EOVERFLOW);
  std::optional<int64_t> wanted = reference;
  if (size) {
    const int64_t now = reference                             ? *reference
                        : size->relation != Relation::exactly ? TRY(size_of(fd.get(), info, path))
                                                              : 0;
    wanted = new_size(now, *size);
  }
  if (!wanted)
    return fail("set the size", path, EOVERFLOW);
  if (::ftruncate(fd.get(), *wanted) < 0)
    return fail("set the size", path);
  return fd.close(path);
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  std::optional<Size> size;
  if (opt.size)
    size = TRY(parse(*opt.size));
  if (!opt.size && !opt.reference)
    return usage_error("give a --size or a --reference");
  if (opt.reference && size && size->relation == Relation::exactly)
    return usage_error("with --reference, a --size must be relative");
  if (opt.in_blocks && !size)
    return usage_error("--io-blocks needs a --size");
  if (args.empty())
    return fail("missing operand", "", "give a FILE");
  std::optional<int64_t> reference;
  if (opt.reference) {
    struct stat info{};
    if (::stat(opt.reference->c_str(), &info) < 0)
      return fail("look at", *opt.reference);
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
      const UniqueFd fd = TRY(open_file(*opt.reference, O_RDONLY));
      reference = TRY(size_of(fd.get(), info, *opt.reference));
    } else {
      reference = info.st_size;
    }
  }
  for (const std::string_view path : args)
    if (const auto done = change(opt, reference, size, std::string(path)); !done)
      io.warn(done.error());
  return io.status();
}

}  // namespace

extern const Applet truncate_applet = {
    .name = "truncate",
    .summary = "set the size of files",
    .usage = "OPTION... FILE...",
    .notes = dense<"SIZE is a number with a unit: K M G T P E (of 1024), KB MB ... (of 1000).">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
