// ls: list what is in directories.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/base/columns.h"
#include "lib/base/quote.h"
#include "lib/base/size_text.h"
#include "lib/base/sort.h"
#include "lib/base/time_text.h"
#include "lib/base/utf8.h"
#include "lib/base/version_order.h"
#include "lib/fs/canonical.h"
#include "lib/fs/descent.h"
#include "lib/fs/directory.h"
#include "lib/fs/file_colors.h"
#include "lib/fs/mode.h"
#include "lib/fs/names.h"
#include "lib/text/wildcard.h"

namespace rescue {
namespace {

// GNU's two kinds of failure: of something that was named, and of something found on the way.
constexpr int status_serious = 2;
constexpr int status_minor = 1;

enum class Format : uint8_t { unset, lines, details, down, across, commas };
enum class Hidden : uint8_t { no, almost_all, all };
enum class Sort : uint8_t { unset, none, name, time, size, extension, version, width };
enum class Time : uint8_t { modified, accessed, changed, born };
enum class Indicator : uint8_t { none, slash, type, classify };
enum class Follow : uint8_t { unset, never, directories_named, named, always };

struct Options {
  Format format = Format::unset;
  Hidden hidden = Hidden::no;
  Sort sort = Sort::unset;
  Time time = Time::modified;
  bool time_chosen = false;
  Indicator indicator = Indicator::none;
  Follow follow = Follow::unset;
  When color = When::never;
  std::optional<QuotingStyle> quoting;
  std::optional<bool> hide_controls;
  std::optional<SizeStyle> size_style;
  std::string time_style;
  std::optional<size_t> width;
  std::optional<size_t> tab_size;
  std::vector<std::string> hide;
  std::vector<std::string> ignore;
  bool author = false, context = false, directory = false, directories_first = false, inode = false, kibibytes = false;
  bool no_group = false, no_owner = false, numeric = false, recursive = false, reverse = false, blocks = false;
  bool zero = false, dired = false;
  When hyperlink = When::never;
};

constexpr Choice<When> when_words[] = {
    {"always", When::always},  {"yes", When::always},    {"force", When::always},
    {"never", When::never},    {"no", When::never},      {"none", When::never},
    {"auto", When::automatic}, {"tty", When::automatic}, {"if-tty", When::automatic}};
constexpr Choice<Format> format_words[] = {{"verbose", Format::details},    {"long", Format::details},
                                           {"commas", Format::commas},      {"horizontal", Format::across},
                                           {"across", Format::across},      {"vertical", Format::down},
                                           {"single-column", Format::lines}};
constexpr Choice<Sort> sort_words[] = {
    {"none", Sort::none},       {"time", Sort::time},   {"size", Sort::size}, {"extension", Sort::extension},
    {"version", Sort::version}, {"width", Sort::width}, {"name", Sort::name}};
constexpr Choice<Time> time_words[] = {
    {"atime", Time::accessed},        {"access", Time::accessed}, {"use", Time::accessed},
    {"ctime", Time::changed},         {"status", Time::changed},  {"mtime", Time::modified},
    {"modification", Time::modified}, {"birth", Time::born},      {"creation", Time::born}};
constexpr Choice<Indicator> indicator_words[] = {{"none", Indicator::none},
                                                 {"slash", Indicator::slash},
                                                 {"file-type", Indicator::type},
                                                 {"classify", Indicator::classify}};
constexpr Choice<QuotingStyle> quoting_words[] = {{"literal", QuotingStyle::literal},
                                                  {"shell", QuotingStyle::shell},
                                                  {"shell-always", QuotingStyle::shell_always},
                                                  {"shell-escape", QuotingStyle::shell_escape},
                                                  {"shell-escape-always", QuotingStyle::shell_escape_always},
                                                  {"c", QuotingStyle::c},
                                                  {"c-maybe", QuotingStyle::c_maybe},
                                                  {"escape", QuotingStyle::escape},
                                                  {"locale", QuotingStyle::locale},
                                                  {"clocale", QuotingStyle::clocale}};

Result<> choose_color(Options& o, std::string_view word) {
  o.color = word.empty() ? When::always : TRY(choose("--color", word, when_words));
  return {};
}

Result<> choose_hyperlink(Options& o, std::string_view word) {
  o.hyperlink = word.empty() ? When::always : TRY(choose("--hyperlink", word, when_words));
  return {};
}

Result<> choose_classify(Options& o, std::string_view word) {
  const When when = word.empty() ? When::always : TRY(choose("--classify", word, when_words));
  if (when == When::always || (when == When::automatic && ::isatty(STDOUT_FILENO) == 1))
    o.indicator = Indicator::classify;
  return {};
}

Result<> choose_format(Options& o, std::string_view word) {
  o.format = TRY(choose("--format", word, format_words));
  return {};
}

Result<> choose_sort(Options& o, std::string_view word) {
  o.sort = TRY(choose("--sort", word, sort_words));
  return {};
}

Result<> choose_time(Options& o, std::string_view word) {
  o.time = TRY(choose("--time", word, time_words));
  o.time_chosen = true;
  return {};
}

Result<> choose_indicator(Options& o, std::string_view word) {
  o.indicator = TRY(choose("--indicator-style", word, indicator_words));
  return {};
}

Result<> choose_quoting(Options& o, std::string_view word) {
  o.quoting = TRY(choose("--quoting-style", word, quoting_words));
  return {};
}

Result<> choose_block_size(Options& o, std::string_view text) {
  const ParsedStyle parsed = parse_size_style(text);
  if (parsed.problem == SizeProblem::too_large)
    return fail("--block-size", "", '\'', Printable(text), "' is too large");
  if (parsed.problem != SizeProblem::none)
    return fail("--block-size", "", '\'', Printable(text), "' is not a size");
  o.size_style = parsed.style;
  return {};
}

Result<> human_sizes(Options& o, std::string_view /*none*/) {
  o.size_style = human_style;
  return {};
}

Result<> si_sizes(Options& o, std::string_view /*none*/) {
  o.size_style = si_style;
  return {};
}

// As C writes numbers: 0x50, 0120 or 80. One that is too large is `endless`, where that is given.
Result<> choose_columns(std::optional<size_t>& columns, std::string_view what, std::string_view text,
                        std::optional<size_t> endless = std::nullopt) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const std::string_view digits = text.substr(hex ? 2 : 0);
  const int base = hex ? 16 : text.starts_with('0') ? 8 : 10;
  if (digits.empty() || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
    return fail(what, "", '\'', Printable(text), "' is not a number");
  ptrdiff_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  const bool too_large = error == std::errc::result_out_of_range;
  if (end != digits.data() + digits.size() || (too_large && !endless))
    return fail(what, "", '\'', Printable(text), too_large ? "' is too large" : "' is not a number");
  columns = too_large ? *endless : static_cast<size_t>(value);
  return {};
}

Result<> choose_width(Options& o, std::string_view text) {
  return choose_columns(o.width, "line width", text, 0);
}

Result<> choose_tab_size(Options& o, std::string_view text) {
  return choose_columns(o.tab_size, "tab size", text);
}

template <Time time>
Result<> use_time(Options& o, std::string_view /*none*/) {
  o.time = time;
  o.time_chosen = true;
  return {};
}

Result<> one_per_line(Options& o, std::string_view /*none*/) {
  if (o.format != Format::details)
    o.format = Format::lines;
  return {};
}

Result<> ignore_backups(Options& o, std::string_view /*none*/) {
  o.ignore.insert(o.ignore.end(), {"*~", ".*~"});
  return {};
}

// -f: as the directory has it, quickly.
Result<> raw_order(Options& o, std::string_view /*none*/) {
  o.hidden = Hidden::all;
  o.sort = Sort::none;
  o.color = When::never;
  o.blocks = false;
  if (o.format == Format::details)
    o.format = Format::unset;
  return {};
}

Result<> full_time(Options& o, std::string_view /*none*/) {
  o.format = Format::details;
  o.time_style = "full-iso";
  return {};
}

template <bool Options::* also>
Result<> details_and(Options& o, std::string_view /*none*/) {
  o.format = Format::details;
  o.*also = true;
  return {};
}

Result<> zero_ends(Options& o, std::string_view /*none*/) {
  o.zero = true;
  if (o.format != Format::details)
    o.format = Format::lines;
  o.color = When::never;
  o.quoting = QuotingStyle::literal;
  o.hide_controls = false;
  return {};
}

constexpr Opt<Options> options[] = {
    Opt<Options>("What is listed"),
    {'a', "all", set<&Options::hidden, Hidden::all>, "names beginning with a dot too"},
    {'A', "almost-all", set<&Options::hidden, Hidden::almost_all>, "the same, but not . and .."},
    {'B', "ignore-backups", ignore_backups, "no names ending with ~"},
    {'d', "directory", &Options::directory, "directories themselves, not what is in them"},
    {0, "hide", &Options::hide, "no names matching PATTERN (unless -a or -A is given)", "PATTERN"},
    {'I', "ignore", &Options::ignore, "no names matching PATTERN", "PATTERN"},
    {'R', "recursive", &Options::recursive, "subdirectories too, and theirs"},
    {'H', "dereference-command-line", set<&Options::follow, Follow::named>, "follow symbolic links that are named"},
    {0, "dereference-command-line-symlink-to-dir", set<&Options::follow, Follow::directories_named>,
     "follow symbolic links that are named and lead to a directory"},
    {'L', "dereference", set<&Options::follow, Follow::always>, "show what symbolic links lead to"},
    Opt<Options>("Order"),
    {'r', "reverse", &Options::reverse, "the other way round"},
    {'S', nullptr, set<&Options::sort, Sort::size>, "by size, largest first"},
    {'t', nullptr, set<&Options::sort, Sort::time>, "by time, newest first"},
    {'U', nullptr, set<&Options::sort, Sort::none>, "as the directory has them"},
    {'v', nullptr, set<&Options::sort, Sort::version>, "by the version numbers in names: lib-2 before lib-10"},
    {'X', nullptr, set<&Options::sort, Sort::extension>, "by the ending of the name"},
    {0, "sort", choose_sort, "none, size, time, version, extension, width or name", "WORD"},
    {'f', nullptr, raw_order, "all, as the directory has them: -aU, without -l, -s and --color"},
    {0, "group-directories-first", &Options::directories_first, "directories before files"},
    Opt<Options>("Form"),
    {'1', nullptr, one_per_line, "one name per line"},
    {'C', nullptr, set<&Options::format, Format::down>, "columns, read downwards"},
    {'x', nullptr, set<&Options::format, Format::across>, "columns, read across"},
    {'m', nullptr, set<&Options::format, Format::commas>, "a list with commas"},
    {'l', nullptr, set<&Options::format, Format::details>, "type, permissions, links, owner, group, size, time, name"},
    {0, "format", choose_format, "across, commas, horizontal, long, single-column, verbose or vertical", "WORD"},
    {'w', "width", choose_width, "columns of a line; 0 means no limit", "COLS"},
    {'T', "tabsize", choose_tab_size, "tab stops every COLS; 0 means no tabs", "COLS"},
    {'D', "dired", &Options::dired, "with -l: say at the end where in the output the names are, for Emacs"},
    {0, "zero", zero_ends, "a zero byte instead of a newline after each line"},
    {0, "color", choose_color, "colour the names: always, auto or never", "[WHEN]"},
    {0, "hyperlink", choose_hyperlink, "names as links for the terminal: always, auto or never", "[WHEN]"},
    {'F', nullptr, set<&Options::indicator, Indicator::classify>, "one of */=>@| after names, by type"},
    {0, "classify", choose_classify, "the same: always, auto or never", "[WHEN]"},
    {0, "file-type", set<&Options::indicator, Indicator::type>, "the same, without *"},
    {'p', nullptr, set<&Options::indicator, Indicator::slash>, "a slash after the names of directories"},
    {0, "indicator-style", choose_indicator, "none, slash (-p), file-type or classify (-F)", "WORD"},
    {'i', "inode", &Options::inode, "the inode number"},
    {'Z', "context", &Options::context, "SELinux' label"},
    {'s', "size", &Options::blocks, "the space that is taken up, in blocks"},
    Opt<Options>("Details (with -l)"),
    {'g', nullptr, details_and<&Options::no_owner>, "as -l, without the owner"},
    {'o', nullptr, details_and<&Options::no_group>, "as -l, without the group"},
    {'n', "numeric-uid-gid", details_and<&Options::numeric>, "as -l, with owner and group as numbers"},
    {'G', "no-group", &Options::no_group, "no group"},
    {0, "author", &Options::author, "the author, which on Linux is the owner"},
    {'c', nullptr, use_time<Time::changed>, "the time of the last change of status; sort by it, unless -l"},
    {'u', nullptr, use_time<Time::accessed>, "the time of the last access; sort by it, unless -l"},
    {0, "time", choose_time, "the time to show: atime, ctime, mtime or birth", "WORD"},
    {0, "time-style", &Options::time_style, "full-iso, long-iso, iso, locale or +FORMAT as for date", "STYLE"},
    {0, "full-time", full_time, "as -l --time-style=full-iso"},
    {'h', "human-readable", human_sizes, "sizes like 1K 234M 2G"},
    {0, "si", si_sizes, "the same, in powers of 1000"},
    {'k', "kibibytes", &Options::kibibytes, "blocks of 1024 bytes"},
    {0, "block-size", choose_block_size, "sizes in units of SIZE, such as M or KB", "SIZE"},
    Opt<Options>("Unusual names"),
    {'b', "escape", set<&Options::quoting, QuotingStyle::escape>, "escapes as in C: \\n"},
    {'N', "literal", set<&Options::quoting, QuotingStyle::literal>, "as they are"},
    {'q', "hide-control-chars", set<&Options::hide_controls, true>, "? for what cannot be shown"},
    {0, "show-control-chars", set<&Options::hide_controls, false>, "what cannot be shown as it is"},
    {'Q', "quote-name", set<&Options::quoting, QuotingStyle::c>, "in double quotes"},
    {0, "quoting-style", choose_quoting,
     "literal, locale, shell, shell-always, shell-escape, shell-escape-always, c or escape", "WORD"},
};

// What the options, the environment and the terminal come to.
struct Settings {
  const Options& opt;
  Format format = Format::lines;
  Sort sort = Sort::name;
  Follow follow = Follow::never;
  QuotingStyle quoting = QuotingStyle::literal;
  bool hide_controls = false;
  std::string_view quote_in_names;  // characters that names have quoted too
  SizeStyle block_style, size_style;
  std::string old_format, recent_format;
  size_t line_width = 80;
  size_t tab_size = 8;
  std::optional<FileColors> colors;
  bool align_quotes = false;
  bool hyperlink = false;
  std::string* dired = nullptr;  // what is printed so far, where places in it are asked for
  bool need_stat = false, need_type = false, need_target_mode = false;
};

bool is_columns(Format format) {
  return format == Format::down || format == Format::across || format == Format::commas;
}

size_t terminal_width() {
  struct winsize size{};
  if (::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  const char* const columns = ::getenv("COLUMNS");
  return to_number<size_t>(columns != nullptr ? columns : "").value_or(80);
}

void settle_layout(Settings& s, bool terminal) {
  const Options& opt = s.opt;
  s.format = opt.format != Format::unset ? opt.format : terminal ? Format::down : Format::lines;
  if (is_columns(s.format) || s.format == Format::details)
    s.line_width = opt.width ? *opt.width : terminal_width();
  const char* const tabs = is_columns(s.format) ? ::getenv("TABSIZE") : nullptr;
  s.tab_size = opt.tab_size ? *opt.tab_size : to_number<size_t>(tabs != nullptr ? tabs : "").value_or(8);
  s.sort = opt.sort;
  if (s.sort == Sort::unset)
    s.sort = opt.time_chosen && s.format != Format::details ? Sort::time : Sort::name;
  s.follow = opt.follow;
  if (s.follow == Follow::unset) {
    const bool as_they_are = opt.directory || opt.indicator == Indicator::classify || s.format == Format::details;
    s.follow = as_they_are ? Follow::never : Follow::directories_named;
  }
}

void settle_quoting(Settings& s, Io& io, bool terminal) {
  s.quoting = terminal ? QuotingStyle::shell_escape : QuotingStyle::literal;
  if (const char* const word = ::getenv("QUOTING_STYLE"); word != nullptr && !s.opt.quoting) {
    if (const auto style = choose("QUOTING_STYLE", word, quoting_words))
      s.quoting = *style;
    else
      io.note("ignoring the environment's ", message(style.error()));
  }
  s.quoting = s.opt.quoting.value_or(s.quoting);
  s.hide_controls = s.opt.hide_controls.value_or(terminal);
  const bool outer =
      s.quoting == QuotingStyle::shell || s.quoting == QuotingStyle::shell_escape || s.quoting == QuotingStyle::c_maybe;
  const bool columns = (s.format == Format::down || s.format == Format::across) && s.line_width > 0;
  s.align_quotes = outer && (columns || s.format == Format::details);
  // The marks that may follow a name would otherwise be taken for a part of it.
  if (s.quoting == QuotingStyle::escape)
    s.quote_in_names = s.opt.indicator == Indicator::classify ? " =>@|"
                       : s.opt.indicator == Indicator::type   ? " *=>@|"
                                                              : " ";
  else if (s.opt.indicator == Indicator::classify || s.opt.indicator == Indicator::type)
    s.quote_in_names = s.opt.indicator == Indicator::classify ? "=>@|" : "*=>@|";
}

// The environment is not asked for what will not be shown: it is long, and ls is called often.
void settle_sizes(Settings& s) {
  if (s.format != Format::details && !s.opt.blocks)
    return;
  if (s.opt.size_style) {
    s.block_style = s.size_style = *s.opt.size_style;
    return;
  }
  s.block_style = size_style_of_environment("LS_BLOCK_SIZE");
  const bool also_sizes = ::getenv("LS_BLOCK_SIZE") != nullptr || ::getenv("BLOCK_SIZE") != nullptr;
  s.size_style = also_sizes ? s.block_style : byte_style;
  if (s.opt.kibibytes)
    s.block_style = {.block = 1024};
}

struct TimeStyle {
  std::string_view old_format, recent_format;
  bool operator==(const TimeStyle&) const = default;
};

constexpr TimeStyle locale_times = {"%b %e  %Y", "%b %e %H:%M"};
constexpr Choice<TimeStyle> time_styles[] = {{"full-iso", {"%Y-%m-%d %H:%M:%S.%N %z", "%Y-%m-%d %H:%M:%S.%N %z"}},
                                             {"long-iso", {"%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M"}},
                                             {"iso", {"%Y-%m-%d ", "%m-%d %H:%M"}},
                                             {"locale", locale_times}};

Result<> settle_time_style(Settings& s) {
  if (s.format != Format::details)
    return {};
  const char* const wanted = ::getenv("TIME_STYLE");
  std::string_view style = s.opt.time_style;
  if (style.empty())
    style = wanted != nullptr ? wanted : "locale";
  // posix-STYLE is STYLE outside the POSIX locale, in which we always are.
  if (style.starts_with("posix-"))
    style = "locale";
  if (!style.starts_with('+')) {
    const auto times = choose("--time-style", style, time_styles);
    if (!times)
      return with_status(times.error(), Status::unset);
    s.old_format = times->old_format;
    s.recent_format = times->recent_format;
    return {};
  }
  const std::vector<std::string_view> formats = split(style.substr(1), '\n');
  if (formats.size() > 2)
    return fail("--time-style", "", "has more than two formats");
  s.old_format = formats[0];
  s.recent_format = formats.back();
  return {};
}

void settle_colors(Settings& s, Io& io, bool terminal) {
  if (s.opt.color == When::never || (s.opt.color == When::automatic && !terminal))
    return;
  FileColors::Problem problem{};
  FileColors colors = FileColors::from_environment(problem);
  if (problem == FileColors::Problem::unreadable)
    io.note("LS_COLORS cannot be understood; names are not coloured");
  if (problem != FileColors::Problem::none)
    return;
  s.colors = std::move(colors);
  // Some terminals paint the gap that a tab makes, and some do not.
  s.tab_size = 0;
}

// Text for a URL: RFC 3986's unreserved characters stand for themselves.
std::string escaped_for_url(std::string_view text) {
  std::string url;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("~._-/").contains(c);
    url += plain ? std::string(1, c) : str('%', to_hex({&c, 1}));
  }
  return url;
}

void settle_needs(Settings& s) {
  const Options& opt = s.opt;
  if (opt.directories_first)
    s.need_target_mode = true;
  else if (s.colors)
    s.need_target_mode = s.colors->is_colored(ColorFor::orphan) || s.colors->links_as_target() ||
                         (s.colors->is_colored(ColorFor::missing) && s.format == Format::details);
  // An inode, too: the directory names that of the place a file system is mounted on, and not what is seen there.
  s.need_stat = s.sort == Sort::time || s.sort == Sort::size || s.format == Format::details || opt.inode ||
                opt.blocks || opt.context;
  s.need_type = opt.recursive || s.colors || opt.indicator != Indicator::none || opt.directories_first;
}

// What is made anew for each entry; the rest keeps its memory from the directory before.
struct Facts {
  struct stat info{};
  timespec when{};
  mode_t type = 0;         // S_IFREG...; 0 where it is not known
  mode_t target_mode = 0;  // of what a link leads to, where that is there
  size_t width = 0;
  char access = 0;  // '+' with an access control list, '.' with a security label alone
  bool named = false;
  bool known = false;  // `info` is filled
  bool when_known = false;
  bool has_link = false;
  bool is_quoted = false;
  bool has_capability = false;
};

struct Entry : Facts {
  std::string name;
  std::string context;       // SELinux' label, where that is asked for
  std::string shown;         // the name as it is printed; empty where it is the name itself
  std::string link;          // where a symbolic link leads
  std::string blocks, size;  // as text

