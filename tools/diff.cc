// diff: show how files differ, line by line. See lib/text/diff_print.h for the forms.
#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/locale.h"
#include "lib/base/quote.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/base/time_text.h"
#include "lib/fs/root.h"
#include "lib/text/diff_print.h"
#include "lib/text/letters.h"
#include "lib/text/wildcard.h"

namespace rescue {
namespace {

using Space = LineDiffOptions::Space;

constexpr uint64_t file_limit = uint64_t{1} << 40;

struct Options {
  DiffFormat format;
  std::optional<DiffStyle> style;
  bool brief = false;
  bool fast = false;  // as it always is
  bool say_identical = false;
  bool show_c = false;
  std::optional<std::string> function;
  std::vector<std::string> labels;
  bool recursive = false;
  bool keep_links = false;
  bool new_file = false;
  bool new_first = false;
  bool fold_names = false;
  std::vector<std::string> exclude;
  std::vector<std::string> exclude_from;
  std::string start;
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::vector<std::string> ignore_lines;
  bool text = false;
  bool strip_cr = false;
  std::optional<size_t> horizon;
  std::string digits;
  bool tabs_ignored = false;
  bool trailing_ignored = false;
};

Result<size_t> number(std::string_view text, std::string_view what) {
  const auto value = to_number<size_t>(text);
  if (!value)
    return fail("", "", "invalid ", what, " '", Printable(text), '\'');
  return *value;
}

Result<> set_style(Options& o, DiffStyle style) {
  if (o.style && *o.style != style)
    return fail("", "", "conflicting output style options");
  o.style = style;
  return {};
}

template <DiffStyle style>
Result<> style_is(Options& o, std::string_view context) {
  TRY(set_style(o, style));
  if (!context.empty())
    o.format.context = TRY(number(context, "context length"));
  return {};
}

Result<> set_width(Options& o, std::string_view text) {
  o.format.width = TRY(number(text, "width"));
  return o.format.width == 0 ? Result<>(fail("", "", "invalid width '0'")) : Result<>();
}

Result<> set_tab_size(Options& o, std::string_view text) {
  o.format.tab_size = TRY(number(text, "tabsize"));
  return o.format.tab_size == 0 ? Result<>(fail("", "", "invalid tabsize '0'")) : Result<>();
}

Result<> set_horizon(Options& o, std::string_view text) {
  o.horizon = TRY(number(text, "horizon length"));
  return {};
}

template <auto member>
Result<> in_format(Options& o, std::string_view /*none*/) {
  o.format.*member = true;
  return {};
}

template <auto member>
Result<> in_compare(Options& o, std::string_view /*none*/) {
  o.format.compare.*member = true;
  return {};
}

template <Space space>
Result<> ignore_space(Options& o, std::string_view /*none*/) {
  o.format.compare.space = std::max(o.format.compare.space, space);
  return {};
}

Result<> ignore_tabs(Options& o, std::string_view /*none*/) {
  o.tabs_ignored = true;
  return {};
}

Result<> ignore_trailing(Options& o, std::string_view /*none*/) {
  o.trailing_ignored = true;
  return {};
}

template <char digit>
Result<> digit_is(Options& o, std::string_view /*none*/) {
  o.digits += digit;
  return {};
}

// `which` as in DiffFormat; the first word for one wins.
template <auto member, size_t which>
Result<> format_is(Options& o, std::string_view format) {
  TRY(set_style(o, DiffStyle::groups));
  auto& known = (o.format.*member)[which];
  if (known && *known != format)
    return fail("", "", "conflicting format options");
  known = format;
  return {};
}

Result<> all_lines_are(Options& o, std::string_view format) {
  TRY((format_is<&DiffFormat::line_formats, 0>(o, format)));
  TRY((format_is<&DiffFormat::line_formats, 1>(o, format)));
  return format_is<&DiffFormat::line_formats, 2>(o, format);
}

Result<> if_defined(Options& o, std::string_view name) {
  const std::string less = str("#ifndef ", name, "\n%<"), more = str("%>#endif /* ", name, " */\n");
  TRY((format_is<&DiffFormat::group_formats, 0>(o, str(less, "#endif /* ! ", name, " */\n"))));
  TRY((format_is<&DiffFormat::group_formats, 1>(o, str("#ifdef ", name, '\n', more))));
  TRY((format_is<&DiffFormat::group_formats, 2>(o, "%=")));
  return format_is<&DiffFormat::group_formats, 3>(o, str(less, "#else /* ", name, " */\n", more));
}

Result<> set_color(Options& o, std::string_view when) {
  const char* const term = std::getenv("TERM");
  if (when == "always")
    o.format.color = true;
  else if (when == "never")
    o.format.color = false;
  else if (when.empty() || when == "auto")
    o.format.color = ::isatty(1) == 1 && term != nullptr && std::string_view(term) != "dumb";
  else
    return fail("", "", "invalid color '", Printable(when), '\'');
  return {};
}

// "hd=1:ln=36:de=31:ad=32"
Result<> set_palette(Options& o, std::string_view palette) {
  constexpr std::string_view names[] = {"hd", "ln", "de", "ad"};
  for (const std::string_view word : split(palette, ':'))
    for (size_t i = 0; i < std::size(names); ++i)
      if (word.starts_with(names[i]) && word.substr(2).starts_with('='))
        o.format.palette[i] = word.substr(3);
  return {};
}

constexpr Opt<Options> options[] = {
    Opt<Options>("The form"),
    {0, "normal", style_is<DiffStyle::normal>, "normal (default)"},
    {'q', "brief", &Options::brief, "say only whether files differ"},
    {'s', "report-identical-files", &Options::say_identical, "say where files do not"},
    {'c', nullptr, style_is<DiffStyle::context>, "context, with 3 lines around"},
    {'C', nullptr, style_is<DiffStyle::context>, "context, with NUM lines around", "NUM"},
    {0, "context", style_is<DiffStyle::context>, "the same, or with 3", "[NUM]"},
    {'u', nullptr, style_is<DiffStyle::unified>, "unified, with 3 lines around"},
    {'U', nullptr, style_is<DiffStyle::unified>, "unified, with NUM lines around", "NUM"},
    {0, "unified", style_is<DiffStyle::unified>, "the same, or with 3", "[NUM]"},
    {'e', "ed", style_is<DiffStyle::ed>, "a script for ed"},
    {'f', "forward-ed", style_is<DiffStyle::forward_ed>, "the like, from the beginning to the end"},
    {'n', "rcs", style_is<DiffStyle::rcs>, "as RCS has it"},
    {'y', "side-by-side", style_is<DiffStyle::columns>, "in two columns"},
    {'W', "width", set_width, "no more than NUM columns in all (default 130)", "NUM"},
    {0, "left-column", in_format<&DiffFormat::left_column>, "common lines in the left column only"},
    {0, "suppress-common-lines", in_format<&DiffFormat::suppress_common>, "no common lines"},
    {'p', "show-c-function", &Options::show_c, "show the C function that each hunk is in"},
    {'F', "show-function-line", &Options::function, "show the last line before it that RE matches", "RE"},
    {'L', "label", &Options::labels, "LABEL in place of name and time; for the second file, give it again", "LABEL"},
    {'t', "expand-tabs", in_format<&DiffFormat::expand_tabs>, "blanks for tabs"},
    {'T', "initial-tab", in_format<&DiffFormat::initial_tab>, "a tab before each line, so that tabs stay in line"},
    {0, "tabsize", set_tab_size, "tab stops each NUM columns (default 8)", "NUM"},
    {0, "suppress-blank-empty", in_format<&DiffFormat::suppress_blank_empty>, "no blank before empty lines"},
    {'D', "ifdef", if_defined, "both files as one, with #ifdef NAME around what differs", "NAME"},
    {0, "line-format", all_lines_are, "both files as one, each line by LFMT", "LFMT"},
    {0, "old-line-format", format_is<&DiffFormat::line_formats, 0>, "lines of the first file by LFMT", "LFMT"},
    {0, "new-line-format", format_is<&DiffFormat::line_formats, 1>, "lines of the second file by LFMT", "LFMT"},
    {0, "unchanged-line-format", format_is<&DiffFormat::line_formats, 2>, "common lines by LFMT", "LFMT"},
    {0, "old-group-format", format_is<&DiffFormat::group_formats, 0>, "what is in the first file alone by GFMT",
     "GFMT"},
    {0, "new-group-format", format_is<&DiffFormat::group_formats, 1>, "what is in the second file alone by GFMT",
     "GFMT"},
    {0, "unchanged-group-format", format_is<&DiffFormat::group_formats, 2>, "what is common by GFMT", "GFMT"},
    {0, "changed-group-format", format_is<&DiffFormat::group_formats, 3>, "what was changed by GFMT", "GFMT"},
    {0, "color", set_color, "colour what differs: always, never, auto", "[WHEN]"},
    {0, "palette", set_palette, "the colours, as hd=1:ln=36:de=31:ad=32", "PALETTE"},
    Opt<Options>("The files"),
    {'r', "recursive", &Options::recursive, "compare directories with all that is in them"},
    {0, "no-dereference", &Options::keep_links, "compare symbolic links, not what they lead to"},
    {'N', "new-file", &Options::new_file, "a file that is missing counts as empty"},
    {'P', "unidirectional-new-file", &Options::new_first, "the same, if it is the first one"},
    {0, "ignore-file-name-case", &Options::fold_names, "names may differ in case"},
    {0, "no-ignore-file-name-case", set<&Options::fold_names, false, Options>, "they may not"},
    {'x', "exclude", &Options::exclude, "leave out files whose name PAT matches", "PAT"},
    {'X', "exclude-from", &Options::exclude_from, "leave out those that a line of FILE matches", "FILE"},
    {'S', "starting-file", &Options::start, "begin with FILE in directories", "FILE"},
    {0, "from-file", &Options::from, "compare FILE to all operands", "FILE"},
    {0, "to-file", &Options::to, "compare all operands to FILE", "FILE"},
    Opt<Options>("What counts"),
    {'i', "ignore-case", in_compare<&LineDiffOptions::ignore_case>, "case does not"},
    {'E', "ignore-tab-expansion", ignore_tabs, "tabs and blanks are the same"},
    {'Z', "ignore-trailing-space", ignore_trailing, "white space at the end of lines does not"},
    {'b', "ignore-space-change", ignore_space<Space::change>, "the amount of white space does not"},
    {'w', "ignore-all-space", ignore_space<Space::all>, "white space does not"},
    {'B', "ignore-blank-lines", in_format<&DiffFormat::ignore_blank_lines>, "changes that are all blank lines do not"},
    {'I', "ignore-matching-lines", &Options::ignore_lines, "changes do not where RE matches each line", "RE"},
    {'a', "text", &Options::text, "all files are text"},
    {0, "strip-trailing-cr", &Options::strip_cr, "a carriage return at the end of lines does not"},
    {0, "speed-large-files", &Options::fast, "for large files with many small differences; no difference here"},
    {'d', "minimal", in_compare<&LineDiffOptions::minimal>, "look for the least that differs, however long it takes"},
    {0, "horizon-lines", set_horizon, "NUM more lines of what both begin and end with are compared", "NUM"},
    {'0', nullptr, digit_is<'0'>, "-NUM: NUM lines of context"},
    {'1', nullptr, digit_is<'1'>, ""},
    {'2', nullptr, digit_is<'2'>, ""},
    {'3', nullptr, digit_is<'3'>, ""},
    {'4', nullptr, digit_is<'4'>, ""},
    {'5', nullptr, digit_is<'5'>, ""},
    {'6', nullptr, digit_is<'6'>, ""},
    {'7', nullptr, digit_is<'7'>, ""},
    {'8', nullptr, digit_is<'8'>, ""},
    {'9', nullptr, digit_is<'9'>, ""},
};

// One of two files: what is known of it, and its text.
struct Side {
  std::string path;
  bool exists = true;
  struct stat info{};
  std::string text;
};

std::string_view kind_of(const struct stat& info) {
  switch (info.st_mode & S_IFMT) {
    case S_IFREG: return info.st_size == 0 ? "regular empty file" : "regular file";
    case S_IFDIR: return "directory";
    case S_IFLNK: return "symbolic link";
    case S_IFIFO: return "fifo";
    case S_IFSOCK: return "socket";
    case S_IFCHR: return "character special file";
    case S_IFBLK: return "block special file";
    default: return "weird file";
  }
}

std::string joined(std::string_view dir, std::string_view name) {
  return str(dir, dir.ends_with('/') ? "" : "/", name);
}

class Differ {
 public:
  Differ(const Options& opt, const DiffFormat& format, std::string command, std::vector<std::string> excluded, Io& io)
      : opt_(opt), format_(format), command_(std::move(command)), excluded_(std::move(excluded)), io_(io) {}

