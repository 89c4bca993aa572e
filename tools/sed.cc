// sed: edit text line by line, by a script. See lib/text/sed_script.h for the script.
#include <algorithm>
#include <deque>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"
#include "lib/base/utf8.h"
#include "lib/fs/attributes.h"
#include "lib/sys/output_of.h"
#include "lib/text/letters.h"
#include "lib/text/lines.h"
#include "lib/text/sed_script.h"

namespace rescue {
namespace {

using sed::Address;
using sed::Command;
using sed::Piece;

struct Options {
  bool quiet = false;
  std::optional<std::string> script;
  bool follow = false;
  std::optional<std::string> in_place;
  std::string line_length = "70";
  bool posix = false;
  bool debug = false;
  bool extended = false;
  bool separate = false;
  bool sandbox = false;
  bool unbuffered = false;
  bool zero = false;
};

void add_script(Options& o, std::string_view text) {
  o.script = o.script ? str(*o.script, '\n', text) : std::string(text);
}

Result<> expression(Options& o, std::string_view text) {
  add_script(o, text);
  return {};
}

Result<> script_file(Options& o, std::string_view name) {
  UniqueFd file;
  if (name != "-")
    file = TRY(open_file(std::string(name), O_RDONLY));
  std::string text = TRY(read_all(file ? file.get() : 0, uint64_t{1} << 30, name));
  // Where a text goes on behind the last newline, that is a line of it.
  if (text.ends_with('\n') && !text.ends_with("\\\n"))
    text.pop_back();
  add_script(o, text);
  return {};
}

constexpr Opt<Options> options[] = {
    {'n', "quiet", &Options::quiet, "print only what the script prints"},
    {0, "silent", &Options::quiet, "the same"},
    {'e', "expression", expression, "add SCRIPT to the commands", "SCRIPT"},
    {'f', "file", script_file, "add the commands in FILE", "FILE"},
    {'E', "regexp-extended", &Options::extended, "the script's expressions are extended ones"},
    {'r', nullptr, &Options::extended, "the same as -E"},
    {'i', "in-place", &Options::in_place, "edit the files themselves; with SUFFIX, keep them under that name",
     "[SUFFIX]"},
    {0, "follow-symlinks", &Options::follow, "with -i, edit what a symbolic link leads to"},
    {'l', "line-length", &Options::line_length, "the length of lines that the command l breaks", "N"},
    {0, "debug", &Options::debug, "show the script, and step by step what it does"},
    {0, "posix", &Options::posix, "no additions of GNU's"},
    {'s', "separate", &Options::separate, "each file has line numbers, and a last line, of its own"},
    {0, "sandbox", &Options::sandbox, "refuse the commands e, r and w"},
    {'u', "unbuffered", &Options::unbuffered, "read no more than is needed, and write each line at once"},
    {'z', "null-data", &Options::zero, "lines end with a zero byte"},
    {0, "zero-terminated", &Options::zero, "the same"},
};

// A line without its ending, and whether it had one.
struct Line {
  std::string text;
  bool ended = true;
};

struct Target {
  explicit Target(Output& out) : out(&out) {}
  Target(UniqueFd file, std::string path)
      : fd(std::move(file)), name(std::move(path)), own(std::in_place, fd.get(), name, true), out(&*own) {}
  UniqueFd fd;
  std::string name;
  std::optional<Output> own;
  Output* out;
  bool lacks_newline = false;  // what was written last ended without one
};

// What a symbolic link leads to, link after link.
std::string followed(std::string path) {
  for (unsigned hops = 0; hops < 40; ++hops) {
    char target[4096];
    const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
    if (size < 0)
      break;
    const std::string_view to(target, static_cast<size_t>(size));
    path = to.starts_with('/') || !path.contains('/') ? std::string(to) : str(dir_name(path), '/', to);
  }
  return path;
}

// The lines of all files, one after another, and what is known of those to come.
class Lines {
 public:
  Lines(const Options& opt, Args files, Io& io) : opt_(opt), files_(std::move(files)), io_(io) {}

