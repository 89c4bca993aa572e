// du: how much room files take.
#include <cerrno>
#include <cstdlib>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/base/fd.h"
#include "lib/base/quote.h"
#include "lib/base/size_text.h"
#include "lib/base/time_text.h"
#include "lib/fs/tree_walk.h"
#include "lib/text/wildcard.h"

namespace rescue {
namespace {

using Links = TreeWalk::Links;

enum class Time : uint8_t { none, modified, accessed, changed };

struct Options {
  std::optional<SizeStyle> size_style;
  std::optional<size_t> max_depth;
  std::optional<int64_t> threshold;
  std::optional<std::string> files_from;
  std::vector<std::string> exclude;
  std::string time_style;
  Links links = Links::keep;
  Time time = Time::none;
  bool all = false;
  bool apparent = false;
  bool count_links = false;
  bool inodes = false;
  bool one_file_system = false;
  bool separate = false;
  bool summarize = false;
  bool total = false;
  bool zero = false;
};

constexpr Choice<Time> time_words[] = {{"atime", Time::accessed},
                                       {"access", Time::accessed},
                                       {"use", Time::accessed},
                                       {"ctime", Time::changed},
                                       {"status", Time::changed}};

Result<> choose_block_size(Options& o, std::string_view text) {
  const ParsedStyle parsed = parse_size_style(text);
  if (parsed.problem != SizeProblem::none)
    return fail("--block-size", "", '\'', Printable(text), "' is no size");
  o.size_style = parsed.style;
  return {};
}

template <uint64_t block>
Result<> choose_block(Options& o, std::string_view /*none*/) {
  o.size_style = SizeStyle{.block = block};
  return {};
}

template <auto& style>
Result<> choose_style(Options& o, std::string_view /*none*/) {
  o.size_style = style;
  return {};
}

Result<> choose_bytes(Options& o, std::string_view /*none*/) {
  o.apparent = true;
  o.size_style = byte_style;
  return {};
}

Result<> choose_depth(Options& o, std::string_view text) {
  o.max_depth = to_number<size_t>(text);
  if (!o.max_depth)
    return fail("depth", "", Quoted(text), " is not a number");
  return {};
}

Result<> choose_threshold(Options& o, std::string_view text) {
  const bool negative = text.starts_with('-');
  const ParsedSize parsed = parse_size(text.substr(negative || text.starts_with('+') ? 1 : 0), "kKmMGTPEZY0");
  if (parsed.problem != SizeProblem::none || parsed.value > INT64_MAX || (negative && parsed.value == 0))
    return fail("threshold", "", Quoted(text), " is no size");
  o.threshold = negative ? -static_cast<int64_t>(parsed.value) : static_cast<int64_t>(parsed.value);
  return {};
}

Result<> choose_time(Options& o, std::string_view word) {
  o.time = word.empty() ? Time::modified : TRY(choose("--time", word, time_words));
  return {};
}

Result<> read_patterns(Options& o, std::string_view path) {
  UniqueFd file;
  if (path != "-")
    file = TRY(open_file(std::string(path), O_RDONLY));
  const std::string text = TRY(read_all(file ? file.get() : 0, 1 << 24, path));
  for (const std::string_view line : split(text, '\n'))
    if (!line.empty())
      o.exclude.emplace_back(line);
  return {};
}

constexpr Opt<Options> options[] = {
    {'0', "null", &Options::zero, "end each line with a zero byte instead of a newline"},
    {'a', "all", &Options::all, "print files too, not only directories"},
    {0, "apparent-size", &Options::apparent, "count the bytes that files have, not the room they take"},
    {'B', "block-size", choose_block_size, "print sizes in units of SIZE", "SIZE"},
    {'b', "bytes", choose_bytes, "the same as --apparent-size --block-size=1"},
    {'c', "total", &Options::total, "print a total at the end"},
    {'d', "max-depth", choose_depth, "print only what is at most N levels below an operand", "N"},
    {'D', "dereference-args", set<&Options::links, Links::follow_named>, "follow symbolic links that are named"},
    {0, "files0-from", &Options::files_from,
     "take the names from FILE, with a zero byte after each; - is standard input", "FILE"},
    {'H', nullptr, set<&Options::links, Links::follow_named>, "the same as -D"},
    {'h', "human-readable", choose_style<human_style>, "print sizes like 1K, 234M, 2G"},
    {0, "inodes", &Options::inodes, "count files, not their room"},
    {'k', nullptr, choose_block<1024>, "print sizes in units of 1024 bytes"},
    {'L', "dereference", set<&Options::links, Links::follow>, "follow all symbolic links"},
    {'l', "count-links", &Options::count_links, "count a file as often as it has names"},
    {'m', nullptr, choose_block<1048576>, "print sizes in units of 1024 * 1024 bytes"},
    {'P', "no-dereference", set<&Options::links, Links::keep>, "follow no symbolic links (default)"},
    {'S', "separate-dirs", &Options::separate, "do not count directories below as part of one"},
    {0, "si", choose_style<si_style>, "as -h, in powers of 1000"},
    {'s', "summarize", &Options::summarize, "print only a sum for each operand"},
    {'t', "threshold", choose_threshold, "leave out what is smaller than SIZE, or larger where SIZE is negative",
     "SIZE"},
    {0, "time", choose_time, "print the latest time in each directory: of modification, or atime or ctime", "[WORD]"},
    {0, "time-style", &Options::time_style, "how: full-iso, long-iso, iso, or +FORMAT as for date", "STYLE"},
    {'X', "exclude-from", read_patterns, "leave out what matches a pattern in FILE", "FILE"},
    {0, "exclude", &Options::exclude, "leave out what matches PATTERN", "PATTERN"},
    {'x', "one-file-system", &Options::one_file_system, "do not go into other file systems"},
};

struct Usage {
  uint64_t size = 0;
  uint64_t inodes = 0;
  struct timespec time{INT64_MIN, 0};

