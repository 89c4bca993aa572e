// patch: make the changes that a patch describes. See lib/text/patch_file.h for what it reads.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/date_parse.h"
#include "lib/base/fd.h"
#include "lib/base/quote.h"
#include "lib/base/text.h"
#include "lib/fs/attributes.h"
#include "lib/fs/backup.h"
#include "lib/fs/directory.h"
#include "lib/text/line_diff.h"
#include "lib/text/patch_file.h"
#include "lib/text/patch_merge.h"

namespace rescue {
namespace {

using patch::FilePatch;
using patch::Form;
using patch::Hunk;

constexpr size_t npos = std::string_view::npos;
constexpr uint64_t file_limit = uint64_t{1} << 40;

struct Options {
  bool backup = false;
  std::optional<bool> backup_if_mismatch;
  std::string prefix;
  std::string suffix;
  std::string version_control;
  Form form = Form::unknown;
  std::string directory;
  bool dry_run = false;
  bool remove_empty = false;
  bool force = false;
  bool batch = false;
  bool forward = false;
  std::string fuzz = "2";
  std::string input = "-";
  bool ignore_blanks = false;
  std::optional<std::string> output;
  std::optional<std::string> strip;
  bool reverse = false;
  std::optional<std::string> rejects;
  std::string reject_form;
  bool silent = false;
  bool verbose = false;
  bool posix = false;
  std::string base_prefix;
  std::string define;
  patch::MergeStyle merge = patch::MergeStyle::none;
  bool set_time = false;
  bool set_utc = false;
  bool binary = false;
  std::string quoting = "shell";
  std::string read_only = "warn";
};

Result<> choose_merge(Options& o, std::string_view style) {
  if (!style.empty() && style != "merge" && style != "diff3")
    return usage_error("invalid argument ", Printable(style), " for --merge: merge, diff3");
  o.merge = style == "diff3" ? patch::MergeStyle::diff3 : patch::MergeStyle::merge;
  return {};
}

constexpr Opt<Options> options[] = {
    Opt<Options>("What is read"),
    {'i', "input", &Options::input, "read the patch from FILE, not from standard input", "FILE"},
    {'p', "strip", &Options::strip, "take NUM leading components off names of files", "NUM"},
    {'d', "directory", &Options::directory, "go to DIR first", "DIR"},
    {'c', "context", set<&Options::form, Form::context, Options>, "it is a context patch"},
    {'n', "normal", set<&Options::form, Form::normal, Options>, "it is a normal patch"},
    {'u', "unified", set<&Options::form, Form::unified, Options>, "it is a unified patch"},
    Opt<Options>("How it is applied"),
    {'R', "reverse", &Options::reverse, "take its changes back"},
    {'N', "forward", &Options::forward, "leave out what seems to be applied already"},
    {'F', "fuzz", &Options::fuzz, "up to NUM lines of context may differ (default 2)", "NUM"},
    {'l', "ignore-whitespace", &Options::ignore_blanks, "any blanks match any others"},
    {'E', "remove-empty-files", &Options::remove_empty, "remove files that become empty"},
    {'f', "force", &Options::force, "ask nothing, and apply it as it is"},
    {'t', "batch", &Options::batch, "ask nothing; what seems to be reversed is reversed"},
    {'D', "ifdef", &Options::define, "keep both texts, with #ifdef NAME around what differs", "NAME"},
    {'m', "merge", choose_merge, "what does not fit goes between marks; diff3: with the old text too", "[STYLE]"},
    {0, "binary", &Options::binary, "change no ends of lines; none is ever changed"},
    {0, "read-only", &Options::read_only, "what a file that may not be written is reason for: ignore, warn, fail",
     "WHAT"},
    {0, "posix", &Options::posix, "as POSIX has it: the first name that exists, no backups"},
    Opt<Options>("What is written"),
    {0, "dry-run", &Options::dry_run, "say what would be done, and change nothing"},
    {'o', "output", &Options::output, "write to FILE", "FILE"},
    {'r', "reject-file", &Options::rejects, "put what cannot be applied into FILE", "FILE"},
    {0, "reject-format", &Options::reject_form, "in that FORM: context or unified", "FORM"},
    {'b', "backup", &Options::backup, "keep the old file beside the new one"},
    {0, "backup-if-mismatch", set<&Options::backup_if_mismatch, true, Options>,
     "keep it where the patch does not fit exactly (default)"},
    {0, "no-backup-if-mismatch", set<&Options::backup_if_mismatch, false, Options>, "do not"},
    {'B', "prefix", &Options::prefix, "keep it as PREFIX and its path", "PREFIX"},
    {'Y', "basename-prefix", &Options::base_prefix, "keep it with PREFIX before its name", "PREFIX"},
    {'z', "suffix", &Options::suffix, "keep it with SUFFIX behind its name (default .orig)", "SUFFIX"},
    {'V', "version-control", &Options::version_control, "how backups are named: simple, numbered, existing", "HOW"},
    {'T', "set-time", &Options::set_time, "give files the times that the patch says, of the local zone"},
    {'Z', "set-utc", &Options::set_utc, "the same, in UTC where the patch names no zone"},
    {0, "quoting-style", &Options::quoting, "how names are shown: literal, shell, shell-always, c, escape", "STYLE"},
    {'s', "quiet", &Options::silent, "say only what is wrong"},
    {0, "silent", &Options::silent, "the same"},
    {0, "verbose", &Options::verbose, "say more"},
};

// The lines of one file, and what becomes of them, hunk by hunk.
class Applier {
 public:
  Applier(std::vector<std::string_view> lines, bool ignore_blanks, std::string_view define)
      : to_{.lines = std::move(lines), .ignore_blanks = ignore_blanks}, define_(define) {}