  std::string_view text() const { return shown.empty() ? std::string_view(name) : std::string_view(shown); }
  bool is_directory() const { return S_ISDIR(known ? info.st_mode : type); }
  bool is_or_leads_to_directory() const { return is_directory() || S_ISDIR(target_mode); }
};

// How wide each column of the list at hand is.
struct Widths {
  size_t inode = 0, blocks = 0, links = 0, owner = 0, group = 0, author = 0, context = 0, size = 0, major = 0;
  size_t minor = 0;
  bool access = false;
  bool quoted = false;
};

void widen(size_t& width, size_t text) {
  width = std::max(width, text);
}

size_t digits_of(uint64_t number) {
  size_t digits = 1;
  for (; number >= 10; number /= 10)
    ++digits;
  return digits;
}

void add_right(std::string& line, std::string_view text, size_t width) {
  if (text.size() < width)
    line.append(width - text.size(), ' ');
  line += text;
}

void add_left(std::string& line, std::string_view text, size_t width) {
  line += text;
  const size_t columns = display_width(text);
  if (columns < width)
    line.append(width - columns, ' ');
}

// Compares two entries in the order that was asked for.
class Order {
 public:
  explicit Order(const Settings& settings) : s_(settings) {}

  bool operator()(const Entry* a, const Entry* b) const {
    if (s_.opt.directories_first && a->is_or_leads_to_directory() != b->is_or_leads_to_directory())
      return a->is_or_leads_to_directory();
    return s_.opt.reverse ? compare(*b, *a) < 0 : compare(*a, *b) < 0;
  }

