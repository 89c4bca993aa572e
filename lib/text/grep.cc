#include "lib/text/grep.h"

#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/choice.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/base/version.h"
#include "lib/fs/tree_walk.h"
#include "lib/text/grep_search.h"
#include "lib/text/letters.h"
#include "lib/text/wildcard.h"

namespace rescue::grep {
namespace {

std::unexpected<Error> wrong(std::string_view detail) {
  return fail("", "", detail);
}

}  // namespace

Result<> set_flavor(Options& o, RegexSyntax::Flavor flavor) {
  o.conflict = o.conflict || (o.flavor && *o.flavor != flavor);
  o.flavor = flavor;
  return {};
}

Result<> add_pattern(Options& o, std::string_view text) {
  o.sources.push_back({std::string(text), false});
  return {};
}

Result<> add_pattern_file(Options& o, std::string_view name) {
  o.sources.push_back({std::string(name), true});
  return {};
}

Result<> set_number(std::optional<uint64_t>& number, std::string_view text) {
  number = to_number<uint64_t>(text);
  if (number)
    return {};
  // More than can be counted is as good as all.
  if (text.empty() || text.find_first_not_of("0123456789") != npos)
    return fail("", "", Printable(text), ": invalid context length argument");
  number = UINT64_MAX;
  return {};
}

Result<> set_max_count(Options& o, std::string_view text) {
  const auto count = to_number<int64_t>(text);
  if (!count)
    return wrong("invalid max count");
  o.max_count = *count < 0 ? UINT64_MAX : static_cast<uint64_t>(*count);
  return {};
}

Result<> set_binary(Options& o, std::string_view text) {
  if (text == "binary")
    o.binary = Binary::report;
  else if (text == "text")
    o.binary = Binary::text;
  else if (text == "without-match")
    o.binary = Binary::skip;
  else
    return wrong("unknown binary-files type");
  return {};
}

Result<> set_directories(Options& o, std::string_view text) {
  constexpr Choice<Directories> choices[] = {
      {"read", Directories::read}, {"recurse", Directories::recurse}, {"skip", Directories::skip}};
  o.directories = TRY(choose("--directories", text, choices));
  return {};
}

Result<> set_devices(Options& o, std::string_view text) {
  if (text != "read" && text != "skip")
    return wrong("unknown devices method");
  o.read_devices = text == "read";
  return {};
}

Result<> set_color(Options& o, std::string_view text) {
  if (text == "always" || text == "yes" || text == "force") {
    o.color = true;
  } else if (text == "never" || text == "no" || text == "none") {
    o.color = false;
  } else if (text.empty() || text == "auto" || text == "tty" || text == "if-tty") {
    const char* term = std::getenv("TERM");
    o.color = ::isatty(1) == 1 && term != nullptr && std::string_view(term) != "dumb";
  } else {
    return usage_error("option '--color': '", Printable(text), "' is none of: always, never, auto");
  }
  return {};
}

Result<> add_exclude_dir(Options& o, std::string_view glob) {
  while (glob.size() > 1 && glob.ends_with('/'))
    glob.remove_suffix(1);
  o.exclude_dirs.emplace_back(glob);
  return {};
}

namespace {

bool fits(std::string_view glob, std::string_view name, bool named_by_user) {
  if (wildcard_match(glob, name))
    return true;
  // Of what was named, any end of the path will do.
  for (size_t i = 0; named_by_user && i + 1 < name.size(); ++i)
    if (name[i] == '/' && name[i + 1] != '/' && wildcard_match(glob, name.substr(i + 1)))
      return true;
  return false;
}

class Grep final : public WalkVisitor {
 public:
  Grep(const Options& opt, std::vector<Options::NamePattern> globs, Search& search, bool omit_dot, Io& io)
      : opt_(opt), globs_(std::move(globs)), search_(search), omit_dot_(omit_dot), io_(io) {
    has_output_ = ::fstat(io.out.fd(), &output_) == 0 && S_ISREG(output_.st_mode);
  }