  // Where the hunk fits, counted from 1, with up to `fuzz` lines of its context left out; 0 where it does not.
  size_t locate(const Hunk& hunk, int64_t fuzz);

  void apply(const Hunk& hunk, size_t where);

  patch::MergeReport merge(const Hunk& hunk, size_t where, patch::MergeStyle style, bool tell_merged) {
    // New text alone goes where the hunk says, whatever is there.
    if (hunk.old_count == 0)
      where = static_cast<size_t>(clamped(static_cast<int64_t>(hunk.old_at) + 1 + to_.in_offset));
    return patch::merge_hunk(hunk, where, style, tell_merged, to_);
  }

  std::string result() {
    to_.copy_until(to_.lines.size());
    return std::move(to_.out);
  }

  int64_t in_offset() const { return to_.in_offset; }
  int64_t out_offset() const { return to_.out_offset; }

 private:
  bool matches(const Hunk& hunk, int64_t at, int64_t prefix, int64_t suffix) const;
  void open_condition(char& open, char kind);
  // A place for text of which no old line says where it belongs.
  int64_t clamped(int64_t at) const {
    const auto done = static_cast<int64_t>(to_.done);
    return std::clamp(at, done + 1, std::max(done, static_cast<int64_t>(to_.lines.size())) + 1);
  }