  // Whether the line that was taken last is not the last one: of all files, or of this one where they are separate.
  bool has_next() {
    if (look_ahead())
      return true;
    if (opt_.separate)
      return false;
    while (open_next())
      if (look_ahead())
        return true;
    return false;
  }

  // Takes the next line. `changed` tells that it is the first one of another file, which opened() is told of before.
  template <typename Opened>
  bool next(Line& line, Opened opened) {
    while (!look_ahead()) {
      if (reader_ && opt_.separate)
        opened(false);
      if (!open_next())
        return false;
      if (opt_.separate)
        opened(true);
    }
    line.text.assign(ahead_);
    line.ended = unbuffered_ended_ && reader_->ended();
    has_ahead_ = false;
    name_ = reader_name_;
    return true;
  }

  const std::string& name() const { return name_; }
  const std::string& open_name() const { return reader_name_; }
  int fd() const { return fd_; }

  // Gives back to a standard input that can seek what was read too much, for who reads on.
  void give_back() {
    if (!reader_ || owned_)
      return;
    const size_t ahead = reader_->pending().size() + (has_ahead_ ? ahead_.size() + (reader_->ended() ? 1 : 0) : 0);
    if (ahead > 0)
      (void)::lseek(fd_, -static_cast<off_t>(ahead), SEEK_CUR);
  }

 private:
  bool look_ahead() {
    if (has_ahead_ || !reader_)
      return has_ahead_;
    has_ahead_ = opt_.unbuffered ? read_slowly() : reader_->next(ahead_);
    if (!has_ahead_)
      if (const auto ended = reader_->end(); !ended)
        io_.warn(ended.error());
    return has_ahead_;
  }

  bool read_slowly() {
    slow_.clear();
    char c = 0;
    unbuffered_ended_ = false;
    while (true) {
      const auto count = read_some(fd_, {&c, 1}, reader_name_);
      if (!count || *count == 0)
        break;
      if (c == (opt_.zero ? '\0' : '\n')) {
        unbuffered_ended_ = true;
        break;
      }
      slow_ += c;
    }
    ahead_ = slow_;
    return unbuffered_ended_ || !slow_.empty();
  }

  bool open_next() {
    while (place_ < files_.size() || (place_ == 0 && files_.empty())) {
      const std::string name(files_.empty() ? "-" : files_[place_]);
      ++place_;
      reader_.reset();
      has_ahead_ = false;
      if (open(name))
        return true;
      missing_ = true;
    }
    reader_.reset();
    return false;
  }

  bool open(const std::string& name) {
    owned_.reset();
    fd_ = io_.in;
    reader_name_ = opt_.follow ? followed(name) : name;
    if (name != "-" || opt_.in_place) {
      auto file = open_file(name, O_RDONLY);
      if (!file) {
        io_.note("can't read ", Printable(name), ": ", errno_text(file.error().code()));
        return false;
      }
      struct stat info{};
      if (::fstat(file->get(), &info) == 0 && S_ISDIR(info.st_mode) && !opt_.in_place) {
        io_.note("couldn't read ", Printable(name), ": ", errno_text(EISDIR));
        failed_ = true;
        return false;
      }
      if (opt_.in_place && !S_ISREG(info.st_mode)) {
        io_.note("couldn't edit ", Printable(name), ": not a regular file");
        failed_ = true;
        return false;
      }
      owned_ = std::move(*file);
      fd_ = owned_.get();
    }
    reader_.emplace(fd_, reader_name_, opt_.zero ? '\0' : '\n');
    return true;
  }

 public:
  // The exit status that the files ask for.
  int status() const { return failed_ ? 4 : missing_ ? 2 : 0; }

 private:
  const Options& opt_;
  Args files_;
  Io& io_;
  size_t place_ = 0;
  UniqueFd owned_;
  int fd_ = -1;
  std::optional<LineReader> reader_;
  std::string reader_name_;
  std::string name_ = "-";
  std::string_view ahead_;
  std::string slow_;
  bool has_ahead_ = false;
  bool unbuffered_ended_ = true;
  bool missing_ = false;
  bool failed_ = false;
};

// A file that is edited: what is written goes to a new one beside it, which takes its place in the end.
class Edit {
 public:
  static Result<std::unique_ptr<Edit>> start(const std::string& name, int fd) {
    auto edit = std::make_unique<Edit>();
    edit->path_ = name;
    if (::fstat(fd, &edit->info_) < 0)
      return fail("look at", name);
    edit->source_ = fd;
    edit->temporary_ = str(dir_name(edit->path_), "/.rescue-sed-", ::getpid());
    UniqueFd file = TRY(open_file(edit->temporary_, O_WRONLY | O_CREAT | O_EXCL, 0600));
    edit->target.emplace(std::move(file), edit->temporary_);
    return edit;
  }