  // Two operands: a directory beside a file stands for the file of that name in it.
  int compare_operands(const std::string& first, const std::string& second) {
    Side a;
    Side b;
    const bool has_a = look(first, a, opt_.new_file || opt_.new_first);
    const bool has_b = look(second, b, opt_.new_file);
    if (!a.exists && !b.exists && has_a && has_b) {
      warn(first, ENOENT);
      warn(second, ENOENT);
      return 2;
    }
    if (!has_a || !has_b)
      return 2;
    const bool a_is_dir = a.exists && S_ISDIR(a.info.st_mode);
    const bool b_is_dir = b.exists && S_ISDIR(b.info.st_mode);
    if (a_is_dir != b_is_dir && a.exists && b.exists) {
      if (first == "-" || second == "-") {
        io_.note("cannot compare '-' to a directory");
        return 2;
      }
      Side& dir = a_is_dir ? a : b;
      const std::string path = joined(dir.path, base_name(a_is_dir ? second : first));
      dir = {};
      if (!look(path, dir, opt_.new_file || (opt_.new_first && a_is_dir)))
        return 2;
    }
    return compare(a, b, false);
  }

 private:
  void warn(std::string_view path, int code) { io_.warn(fail("", path, code).error()); }

  bool look(const std::string& path, Side& side, bool may_miss) {
    side.path = path;
    if (path == "-") {
      if (::fstat(io_.in, &side.info) < 0) {
        warn(path, errno);
        return false;
      }
      // What comes through a pipe has the time of now.
      if (!S_ISREG(side.info.st_mode))
        ::clock_gettime(CLOCK_REALTIME, &side.info.st_mtim);
      return true;
    }
    const int flags = opt_.keep_links ? AT_SYMLINK_NOFOLLOW : 0;
    if (::fstatat(AT_FDCWD, path.c_str(), &side.info, flags) == 0)
      return true;
    side.exists = false;
    if (errno == ENOENT && may_miss)
      return true;
    warn(path, errno);
    return false;
  }