  patch::Progress to_;
  std::string_view define_;  // of -D; empty without
};

bool Applier::matches(const Hunk& hunk, int64_t at, int64_t prefix, int64_t suffix) const {
  int64_t place = 0;
  const auto count = static_cast<int64_t>(hunk.old_count);
  for (const patch::Line& line : hunk.lines) {
    if (line.kind == '+')
      continue;
    const int64_t here = place++;
    if (here < prefix || here >= count - suffix)
      continue;
    const int64_t index = at - 1 + here;
    if (index < 0 || !to_.has(static_cast<size_t>(index), line.text))
      return false;
  }
  return true;
}

// As GNU's patch looks: a hunk with less context before than after it belongs to the start of the file, and the other
// way round; else it is looked for farther and farther away.
size_t Applier::locate(const Hunk& hunk, int64_t fuzz) {
  const auto old_at = static_cast<int64_t>(hunk.old_at) + (hunk.old_count == 0 ? 1 : 0);
  const int64_t guess = old_at + to_.in_offset;
  const auto count = static_cast<int64_t>(hunk.old_count);
  const auto total = static_cast<int64_t>(to_.lines.size());
  const auto frozen = static_cast<int64_t>(to_.done);
  const auto prefix_context = static_cast<int64_t>(hunk.prefix());
  const auto suffix_context = static_cast<int64_t>(hunk.suffix());
  const int64_t context = std::max(prefix_context, suffix_context);
  int64_t prefix = fuzz + prefix_context - context;
  const int64_t suffix = fuzz + suffix_context - context;
  const auto found = [&](int64_t at) {
    to_.in_offset += at - guess;
    return static_cast<size_t>(at);
  };
  if (count == 0) {
    // Text that is put in where nothing was; into a file that is there already, only where the hunk says.
    if (hunk.old_at == 0 && total > 0)
      return 0;
    return static_cast<size_t>(clamped(guess));
  }
  const int64_t last = total - (count - std::max<int64_t>(suffix, 0)) + 1;
  if (prefix < 0 && old_at <= 1) {
    if (suffix < 0 && (count != total || prefix_context < frozen))
      return 0;
    return frozen <= prefix_context && 1 <= last && matches(hunk, 1, 0, std::max<int64_t>(suffix, 0)) ? found(1) : 0;
  }
  prefix = std::max<int64_t>(prefix, 0);
  const int64_t first = frozen + 1;
  if (suffix < 0) {
    const int64_t at = total - count + 1;
    return at >= std::max<int64_t>(first, 1) && matches(hunk, at, prefix, 0) ? found(at) : 0;
  }
  const int64_t farthest = std::max(last - guess, guess - 1);
  for (int64_t offset = std::max<int64_t>(0, guess - last); offset <= farthest; ++offset) {
    if (guess + offset <= last && guess + offset >= std::max<int64_t>(first, 1) &&
        matches(hunk, guess + offset, prefix, suffix))
      return found(guess + offset);
    if (offset > 0 && guess - offset >= std::max<int64_t>(first, 1) && guess - offset <= last &&
        matches(hunk, guess - offset, prefix, suffix))
      return found(guess - offset);
  }
  return 0;
}

// With -D, what the lines to come stand behind: #ifndef for old ones, #ifdef for new ones, #else between the two.
void Applier::open_condition(char& open, char kind) {
  if (define_.empty() || open == kind || (open == 'e' && kind != ' '))
    return;
  if (!to_.out.empty() && !to_.out.ends_with('\n'))
    to_.out += '\n';
  if (kind == ' ')
    to_.out += "#endif\n";
  else if (open == ' ')
    to_.out += str(kind == '-' ? "#ifndef " : "#ifdef ", define_, '\n');
  else
    to_.out += "#else\n";
  open = kind == ' ' || open == ' ' ? kind : 'e';
}

// Context stays as the file has it, not as the patch does.
void Applier::apply(const Hunk& hunk, size_t where) {
  size_t at = where - 1;
  char open = ' ';
  for (const patch::Line& line : hunk.lines) {
    to_.copy_until(at);
    open_condition(open, line.kind);
    if (line.kind == '+') {
      to_.put(line.text);
      continue;
    }
    if ((line.kind == ' ' || !define_.empty()) && at < to_.lines.size())
      to_.out += to_.lines[at];
    to_.done = ++at;
  }
  open_condition(open, ' ');
  to_.out_offset += static_cast<int64_t>(hunk.new_count) - static_cast<int64_t>(hunk.old_count);
}

class Patcher {
 public:
  Patcher(const Options& opt, std::string_view text, Io& io) : opt_(opt), lines_(lines_of(text)), io_(io) {}

  Result<> prepare() {
    const auto fuzz = to_number<int64_t>(opt_.fuzz);
    if (!fuzz || *fuzz < 0)
      return fail("", "", "fuzz factor ", Printable(opt_.fuzz), " is not a number");
    fuzz_ = *fuzz;
    if (opt_.strip) {
      strip_ = to_number<size_t>(*opt_.strip);
      if (!strip_)
        return fail("", "", "strip count ", Printable(*opt_.strip), " is not a number");
    }
    if (!opt_.reject_form.empty() && opt_.reject_form != "context" && opt_.reject_form != "unified")
      return fail("", "", "invalid argument ", Printable(opt_.reject_form), " for --reject-format");
    if (!opt_.version_control.empty())
      policy_.kind = TRY(kind_of_backup());
    else
      policy_.kind = Backup::simple;
    constexpr std::string_view behaviours[] = {"ignore", "warn", "fail"};
    if (!std::ranges::contains(behaviours, opt_.read_only))
      return fail("", "", "invalid argument ", Printable(opt_.read_only), " for --read-only");
    const auto* const style = std::ranges::find(quoting_style_names, opt_.quoting);
    if (style == std::end(quoting_style_names))
      return fail("", "", "invalid argument ", Printable(opt_.quoting), " for --quoting-style");
    style_ = static_cast<QuotingStyle>(style - std::begin(quoting_style_names));
    if (style_ == QuotingStyle::shell)
      style_ = QuotingStyle::shell_escape;
    policy_.suffix = opt_.suffix.empty() ? ".orig" : opt_.suffix;
    return {};
  }