 private:
  static int extension_order(std::string_view a, std::string_view b) {
    const auto ending = [](std::string_view name) {
      const size_t dot = name.rfind('.');
      return dot == std::string_view::npos ? std::string_view() : name.substr(dot);
    };
    return ending(a).compare(ending(b));
  }

  template <typename T>
  static int order(const T& a, const T& b) {
    return a < b ? -1 : b < a ? 1 : 0;
  }

  int compare(const Entry& a, const Entry& b) const {
    int result = 0;
    switch (s_.sort) {
      case Sort::time:
        result = order(b.when.tv_sec, a.when.tv_sec);
        if (result == 0)
          result = order(b.when.tv_nsec, a.when.tv_nsec);
        break;
      case Sort::size: result = order(b.info.st_size, a.info.st_size); break;
      case Sort::extension: result = extension_order(a.name, b.name); break;
      case Sort::version: result = compare_versions(a.name, b.name); break;
      case Sort::width: result = order(a.width, b.width); break;
      default: break;
    }
    return result != 0 ? result : a.name.compare(b.name);
  }

  const Settings& s_;
};

class Lister {
 public:
  Lister(const Settings& settings, Io& io) : s_(settings), io_(io), end_(settings.opt.zero ? '\0' : '\n') {}

  int run(const Args& args);