  // --- two files

  int compare(Side& a, Side& b, bool in_directory) {
    const bool a_is_dir = a.exists && S_ISDIR(a.info.st_mode);
    const bool b_is_dir = b.exists && S_ISDIR(b.info.st_mode);
    if ((a_is_dir && (b_is_dir || !b.exists)) || (b_is_dir && !a.exists)) {
      if (in_directory && !opt_.recursive) {
        io_.out.put("Common subdirectories: ", a.path, " and ", b.path, '\n');
        return 0;
      }
      if (format_.style == DiffStyle::groups) {
        io_.warn(fail("", "", "directories have no form of groups (-D and its like)").error());
        return 2;
      }
      return compare_directories(a, b);
    }
    const auto special = [](const Side& side) {
      return side.exists && !S_ISREG(side.info.st_mode) && !S_ISDIR(side.info.st_mode);
    };
    if (in_directory && a.exists && b.exists && (a_is_dir || b_is_dir || special(a) || special(b)) &&
        !(S_ISLNK(a.info.st_mode) && S_ISLNK(b.info.st_mode))) {
      io_.out.put("File ", name_of(a, 0), " is a ", kind_of(a.info), " while file ", name_of(b, 1), " is a ",
                  kind_of(b.info), '\n');
      return 1;
    }
    if (a.exists && b.exists && S_ISLNK(a.info.st_mode) && S_ISLNK(b.info.st_mode))
      return compare_links(a, b);
    // The same file differs nowhere.
    const bool columns = (format_.style == DiffStyle::columns || prints_common()) && !opt_.brief;
    const bool same = a.exists && b.exists && a.info.st_dev == b.info.st_dev && a.info.st_ino == b.info.st_ino;
    if (same && !columns && (a.path != "-" || b.path == "-"))
      return identical(a, b);
    if (!read(a) || !read(b))
      return 2;
    if (a.text == b.text)
      return columns ? compare_texts(a, b, in_directory) : identical(a, b);
    constexpr size_t head = 65536;
    const bool binary = !opt_.text && (std::string_view(a.text).substr(0, head).contains('\0') ||
                                       std::string_view(b.text).substr(0, head).contains('\0'));
    if (binary) {
      io_.out.put(opt_.brief ? "Files " : "Binary files ", name_of(a, 0), " and ", name_of(b, 1), " differ\n");
      return 1;
    }
    return compare_texts(a, b, in_directory);
  }