  Result<Backup> kind_of_backup() const {
    auto kind = backup_kind(opt_.version_control);
    if (!kind)
      return with_status(std::move(kind).error(), Status::unset);
    return kind;
  }

  // Applies what is for one file; whether all of it could be.
  Result<bool> apply(FilePatch file, const std::string& operand) {
    if (opt_.reverse)
      file.reverse();
    const std::string name = operand.empty() ? choose_name(file) : operand;
    if (name.empty())
      return skip(file);
    bool exists = false;
    struct stat info{};
    std::string old_text;
    if (::stat(name.c_str(), &info) == 0) {
      if (!S_ISREG(info.st_mode)) {
        io_.out.put("File ", name, " is not a regular file -- refusing to patch\n");
        return refused(file, name);
      }
      const UniqueFd fd = TRY(open_file(name, O_RDONLY));
      old_text = TRY(read_all(fd.get(), file_limit, name));
      exists = true;
      if (opt_.read_only != "ignore" && ::access(name.c_str(), W_OK) < 0 && errno == EACCES) {
        const bool refuse = opt_.read_only == "fail";
        io_.out.put("File ", shown(name), " is read-only; ", refuse ? "refusing to patch" : "trying to patch anyway",
                    '\n');
        if (refuse)
          return refused(file, name);
      }
    }
    if (!fits_existence(file, name, exists && !old_text.empty(), exists)) {
      io_.out.put(count_line(file.hunks.size(), file.hunks.size(), true), '\n');
      return false;
    }
    if (!opt_.silent)
      io_.out.put(opt_.dry_run ? "checking" : "patching", " file ", shown(opt_.output.value_or(name)),
                  opt_.output ? str(" (read from ", shown(name), ')') : "", '\n');
    return apply_to(file, name, old_text, exists, info);
  }

 private:
  std::string shown(const std::string& name) const { return quoted(name, style_); }

  Result<bool> refused(const FilePatch& file, const std::string& name) {
    Outcome outcome{.failed = file.hunks.size(), .skipped = true};
    for (const Hunk& hunk : file.hunks)
      reject(file, hunk, 0, outcome.rejects);
    TRY(save_rejects(file, name, outcome));
    return false;
  }

  // A patch that makes a file that is there, or takes away one that is not, may be the wrong way round.
  bool fits_existence(FilePatch& file, const std::string& name, bool has_text, bool exists) {
    const bool creates = file.old_name.is_missing && has_text;
    const bool deletes = file.new_name.is_missing && !exists;
    if ((!creates && !deletes) || (opt_.force && opt_.silent))
      return true;
    io_.out.put("The next patch", opt_.reverse ? ", when reversed," : "", " would ", creates ? "create" : "delete",
                " the file ", name, ",\nwhich ", creates ? "already exists!" : "does not exist!");
    if (opt_.force && !opt_.forward) {
      io_.out.put("  Applying it anyway.\n");
      return true;
    }
    const bool reversed = settle_reversal();
    if (reversed)
      file.reverse();
    return reversed;
  }

  // Nobody is there whom GNU's could ask.
  bool settle_reversal() {
    const bool reversed = opt_.batch && !opt_.forward;
    io_.out.put(opt_.forward               ? "  Skipping patch.\n"
                : reversed && opt_.reverse ? "  Ignoring -R.\n"
                : reversed                 ? "  Assuming -R.\n"
                : opt_.reverse             ? "  Ignore -R? [n] \nApply anyway? [n] \nSkipping patch.\n"
                                           : "  Assume -R? [n] \nApply anyway? [n] \nSkipping patch.\n");
    return reversed;
  }

  // --- which file