  void operand(const std::string& name) {
    if (name == "-") {
      struct stat info{};
      if (::fstat(io_.in, &info) == 0)
        search_fd(io_.in, opt_.label, info, true);
      return;
    }
    if (opt_.directories == Directories::recurse) {
      TreeWalk walk({.links = opt_.follow ? TreeWalk::Links::follow : TreeWalk::Links::follow_named}, *this);
      walk.run(name);
      return;
    }
    struct stat info{};
    const bool asked = !globs_.empty() || !opt_.exclude_dirs.empty() || opt_.directories == Directories::skip ||
                       (opt_.read_devices && !*opt_.read_devices);
    // A FIFO that nobody writes to would hold up the one who opens it.
    if (asked && ::stat(name.c_str(), &info) == 0 && is_skipped(name, info, true))
      return;
    open_and_search(AT_FDCWD, name, name, true);
  }

  bool enter(const WalkEntry& entry) override {
    if (search_.is_done())
      return false;
    const bool named = entry.depth == 0;
    const std::string_view name = named ? entry.path : entry.name;
    if (is_skipped(name, entry.info, named))
      return false;
    if (S_ISDIR(entry.info.st_mode))
      return true;
    // Links are only followed where that was asked for.
    if (!named && S_ISLNK(entry.info.st_mode) && !opt_.follow)
      return false;
    std::string_view shown = entry.path;
    if (omit_dot_ && shown.starts_with("./"))
      shown.remove_prefix(2);
    open_and_search(entry.dir, entry.name, shown, named);
    return false;
  }
  void leave(const WalkEntry& /*entry*/, bool /*complete*/) override {}
  void looped(std::string_view path) override {
    if (!opt_.silent)
      io_.note(Printable(path), ": warning: recursive directory loop");
  }
  void failed(const Error& error) override { warn(error); }

 private:
  void warn(const Error& error) {
    failed_ = true;
    // As those who parse such lines know them: name and reason.
    if (!opt_.silent)
      io_.warn(Error({}, error.path(), error.code(), error.detail(), error.status()));
  }

  bool is_skipped(std::string_view name, const struct stat& info, bool named) const {
    if (S_ISDIR(info.st_mode)) {
      if (opt_.directories == Directories::skip)
        return true;
      if (named && omit_dot_)
        return false;
      for (const std::string& glob : opt_.exclude_dirs)
        if (fits(glob, name, named))
          return true;
      return false;
    }
    if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode) || S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode)) {
      const bool recursing = opt_.directories == Directories::recurse && !named;
      if (!opt_.read_devices.value_or(!recursing))
        return true;
    }
    if (globs_.empty())
      return false;
    for (size_t i = globs_.size(); i-- > 0;)
      if (fits(globs_[i].glob, name, named))
        return !globs_[i].include;
    return globs_[0].include;
  }

  void open_and_search(int dir, const std::string& name, std::string_view shown, bool named) {
    const auto file = open_at(dir, name, O_RDONLY | O_NOCTTY, 0, shown);
    if (!file)
      return warn(file.error());
    struct stat info{};
    if (::fstat(file->get(), &info) < 0)
      return warn(fail("", shown).error());
    search_fd(file->get(), shown, info, named);
  }

  void search_fd(int fd, std::string_view shown, const struct stat& info, bool /*named*/) {
    const bool prints = !opt_.quiet && !opt_.list && !opt_.count && opt_.max_count.value_or(2) > 1;
    if (prints && has_output_ && S_ISREG(info.st_mode) && info.st_dev == output_.st_dev &&
        info.st_ino == output_.st_ino) {
      failed_ = true;
      if (!opt_.silent)
        io_.note(shown, ": input file is also the output");
      return;
    }
    if (S_ISDIR(info.st_mode)) {
      warn(fail("", shown, EISDIR).error());
      return search_.nothing(shown);
    }
    search_.search(fd, shown, info);
  }

 public:
  bool has_failed() const { return failed_; }

 private:
  const Options& opt_;
  std::vector<Options::NamePattern> globs_;
  Search& search_;
  bool omit_dot_;
  Io& io_;
  struct stat output_{};
  bool has_output_ = false;
  bool failed_ = false;
};