  ~Edit() {
    if (!temporary_.empty())
      (void)::unlink(temporary_.c_str());
  }

  Result<> finish(const std::string& suffix) {
    TRY(target->out->flush());
    const FileRef to{target->fd.get(), AT_FDCWD, temporary_, temporary_};
    const FileRef from{source_, AT_FDCWD, path_, path_};
    TRY(set_owner(to, info_));
    (void)copy_xattrs(from, to, {.access_lists = true, .label = true, .others = true});
    TRY(set_mode(to, info_.st_mode));
    TRY(target->fd.close(temporary_));
    if (!suffix.empty()) {
      const std::string backup = backup_path(suffix);
      if (::rename(path_.c_str(), backup.c_str()) < 0)
        return fail("keep as a backup", path_);
    }
    if (::rename(temporary_.c_str(), path_.c_str()) < 0)
      return fail("replace", path_);
    temporary_.clear();
    return {};
  }

  std::optional<Target> target;

 private:
  // SUFFIX behind the name, or with the name in place of each * in it; with a slash, in another directory.
  std::string backup_path(const std::string& suffix) const {
    const std::string base(base_name(path_));
    std::string name;
    if (suffix.find('*') == npos)
      name = base + suffix;
    for (const char c : suffix)
      if (suffix.find('*') != npos)
        name += c == '*' ? base : std::string(1, c);
    return name.contains('/') ? name : str(dir_name(path_), '/', name);
  }

  std::string path_;
  std::string temporary_;
  struct stat info_{};
  int source_ = -1;
};

class Machine {
 public:
  Machine(const Options& opt, sed::Script script, uint64_t line_length, Args files, Io& io)
      : opt_(opt),
        script_(std::move(script)),
        line_length_(line_length),
        bytes_(bytes_are_characters()),
        separator_(opt.zero ? '\0' : '\n'),
        quiet_(opt.quiet || script_.quiet),
        lines_(opt, std::move(files), io),
        io_(io),
        standard_(io.out),
        states_(script_.commands.size()) {
    reset_ranges();
  }

  Result<int> run() {
    TRY(open_outputs());
    if (opt_.debug)
      show_program();
    while (TRY(read_line())) {
      do {
        restart_ = false;
        if (opt_.debug)
          show_input();
        TRY(cycle());
        if (opt_.debug)
          io_.out.put("END-OF-CYCLE:\n");
        if (!quit_ || !quit_silently_) {
          if (!quiet_ && !deleted_)
            put(pattern_.text, pattern_.ended, out());
          TRY(flush_appended());
        }
        if (opt_.unbuffered || terminal_)
          (void)out().out->flush();
      } while (restart_ && !quit_);
      if (quit_)
        break;
    }
    TRY(finish_edit());
    lines_.give_back();
    for (Target& target : outputs_)
      if (target.own)
        TRY(target.out->flush());
    const int files = io_.status() != 0 ? io_.status() : lines_.status();
    return exit_status_ != 0 ? exit_status_ : files;
  }

 private:
  struct Range {
    bool active = false;
    bool began = false;
    uint64_t end = 0;
  };
  struct Appended {
    std::string text;  // or the name of a file
    bool is_file = false;
  };

  Target& out() { return edit_ ? *edit_->target : standard_; }

  // --- input

  Result<> finish_edit() {
    if (!edit_)
      return {};
    const std::unique_ptr<Edit> edit = std::move(edit_);
    return edit->finish(*opt_.in_place);
  }