  // Without the leading components; empty where it has fewer. Without -p, the last one.
  std::string stripped(const std::string& path) const {
    if (path.empty() || path == "/dev/null")
      return {};
    if (!strip_)
      return std::string(base_name(path));
    size_t at = 0;
    for (size_t left = *strip_; left > 0; --left) {
      const size_t slash = path.find('/', at);
      if (slash == npos)
        return {};
      at = std::min(path.find_first_not_of('/', slash), path.size());
    }
    return path.substr(at);
  }

  static bool is_safe(const std::string& name) {
    if (name.empty() || name[0] == '/')
      return false;
    for (const std::string_view part : split(name, '/'))
      if (part == "..")
        return false;
    return true;
  }

  std::string choose_name(const FilePatch& file) {
    std::vector<std::string> names;
    const bool has_header = !file.old_name.path.empty() || !file.new_name.path.empty();
    const std::string index = has_header && !opt_.posix ? "" : stripped(file.index);
    for (const std::string& name : {stripped(file.old_name.path), stripped(file.new_name.path), index}) {
      // A name that leads elsewhere is as good as none.
      if (is_safe(name))
        names.push_back(name);
    }
    std::vector<std::string> there;
    for (const std::string& name : names)
      if (struct stat info{}; ::stat(name.c_str(), &info) == 0)
        there.push_back(name);
    if (!there.empty())
      return opt_.posix ? there[0] : best(there);
    const bool creates =
        file.old_name.is_missing || (!file.hunks.empty() && file.hunks[0].old_count == 0 && file.hunks[0].old_at == 0);
    return (creates || file.new_name.is_missing) && !names.empty() ? best(names) : std::string();
  }

  // The fewest components, then the shortest last one, then the shortest.
  static std::string best(const std::vector<std::string>& names) {
    const auto weight = [](const std::string& name) {
      return std::make_tuple(std::ranges::count(name, '/'), base_name(name).size(), name.size());
    };
    return *std::ranges::min_element(names, {}, weight);
  }

  // Nobody can be asked where the patch belongs.
  bool skip(const FilePatch& file) {
    io_.out.put("can't find file to patch at input line ", file.line, '\n');
    io_.out.put("Perhaps you ",
                strip_ ? "used the wrong -p or --strip option?" : "should have used the -p or --strip option?", '\n');
    io_.out.put("The text leading up to this was:\n--------------------------\n");
    for (size_t i = file.begin; i + 1 < file.line && i < lines_.size(); ++i)
      io_.out.put('|', lines_[i]);
    io_.out.put("--------------------------\n");
    if (opt_.force || opt_.batch)
      io_.out.put("No file to patch.  Skipping patch.\n");
    else
      io_.out.put("File to patch: \nSkip this patch? [y] \nSkipping patch.\n");
    io_.out.put(count_line(file.hunks.size(), file.hunks.size(), true), '\n');
    return false;
  }

  static std::string count_line(size_t failed, size_t all, bool ignored) {
    return str(failed, " out of ", all, all == 1 ? " hunk " : " hunks ", ignored ? "ignored" : "FAILED");
  }

  // --- hunks

  struct Outcome {
    size_t failed = 0;
    bool mismatch = false;
    bool skipped = false;
    std::string rejects;
  };

  Result<bool> apply_to(FilePatch& file, const std::string& name, const std::string& old_text, bool exists,
                        const struct stat& info) {
    Applier applier(lines_of(old_text), opt_.ignore_blanks, opt_.define);
    Outcome outcome;
    for (size_t n = 0; n < file.hunks.size(); ++n)
      apply_hunk(file, n, applier, outcome);
    const std::string text = applier.result();
    if (outcome.failed > 0)
      TRY(save_rejects(file, name, outcome));
    const bool all_failed = outcome.failed == file.hunks.size() && outcome.failed > 0;
    if (!opt_.dry_run && !(all_failed && !opt_.output))
      TRY(store(file, name, text, exists, info, outcome));
    else if (!opt_.dry_run && exists && (opt_.backup || (wants_mismatch_backup() && !outcome.skipped)))
      TRY(write_text(TRY(backup_path(name)), old_text, &info));
    return outcome.failed == 0 && !kept_nonempty_ && !conflict_;
  }