  int compare_links(const Side& a, const Side& b) {
    const auto x = read_link_at(AT_FDCWD, a.path, a.path);
    const auto y = read_link_at(AT_FDCWD, b.path, b.path);
    if (x && y && *x == *y)
      return identical(a, b);
    io_.out.put("Symbolic links ", a.path, " and ", b.path, " differ\n");
    return 1;
  }

  int identical(const Side& a, const Side& b) {
    if (opt_.say_identical)
      io_.out.put("Files ", name_of(a, 0), " and ", name_of(b, 1), " are identical\n");
    return 0;
  }

  // Whether what does not differ is printed too.
  bool prints_common() const {
    return format_.style == DiffStyle::groups && !format_.group_formats[2]->empty() &&
           (*format_.group_formats[2] != "%=" || !format_.line_formats[2]->empty());
  }

  // A label stands for a name.
  std::string name_of(const Side& side, size_t which) const {
    return which < opt_.labels.size() ? opt_.labels[which] : side.path;
  }

  static std::string shown_name(const std::string& name) {
    const bool odd =
        std::ranges::any_of(name, [](char c) { return c == ' ' || c == '"' || c == '\\' || (c >= 0 && c < 0x20); });
    return odd ? quoted(name, QuotingStyle::c) : name;
  }

  bool read(Side& side) {
    if (!side.exists)
      return true;
    UniqueFd file;
    if (side.path != "-") {
      auto opened = open_file(side.path, O_RDONLY);
      if (!opened) {
        warn(side.path, opened.error().code());
        return false;
      }
      file = std::move(*opened);
    }
    auto text = read_all(file ? file.get() : io_.in, file_limit, side.path);
    if (!text) {
      warn(side.path, text.error().code());
      return false;
    }
    side.text = std::move(*text);
    // Scripts for ed cannot say that a newline is missing.
    const bool script = format_.style == DiffStyle::ed || format_.style == DiffStyle::forward_ed;
    if (script && !side.text.empty() && !side.text.ends_with('\n')) {
      io_.warn(fail("", side.path, "No newline at end of file").error());
      side.text += '\n';
    }
    if (opt_.strip_cr) {
      size_t to = 0;
      for (size_t from = 0; from < side.text.size(); ++from)
        if (side.text[from] != '\r' || from + 1 >= side.text.size() || side.text[from + 1] != '\n')
          side.text[to++] = side.text[from];
      side.text.resize(to);
    }
    return true;
  }