  Result<bool> read_line() {
    Result<> edited;
    const auto opened = [&](bool begins) {
      if (!begins) {
        if (const auto done = finish_edit(); !done)
          edited = done;
        return;
      }
      // As GNU's does: what is held belongs to one file.
      hold_ = {};
      number_ = 0;
      reset_ranges();
      if (!opt_.in_place || !edited)
        return;
      auto edit = Edit::start(lines_.open_name(), lines_.fd());
      if (edit)
        edit_ = std::move(*edit);
      else
        edited = std::unexpected(edit.error());
    };
    const bool there = lines_.next(pattern_, opened);
    TRY(std::move(edited));
    if (there)
      ++number_;
    replaced_ = false;
    return there;
  }

  // 0,/x/ is in its range before the first line.
  void reset_ranges() {
    for (size_t i = 0; i < states_.size(); ++i) {
      const Address& from = script_.commands[i].from;
      const bool at_once = from.kind == Address::Kind::line && from.first == 0;
      states_[i] = {.active = at_once, .began = at_once, .end = 0};
    }
  }

  // --- addresses

  Result<Regex*> regex(uint32_t number) {
    if (number == sed::none)
      number = last_regex_;
    if (number == sed::none)
      return with_status(fail("", "", "-e expression #1, char 0: no previous regular expression").error(),
                         Status::failed);
    last_regex_ = number;
    return &script_.regexes[number];
  }

  Result<bool> matches(const Address& address) {
    switch (address.kind) {
      case Address::Kind::line: return number_ == address.first;
      case Address::Kind::step:
        if (address.step == 0)
          return number_ == address.first;
        return number_ >= address.first && (number_ - address.first) % address.step == 0;
      case Address::Kind::last: return !lines_.has_next();
      case Address::Kind::regex: return TRY(regex(address.regex))->matches(pattern_.text);
      default: return true;
    }
  }

  Result<bool> selects(const Command& command, Range& range) {
    if (command.from.kind == Address::Kind::none)
      return true;
    if (command.to.kind == Address::Kind::none)
      return matches(command.from);
    if (range.active)
      return in_range(command.to, range);
    // A range from a line by its number begins once, at a later line where another command took that one.
    if (command.from.kind == Address::Kind::line) {
      const bool late =
          command.to.kind == Address::Kind::line && number_ > command.from.first && number_ > command.to.first;
      if (range.began || number_ < command.from.first || late)
        return false;
      range.began = true;
    } else if (!TRY(matches(command.from))) {
      return false;
    }
    switch (command.to.kind) {
      case Address::Kind::line: range.end = command.to.first; break;
      case Address::Kind::plus: range.end = number_ + command.to.first; break;
      case Address::Kind::multiple: {
        const uint64_t n = command.to.first;
        range.end = n == 0 ? number_ : (number_ / n + 1) * n;
        break;
      }
      default: range.end = UINT64_MAX;
    }
    range.active = range.end > number_;
    return true;
  }

  Result<bool> in_range(const Address& to, Range& range) {
    if (to.kind == Address::Kind::last || to.kind == Address::Kind::regex || to.kind == Address::Kind::step) {
      range.active = !TRY(matches(to));
      return true;
    }
    range.active = number_ < range.end;
    // What is counted from the first line on takes a line more where another command has jumped over the last.
    return to.kind != Address::Kind::line || number_ <= range.end;
  }

  // --- output

  void end_line(Target& to) {
    if (to.lacks_newline)
      to.out->put(separator_);
    to.lacks_newline = false;
  }

  void put(std::string_view text, bool ended, Target& to) {
    end_line(to);
    to.out->write(text);
    if (ended)
      to.out->put(separator_);
    to.lacks_newline = !ended;
  }

  void put_text(std::string_view text, Target& to) {
    end_line(to);
    to.out->write(text);
  }

  // A text of the script, which ends as lines do.
  void put_as_line(std::string_view text) {
    if (text.empty())
      return;
    put_text(text.substr(0, text.size() - 1), out());
    out().out->put(separator_);
  }