  Result<> save_rejects(const FilePatch& file, const std::string& name, const Outcome& outcome) {
    const std::string rejects = opt_.rejects.value_or(opt_.output.value_or(name) + ".rej");
    io_.out.put(count_line(outcome.failed, file.hunks.size(), outcome.skipped));
    if (opt_.dry_run || rejects == "-") {
      io_.out.put('\n');
      return {};
    }
    io_.out.put(" -- saving rejects to file ", shown(rejects), '\n');
    return write_text(rejects, outcome.rejects, nullptr);
  }

  void apply_hunk(FilePatch& file, size_t n, Applier& applier, Outcome& outcome) {
    const auto number = n + 1;
    int64_t fuzz = 0;
    size_t where = 0;
    const auto context = static_cast<int64_t>(std::max(file.hunks[n].prefix(), file.hunks[n].suffix()));
    const bool merges = opt_.merge != patch::MergeStyle::none;
    const int64_t most = merges ? 0 : std::min(fuzz_, context);
    for (; !outcome.skipped; ++fuzz) {
      where = applier.locate(file.hunks[n], fuzz);
      if (where == 0 && n == 0 && !opt_.force && !merges && reverses(file, applier, fuzz, outcome, where))
        break;
      if (where != 0 || fuzz >= most)
        break;
    }
    const Hunk& hunk = file.hunks[n];
    if (merges && !outcome.skipped)
      return merge_hunk(hunk, n + 1, where, applier, outcome);
    const int64_t shown_at =
        (where != 0 ? static_cast<int64_t>(where) : static_cast<int64_t>(hunk.old_at + (hunk.old_count == 0 ? 1 : 0))) +
        applier.out_offset();
    if (outcome.skipped || where == 0) {
      ++outcome.failed;
      outcome.mismatch = true;
      if (!outcome.skipped && !opt_.silent)
        io_.out.put("Hunk #", number, " FAILED at ", shown_at, ".\n");
      reject(file, hunk, applier.out_offset(), outcome.rejects);
      return;
    }
    const int64_t offset = applier.in_offset();
    applier.apply(hunk, where);
    outcome.mismatch = outcome.mismatch || fuzz > 0 || offset != 0;
    if (opt_.silent || (!opt_.verbose && fuzz == 0 && offset == 0))
      return;
    io_.out.put("Hunk #", number, " succeeded at ", shown_at);
    if (fuzz > 0)
      io_.out.put(" with fuzz ", fuzz);
    if (offset != 0)
      io_.out.put(" (offset ", offset, offset == 1 ? " line)" : " lines)");
    io_.out.put(".\n");
  }

  void merge_hunk(const Hunk& hunk, size_t number, size_t where, Applier& applier, Outcome& outcome) {
    const bool fits = where != 0 || hunk.old_count == 0;
    outcome.mismatch = outcome.mismatch || !fits || applier.in_offset() != 0;
    const bool tell_merged = opt_.verbose || (!fits && !opt_.silent);
    const patch::MergeReport report = applier.merge(hunk, where, opt_.merge, tell_merged);
    if (!report.text.empty())
      io_.out.put("Hunk #", number, ' ', report.text, ".\n");
    conflict_ = conflict_ || report.conflict;
  }

  // The first hunk does not fit: perhaps it does the other way round. True where that settles it.
  bool reverses(FilePatch& file, Applier& applier, int64_t fuzz, Outcome& outcome, size_t& where) {
    file.reverse();
    where = applier.locate(file.hunks[0], fuzz);
    if (where == 0) {
      file.reverse();
      return false;
    }
    io_.out.put(opt_.reverse ? "Unreversed" : "Reversed (or previously applied)", " patch detected!");
    if (settle_reversal()) {
      outcome.mismatch = true;
      return true;
    }
    file.reverse();
    where = 0;
    outcome.skipped = true;
    return true;
  }

  // --- what could not be applied

