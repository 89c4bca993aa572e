// stat: print what the system knows of files and file systems.
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/base/quote.h"
#include "lib/base/time_text.h"
#include "lib/fs/fs_type.h"
#include "lib/fs/mode.h"
#include "lib/fs/mount_point.h"
#include "lib/fs/names.h"
#include "lib/fs/root.h"

namespace rescue {
namespace {

enum class Cached : uint8_t { by_default, always, never };

struct Options {
  std::optional<std::string> format;
  Cached cached = Cached::by_default;
  bool escapes = false;
  bool dereference = false;
  bool file_system = false;
  bool terse = false;
};

constexpr Choice<Cached> cached_words[] = {
    {"default", Cached::by_default}, {"never", Cached::never}, {"always", Cached::always}};

Result<> choose_cached(Options& o, std::string_view word) {
  o.cached = TRY(choose("--cached", word, cached_words));
  return {};
}

template <bool escapes>
Result<> choose_format(Options& o, std::string_view text) {
  o.format = text;
  o.escapes = escapes;
  return {};
}

constexpr Opt<Options> options[] = {
    {'L', "dereference", &Options::dereference, "follow links"},
    {'f', "file-system", &Options::file_system, "tell of the file system, not of the file"},
    {0, "cached", choose_cached, "whether a network file system may answer from memory: always, never, default",
     "MODE"},
    {'c', "format", choose_format<false>, "print FORMAT and a newline", "FORMAT"},
    {0, "printf", choose_format<true>, "print FORMAT, with backslash escapes and without a newline", "FORMAT"},
    {'t', "terse", &Options::terse, "print everything in one line"},
};

constexpr DenseText notes = dense<
    "FORMAT for files: %a %A permissions (octal, text), %b %B blocks and their size, %C SELinux label,\n"
    "%d %D device, %Hd %Ld its parts, %f raw mode, %F type, %g %G group, %h links, %i inode, %m mount\n"
    "point, %n %N name (plain, quoted), %o I/O size, %r %R %Hr %Lr %t %T device type, %s size, %u %U\n"
    "owner, %w %W birth, %x %X access, %y %Y modification, %z %Z change (text, seconds).\n"
    "For file systems: %a %b %f blocks (free for all, all, free), %c %d inodes (all, free), %i ID,\n"
    "%l longest name, %n name, %s %S block size, %t %T type.">;

constexpr std::string_view file_text =
    "  File: %N\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\nDevice: %Hd,%Ld\tInode: %-11i Links: %h\n";
constexpr std::string_view device_text =
    "  File: %N\n  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\nDevice: %Hd,%Ld\tInode: %-11i Links: %-5h Device "
    "type: "
    "%Hr,%Lr\n";
constexpr std::string_view common_text =
    "Access: (%04a/%10.10A)  Uid: (%5u/%8U)   Gid: (%5g/%8G)\nAccess: %x\nModify: %y\nChange: %z\n Birth: %w\n";
constexpr std::string_view terse_text = "%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %W %o\n";
constexpr std::string_view system_text =
    "  File: \"%n\"\n    ID: %-8i Namelen: %-7l Type: %T\nBlock size: %-10s Fundamental block size: %S\n"
    "Blocks: Total: %-10b Free: %-10f Available: %a\nInodes: Total: %-10c Free: %d\n";
constexpr std::string_view system_terse_text = "%n %i %l %t %s %S %b %f %a %c %d\n";

// What stands between the percent sign and the letter.
struct Flags {
  bool left = false, zero = false, plus = false, blank = false, alternate = false;
  size_t width = 0;
  std::optional<size_t> precision;
  bool empty_precision = false;
};

std::string padded(std::string text, const Flags& flags, bool zeros) {
  if (text.size() >= flags.width)
    return text;
  const size_t missing = flags.width - text.size();
  if (flags.left)
    return text.append(missing, ' ');
  return text.insert(zeros && !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0, missing, zeros ? '0' : ' ');
}

std::string string_text(std::string_view text, const Flags& flags) {
  return padded(std::string(text.substr(0, flags.precision.value_or(text.size()))), flags, false);
}

// A number, as printf would: digits in `base` 8, 10 or 16.
std::string number_text(uint64_t value, int base, const Flags& flags, bool negative = false) {
  char digits[24];
  std::string text(digits, std::to_chars(digits, digits + sizeof digits, value, base).ptr);
  if (flags.alternate && value != 0 && base != 10)
    text.insert(0, base == 16 ? "0x" : "0");
  if (flags.precision && text.size() < *flags.precision)
    text.insert(0, *flags.precision - text.size(), '0');
  if (negative)
    text.insert(0, "-");
  else if (flags.plus)
    text.insert(0, "+");
  else if (flags.blank)
    text.insert(0, " ");
  return padded(std::move(text), flags, flags.zero && !flags.precision);
}

// Seconds, with as many decimals as the precision asks for.
std::string seconds_text(int64_t seconds, uint32_t nanoseconds, Flags flags) {
  size_t precision = flags.precision.value_or(flags.empty_precision ? 9 : 0);
  flags.precision.reset();
  bool negative = seconds < 0;
  uint64_t whole = negative ? -static_cast<uint64_t>(seconds) : static_cast<uint64_t>(seconds);
  uint32_t fraction = nanoseconds;
  if (negative && nanoseconds != 0) {
    // Towards minus infinity, as many digits as are shown: -1.5 is kept as -2 and a half.
    uint32_t unit = 1;
    for (size_t i = std::min<size_t>(precision, 9); i < 9; ++i)
      unit *= 10;
    const uint32_t shown = nanoseconds / unit;
    const uint32_t modulus = 1000000000U / unit;
    const uint32_t rest = modulus - shown - (nanoseconds % unit != 0 ? 1 : 0);
    fraction = rest * unit;
    if (rest != 0)
      --whole;
  }
  if (precision == 0)
    return number_text(whole, 10, flags, negative);
  std::string decimals = str(1000000000U + fraction).substr(1);
  decimals.resize(precision, '0');
  const size_t tail = decimals.size() + 1;
  Flags number = flags;
  number.width = flags.left ? 0 : flags.width > tail ? flags.width - tail : 0;
  number.left = false;
  return padded(str(number_text(whole, 10, number, negative), '.', decimals),
                {.left = flags.left, .width = flags.width}, false);
}

std::string time_of(int64_t seconds, uint32_t nanoseconds) {
  const auto fields = local_time(seconds);
  if (!fields)
    return str(seconds, '.', str(1000000000U + nanoseconds).substr(1));
  return time_text("%Y-%m-%d %H:%M:%S.%N %z", *fields, seconds, nanoseconds);
}

std::string_view type_name(mode_t mode, uint64_t size) {
  switch (mode & S_IFMT) {
    case S_IFREG: return size == 0 ? "regular empty file" : "regular file";
    case S_IFDIR: return "directory";
    case S_IFLNK: return "symbolic link";
    case S_IFBLK: return "block special file";
    case S_IFCHR: return "character special file";
    case S_IFIFO: return "fifo";
    case S_IFSOCK: return "socket";
    default: return "weird file";
  }
}

struct FileInfo {
  struct statx data{};
  std::string path;
  bool from_input = false;
};

struct SystemInfo {
  struct statfs data{};
  std::string path;
};

class Printer {
 public:
  Printer(const Options& opt, Io& io) : opt_(opt), io_(io) {}