  void add(const Usage& other) {
    size += other.size;
    inodes += other.inodes;
    if (other.time.tv_sec > time.tv_sec || (other.time.tv_sec == time.tv_sec && other.time.tv_nsec > time.tv_nsec))
      time = other.time;
  }
};

// The format that the name of a style, or TIME_STYLE in the environment, stands for.
Result<std::string> time_format(std::string_view style) {
  if (style.empty()) {
    const char* const environment = ::getenv("TIME_STYLE");
    style = environment != nullptr ? environment : "long-iso";
    while (style.starts_with("posix-"))
      style.remove_prefix(6);
    if (style.starts_with('+'))
      style = style.substr(0, style.find('\n'));
    else if (style == "locale")
      style = "long-iso";
  }
  if (style.starts_with('+'))
    return std::string(style.substr(1));
  enum class Style : uint8_t { full, normal, day };
  static constexpr Choice<Style> words[] = {
      {"full-iso", Style::full}, {"long-iso", Style::normal}, {"iso", Style::day}};
  switch (TRY(choose("--time-style", style, words))) {
    case Style::full: return "%Y-%m-%d %H:%M:%S.%N %z";
    case Style::normal: return "%Y-%m-%d %H:%M";
    default: return "%Y-%m-%d";
  }
}

class Counter final : public WalkVisitor {
 public:
  Counter(const Options& opt, const SizeStyle& style, std::string time_format, bool remember_all, Io& io)
      : opt_(opt), style_(style), time_format_(std::move(time_format)), remember_all_(remember_all), io_(io) {}

  bool enter(const WalkEntry& entry) override {
    if (entry.depth == 0)
      device_ = entry.info.st_dev;
    if (is_excluded(entry))
      return false;
    if (S_ISLNK(entry.info.st_mode) &&
        (opt_.links == Links::follow || (opt_.links != Links::keep && entry.depth == 0))) {
      io_.warn(fail("follow link", entry.path, ENOENT).error());
      return false;
    }
    if (is_known(entry.info))
      return false;
    if (S_ISDIR(entry.info.st_mode)) {
      if (levels_.size() <= entry.depth + 1)
        levels_.resize(entry.depth + 2);
      levels_[entry.depth + 1] = {};
      return true;
    }
    count(entry, usage_of(entry.info), usage_of(entry.info));
    return false;
  }

  void leave(const WalkEntry& entry, bool /*complete*/) override {
    Usage whole = usage_of(entry.info);
    whole.add(levels_[entry.depth + 1].own);
    Usage own = whole;
    whole.add(levels_[entry.depth + 1].below);
    if (!opt_.separate)
      own = whole;
    count(entry, own, whole);
  }

  void failed(const Error& error) override { io_.warn(error); }

  void print_total() { print("total", total_); }

 private:
  struct Level {
    Usage own;    // of the files in the directory
    Usage below;  // of the directories in it
  };

  bool is_excluded(const WalkEntry& entry) const {
    if (opt_.one_file_system && entry.info.st_dev != device_)
      return true;
    for (const std::string& pattern : opt_.exclude) {
      // The pattern may match the whole path, or what is behind any slash.
      for (const char* at = entry.path.data();; ++at) {
        if (wildcard_match(pattern, at))
          return true;
        while (*at != '\0' && (*at != '/' || at[1] == '/'))
          ++at;
        if (*at == '\0')
          break;
      }
    }
    return false;
  }

  // A file that was counted by another name of its.
  bool is_known(const struct stat& info) {
    if (opt_.count_links || (!remember_all_ && (S_ISDIR(info.st_mode) || info.st_nlink < 2)))
      return false;
    return !known_.insert({info.st_dev, info.st_ino}).second;
  }