  void reject(const FilePatch& file, const Hunk& hunk, int64_t offset, std::string& out) const {
    const bool unified = opt_.reject_form.empty() ? file.form == Form::unified : opt_.reject_form == "unified";
    const auto at = [&](size_t line) { return static_cast<int64_t>(line) + offset; };
    if (out.empty()) {
      const auto header = [&](std::string_view sign, const patch::Name& name) {
        out += str(sign, ' ',
                   name.path.empty()          ? "/dev/null"
                   : name.path == "/dev/null" ? name.path
                                              : stripped_or_whole(name.path),
                   name.rest, '\n');
      };
      header(unified ? "---" : "***", file.old_name);
      header(unified ? "+++" : "---", file.new_name);
    }
    const auto put = [&](std::string_view sign, std::string_view text) {
      (out += sign) += text;
      if (!text.ends_with('\n'))
        out += "\n\\ No newline at end of file\n";
    };
    if (unified) {
      const auto range = [&](size_t line, size_t count) {
        return count == 1 ? str(at(line)) : str(at(line), ',', count);
      };
      out += str("@@ -", range(hunk.old_at, hunk.old_count), " +", range(hunk.new_at, hunk.new_count), " @@",
                 hunk.heading, '\n');
      for (const patch::Line& line : hunk.lines)
        put(std::string_view(&line.kind, 1), line.text);
      return;
    }
    const auto range = [&](size_t line, size_t count) {
      return count <= 1 ? str(at(line)) : str(at(line), ',', at(line + count - 1));
    };
    // Lines that others take the place of are marked as changed.
    const auto is_changed = [&](size_t i) {
      size_t begin = i;
      while (begin > 0 && hunk.lines[begin - 1].kind != ' ')
        --begin;
      bool old = false;
      bool fresh = false;
      for (; begin < hunk.lines.size() && hunk.lines[begin].kind != ' '; ++begin)
        (hunk.lines[begin].kind == '-' ? old : fresh) = true;
      return old && fresh;
    };
    const auto half = [&](char kind) {
      for (size_t i = 0; i < hunk.lines.size(); ++i) {
        const patch::Line& line = hunk.lines[i];
        if (line.kind == ' ' || line.kind == kind)
          put(line.kind == ' ' ? "  " : is_changed(i) ? "! " : kind == '-' ? "- " : "+ ", line.text);
      }
    };
    out += str("***************", hunk.heading, "\n*** ", range(hunk.old_at, hunk.old_count), " ****\n");
    half('-');
    out += str("--- ", range(hunk.new_at, hunk.new_count), " ----\n");
    half('+');
  }

  std::string stripped_or_whole(const std::string& path) const {
    const std::string name = stripped(path);
    return name.empty() ? path : name;
  }

  // --- writing

  bool wants_mismatch_backup() const { return opt_.backup_if_mismatch.value_or(true); }

  // Written beside the target and renamed over it.
  static Result<> write_text(const std::string& path, std::string_view text, const struct stat* like) {
    TRY(make_parents(path, 0777));
    const std::string temporary = str(dir_name(path), "/.rescue-patch-", ::getpid());
    UniqueFd file = TRY(open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0666));
    Result<> done = write_all(file.get(), text, path);
    if (done && like != nullptr) {
      const FileRef to{file.get(), AT_FDCWD, temporary, path};
      if (const auto owned = set_owner(to, *like); !owned)
        done = std::unexpected(owned.error());
      // New content is not to run with the rights of the old one.
      if (done)
        done = set_mode(to, like->st_mode & ~static_cast<mode_t>(S_ISUID | S_ISGID));
    }
    if (done)
      done = file.close(path);
    if (done && ::rename(temporary.c_str(), path.c_str()) < 0)
      done = fail("replace", path);
    if (!done)
      (void)::unlink(temporary.c_str());
    return done;
  }

  Result<std::string> backup_path(const std::string& name) const {
    if (!opt_.prefix.empty() || !opt_.base_prefix.empty()) {
      const std::string_view base = base_name(name);
      return str(opt_.prefix, std::string_view(name).substr(0, name.size() - base.size()), opt_.base_prefix, base,
                 opt_.suffix);
    }
    if (policy_.kind == Backup::simple)
      return name + policy_.suffix;
    const UniqueFd dir = TRY(open_file(std::string(dir_name(name)), O_RDONLY | O_DIRECTORY));
    return str(dir_name(name), '/', TRY(backup_name(dir.get(), std::string(base_name(name)), policy_, name)));
  }

  // The first time that a file is changed, what was there before is kept.
  Result<> keep_old(const std::string& name, bool exists) {
    if (std::ranges::find(backed_up_, name) != backed_up_.end())
      return {};
    backed_up_.push_back(name);
    const std::string backup = TRY(backup_path(name));
    TRY(make_parents(backup, 0777));
    if (!exists)
      return write_text(backup, "", nullptr);
    if (::rename(name.c_str(), backup.c_str()) < 0)
      return fail("keep as a backup", name);
    return {};
  }