  // Prints `format` for a file or a file system; `convert` does one letter.
  template <typename Info>
  Result<> print(std::string_view format, bool escapes, const Info& info) {
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] == '%') {
        TRY(conversion(format, i, info));
      } else if (format[i] == '\\' && escapes) {
        escape(format, i);
      } else {
        io_.out.put(format[i]);
      }
    }
    return {};
  }

  Result<> print_file(const std::string& path) {
    FileInfo info;
    info.path = path;
    info.from_input = path == "-";
    TRY(look(info));
    if (opt_.format)
      return print_with_end(info);
    if (opt_.terse)
      return print(label_of(info) ? str(terse_text.substr(0, terse_text.size() - 1), " %C\n") : std::string(terse_text),
                   false, info);
    const bool device = S_ISBLK(info.data.stx_mode) || S_ISCHR(info.data.stx_mode);
    TRY(print(device ? device_text : file_text, false, info));
    const size_t context = common_text.find("Access: %x");
    TRY(print(common_text.substr(0, context), false, info));
    if (label_of(info))
      TRY(print("Context: %C\n", false, info));
    return print(common_text.substr(context), false, info);
  }

  Result<> print_system(const std::string& path) {
    SystemInfo info{.path = path};
    if (path == "-")
      return fail("file system", "-", "is no name here: standard input has none");
    if (::statfs(path.c_str(), &info.data) < 0)
      return fail("read file system information", path);
    if (opt_.format)
      return print_with_end(info);
    return print(opt_.terse ? system_terse_text : system_text, false, info);
  }

 private:
  template <typename Info>
  Result<> print_with_end(const Info& info) {
    TRY(print(*opt_.format, opt_.escapes, info));
    if (!opt_.escapes)
      io_.out.put('\n');
    return {};
  }

  // One statx(2), or stat(2) where the kernel (before 4.11) has none.
  Result<> look(FileInfo& info) const {
    const int sync = opt_.cached == Cached::always  ? AT_STATX_DONT_SYNC
                     : opt_.cached == Cached::never ? AT_STATX_FORCE_SYNC
                                                    : 0;
    const int follow = info.from_input ? AT_EMPTY_PATH : opt_.dereference ? 0 : AT_SYMLINK_NOFOLLOW;
    const int dir = info.from_input ? io_.in : AT_FDCWD;
    const char* const name = info.from_input ? "" : info.path.c_str();
    if (::syscall(SYS_statx, dir, name, follow | sync | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &info.data) ==
        0)
      return {};
    const int code = errno;
    struct stat old{};
    if (code != ENOSYS && code != EPERM)
      return fail("look at", info.path, code);
    if ((info.from_input ? ::fstat(dir, &old) : ::fstatat(dir, name, &old, follow)) < 0)
      return fail("look at", info.path);
    fill(info.data, old);
    return {};
  }

  static void fill(struct statx& x, const struct stat& s) {
    x.stx_mode = static_cast<uint16_t>(s.st_mode);
    x.stx_nlink = static_cast<uint32_t>(s.st_nlink);
    x.stx_uid = s.st_uid;
    x.stx_gid = s.st_gid;
    x.stx_ino = s.st_ino;
    x.stx_size = static_cast<uint64_t>(s.st_size);
    x.stx_blocks = static_cast<uint64_t>(s.st_blocks);
    x.stx_blksize = static_cast<uint32_t>(s.st_blksize);
    x.stx_dev_major = major(s.st_dev);
    x.stx_dev_minor = minor(s.st_dev);
    x.stx_rdev_major = major(s.st_rdev);
    x.stx_rdev_minor = minor(s.st_rdev);
    x.stx_atime = {.tv_sec = s.st_atim.tv_sec, .tv_nsec = static_cast<uint32_t>(s.st_atim.tv_nsec)};
    x.stx_mtime = {.tv_sec = s.st_mtim.tv_sec, .tv_nsec = static_cast<uint32_t>(s.st_mtim.tv_nsec)};
    x.stx_ctime = {.tv_sec = s.st_ctim.tv_sec, .tv_nsec = static_cast<uint32_t>(s.st_ctim.tv_nsec)};
  }

  // The escape sequence at format[i]; leaves i at its last character.
  void escape(std::string_view format, size_t& i) {
    static constexpr std::string_view letters = "abefnrtv\"\\";
    static constexpr std::string_view meanings = "\a\b\x1b\f\n\r\t\v\"\\";
    const auto digits = [&](int base, size_t most) {
      size_t count = 0;
      while (count < most && to_number<unsigned>(format.substr(i + 1, count + 1), base) &&
             i + 1 + count < format.size())
        ++count;
      io_.out.put(static_cast<char>(to_number<unsigned>(format.substr(i + 1, count), base).value_or(0)));
      i += count;
    };
    if (++i == format.size()) {
      io_.note("warning: there is a backslash at the end of the format");
      io_.out.put('\\');
    } else if (const size_t known = letters.find(format[i]); known != std::string_view::npos) {
      io_.out.put(meanings[known]);
    } else if (format[i] >= '0' && format[i] <= '7') {
      --i;
      digits(8, 3);
    } else if (format[i] == 'x' && to_number<unsigned>(format.substr(i + 1, 1), 16)) {
      digits(16, 2);
    } else {
      io_.note("warning: no escape is written \\", Printable(format.substr(i, 1)));
      io_.out.put(format[i]);
    }
  }

  template <typename Info>
  Result<> conversion(std::string_view format, size_t& i, const Info& info) {
    const size_t start = i;
    Flags flags;
    size_t at = i + 1;
    for (; at < format.size(); ++at) {
      const char c = format[at];
      if (c == '-')
        flags.left = true;
      else if (c == '0')
        flags.zero = true;
      else if (c == '+')
        flags.plus = true;
      else if (c == ' ')
        flags.blank = true;
      else if (c == '#')
        flags.alternate = true;
      else if (c != '\'' && c != 'I')
        break;
    }
    const auto number = [&] {
      size_t value = 0;
      for (; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++at)
        value = std::min<size_t>(value * 10 + static_cast<size_t>(format[at] - '0'), 65536);
      return value;
    };
    flags.width = number();
    if (at < format.size() && format[at] == '.') {
      const size_t digits = ++at;
      const size_t precision = number();
      if (at > digits)
        flags.precision = precision;
      else
        flags.empty_precision = true;
    }
    char half = '\0';
    if (at + 1 < format.size() && (format[at] == 'H' || format[at] == 'L') &&
        (format[at + 1] == 'd' || format[at + 1] == 'r'))
      half = format[at++];
    const char letter = at < format.size() ? format[at] : '\0';
    i = at;
    if (letter == '\0' || letter == '%') {
      if (at > start + 1)
        return fail("format", "", '\'', Printable(format.substr(start, at + 1 - start)), "' is no conversion");
      io_.out.put('%');
      return {};
    }
    // Only sizes and times are numbers that might have a sign.
    if (letter != 's' && (letter < 'W' || letter > 'Z'))
      flags.plus = flags.blank = false;
    return convert(letter, half, flags, info);
  }

  std::string device_number(char letter, char half, const Flags& flags, unsigned major_part, unsigned minor_part) {
    if (half != '\0')
      return number_text(half == 'H' ? major_part : minor_part, 10, flags);
    return number_text(makedev(major_part, minor_part), letter >= 'a' ? 10 : 16, flags);
  }

  std::string name_text(NameFile& file, uint32_t id, const Flags& flags) {
    const std::string_view name = file.name_of(id);
    return string_text(name.empty() ? "UNKNOWN" : name, flags);
  }

  QuotingStyle quoting() const {
    if (!opt_.format)
      return QuotingStyle::literal;
    const char* const style = ::getenv("QUOTING_STYLE");
    if (style == nullptr)
      return QuotingStyle::shell_escape_always;
    for (size_t i = 0; i < std::size(quoting_style_names); ++i)
      if (quoting_style_names[i] == style)
        return static_cast<QuotingStyle>(i);
    io_.note("QUOTING_STYLE names no style, and is ignored");
    return QuotingStyle::shell_escape_always;
  }

  Result<std::string> quoted_name(const FileInfo& info) const {
    const QuotingStyle style = quoting();
    std::string name = quoted(info.path, style);
    if (S_ISLNK(info.data.stx_mode))
      name += str(" -> ", quoted(TRY(read_link_at(AT_FDCWD, info.path, info.path)), style));
    return name;
  }

  std::optional<std::string> label_of(const FileInfo& info) const {
    static constexpr const char* attribute = "security.selinux";
    char label[1024];
    const ssize_t size = info.from_input    ? ::fgetxattr(io_.in, attribute, label, sizeof label)
                         : opt_.dereference ? ::getxattr(info.path.c_str(), attribute, label, sizeof label)
                                            : ::lgetxattr(info.path.c_str(), attribute, label, sizeof label);
    if (size <= 0)
      return std::nullopt;
    return std::string(label, ::strnlen(label, static_cast<size_t>(size)));
  }

  Result<> convert(char letter, char half, const Flags& flags, const FileInfo& info) {
    const struct statx& x = info.data;
    Output& out = io_.out;
    const auto text = [&](std::string_view words) { out.put(string_text(words, flags)); };
    const auto number = [&](uint64_t value, int base = 10) { out.put(number_text(value, base, flags)); };
    switch (letter) {
      case 'n': text(info.path); break;
      case 'N': text(TRY(quoted_name(info))); break;
      case 'd':
      case 'D': out.put(device_number(letter, half, flags, x.stx_dev_major, x.stx_dev_minor)); break;
      case 'r':
      case 'R': out.put(device_number(letter, half, flags, x.stx_rdev_major, x.stx_rdev_minor)); break;
      case 'i': number(x.stx_ino); break;
      case 'a': number(x.stx_mode & 07777, 8); break;
      case 'A': text(mode_text(x.stx_mode)); break;
      case 'f': number(x.stx_mode, 16); break;
      case 'F': text(type_name(x.stx_mode, x.stx_size)); break;
      case 'h': number(x.stx_nlink); break;
      case 'u': number(x.stx_uid); break;
      case 'U': out.put(name_text(names_.users, x.stx_uid, flags)); break;
      case 'g': number(x.stx_gid); break;
      case 'G': out.put(name_text(names_.groups, x.stx_gid, flags)); break;
      case 'm': text(info.from_input ? "?" : TRY(mount_point_of(info.path))); break;
      case 's': number(x.stx_size); break;
      case 't': number(x.stx_rdev_major, 16); break;
      case 'T': number(x.stx_rdev_minor, 16); break;
      case 'B': number(512); break;
      case 'b': number(x.stx_blocks); break;
      case 'o': number(x.stx_blksize); break;
      case 'C':
        if (const auto label = label_of(info)) {
          text(*label);
        } else {
          text("?");
          io_.warn(fail("read the label", info.path, ENODATA).error());
        }
        break;
      default: return convert_time(letter, flags, x);
    }
    return {};
  }

  Result<> convert_time(char letter, const Flags& flags, const struct statx& x) {
    const bool as_number = letter >= 'A' && letter <= 'Z';
    const struct statx_timestamp* time = nullptr;
    switch (as_number ? letter - 'A' + 'a' : letter) {
      case 'x': time = &x.stx_atime; break;
      case 'y': time = &x.stx_mtime; break;
      case 'z': time = &x.stx_ctime; break;
      case 'w': time = &x.stx_btime; break;
      default: io_.out.put('?'); return {};
    }
    const bool unknown = time == &x.stx_btime && (x.stx_mask & STATX_BTIME) == 0;
    if (as_number)
      io_.out.put(unknown ? number_text(0, 10, flags) : seconds_text(time->tv_sec, time->tv_nsec, flags));
    else
      io_.out.put(string_text(unknown ? "-" : time_of(time->tv_sec, time->tv_nsec), flags));
    return {};
  }

  Result<> convert(char letter, char /*half*/, const Flags& flags, const SystemInfo& info) {
    const struct statfs& s = info.data;
    Output& out = io_.out;
    const auto number = [&](uint64_t value, int base = 10) { out.put(number_text(value, base, flags)); };
    const auto magic = static_cast<uint32_t>(s.f_type);
    switch (letter) {
      case 'n': out.put(string_text(info.path, flags)); break;
      case 'i': {
        uint32_t id[2];
        std::memcpy(id, &s.f_fsid, sizeof id);
        number(uint64_t{id[0]} << 32 | id[1], 16);
        break;
      }
      case 'l': number(static_cast<uint64_t>(s.f_namelen)); break;
      case 't': number(magic, 16); break;
      case 'T': {
        const std::string_view name = file_system_name(magic);
        Flags hex;
        out.put(string_text(name.empty() ? str("UNKNOWN (0x", number_text(magic, 16, hex), ')') : std::string(name),
                            flags));
        break;
      }
      case 'b': number(s.f_blocks); break;
      case 'f': number(s.f_bfree); break;
      case 'a': number(s.f_bavail); break;
      case 's': number(static_cast<uint64_t>(s.f_bsize)); break;
      case 'S': number(static_cast<uint64_t>(s.f_frsize != 0 ? s.f_frsize : s.f_bsize)); break;
      case 'c': number(s.f_files); break;
      case 'd': number(s.f_ffree); break;
      default: out.put('?'); break;
    }
    return {};
  }

  const Options& opt_;
  Io& io_;
  Names names_;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return fail("missing operand", "", "give a FILE");
  Printer printer(opt, io);
  for (const std::string_view word : args) {
    const std::string path(word);
    if (const auto done = opt.file_system ? printer.print_system(path) : printer.print_file(path); !done)
      io.warn(done.error());
  }
  return io.status();
}

}  // namespace

extern const Applet stat_applet = {
    .name = "stat",
    .summary = "print what is known of files and file systems",
    .usage = "[OPTION]... FILE...",
    .notes = notes,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