 private:
  // Collecting
  void warn(const Error& error, bool serious);
  void clear();
  void add(int dir, std::string_view where, std::string_view name, mode_t type, bool named);
  bool wants_stat(mode_t type) const;
  bool look(int dir, Entry& entry, bool& followed);
  void look_at_link(int dir, std::string_view where, Entry& entry);
  void look_at_attributes(std::string_view where, Entry& entry, bool followed);
  void read_context(Entry& entry, bool followed) const;
  void set_time(int dir, Entry& entry, bool followed);
  void set_shown(Entry& entry);
  void measure(Entry& entry);
  bool is_ignored(const char* c_name) const;
  void sort();
  std::string_view owner_name(uint32_t id, NameFile& file, std::string& digits);

  // Going through directories
  void list_tree(const std::string& path, bool named);
  void read_entries(int dir, const std::string& path, bool named);
  void list(int dir, const std::string& path, bool named);
  std::vector<std::string> subdirectories() const;

  // Printing
  void print_all();
  void print_details(const Entry& entry);
  void print_columns(bool down);
  void print_run(std::string_view separator);
  void print_frills(const Entry& entry, size_t start);
  size_t print_name(const Entry& entry, bool target, size_t start);
  void put_indicator(bool known, mode_t mode);
  void put_color(std::string_view sequence);
  void start_normal_color();
  void reset_color();
  void add_owner(std::string& line, const Entry& entry, uint32_t id, NameFile& file, size_t width);
  void add_size(std::string& line, const Entry& entry) const;
  void add_time(std::string& line, const Entry& entry);
  void indent(size_t from, size_t to);
  static std::string link_start(const std::string& name);
  void put_text(const Entry& entry, std::string_view text, bool target);
  void put_dired_indent() { io_.out.put(s_.dired != nullptr ? "  " : ""); }
  void put_places(std::string_view word, const std::vector<size_t>& places);
  size_t item_width(const Entry& entry) const;
  char indicator_of(bool known, mode_t mode) const;

  const Settings& s_;
  Io& io_;
  char end_;
  int status_ = 0;
  Names names_;
  static constexpr size_t piece_size = 32;
  std::vector<std::unique_ptr<Entry[]>> entries_;  // in pieces, which stay where they are
  std::vector<Entry*> sorted_;
  Widths widths_;
  uint64_t total_blocks_ = 0;
  bool print_headings_ = false;
  bool first_heading_ = true;
  bool color_used_ = false;
  timespec now_{};
  size_t time_width_ = 0;
  dev_t no_attributes_on_ = static_cast<dev_t>(-1);
  std::string line_, path_;
  std::string where_;  // the directory at hand, with a slash; empty for what was named
  std::vector<size_t> names_at_, headings_at_;
  DirectoryRoom room_;
};

void Lister::warn(const Error& error, bool serious) {
  io_.warn(error);
  status_ = std::max(status_, serious ? status_serious : status_minor);
}

void Lister::clear() {
  sorted_.clear();
  widths_ = {};
  total_blocks_ = 0;
}

bool matches_any(const std::vector<std::string>& patterns, const char* name) {
  // A period at the start is matched by no wildcard.
  const auto names_period = [](std::string_view pattern) {
    return pattern.starts_with('.') || pattern.starts_with("\\.");
  };
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return (*name != '.' || names_period(pattern)) && wildcard_match(pattern, name);
  });
}