  Result<> open_outputs() {
    for (const std::string& name : script_.outputs) {
      if (name == "/dev/stdout") {
        outputs_.emplace_back(io_.out);
        continue;
      }
      if (name == "/dev/stderr") {
        outputs_.emplace_back(io_.err);
        continue;
      }
      outputs_.emplace_back(TRY(open_file(name, O_WRONLY | O_CREAT | O_TRUNC, 0666)), name);
    }
    return {};
  }

  Target& output(uint32_t number) {
    return script_.outputs[number] == "/dev/stdout" && !edit_ ? standard_ : outputs_[number];
  }

  Result<> flush_outputs() {
    for (Target& target : outputs_)
      TRY(target.out->flush());
    return out().out->flush();
  }

  Result<> flush_appended() {
    if (appended_.empty())
      return {};
    TRY(flush_outputs());
    for (const Appended& item : appended_) {
      if (item.is_file)
        copy_file(item.text);
      else
        put_text(item.text, out());
    }
    appended_.clear();
    return {};
  }

  // What cannot be read is as good as empty.
  void copy_file(const std::string& name) {
    UniqueFd owned;
    int fd = io_.in;
    if (name != "/dev/stdin") {
      auto file = open_file(name, O_RDONLY);
      if (!file)
        return;
      owned = std::move(*file);
      fd = owned.get();
    }
    char block[8192];
    for (bool first = true;; first = false) {
      const auto count = read_some(fd, block, name);
      if (!count || *count == 0)
        return;
      if (first)
        end_line(out());
      out().out->write({block, *count});
    }
  }

  void append_line_of(const std::string& name) {
    for (auto& [known, reader] : read_files_)
      if (known == name) {
        std::string_view line;
        if (reader && reader->lines.next(line))
          appended_.push_back({std::string(reader->lines.whole(line))});
        return;
      }
    auto file = open_file(name, O_RDONLY);
    read_files_.emplace_back(name, file ? std::make_unique<ReadFile>(std::move(*file), name, separator_) : nullptr);
    append_line_of(name);
  }

  // --- commands

  // --- --debug

  // A command as it is shown; `depth` is of the blocks around it.
  void show_command(std::string_view before, const Command& command, size_t depth) {
    io_.out.put(before, std::string(2 * depth, ' '), command.where, command.where.empty() ? "" : " ", command.what,
                '\n');
  }

  // The blocks that end before command `at`, and how many it is in.
  size_t close_blocks(std::string_view before, uint32_t at) {
    size_t depth = 0;
    size_t ending = 0;
    for (uint32_t i = 0; i < at; ++i)
      if (script_.commands[i].name == '{') {
        depth += script_.commands[i].target > at ? 1 : 0;
        ending += script_.commands[i].target == at ? 1 : 0;
      }
    for (; ending > 0; --ending)
      io_.out.put(before, std::string(2 * (depth + ending - 1), ' '), "}\n");
    return depth;
  }

  void show_program() {
    io_.out.put("SED PROGRAM:\n");
    for (uint32_t i = 0; i <= script_.commands.size(); ++i) {
      const size_t depth = close_blocks("  ", i);
      if (i < script_.commands.size())
        show_command("  ", script_.commands[i], depth);
    }
  }

  void show_space(std::string_view what, std::string_view text) {
    io_.out.put(what);
    for (const char c : text)
      io_.out.put(c == '\n' ? std::string_view("\\n") : std::string_view(&c, 1));
    io_.out.put('\n');
  }

  void show_input() {
    const std::string_view name = lines_.name();
    io_.out.put("INPUT:   '", name == "-" ? "STDIN" : name, "' line ", number_, '\n');
    show_space("PATTERN: ", pattern_.text);
  }

  // What a command may have changed.
  void show_spaces(char command) {
    if (std::string_view("DGNsxyz").contains(command))
      show_space("PATTERN: ", pattern_.text);
    if (std::string_view("Hghx").contains(command))
      show_space("HOLD:    ", hold_.text);
  }

  void show_match(Regex& expression, Span found) {
    expression.groups(pattern_.text, found, groups_);
    io_.out.put("MATCHED REGEX REGISTERS\n");
    for (size_t i = 0; i < groups_.size(); ++i) {
      const Span group = i == 0 ? found : groups_[i];
      io_.out.put("  regex[", i, "] = ", group.begin, '-', group.end, " '", group.of(pattern_.text), "'\n");
    }
  }