Result<std::string> file_text(const std::string& name, Io& io) {
  if (name == "-")
    return read_all(io.in, uint64_t{1} << 40, name);
  const UniqueFd file = TRY(open_file(name, O_RDONLY));
  return read_all(file.get(), uint64_t{1} << 40, name);
}

// All patterns, each on a line; nothing where there is not even an empty one.
Result<std::optional<std::string>> all_patterns(const Options& opt, Io& io) {
  std::optional<std::string> all;
  for (const PatternSource& source : opt.sources) {
    std::string text = source.text;
    if (source.is_file) {
      text = TRY(file_text(source.text, io));
      if (text.empty())
        continue;
      if (text.ends_with('\n'))
        text.pop_back();
    }
    all = all ? str(*all, '\n', text) : text;
  }
  return all;
}

Result<std::optional<Regex>> compile(const Options& opt, Io& io, RegexSyntax::Flavor flavor) {
  const std::optional<std::string> all = TRY(all_patterns(opt, io));
  if (!all)
    return std::nullopt;
  RegexSyntax syntax{.flavor = opt.flavor.value_or(flavor)};
  syntax.ignore_case = opt.ignore_case;
  syntax.bytes = bytes_are_characters();
  syntax.whole_words = opt.words;
  syntax.whole_records = opt.lines;
  syntax.has_separator = true;
  syntax.separator = opt.zero ? '\0' : '\n';
  auto regex = Regex::compile(split(*all, '\n'), syntax);
  if (!regex)
    return fail("", "", regex.error().detail());
  for (const std::string& warning : regex->warnings())
    io.note("warning: ", warning);
  return std::optional<Regex>(*std::move(regex));
}

Result<std::vector<Options::NamePattern>> name_patterns(const Options& opt, Io& io) {
  std::vector<Options::NamePattern> globs = opt.files;
  for (const std::string& name : opt.exclude_from) {
    const std::string text = TRY(file_text(name, io));
    for (std::string_view line : split(text, '\n')) {
      while (line.ends_with(' '))
        line.remove_suffix(1);
      if (!line.empty() && !line.starts_with('#'))
        globs.push_back({std::string(line), false});
    }
  }
  return globs;
}

}  // namespace

Result<int> run(Options& opt, Io& io, Args& args, RegexSyntax::Flavor flavor) {
  if (opt.short_version) {
    io.out.put(io.name, " (rescue) ", version, '\n');
    return 0;
  }
  if (opt.conflict)
    return wrong("conflicting matchers specified");
  if (opt.sources.empty())
    opt.sources.push_back({std::string(TRY(args.shift("PATTERNS"))), false});
  if (!opt.digits.empty())
    TRY(set_number(opt.context, opt.digits));
  Colors colors;
  if (opt.color) {
    if (const char* old = std::getenv("GREP_COLOR"); old != nullptr && *old != '\0') {
      io.note("warning: GREP_COLOR='", old, "' is deprecated; use GREP_COLORS='mt=", old, '\'');
      colors.selected_match = colors.context_match = old;
    }
    if (const char* text = std::getenv("GREP_COLORS"); text != nullptr)
      colors.parse(text);
  }
  std::optional<Regex> regex = TRY(compile(opt, io, flavor));
  if (opt.max_count == 0)
    return 1;
  std::vector<Options::NamePattern> globs = TRY(name_patterns(opt, io));
  const bool recursing = opt.directories == Directories::recurse;
  const bool no_operand = args.empty();
  if (no_operand)
    args.push(recursing ? "." : "-");
  bool names = opt.names.value_or(args.size() > 1);
  if (!opt.names && recursing) {
    struct stat info{};
    const std::string first(args[0]);
    names = args.size() > 1 || (first != "-" && ::stat(first.c_str(), &info) == 0 && S_ISDIR(info.st_mode));
  }
  Search search(opt, colors, names, std::move(regex), io);
  Grep grep(opt, std::move(globs), search, recursing && no_operand, io);
  for (const std::string_view name : args) {
    grep.operand(std::string(name));
    if (search.is_done())
      return 0;
  }
  if (grep.has_failed() || io.status() != 0)
    return 2;
  return search.any_selected() ? 0 : 1;
}

}  // namespace rescue::grep