  std::string header(const Side& side, size_t which) const {
    if (which < opt_.labels.size())
      return opt_.labels[which];
    const struct timespec time = side.exists ? side.info.st_mtim : timespec{};
    const std::string shown = shown_name(side.path);
    const auto fields = local_time(time.tv_sec);
    // POSIX wants this form in its locale, which nothing set is as well.
    const std::string_view locale = locale_of("LC_TIME");
    const bool posix = format_.style == DiffStyle::context && (locale.empty() || is_posix_locale(locale));
    const std::string_view form = posix ? "%a %b %e %T %Y" : "%Y-%m-%d %H:%M:%S.%N %z";
    return str(shown, '\t', fields ? time_text(form, *fields, time.tv_sec, static_cast<uint32_t>(time.tv_nsec)) : "");
  }

  int compare_texts(const Side& a, const Side& b, bool in_directory) {
    const DiffSide before{header(a, 0), lines_of(a.text)};
    const DiffSide after{header(b, 1), lines_of(b.text)};
    DiffPrinter printer(format_, before, after, io_.out);
    if (opt_.brief) {
      if (!printer.differs())
        return identical(a, b);
      io_.out.put("Files ", name_of(a, 0), " and ", name_of(b, 1), " differ\n");
      return 1;
    }
    const std::string preamble =
        in_directory ? str("diff", command_, ' ', shown_name(name_of(a, 0)), ' ', shown_name(name_of(b, 1)), '\n') : "";
    if (!printer.print(preamble))
      return identical(a, b);
    return 1;
  }

  // --- directories

  bool is_excluded(std::string_view name) const {
    return std::ranges::any_of(excluded_,
                               [&](const std::string& glob) { return wildcard_match(glob, name, opt_.fold_names); });
  }

  std::string folded(std::string_view name) const {
    std::string out(name);
    if (opt_.fold_names)
      for (char& c : out)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
  }