  Result<> cycle() {
    deleted_ = false;
    for (uint32_t at = 0; at < script_.commands.size();) {
      const Command& command = script_.commands[at];
      if (opt_.debug)
        show_command("COMMAND: ", command, close_blocks("COMMAND: ", at));
      if (TRY(selects(command, states_[at])) == command.inverted) {
        at = command.name == '{' ? command.target : at + 1;
        continue;
      }
      const uint32_t place = at++;
      if (TRY(execute(command, place, at)))
        return {};
      if (opt_.debug)
        show_spaces(command.name);
    }
    if (opt_.debug)
      close_blocks("COMMAND: ", static_cast<uint32_t>(script_.commands.size()));
    return {};
  }

  // Runs one command; true where the cycle ends here. `next` is where to go on.
  Result<bool> execute(const Command& command, uint32_t place, uint32_t& next) {
    std::string& text = pattern_.text;
    switch (command.name) {
      case 'a': appended_.push_back({command.text}); break;
      case 'i': put_as_line(command.text); break;
      case 'c':
        if (command.to.kind == Address::Kind::none || !states_[place].active)
          put_as_line(command.text);
        deleted_ = true;
        return true;
      case 'b': next = command.target; break;
      case 't':
      case 'T':
        if (replaced_ == (command.name == 't'))
          next = command.target;
        replaced_ = false;
        break;
      case 'd': deleted_ = true; return true;
      case 'D': {
        const size_t end = text.find(separator_);
        deleted_ = true;
        restart_ = end != npos;
        text.erase(0, restart_ ? end + 1 : npos);
        return true;
      }
      case 'e': TRY(run_command(command)); break;
      case 'F': put(lines_.name(), true, out()); break;
      case 'g': pattern_ = hold_; break;
      case 'G':
        (text += separator_) += hold_.text;
        pattern_.ended = hold_.ended;
        break;
      case 'h': hold_ = pattern_; break;
      case 'H':
        (hold_.text += separator_) += text;
        hold_.ended = pattern_.ended;
        break;
      case 'x': std::swap(pattern_, hold_); break;
      case 'l': list(command.has_number ? command.number : line_length_); break;
      case 'n':
      case 'N': return another_line(command.name == 'N');
      case 'p': put(text, pattern_.ended, out()); break;
      case 'P': {
        const size_t end = text.find(separator_);
        put(std::string_view(text).substr(0, end), end != npos || pattern_.ended, out());
        break;
      }
      case 'q':
      case 'Q':
        quit_ = true;
        quit_silently_ = command.name == 'Q';
        exit_status_ = static_cast<int>(command.number & 0xff);
        return true;
      case 'r':
        if (command.early) {
          TRY(flush_outputs());
          copy_file(command.text);
        } else {
          appended_.push_back({command.text, true});
        }
        break;
      case 'R': append_line_of(command.text); break;
      case 's': TRY(substitute(command)); break;
      case 'w': put(text, pattern_.ended, output(command.output)); break;
      case 'W': {
        const size_t end = text.find(separator_);
        put(std::string_view(text).substr(0, end), end != npos || pattern_.ended, output(command.output));
        break;
      }
      case 'y': transliterate(command); break;
      case 'z': text.clear(); break;
      case '=': put(str(number_), true, out()); break;
      default: break;  // {
    }
    return false;
  }

  Result<bool> another_line(bool join) {
    if (!lines_.has_next()) {
      // POSIX has N delete what it cannot join to; GNU keeps it.
      deleted_ = join && opt_.posix;
      quit_ = !opt_.separate;
      return true;
    }
    if (!join) {
      if (!quiet_)
        put(pattern_.text, pattern_.ended, out());
      TRY(flush_appended());
      return !TRY(read_next());
    }
    std::string before = std::move(pattern_.text);
    TRY(flush_appended());
    if (!TRY(read_next()))
      return true;
    before += separator_;
    pattern_.text.insert(0, before);
    return false;
  }

  // Another line within a cycle: what was replaced before stays so.
  Result<bool> read_next() {
    const bool replaced = replaced_;
    const bool there = TRY(read_line());
    replaced_ = replaced;
    return there;
  }