bool Lister::is_ignored(const char* c_name) const {
  const std::string_view name = c_name;
  const Hidden hidden = s_.opt.hidden;
  if (name[0] == '.' && (hidden == Hidden::no || (hidden == Hidden::almost_all && is_dot_or_dot_dot(name))))
    return true;
  return (hidden == Hidden::no && matches_any(s_.opt.hide, c_name)) || matches_any(s_.opt.ignore, c_name);
}

// Whether the directory's own word on an entry's type is not enough.
bool Lister::wants_stat(mode_t type) const {
  if (s_.need_stat)
    return true;
  const bool follow = s_.follow == Follow::always && (type == 0 || S_ISLNK(type));
  if (!s_.need_type)
    return false;
  if (type == 0 || follow || (S_ISLNK(type) && s_.need_target_mode))
    return true;
  if (s_.colors && (S_ISDIR(type) || S_ISREG(type)))
    return true;
  return S_ISREG(type) && s_.opt.indicator == Indicator::classify;
}

bool Lister::look(int dir, Entry& entry, bool& followed) {
  const auto stat_it = [&](int flags) {
    followed = flags == 0;
    return ::fstatat(dir, entry.name.c_str(), &entry.info, flags) == 0;
  };
  if (s_.follow == Follow::always)
    return stat_it(0);
  if (entry.named && s_.follow != Follow::never) {
    const bool there = stat_it(0);
    if (s_.follow == Follow::named)
      return there;
    if (there && S_ISDIR(entry.info.st_mode))
      return true;
  }
  return stat_it(AT_SYMLINK_NOFOLLOW);
}

void Lister::look_at_link(int dir, std::string_view where, Entry& entry) {
  std::string target(entry.info.st_size > 0 ? static_cast<size_t>(entry.info.st_size) + 1 : 128, '\0');
  while (true) {
    const ssize_t length = ::readlinkat(dir, entry.name.c_str(), target.data(), target.size());
    if (length < 0) {
      warn(fail("read link", str(where, entry.name)).error(), entry.named);
      return;
    }
    if (static_cast<size_t>(length) < target.size()) {
      target.resize(static_cast<size_t>(length));
      break;
    }
    target.resize(target.size() * 2);
  }
  entry.link = std::move(target);
  entry.has_link = true;
  struct stat info{};
  if ((s_.opt.indicator >= Indicator::type || s_.need_target_mode) && ::fstatat(dir, entry.name.c_str(), &info, 0) == 0)
    entry.target_mode = info.st_mode;
}

// Access control lists, labels and capabilities. There is no llistxattrat, so this goes by path; a path too long for
// the kernel shows none.
void Lister::look_at_attributes(std::string_view where, Entry& entry, bool followed) {
  if (entry.info.st_dev == no_attributes_on_)
    return;
  path_.assign(where);
  path_ += entry.name;
  char buffer[4096];
  const ssize_t length =
      followed ? ::listxattr(path_.c_str(), buffer, sizeof buffer) : ::llistxattr(path_.c_str(), buffer, sizeof buffer);
  if (length < 0 && (errno == ENOTSUP || errno == ENOSYS))
    no_attributes_on_ = entry.info.st_dev;
  if (length <= 0)
    return;
  for (const std::string_view name : split({buffer, static_cast<size_t>(length)}, '\0')) {
    if (name == "system.posix_acl_access" || name == "system.posix_acl_default")
      entry.access = '+';
    else if (name == "security.capability")
      entry.has_capability = true;
    if (name == "security.selinux") {
      entry.access = entry.access == 0 ? '.' : entry.access;
      if (s_.opt.context)
        read_context(entry, followed);
    }
  }
  widths_.access = widths_.access || entry.access != 0;
}

// Of the file at path_.
void Lister::read_context(Entry& entry, bool followed) const {
  char buffer[256];
  const auto read = followed ? ::getxattr : ::lgetxattr;
  const ssize_t length = read(path_.c_str(), "security.selinux", buffer, sizeof buffer);
  if (length > 0)
    entry.context.assign(buffer, ::strnlen(buffer, static_cast<size_t>(length)));
}

void Lister::set_time(int dir, Entry& entry, bool followed) {
  entry.when_known = true;
  switch (s_.opt.time) {
    case Time::modified: entry.when = entry.info.st_mtim; break;
    case Time::accessed: entry.when = entry.info.st_atim; break;
    case Time::changed: entry.when = entry.info.st_ctim; break;
    case Time::born: {
      struct statx info{};
      const int flags = AT_STATX_SYNC_AS_STAT | (followed ? 0 : AT_SYMLINK_NOFOLLOW);
      // The C library of the kit has no function for this call yet.
      entry.when_known = ::syscall(SYS_statx, dir, entry.name.c_str(), flags, STATX_BTIME, &info) == 0 &&
                         (info.stx_mask & STATX_BTIME) != 0;
      entry.when = {-1, -1};
      if (entry.when_known)
        entry.when = {.tv_sec = static_cast<time_t>(info.stx_btime.tv_sec),
                      .tv_nsec = static_cast<long>(info.stx_btime.tv_nsec)};
      break;
    }
  }
}

// With ? in place of what must not get to a terminal.
std::string without_controls(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character c = first_character(text);
    if (is_printable(c))
      out += text.substr(0, c.length);
    else
      out += '?';
    text.remove_prefix(c.length);
  }
  return out;
}

bool is_plain(std::string_view name) {
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '+' && c <= '9' && c != '/') || (c >= 'A' && c <= 'Z') || c == '_';
  });
}

void Lister::set_shown(Entry& entry) {
  const bool adds_quotes = s_.quoting != QuotingStyle::literal && s_.quoting != QuotingStyle::escape &&
                           s_.quoting != QuotingStyle::shell && s_.quoting != QuotingStyle::shell_escape &&
                           s_.quoting != QuotingStyle::c_maybe;
  if (!adds_quotes && is_plain(entry.name)) {
    entry.width = entry.name.size();
    return;
  }
  entry.shown = quoted(entry.name, s_.quoting, s_.quote_in_names);
  entry.is_quoted = entry.shown != entry.name;
  widths_.quoted = widths_.quoted || entry.is_quoted;
  if (s_.hide_controls && s_.quoting <= QuotingStyle::shell_always)
    entry.shown = without_controls(entry.shown);
  entry.width = display_width(entry.shown);
}

// The name of an owner or group, or its number as text in `digits`.
std::string_view Lister::owner_name(uint32_t id, NameFile& file, std::string& digits) {
  if (!s_.opt.numeric)
    if (const std::string_view name = file.name_of(id); !name.empty())
      return name;
  digits = str(id);
  return digits;
}