  bool list(const Side& side, std::vector<std::string>& names) {
    if (!side.exists)
      return true;
    auto dir = open_file(side.path, O_RDONLY | O_DIRECTORY);
    auto entries = dir ? list_dir(dir->get(), side.path) : std::unexpected(dir.error());
    if (!entries) {
      warn(side.path, entries.error().code());
      return false;
    }
    for (DirEntry& entry : *entries)
      if (!is_excluded(entry.name))
        names.push_back(std::move(entry.name));
    if (opt_.fold_names)
      rescue::sort(names, {}, [this](const std::string& name) { return folded(name); });
    return true;
  }

  using Inode = std::pair<dev_t, ino_t>;
  struct Above {
    Inode a, b;
  };

  static Inode inode_of(const Side& side) { return {side.info.st_dev, side.info.st_ino}; }

  int compare_directories(const Side& a, const Side& b) {
    if (a.exists && b.exists && a.info.st_dev == b.info.st_dev && a.info.st_ino == b.info.st_ino)
      return 0;
    // Links are followed: one may lead back to a directory above it.
    for (const Side* const side : {&a, &b})
      if (above_.size() > 2000 ||
          (side->exists && std::ranges::contains(above_, inode_of(*side), side == &a ? &Above::a : &Above::b))) {
        warn(side->path, ELOOP);
        return 2;
      }
    above_.push_back({inode_of(a), inode_of(b)});
    std::vector<std::string> left;
    std::vector<std::string> right;
    const bool has_left = list(a, left);
    const bool has_right = list(b, right);
    int status = has_left && has_right ? 0 : 2;
    const auto skip = [&](std::vector<std::string>& names) {
      if (above_.size() == 1 && !opt_.start.empty())
        std::erase_if(names, [&](const std::string& name) { return name < opt_.start; });
    };
    skip(left);
    skip(right);
    size_t i = 0;
    size_t j = 0;
    while (i < left.size() || j < right.size()) {
      const int order = i == left.size() ? 1 : j == right.size() ? -1 : folded(left[i]).compare(folded(right[j]));
      const std::string* x = order <= 0 ? &left[i++] : nullptr;
      const std::string* y = order >= 0 ? &right[j++] : nullptr;
      status = std::max(status, compare_entries(a, x, b, y));
    }
    above_.pop_back();
    return status;
  }

  int compare_entries(const Side& dir_a, const std::string* name_a, const Side& dir_b, const std::string* name_b) {
    const bool only_a = name_b == nullptr;
    const bool only_b = name_a == nullptr;
    if ((only_a && !opt_.new_file) || (only_b && !opt_.new_file && !opt_.new_first)) {
      io_.out.put("Only in ", only_a ? dir_a.path : dir_b.path, ": ", only_a ? *name_a : *name_b, '\n');
      return 1;
    }
    Side a;
    Side b;
    if (!look(joined(dir_a.path, only_b ? *name_b : *name_a), a, only_b) ||
        !look(joined(dir_b.path, only_a ? *name_a : *name_b), b, only_a))
      return 2;
    // A directory whose other half is missing is gone through only where all of it is.
    const Side& there = only_a ? a : b;
    if ((only_a || only_b) && S_ISDIR(there.info.st_mode) && !opt_.recursive && !opt_.new_file) {
      io_.out.put("Only in ", only_a ? dir_a.path : dir_b.path, ": ", only_a ? *name_a : *name_b, '\n');
      return 1;
    }
    return compare(a, b, true);
  }