  Result<> run_command(const Command& command) {
    TRY(flush_outputs());
    if (!command.text.empty()) {
      put_text(TRY(output_of(command.text)), out());
      return {};
    }
    pattern_.text = TRY(output_of(pattern_.text));
    if (pattern_.text.ends_with(separator_))
      pattern_.text.pop_back();
    pattern_.ended = true;
    return {};
  }

  void list(uint64_t length) {
    end_line(out());
    uint64_t column = 0;
    for (const char c : pattern_.text) {
      constexpr std::string_view special = "\\\a\b\f\n\r\t\v";
      constexpr std::string_view letters = "\\abfnrtv";
      const auto byte = static_cast<uint8_t>(c);
      std::string shown(1, c);
      if (const size_t which = special.find(c); which != npos)
        shown = {'\\', letters[which]};
      else if (byte < 0x20 || byte >= 0x7f)
        shown = {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + ((byte >> 3) & 7)),
                 static_cast<char>('0' + (byte & 7))};
      if (length > 0 && column + shown.size() > length - 1) {
        out().out->put('\\', separator_);
        column = 0;
      }
      out().out->write(shown);
      column += shown.size();
    }
    out().out->put('$', separator_);
  }

  // --- s

  size_t character_length(size_t at) const {
    if (bytes_)
      return 1;
    const Character c = first_character(std::string_view(pattern_.text).substr(at));
    return c.valid ? c.length : 1;
  }

  Result<> substitute(const Command& command) {
    Regex* const expression = TRY(regex(command.regex));
    const std::string& text = pattern_.text;
    const uint64_t wanted = command.has_number ? command.number : 1;
    uint64_t count = 0;
    size_t copied = 0;  // of the text, to `made_`
    size_t previous = npos;
    bool any = false;
    Span found;
    for (size_t at = 0; at <= text.size() && expression->find(text, found, at);) {
      const bool again = found.size() == 0 && found.begin == previous;
      if (!again && ++count >= wanted) {
        if (opt_.debug && !any)
          show_match(*expression, found);
        if (!any)
          made_.clear();
        any = true;
        made_.append(text, copied, found.begin - copied);
        add_replacement(command, *expression, found);
        copied = found.end;
        if (!command.global)
          break;
      }
      previous = found.end;
      at = found.end;
      // An empty match is made only once, and none is looked for within a character.
      if (found.size() == 0)
        at += at < text.size() ? character_length(at) : 1;
    }
    if (!any)
      return {};
    made_.append(text, copied, npos);
    pattern_.text.swap(made_);
    replaced_ = true;
    return after_substitution(command);
  }

  Result<> after_substitution(const Command& command) {
    if (command.execute) {
      if (command.print == 2)
        put(pattern_.text, pattern_.ended, out());
      TRY(flush_outputs());
      pattern_.text = TRY(output_of(pattern_.text));
      if (pattern_.text.ends_with(separator_))
        pattern_.text.pop_back();
    }
    if (command.print != 0 && !(command.execute && command.print == 2))
      put(pattern_.text, pattern_.ended, out());
    if (command.output != sed::none)
      put(pattern_.text, pattern_.ended, output(command.output));
    return {};
  }

  void add_replacement(const Command& command, Regex& expression, const Span& found) {
    bool has_groups = false;
    Piece::Case all = Piece::Case::keep;
    Piece::Case once = Piece::Case::keep;
    for (const Piece& piece : command.pieces) {
      if (piece.change == Piece::Case::upper_next || piece.change == Piece::Case::lower_next) {
        once = piece.change;
        continue;
      }
      if (piece.change != Piece::Case::same) {
        all = piece.change;
        continue;
      }
      std::string_view part = piece.text;
      if (piece.group == 0)
        part = found.of(pattern_.text);
      if (piece.group > 0) {
        if (!has_groups)
          expression.groups(pattern_.text, found, groups_);
        has_groups = true;
        part = static_cast<size_t>(piece.group) < groups_.size()
                   ? groups_[static_cast<size_t>(piece.group)].of(pattern_.text)
                   : "";
      }
      if (all == Piece::Case::keep && once == Piece::Case::keep)
        made_ += part;
      else
        add_cased(part, all, once);
    }
  }