void Lister::measure(Entry& entry) {
  if (s_.opt.inode)
    widen(widths_.inode, digits_of(entry.info.st_ino));
  widen(widths_.context, entry.context.size());
  if (s_.format == Format::details || s_.opt.blocks) {
    entry.blocks = entry.known ? size_text(static_cast<uint64_t>(entry.info.st_blocks), 512, s_.block_style) : "?";
    widen(widths_.blocks, entry.blocks.size());
    total_blocks_ += static_cast<uint64_t>(entry.info.st_blocks);
  }
  if (s_.format != Format::details)
    return;
  std::string digits;
  const auto name_width = [&](uint32_t id, NameFile& file) {
    return entry.known ? display_width(owner_name(id, file, digits)) : 1;
  };
  if (!s_.opt.no_owner)
    widen(widths_.owner, name_width(entry.info.st_uid, names_.users));
  if (!s_.opt.no_group)
    widen(widths_.group, name_width(entry.info.st_gid, names_.groups));
  if (s_.opt.author)
    widen(widths_.author, name_width(entry.info.st_uid, names_.users));
  if (!entry.known)
    return widen(widths_.size, 1);
  widen(widths_.links, digits_of(entry.info.st_nlink));
  if (S_ISCHR(entry.info.st_mode) || S_ISBLK(entry.info.st_mode)) {
    widen(widths_.major, digits_of(major(entry.info.st_rdev)));
    widen(widths_.minor, digits_of(minor(entry.info.st_rdev)));
    widen(widths_.size, widths_.major + 2 + widths_.minor);
  } else {
    entry.size = size_text(static_cast<uint64_t>(entry.info.st_size), 1, s_.size_style);
    widen(widths_.size, entry.size.size());
  }
}

void Lister::add(int dir, std::string_view where, std::string_view name, mode_t type, bool named) {
  const size_t count = sorted_.size();
  if (count == entries_.size() * piece_size)
    entries_.push_back(std::make_unique<Entry[]>(piece_size));
  Entry& entry = entries_[count / piece_size][count % piece_size];
  static_cast<Facts&>(entry) = {};
  entry.shown.clear();
  entry.name = name;
  if (s_.opt.context)
    entry.context = "?";
  entry.type = type;
  entry.named = named;
  bool followed = false;
  if (named || wants_stat(type)) {
    entry.known = look(dir, entry, followed);
    if (!entry.known) {
      warn(fail("look at", str(where, name)).error(), named);
      if (named)
        return;
      entry.info = {};
    }
  }
  if (entry.known) {
    entry.type = entry.info.st_mode & S_IFMT;
    const bool executable = S_ISREG(entry.type) && (entry.info.st_mode & 0111) != 0;
    if (s_.format == Format::details || s_.opt.context ||
        (s_.colors && executable && s_.colors->is_colored(ColorFor::capability)))
      look_at_attributes(where, entry, followed);
    if (S_ISLNK(entry.type) && (s_.format == Format::details || s_.need_target_mode))
      look_at_link(dir, where, entry);
    set_time(dir, entry, followed);
  }
  set_shown(entry);
  measure(entry);
  sorted_.push_back(&entry);
}

void Lister::sort() {
  // Where some are quoted, a blank stands before each of the others.
  if (s_.align_quotes && widths_.quoted)
    for (Entry* const entry : sorted_)
      entry->width += entry->is_quoted ? 0 : 1;
  if (s_.sort != Sort::none)
    rescue::sort(sorted_, Order(s_));
}

void Lister::read_entries(int dir, const std::string& path, bool named) {
  DirectoryReader reader(dir, path, room_.get());
  while (true) {
    const auto more = reader.next();
    if (!more)
      return warn(more.error(), named);
    if (!*more)
      return;
    if (!is_ignored(reader.c_name()))
      add(dir, where_, reader.name(), DTTOIF(reader.type()), false);
  }
}

// Prints what is in one directory, with its heading where there are several.
void Lister::list(int dir, const std::string& path, bool named) {
  clear();
  if (print_headings_ || s_.opt.recursive) {
    if (!first_heading_)
      io_.out.put('\n');
    first_heading_ = false;
    std::string heading = quoted(path, s_.quoting, ":");
    if (s_.hide_controls && s_.quoting <= QuotingStyle::shell_always)
      heading = without_controls(heading);
    put_dired_indent();
    if (s_.dired != nullptr)
      headings_at_.insert(headings_at_.end(), {s_.dired->size(), s_.dired->size() + heading.size()});
    io_.out.put(s_.hyperlink ? str(link_start(path), heading, "\033]8;;\a") : heading, ":\n");
  }
  where_ = path.ends_with('/') ? path : path + '/';
  read_entries(dir, path, named);
  sort();
  if (s_.format == Format::details || s_.opt.blocks) {
    put_dired_indent();
    io_.out.put("total ", size_text(total_blocks_, 512, s_.block_style), end_);
  }
  print_all();
}

std::vector<std::string> Lister::subdirectories() const {
  std::vector<std::string> names;
  for (const Entry* const entry : sorted_)
    if (entry->is_directory() && !is_dot_or_dot_dot(entry->name))
      names.push_back(entry->name);
  return names;
}