  const Options& opt_;
  DiffFormat format_;
  std::string command_;  // the options, to be shown before each file of a directory
  std::vector<std::string> excluded_;
  Io& io_;
  std::vector<Above> above_;
};

Result<Regex> expression(std::string_view text) {
  auto regex = Regex::compile(text, RegexSyntax{.bytes = bytes_are_characters()});
  if (!regex)
    return fail("", "", Printable(text), ": ", regex.error().detail());
  return std::move(*regex);
}

Result<std::vector<std::string>> exclusions(const Options& opt, const Io& io) {
  std::vector<std::string> all = opt.exclude;
  for (const std::string& name : opt.exclude_from) {
    UniqueFd file;
    if (name != "-")
      file = TRY(open_file(name, O_RDONLY));
    const std::string text = TRY(read_all(file ? file.get() : io.in, file_limit, name));
    for (std::string_view line : split(text, '\n')) {
      while (!line.empty() && (line.back() == ' ' || line.back() == '\t'))
        line.remove_suffix(1);
      if (!line.empty())
        all.emplace_back(line);
    }
  }
  return all;
}

// The words of the command line that are options, as they are shown before each file of a directory.
std::string option_words(std::span<const char* const> words, const Args& operands) {
  std::string text;
  for (const char* word : words) {
    const std::string_view view(word);
    const bool is_operand = std::ranges::any_of(operands, [&](std::string_view o) { return o.data() == word; });
    if (!is_operand && view != "--")
      text += ' ' + quoted(view, QuotingStyle::shell_escape);
  }
  return text;
}

Result<int> run(const Options& opt, Io& io, const Args& args, std::span<const char* const> words) {
  DiffFormat format = opt.format;
  format.style = opt.style.value_or(DiffStyle::normal);
  if (!opt.digits.empty())
    format.context = TRY(number(opt.digits, "context length"));
  LineDiffOptions& compare = format.compare;
  if (compare.space == Space::exact)
    compare.space = opt.tabs_ignored ? (opt.trailing_ignored ? Space::tabs_and_trailing : Space::tabs)
                                     : (opt.trailing_ignored ? Space::trailing : Space::exact);
  compare.tab_size = format.tab_size;
  std::optional<Regex> function;
  if (opt.function)
    function = TRY(expression(*opt.function));
  else if (opt.show_c)
    function = TRY(expression("^[[:alpha:]$_]"));
  // Functions are only shown where there is context.
  if (opt.show_c && !opt.style)
    format.style = DiffStyle::context;
  if (format.style == DiffStyle::groups)
    settle_groups(format);
  format.function = function ? &*function : nullptr;
  std::optional<Regex> ignored;
  if (!opt.ignore_lines.empty()) {
    const std::vector<std::string_view> patterns(opt.ignore_lines.begin(), opt.ignore_lines.end());
    auto regex = Regex::compile(patterns, RegexSyntax{.bytes = bytes_are_characters()});
    if (!regex)
      return fail("", "", regex.error().detail());
    ignored = std::move(*regex);
  }
  format.ignored = ignored ? &*ignored : nullptr;
  const bool hunks = format.style == DiffStyle::unified || format.style == DiffStyle::context;
  compare.horizon = std::max(opt.horizon.value_or(0), hunks ? format.context : 0);
  if (opt.labels.size() > 2)
    return fail("", "", "too many file label options");
  Differ differ(opt, format, option_words(words, args), TRY(exclusions(opt, io)), io);
  if (opt.from && opt.to)
    return fail("", "", "--from-file and --to-file both specified");
  int status = 0;
  if (opt.from || opt.to) {
    for (const std::string_view name : args)
      status = std::max(status, opt.from ? differ.compare_operands(*opt.from, std::string(name))
                                         : differ.compare_operands(std::string(name), *opt.to));
    return status;
  }
  if (args.size() < 2)
    return usage_error("missing operand after '", args.empty() ? "diff" : printable(args[0]), '\'');
  if (args.size() > 2)
    return usage_error("extra operand '", Printable(args[2]), '\'');
  return differ.compare_operands(std::string(args[0]), std::string(args[1]));
}

int start(const Applet& applet, Io& io, std::span<const char* const> words) {
  Options parsed;
  Args args;
  if (const auto status = detail::prepare(applet, &parsed, io, words, args))
    return *status;
  Result<int> status = run(parsed, io, args, words);
  // A difference that could not be shown is a failure first of all.
  if (status && (!io.out.flush() || io.status() != 0))
    status = applet.failure_status;
  return detail::finish(applet, io, std::move(status));
}

}  // namespace

extern const Applet diff_applet = {
    .name = "diff",
    .summary = "show how files differ, line by line",
    .usage = "[OPTION]... FILE1 FILE2\n[OPTION]... --from-file=FILE1 FILE2...\n[OPTION]... --to-file=FILE2 FILE1...",
    .failure_status = 2,
    .dies_with_reader = true,
    .version_letter = 'v',
    .notes = dense<
        "A directory beside a file stands for the file of that name in it; - is standard input.\n"
        "LFMT: %L the line, %l without its newline, %dn its number. GFMT: %< %> %= the lines; %dX a number, X of\n"
        "f l n e m (first, last, how many, before, after; large: of the second file); %(A=B?T:E). Both: %% %c'C'.\n"
        "Exit status: 0 if nothing differs, 1 if something does, 2 if something failed.">,
    .options = describe<options>,
    .run = start,
};
}  // namespace rescue