  Usage usage_of(const struct stat& info) const {
    Usage usage;
    if (!opt_.apparent)
      usage.size = static_cast<uint64_t>(info.st_blocks) * 512;
    else
      usage.size = info.st_size > 0 ? static_cast<uint64_t>(info.st_size) : 0;
    usage.inodes = 1;
    usage.time = opt_.time == Time::accessed ? info.st_atim : opt_.time == Time::changed ? info.st_ctim : info.st_mtim;
    return usage;
  }

  // Adds a file to the directory that it is in, and prints it where that is wanted. `whole` has what is below it too.
  void count(const WalkEntry& entry, const Usage& shown, const Usage& whole) {
    const bool directory = S_ISDIR(entry.info.st_mode);
    if (entry.depth > 0) {
      Level& parent = levels_[entry.depth];
      (directory ? parent.below : parent.own).add(whole);
    } else {
      total_.add(whole);
    }
    const bool wanted =
        entry.depth == 0 || ((directory || opt_.all) && entry.depth <= opt_.max_depth.value_or(SIZE_MAX));
    if (!wanted)
      return;
    const uint64_t value = opt_.inodes ? shown.inodes : shown.size;
    if (opt_.threshold && (*opt_.threshold < 0 ? value > static_cast<uint64_t>(-*opt_.threshold)
                                               : value < static_cast<uint64_t>(*opt_.threshold)))
      return;
    print(entry.path, shown);
  }

  void print(std::string_view path, const Usage& usage) {
    const SizeStyle plain{.block = 1, .automatic = style_.automatic, .binary = style_.binary, .show_unit = true};
    io_.out.put(opt_.inodes ? size_text(usage.inodes, 1, style_.automatic ? plain : byte_style)
                            : size_text(usage.size, 1, style_),
                '\t');
    if (opt_.time != Time::none) {
      const auto fields = local_time(usage.time.tv_sec);
      if (fields)
        io_.out.put(time_text(time_format_, *fields, usage.time.tv_sec, static_cast<uint32_t>(usage.time.tv_nsec)));
      else
        io_.out.put(usage.time.tv_sec);
      io_.out.put('\t');
    }
    io_.out.put(path, opt_.zero ? '\0' : '\n');
  }

  const Options& opt_;
  const SizeStyle style_;
  const std::string time_format_;
  const bool remember_all_;
  Io& io_;
  std::vector<Level> levels_;  // [depth + 1] is what is in the directory of that depth
  Usage total_;
  std::set<std::pair<dev_t, ino_t>> known_;
  dev_t device_ = 0;
};

Result<std::vector<std::string>> find_operands(const Options& opt, const Args& args, Io& io) {
  std::vector<std::string> paths(args.begin(), args.end());
  if (!opt.files_from) {
    if (paths.empty())
      paths.emplace_back(".");
    return paths;
  }
  if (!paths.empty())
    return fail("extra operand", paths[0], "--files0-from brings the names");
  UniqueFd file;
  if (*opt.files_from != "-")
    file = TRY(open_file(*opt.files_from, O_RDONLY));
  const std::string text = TRY(read_all(file ? file.get() : io.in, uint64_t{1} << 30, *opt.files_from));
  for (const std::string_view name : split(text, '\0')) {
    if (!name.empty())
      paths.emplace_back(name);
    else if (name.data() != text.data() + text.size())
      io.warn(fail("file name", *opt.files_from, "is empty").error());
  }
  return paths;
}

Result<int> run(Options& opt, Io& io, Args& args) {
  if (opt.all && opt.summarize)
    return usage_error("only one of --all and --summarize can be given");
  if (opt.summarize && opt.max_depth.value_or(0) != 0)
    return usage_error("--summarize is --max-depth=0, and no other depth");
  if (opt.summarize && opt.max_depth)
    io.note("--summarize and --max-depth=0 are the same");
  if (opt.summarize)
    opt.max_depth = 0;
  const auto paths = TRY(find_operands(opt, args, io));
  const SizeStyle style = opt.size_style.value_or(size_style_of_environment("DU_BLOCK_SIZE"));
  std::string format;
  if (opt.time != Time::none)
    format = TRY(time_format(opt.time_style));
  const bool remember_all = paths.size() > 1 || opt.links != Links::keep;
  Counter counter(opt, style, std::move(format), remember_all, io);
  TreeWalk walk({.links = opt.links, .one_file_system = false}, counter);
  for (const std::string& path : paths)
    walk.run(path);
  if (opt.total)
    counter.print_total();
  return io.status();
}

}  // namespace

extern const Applet du_applet = {
    .name = "du",
    .summary = "print how much room files and directories take",
    .usage = "[OPTION]... [FILE]...\n[OPTION]... --files0-from=FILE",
    .dies_with_reader = true,
    .notes = dense<"SIZE is a number with a unit: K M G T (of 1024), KB MB GB TB (of 1000).">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