  void add_cased(std::string_view part, Piece::Case all, Piece::Case& once) {
    while (!part.empty()) {
      Character c = bytes_ ? Character{static_cast<uint8_t>(part[0]), 1, true} : first_character(part);
      if (!c.valid)
        c.length = 1;
      const bool upper = once == Piece::Case::upper_next || (once == Piece::Case::keep && all == Piece::Case::upper);
      const bool lower = once == Piece::Case::lower_next || (once == Piece::Case::keep && all == Piece::Case::lower);
      const bool changes = c.valid && (c.code < 0x80 || !bytes_) &&
                           ((upper && is_lower_letter(c.code)) || (lower && is_upper_letter(c.code)));
      if (changes && other_case(c.code) != c.code)
        append_utf8(made_, other_case(c.code));
      else
        made_ += part.substr(0, c.length);
      part.remove_prefix(c.length);
      once = Piece::Case::keep;
    }
  }

  void transliterate(const Command& command) {
    made_.clear();
    const std::string_view text = pattern_.text;
    for (size_t at = 0; at < text.size();) {
      const std::string_view one = text.substr(at, character_length(at));
      std::string_view to = one;
      for (size_t i = 0; i + 1 < command.table.size(); i += 2)
        if (command.table[i] == one) {
          to = command.table[i + 1];
          break;
        }
      made_ += to;
      at += one.size();
    }
    pattern_.text.swap(made_);
  }

  struct ReadFile {
    ReadFile(UniqueFd file, const std::string& name, char separator)
        : fd(std::move(file)), lines(fd.get(), name, separator) {}
    UniqueFd fd;
    LineReader lines;
  };

  const Options& opt_;
  sed::Script script_;
  uint64_t line_length_;
  bool bytes_;
  char separator_;
  bool quiet_;
  Lines lines_;
  Io& io_;
  Target standard_;
  bool terminal_ = io_.out.is_terminal();
  std::deque<Target> outputs_;
  std::vector<std::pair<std::string, std::unique_ptr<ReadFile>>> read_files_;
  std::unique_ptr<Edit> edit_;
  std::vector<Range> states_;
  std::vector<Appended> appended_;
  Line pattern_;
  Line hold_;
  std::string made_;
  std::vector<Span> groups_;
  uint64_t number_ = 0;
  uint32_t last_regex_ = sed::none;
  int exit_status_ = 0;
  bool replaced_ = false;
  bool deleted_ = false;
  bool restart_ = false;
  bool quit_ = false;
  bool quit_silently_ = false;
};

Result<int> run(Options& opt, Io& io, Args& args) {
  if (!opt.script)
    add_script(opt, TRY(args.shift("SCRIPT")));
  opt.separate = opt.separate || opt.in_place;
  const auto length = to_number<uint64_t>(opt.line_length);
  if (!length)
    return with_status(fail("", "", "invalid line length: ", Printable(opt.line_length)).error(), Status::failed);
  sed::Script script = TRY(sed::parse(*opt.script, {.extended = opt.extended,
                                                    .posix = opt.posix,
                                                    .sandbox = opt.sandbox,
                                                    .separate = opt.separate,
                                                    .bytes = bytes_are_characters(),
                                                    .line_end = opt.zero ? '\0' : '\n'}));
  // Not standard input, and not a file that has its name.
  if (opt.in_place && args.empty()) {
    io.warn(fail("", "", "no input files").error());
    return 4;
  }
  return Machine(opt, std::move(script), *length, std::move(args), io).run();
}

}  // namespace

extern const Applet sed_applet = {
    .name = "sed",
    .summary = "edit text line by line, by a script",
    .usage = "[OPTION]... SCRIPT [FILE]...\n[OPTION]... {-e SCRIPT | -f FILE}... [FILE]...",
    .failure_status = 4,
    .usage_status = 1,
    .dies_with_reader = true,
    .notes = dense<
        "Exit status: 0, 1 for a wrong script, 2 if a file cannot be read, 4 if something failed; or what q says.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