// Lists a directory and, where asked to, those below it, each after its parent.
void Lister::list_tree(const std::string& path, bool named) {
  auto opened = open_file(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  if (!opened)
    return warn(opened.error(), named);
  auto descent = Descent::start(*std::move(opened), path);
  if (!descent)
    return warn(descent.error(), named);
  list(descent->fd(), path, named);
  if (!s_.opt.recursive)
    return;
  struct Level {
    std::vector<std::string> names;
    size_t next = 0;
    size_t path_size = 0;
  };
  std::string at = path;
  while (at.ends_with('/'))
    at.pop_back();
  std::vector<Level> levels;
  levels.push_back({subdirectories(), 0, at.size()});
  while (!levels.empty() && io_.out.ok()) {
    Level& level = levels.back();
    at.resize(level.path_size);
    if (level.next == level.names.size()) {
      levels.pop_back();
      if (levels.empty())
        return;
      if (const auto done = descent->leave(at); !done)
        return warn(done.error(), false);
      continue;
    }
    const std::string& name = level.names[level.next++];
    at += str('/', name);
    if (const auto done = descent->enter(name, s_.follow == Follow::always, at); !done) {
      warn(done.error(), false);
      continue;
    }
    if (descent->is_inside_itself()) {
      warn(fail("list", at, "leads back to a directory above it").error(), true);
      if (const auto done = descent->leave(at); !done)
        return warn(done.error(), false);
      continue;
    }
    list(descent->fd(), at, false);
    levels.push_back({subdirectories(), 0, at.size()});
  }
}

int Lister::run(const Args& args) {
  ::clock_gettime(CLOCK_REALTIME, &now_);
  std::vector<std::string> directories;
  if (args.empty() && !s_.opt.directory)
    directories.emplace_back(".");
  else if (args.empty())
    add(AT_FDCWD, "", ".", S_IFDIR, true);
  for (const std::string_view path : args)
    add(AT_FDCWD, "", path, 0, true);
  sort();
  if (!s_.opt.directory) {
    std::erase_if(sorted_, [&](const Entry* entry) {
      if (entry->is_directory())
        directories.push_back(entry->name);
      return entry->is_directory();
    });
  }
  print_headings_ = args.size() > 1 || !sorted_.empty();
  if (!sorted_.empty()) {
    print_all();
    first_heading_ = directories.empty();
  }
  for (const std::string& path : directories) {
    list_tree(path, true);
    print_headings_ = true;
  }
  // A terminal whose colours are switched by other sequences than the usual ones is left as it was found.
  if (color_used_ && (s_.colors->sequence(ColorFor::left) != "\033[" || s_.colors->sequence(ColorFor::right) != "m"))
    io_.out.put(s_.colors->sequence(ColorFor::left), s_.colors->sequence(ColorFor::right));
  if (s_.dired != nullptr) {
    put_places("//DIRED//", names_at_);
    put_places("//SUBDIRED//", headings_at_);
    io_.out.put("//DIRED-OPTIONS// --quoting-style=", quoting_style_names[static_cast<size_t>(s_.quoting)], '\n');
  }
  return status_;
}

void Lister::put_places(std::string_view word, const std::vector<size_t>& places) {
  if (places.empty())
    return;
  io_.out.put(word);
  for (const size_t place : places)
    io_.out.put(' ', place);
  io_.out.put('\n');
}

void Lister::put_color(std::string_view sequence) {
  if (!color_used_) {
    color_used_ = true;
    reset_color();
  }
  io_.out.put(s_.colors->sequence(ColorFor::left), sequence, s_.colors->sequence(ColorFor::right));
}

void Lister::reset_color() {
  if (s_.colors->is_set(ColorFor::end))
    io_.out.put(s_.colors->sequence(ColorFor::end));
  else
    io_.out.put(s_.colors->sequence(ColorFor::left), s_.colors->sequence(ColorFor::reset),
                s_.colors->sequence(ColorFor::right));
}

void Lister::start_normal_color() {
  if (s_.colors && s_.colors->is_colored(ColorFor::normal))
    put_color(s_.colors->sequence(ColorFor::normal));
}

// The start of a link to a file that terminals understand (OSC 8).
std::string Lister::link_start(const std::string& name) {
  struct utsname host{};
  (void)::uname(&host);
  const auto path = canonical_path(name, {.missing = Missing::any});
  return str("\033]8;;file://", escaped_for_url(host.nodename), path ? escaped_for_url(*path) : "", '\a');
}

void Lister::put_text(const Entry& entry, std::string_view text, bool target) {
  if (s_.dired != nullptr && !target)
    names_at_.insert(names_at_.end(), {s_.dired->size(), s_.dired->size() + text.size()});
  if (!s_.hyperlink) {
    io_.out.put(text);
    return;
  }
  // Quotes that stand in a column of their own are no part of the link.
  const bool is_quoted = target ? text != entry.link : entry.is_quoted;
  const size_t quote = s_.align_quotes && widths_.quoted && is_quoted ? 1 : 0;
  io_.out.put(text.substr(0, quote), link_start(str(where_, entry.name)), text.substr(quote, text.size() - 2 * quote),
              "\033]8;;\a", text.substr(text.size() - quote));
}

// Prints a name, or where a link leads to, which begins in column `start`; gives its length.
size_t Lister::print_name(const Entry& entry, bool target, size_t start) {
  std::string target_text;
  std::string_view text = entry.text();
  if (target) {
    target_text = quoted(entry.link, s_.quoting, s_.quote_in_names);
    if (s_.hide_controls && s_.quoting <= QuotingStyle::shell_always)
      target_text = without_controls(target_text);
    text = target_text;
  }
  size_t length = text.size();
  if (!target && s_.align_quotes && widths_.quoted && !entry.is_quoted) {
    io_.out.put(' ');
    ++length;
  }
  std::optional<std::string_view> color;
  if (s_.colors) {
    const bool as_target = target || (s_.colors->links_as_target() && entry.target_mode != 0);
    color = s_.colors->color_of({
        .name = target ? std::string_view(entry.link) : std::string_view(entry.name),
        .mode = as_target     ? entry.target_mode
                : entry.known ? entry.info.st_mode
                              : entry.type,
        .permissions_known = entry.known,
        .links = entry.info.st_nlink,
        .has_capability = entry.has_capability,
        .missing = target && entry.target_mode == 0,
        .orphan = entry.target_mode == 0,
    });
  }
  const bool normal = s_.colors && s_.colors->is_colored(ColorFor::normal);
  if (color) {
    if (normal)
      io_.out.put(s_.colors->sequence(ColorFor::left), s_.colors->sequence(ColorFor::right));
    put_color(*color);
  }
  put_text(entry, text, target);
  if (color || normal) {
    reset_color();
    if (s_.line_width > 0 && length > 0 && start / s_.line_width != (start + length - 1) / s_.line_width)
      io_.out.put(s_.colors->sequence(ColorFor::clear_to_end_of_line));
  }
  return length;
}

char Lister::indicator_of(bool known, mode_t mode) const {
  if (S_ISREG(mode))
    return known && s_.opt.indicator == Indicator::classify && (mode & 0111) != 0 ? '*' : '\0';
  if (S_ISDIR(mode))
    return '/';
  if (s_.opt.indicator == Indicator::slash)
    return '\0';
  return S_ISLNK(mode) ? '@' : S_ISFIFO(mode) ? '|' : S_ISSOCK(mode) ? '=' : '\0';
}

void Lister::put_indicator(bool known, mode_t mode) {
  if (s_.opt.indicator == Indicator::none)
    return;
  if (const char mark = indicator_of(known, mode); mark != '\0')
    io_.out.put(mark);
}

void Lister::print_all() {
  switch (s_.format) {
    case Format::details:
      for (const Entry* const entry : sorted_) {
        put_dired_indent();
        start_normal_color();
        print_details(*entry);
        io_.out.put(end_);
      }
      break;
    case Format::down:
    case Format::across:
      if (s_.line_width == 0)
        print_run(" ");
      else
        print_columns(s_.format == Format::down);
      break;
    case Format::commas: print_run(","); break;
    default:
      for (const Entry* const entry : sorted_) {
        print_frills(*entry, 0);
        io_.out.put(end_);
      }
      break;
  }
}

void Lister::add_owner(std::string& line, const Entry& entry, uint32_t id, NameFile& file, size_t width) {
  std::string digits;
  const std::string_view name = entry.known ? owner_name(id, file, digits) : "?";
  if (digits.empty())
    add_left(line, name, width);
  else
    add_right(line, name, width);
  line += ' ';
}

void Lister::add_size(std::string& line, const Entry& entry) const {
  if (entry.known && (S_ISCHR(entry.info.st_mode) || S_ISBLK(entry.info.st_mode))) {
    const size_t needed = widths_.major + 2 + widths_.minor;
    const size_t blanks = widths_.size > needed ? widths_.size - needed : 0;
    add_right(line, str(major(entry.info.st_rdev)), widths_.major + blanks);
    line += ", ";
    add_right(line, str(minor(entry.info.st_rdev)), widths_.minor);
  } else {
    add_right(line, entry.known ? std::string_view(entry.size) : "?", widths_.size);
  }
  line += ' ';
}

void Lister::add_time(std::string& line, const Entry& entry) {
  constexpr int64_t half_a_year = 31556952 / 2;
  const auto before = [](const timespec& a, const timespec& b) {
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
  };
  if (entry.known && entry.when_known) {
    // What seems to be in the future may have been written since we looked at the clock.
    if (before(now_, entry.when))
      ::clock_gettime(CLOCK_REALTIME, &now_);
    const timespec long_ago = {.tv_sec = now_.tv_sec - half_a_year, .tv_nsec = now_.tv_nsec};
    const bool recent = before(long_ago, entry.when) && before(entry.when, now_);
    if (const auto fields = local_time(entry.when.tv_sec)) {
      line += time_text(recent ? s_.recent_format : s_.old_format, *fields, entry.when.tv_sec,
                        static_cast<uint32_t>(entry.when.tv_nsec));
      line += ' ';
      return;
    }
  }
  if (time_width_ == 0)
    if (const auto epoch = local_time(0))
      time_width_ = time_text(s_.old_format, *epoch, 0, 0).size();
  add_right(line, entry.known && entry.when_known ? str(entry.when.tv_sec) : "?", time_width_);
  line += ' ';
}

void Lister::print_details(const Entry& entry) {
  line_.clear();
  const struct stat& info = entry.info;
  if (s_.opt.inode) {
    add_right(line_, entry.known ? str(info.st_ino) : "?", widths_.inode);
    line_ += ' ';
  }
  if (s_.opt.blocks) {
    add_right(line_, entry.blocks, widths_.blocks);
    line_ += ' ';
  }
  line_ += entry.known ? mode_text(info.st_mode) : std::string(1, type_letter(entry.type)) + "?????????";
  if (widths_.access)
    line_ += entry.access != 0 ? entry.access : ' ';
  line_ += ' ';
  add_right(line_, entry.known ? str(info.st_nlink) : "?", widths_.links);
  line_ += ' ';
  if (!s_.opt.no_owner)
    add_owner(line_, entry, info.st_uid, names_.users, widths_.owner);
  if (!s_.opt.no_group)
    add_owner(line_, entry, info.st_gid, names_.groups, widths_.group);
  if (s_.opt.author)
    add_owner(line_, entry, info.st_uid, names_.users, widths_.author);
  if (s_.opt.context) {
    add_left(line_, entry.context, widths_.context);
    line_ += ' ';
  }
  add_size(line_, entry);
  add_time(line_, entry);
  io_.out.put(line_);
  const size_t length = print_name(entry, false, line_.size());
  if (!entry.has_link) {
    put_indicator(entry.known, entry.known ? info.st_mode : entry.type);
    return;
  }
  io_.out.put(" -> ");
  print_name(entry, true, line_.size() + length + 4);
  put_indicator(entry.target_mode != 0, entry.target_mode);
}

void Lister::print_frills(const Entry& entry, size_t start) {
  start_normal_color();
  line_.clear();
  const bool aligned = s_.format != Format::commas;
  if (s_.opt.inode) {
    add_right(line_, entry.known ? str(entry.info.st_ino) : "?", aligned ? widths_.inode : 0);
    line_ += ' ';
  }
  if (s_.opt.blocks) {
    add_right(line_, entry.blocks, aligned ? widths_.blocks : 0);
    line_ += ' ';
  }
  if (s_.opt.context) {
    add_right(line_, entry.context, aligned ? widths_.context : 0);
    line_ += ' ';
  }
  if (!line_.empty())
    io_.out.put(line_);
  print_name(entry, false, start + line_.size());
  put_indicator(entry.known, entry.known ? entry.info.st_mode : entry.type);
}

size_t Lister::item_width(const Entry& entry) const {
  const bool aligned = s_.format != Format::commas;
  size_t width = entry.width;
  if (s_.opt.inode)
    width += 1 + (aligned ? widths_.inode : digits_of(entry.info.st_ino));
  if (s_.opt.blocks)
    width += 1 + (aligned ? widths_.blocks : entry.blocks.size());
  if (s_.opt.context)
    width += 1 + (aligned ? widths_.context : entry.context.size());
  if (s_.opt.indicator != Indicator::none &&
      indicator_of(entry.known, entry.known ? entry.info.st_mode : entry.type) != '\0')
    ++width;
  return width;
}

void Lister::indent(size_t from, size_t to) {
  while (from < to) {
    if (s_.tab_size != 0 && to / s_.tab_size > (from + 1) / s_.tab_size) {
      io_.out.put('\t');
      from += s_.tab_size - from % s_.tab_size;
    } else {
      io_.out.put(' ');
      ++from;
    }
  }
}

void Lister::print_columns(bool down) {
  std::vector<size_t> widths;
  widths.reserve(sorted_.size());
  for (const Entry* const entry : sorted_)
    widths.push_back(item_width(*entry));
  const Columns columns = fit_columns(widths, s_.line_width, down);
  const size_t count = columns.widths.size();
  for (size_t row = 0; row < columns.rows; ++row) {
    size_t position = 0;  // where the last item ended
    size_t start = 0;     // where its column began
    for (size_t column = 0; column < count; ++column) {
      const size_t i = down ? column * columns.rows + row : row * count + column;
      if (i >= sorted_.size())
        break;
      if (column > 0)
        indent(position, start);
      print_frills(*sorted_[i], start);
      position = start + widths[i];
      start += columns.widths[column];
    }
    if (!sorted_.empty())
      io_.out.put(end_);
  }
}

// One after the other, with the separator and a blank or a new line between them.
void Lister::print_run(std::string_view separator) {
  size_t position = 0;
  for (size_t i = 0; i < sorted_.size(); ++i) {
    const size_t width = s_.line_width > 0 ? item_width(*sorted_[i]) : 0;
    if (i > 0) {
      const bool fits = s_.line_width == 0 || position + width + 2 < s_.line_width;
      io_.out.put(separator, fits ? ' ' : end_);
      position = fits ? position + 2 : 0;
    }
    print_frills(*sorted_[i], position);
    position += width;
  }
  if (!sorted_.empty())
    io_.out.put(end_);
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  const bool terminal = io.out.is_terminal();
  Settings settings{.opt = opt};
  settle_layout(settings, terminal);
  settle_quoting(settings, io, terminal);
  settle_sizes(settings);
  TRY(settle_time_style(settings));
  settle_colors(settings, io, terminal);
  settle_needs(settings);
  settings.hyperlink = opt.hyperlink == When::always || (opt.hyperlink == When::automatic && terminal);
  if (!opt.dired || settings.format != Format::details || settings.hyperlink)
    return Lister(settings, io).run(args);
  if (opt.zero)
    return usage_error("--dired counts lines, and with --zero there are none");
  // Places are told by what was printed, which is kept until it is all there.
  std::string text;
  std::string said;
  Io kept(io.name, io.failure_status, text, said);
  settings.dired = &text;
  const int status = Lister(settings, kept).run(args);
  io.err.put(said);
  io.out.put(text);
  return status;
}

}  // namespace

extern const Applet ls_applet = {
    .name = "ls",
    .summary = "list directory contents",
    .usage = "[OPTION]... [FILE]...",
    .failure_status = status_serious,
    .notes = dense<"SIZE is a number with a unit: K, M, G, T, P, E (powers of 1024) or KB, MB, ... (powers of 1000).\n"
                   "Status: 0 all went well; 1 something below a directory could not be read; 2 a FILE could not be.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