  Result<> store(const FilePatch& file, const std::string& name, const std::string& text, bool exists,
                 const struct stat& info, const Outcome& outcome) {
    if (opt_.output) {
      if (*opt_.output == "-") {
        io_.out.write(text);
        return {};
      }
      collected_ += text;
      return write_text(*opt_.output, collected_, nullptr);
    }
    const bool removes = text.empty() && (opt_.remove_empty || file.new_name.is_missing) && !opt_.posix;
    if (opt_.backup || (wants_mismatch_backup() && outcome.mismatch))
      TRY(keep_old(name, exists));
    if (removes) {
      if (::unlink(name.c_str()) < 0 && errno != ENOENT)
        return fail("remove", name);
      return {};
    }
    if (file.new_name.path == "/dev/null" && !text.empty() && !conflict_) {
      io_.out.put("Not deleting file ", name, " as content differs from patch\n");
      kept_nonempty_ = true;
    }
    TRY(write_text(name, text, exists ? &info : nullptr));
    return opt_.set_time || opt_.set_utc ? set_time(file, name, exists, info, outcome) : Result<>();
  }

  // The time of the new text, where the file had the old one and all fitted.
  Result<> set_time(const FilePatch& file, const std::string& name, bool exists, const struct stat& info,
                    const Outcome& outcome) {
    const auto time_of = [&](const patch::Name& side) {
      const std::string_view text = trim(side.rest);
      return text.empty() ? std::nullopt : parse_date(opt_.set_utc ? str("TZ=\"UTC0\" ", text) : std::string(text), {});
    };
    const auto before = time_of(file.old_name), after = time_of(file.new_name);
    if (!after)
      return {};
    const bool same =
        !exists || (before && before->tv_sec == info.st_mtim.tv_sec && before->tv_nsec == info.st_mtim.tv_nsec);
    if (!opt_.force && (!same || outcome.mismatch)) {
      io_.out.put("Not setting time of file ", shown(name), same ? " (contents" : " (time", " mismatch)\n");
      return {};
    }
    const struct timespec times[] = {*after, *after};
    if (::utimensat(AT_FDCWD, name.c_str(), times, 0) < 0)
      return fail("set times", name);
    return {};
  }

  const Options& opt_;
  std::vector<std::string_view> lines_;
  Io& io_;
  int64_t fuzz_ = 2;
  std::optional<size_t> strip_;
  BackupPolicy policy_;
  QuotingStyle style_ = QuotingStyle::shell_escape;
  std::vector<std::string> backed_up_;
  std::string collected_;
  bool kept_nonempty_ = false;
  bool conflict_ = false;
};

Result<int> run(Options& opt, Io& io, Args& args) {
  std::string operand;
  if (!args.empty())
    operand = TRY(args.shift("FILE"));
  if (!args.empty())
    opt.input = TRY(args.shift("PATCH"));
  TRY(args.expect_end());
  // The patch is looked for from where we were started, unless -d comes first: as GNU's does, -d comes first.
  if (!opt.directory.empty() && ::chdir(opt.directory.c_str()) < 0)
    return fail("go to directory", opt.directory);
  UniqueFd file;
  if (opt.input != "-")
    file = TRY(open_file(opt.input, O_RDONLY));
  const std::string text = TRY(read_all(file ? file.get() : io.in, file_limit, opt.input));
  const patch::Parsed parsed = TRY(patch::parse(text, opt.form));
  if (parsed.garbage_only)
    return fail("", "", "Only garbage was found in the patch input.");
  Patcher patcher(opt, text, io);
  TRY(patcher.prepare());
  bool all = true;
  for (const FilePatch& one : parsed.files)
    all = TRY(patcher.apply(one, operand)) && all;
  return all ? 0 : 1;
}

}  // namespace

extern const Applet patch_applet = {
    .name = "patch",
    .summary = "make the changes that a patch describes",
    .usage = "[OPTION]... [FILE [PATCH]]",
    .failure_status = 2,
    .version_letter = 'v',
    .notes = dense<"Exit status: 0 if all could be applied, 1 if some of it could not, 2 if something failed.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
