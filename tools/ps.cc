// ps: list processes.
#include <algorithm>
#include <cerrno>
#include <ctime>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"
#include "lib/base/version.h"
#include "lib/fs/names.h"
#include "lib/fs/root.h"
#include "lib/sys/process_columns.h"
#include "lib/sys/procfs.h"

namespace rescue {
namespace {

using ps::Column;
using ps::find_column;
using ps::Line;
using ps::Part;
using ps::Setup;

// Documented here, read by hand: words with and without a dash mean different things.
struct Options {
  bool flag = false;
  std::string text;
};

constexpr Opt<Options> options[] = {
    Opt<Options>{"Which processes (without a choice: ours on this terminal)"},
    {'A', nullptr, &Options::flag, "all; -e is the same"},
    {'a', nullptr, &Options::flag, "all on terminals but session leaders; without a dash: those of all users"},
    {'d', nullptr, &Options::flag, "all but session leaders"},
    {'N', "deselect", &Options::flag, "all others"},
    {'C', nullptr, &Options::text, "with these names", "NAME,..."},
    {'p', "pid", &Options::text, "with these numbers; a number alone is the same", "PID,..."},
    {0, "ppid", &Options::text, "started by these processes", "PID,..."},
    {'s', "sid", &Options::text, "of these sessions", "SID,..."},
    {'t', "tty", &Options::text, "on these terminals", "TTY,..."},
    {'u', "user", &Options::text, "acting as these users; u without a dash is a format", "USER,..."},
    {'U', "User", &Options::text, "started by these users", "USER,..."},
    {'G', "Group", &Options::text, "started by these groups of users", "GROUP,..."},
    {'g', "group", &Options::text, "of these sessions, or acting as these groups of users", "GROUP,..."},
    {0, nullptr, &Options::flag,
     "x without a dash: those without a terminal too; r: only running ones; T or t alone: this terminal"},
    Opt<Options>{"What is printed"},
    {'f', nullptr, &Options::flag, "owner, parent, start and command line; f without a dash, or --forest: as a tree"},
    {'F', nullptr, &Options::flag, "the same, with sizes and processor"},
    {'l', nullptr, &Options::flag, "long; l without a dash: the long format of BSD"},
    {'j', nullptr, &Options::flag, "process groups and sessions; j without a dash: with those of the terminal"},
    {'y', nullptr, &Options::flag, "with -l: memory instead of flags and address"},
    {'o', "format", &Options::text, "these columns; KEY=TITLE gives a title, KEY= none", "KEY,..."},
    {'O', nullptr, &Options::text, "these columns among the usual ones", "KEY,..."},
    {0, nullptr, &Options::flag, "s, v, X without a dash: signals, memory, registers; L: list the keys there are"},
    {'H', nullptr, &Options::flag, "children indented below their parents"},
    {'L', nullptr, &Options::flag,
     "threads, with LWP and NLWP; -T the same, with SPID; H without a dash: with neither"},
    {'m', nullptr, &Options::flag, "threads behind their processes; m is the same"},
    {'P', nullptr, &Options::flag, "with the processor too"},
    {'c', nullptr, &Options::flag, "with the scheduling class and its priority"},
    {'n', nullptr, &Options::flag, "without a dash: numbers for users; e: the environment; c: the name alone"},
    {0, "sort", &Options::text, "in the order of these columns, downwards where - stands before; k is the same",
     "KEY,..."},
    {0, "cumulative", &Options::flag, "times with those of children that have ended; S without a dash is the same"},
    {0, "no-headers", &Options::flag, "no titles; h without a dash is the same"},
    {0, "headers", &Options::flag, "titles again on each page"},
    {0, "lines", &Options::text, "of so many lines; --rows is the same", "N"},
    {0, "cols", &Options::text, "cut lines after so many columns", "COLUMNS"},
    {'w', nullptr, &Options::flag, "wider; twice: never cut a line"},
};

struct Shown {
  const Column* column;
  std::string title;
  size_t width;
};

// The formats that have a letter.
constexpr struct {
  std::string_view letter;
  std::string_view columns;
} formats[] = {
    {"", "pid tname=TTY time cmd=CMD"},
    {"-f", "user=UID pid ppid c stime tname=TTY time args=CMD"},
    {"-F", "user=UID pid ppid c sz rss psr stime tname=TTY time args=CMD"},
    {"-l", "f s uid pid ppid c opri ni addr:1 sz wchan tname=TTY time cmd=CMD"},
    {"-ly", "s uid pid ppid c opri ni rss sz wchan tname=TTY time cmd=CMD"},
    {"-j", "pid pgid sid tname=TTY time cmd=CMD"},
    {"bsd", "pid tname=TTY stat bsdtime args"},
    {"u", "user pid pcpu pmem vsz rss tname=TTY stat start_time bsdtime args"},
    {"l", "f uid pid ppid priority ni vsz rss wchan stat tname=TTY bsdtime args"},
    {"j", "ppid pid pgid sid tname=TTY tpgid stat uid bsdtime args"},
    {"s", "uid pid pending blocked ignored caught stat tname=TTY bsdtime args"},
    {"v", "pid tname=TTY stat bsdtime maj_flt trs:5 drs rss pmem args"},
    {"X", "pid stackp esp eip tmout alarm stat tname=TTY bsdtime args"},
};

// The words of one command line.
class Reader {
 public:
  explicit Reader(Setup& setup) : setup_(setup) {}

  bool all = false, all_but_leaders = false, on_terminals = false, deselect = false;  // -e -d -a -N
  bool bsd = false, bsd_all = false, bsd_no_terminal = false, running = false;        // a x r
  bool tree = false, indent = false, headers = true, again = false;                   // f -H h --headers
  bool threads_behind = false, list_columns = false, show_version = false;            // m L V
  bool lwp = false, spid = false, processor = false, classes = false;                 // -L -T -P -c
  unsigned wide = 0;
  std::optional<size_t> line_width, page_lines;
  std::string format, sort, only_columns, more_columns;
  std::vector<int64_t> pids, parents, sessions, terminals, users, real_users, groups, real_groups;
  std::vector<std::string> names;
  bool chosen = false;

  Result<> read(Args& args) {
    bool first = true;
    while (!args.empty()) {
      const std::string_view word = TRY(args.shift("WORD"));
      if (word.starts_with("--"))
        TRY(long_option(word.substr(2), args));
      else if (word.starts_with('-') && !(first && is_old_bsd(word)))
        TRY(unix_options(word.substr(1), args));
      else if (!word.empty() && word[0] >= '0' && word[0] <= '9')
        bsd = true, TRY(numbers(word, pids, &Reader::plain_number));
      else
        TRY(bsd_options(word.starts_with('-') ? word.substr(1) : word, args));
      first = false;
    }
    return {};
  }

 private:
  // `ps -aux` was never right, and is what people type: there is no user of the name "x".
  static bool is_old_bsd(std::string_view word) {
    return word == "-aux" || word == "-auxw" || word == "-auxww" || word == "-axu";
  }

  std::optional<int64_t> plain_number(std::string_view word) { return to_number<int32_t>(word); }
  std::optional<int64_t> terminal(std::string_view word) {
    return word == "-" || word == "?" ? 0 : terminal_number(word);
  }
  std::optional<int64_t> user(std::string_view word) {
    const auto id = setup_.names->users.id_of(word);
    return id ? id : to_number<uint32_t>(word);
  }
  std::optional<int64_t> group(std::string_view word) {
    const auto id = setup_.names->groups.id_of(word);
    return id ? id : to_number<uint32_t>(word);
  }

  Result<> numbers(std::string_view text, std::vector<int64_t>& into,
                   std::optional<int64_t> (Reader::*convert)(std::string_view)) {
    chosen = true;
    size_t count = 0;
    for (const std::string_view piece : split(text, ','))
      for (const std::string_view word : split(piece, ' ')) {
        if (word.empty())
          continue;
        const auto value = (this->*convert)(word);
        if (!value)
          return usage_error("cannot be understood in a list: '", Printable(word), "'");
        into.push_back(*value);
        ++count;
      }
    return count > 0 ? Result<>() : usage_error("a list is empty");
  }

  Result<> choice(char letter, std::string_view text) {
    switch (letter) {
      case 'p':
      case 'q': return numbers(text, pids, &Reader::plain_number);
      case 's': return numbers(text, sessions, &Reader::plain_number);
      case 't': return numbers(text, terminals, &Reader::terminal);
      case 'u': return numbers(text, users, &Reader::user);
      case 'U': return numbers(text, real_users, &Reader::user);
      case 'G': return numbers(text, real_groups, &Reader::group);
      case 'g':
        if (text[0] >= '0' && text[0] <= '9')
          return numbers(text, sessions, &Reader::plain_number);
        return numbers(text, groups, &Reader::group);
      default:
        chosen = true;
        for (const std::string_view word : split(text, ','))
          names.emplace_back(word);
        return {};
    }
  }

  Result<> unix_options(std::string_view letters, Args& args) {
    for (size_t i = 0; i < letters.size(); ++i) {
      const char c = letters[i];
      if (std::string_view("CpqstuUGgoO").find(c) != std::string_view::npos) {
        std::string_view text = letters.substr(i + 1);
        if (text.empty())
          text = TRY(args.shift("LIST"));
        if (text.empty())
          return usage_error("a list is empty");
        if (c != 'o' && c != 'O')
          return choice(c, text);
        (c == 'o' ? only_columns : more_columns) += str(text, ',');
        return {};
      }
      TRY(unix_letter(c));
    }
    return {};
  }

  Result<> unix_letter(char c) {
    switch (c) {
      case 'A':
      case 'e': all = true; return {};
      case 'a': on_terminals = true; return {};
      case 'd': all_but_leaders = true; return {};
      case 'N': deselect = true; return {};
      case 'H': indent = true; return {};
      case 'L':
      case 'T':
        setup_.threads = true;
        (c == 'L' ? lwp : spid) = true;
        return {};
      case 'm': setup_.threads = threads_behind = true; return {};
      case 'P': processor = true; return {};
      case 'c': classes = true; return {};
      case 'w': ++wide; return {};
      case 'f':
      case 'F':
      case 'l':
      case 'j': format = str('-', c, format == "-ly" || format == "-y" ? "y" : ""); return {};
      case 'y': format = str(format.empty() ? "-" : format, 'y'); return {};
      default: return usage_error("unknown option -- '", c, "'");
    }
  }

  Result<> bsd_options(std::string_view letters, Args& args) {
    bsd = true;
    for (size_t i = 0; i < letters.size(); ++i) {
      const char c = letters[i];
      if (std::string_view("oOpqtUk").find(c) != std::string_view::npos) {
        std::string_view text = letters.substr(i + 1);
        if (text.empty() && c == 't' && args.empty())
          return bsd_letter('T');
        if (text.empty())
          text = TRY(args.shift("LIST"));
        if (c == 'o' || c == 'O')
          (c == 'o' ? only_columns : more_columns) += str(text, ',');
        else if (c == 'k')
          sort = text;
        else
          return choice(c, text);
        return {};
      }
      TRY(bsd_letter(c));
    }
    return {};
  }

  Result<> bsd_letter(char c) {
    switch (c) {
      case 'a': bsd_all = true; return {};
      case 'x': bsd_no_terminal = true; return {};
      case 'r': running = true; return {};
      case 'T':
        return numbers(terminal_name(setup_.proc->read(::getpid()).value_or(Process{}).terminal), terminals,
                       &Reader::terminal);
      case 'f': tree = true; return {};
      case 'h': headers = false; return {};
      case 'n': setup_.numeric = true; return {};
      case 'e': setup_.environment = true; return {};
      case 'c': setup_.name_only = true; return {};
      case 'w': ++wide; return {};
      case 'g': return {};  // leaders of sessions too, which BSD's left out
      case 'H': setup_.threads = true; return {};
      case 'm': setup_.threads = threads_behind = true; return {};
      case 'S': setup_.cumulative = true; return {};
      case 'L': list_columns = true; return {};
      case 'V': show_version = true; return {};
      case 'u':
      case 'l':
      case 'j':
      case 's':
      case 'v':
      case 'X': format = std::string(1, c); return {};
      default: return usage_error("unknown option -- '", c, "'");
    }
  }

  static bool is_titles(std::string_view word) {
    return word == "header" || word == "headers" || word == "heading" || word == "headings";
  }

  Result<> long_option(std::string_view word, Args& args) {
    constexpr struct {
      std::string_view name;
      char letter;
    } lists[] = {{"pid", 'p'},     {"quick-pid", 'q'}, {"ppid", 'P'},  {"sid", 's'},    {"tty", 't'},  {"user", 'u'},
                 {"User", 'U'},    {"Group", 'G'},     {"group", 'g'}, {"format", 'o'}, {"sort", 'k'}, {"cols", 'W'},
                 {"columns", 'W'}, {"width", 'W'},     {"lines", 'R'}, {"rows", 'R'}};
    const std::string_view name = word.substr(0, word.find('='));
    for (const auto& list : lists)
      if (list.name == name) {
        const std::string_view text =
            name.size() < word.size() ? word.substr(name.size() + 1) : TRY(args.shift("LIST"));
        return long_value(list.letter, text);
      }
    if (word == "forest")
      tree = true;
    else if (word == "deselect")
      deselect = true;
    else if (word == "cumulative")
      setup_.cumulative = true;
    else if (is_titles(word))
      again = true;
    else if (word.starts_with("no") && is_titles(word.substr(word.starts_with("no-") ? 3 : 2)))
      headers = false;
    else
      return usage_error("unknown option '--", Printable(word), "'");
    return {};
  }

  Result<> long_value(char letter, std::string_view text) {
    if (text.empty())
      return usage_error("a list is empty");
    switch (letter) {
      case 'o': only_columns += str(text, ','); return {};
      case 'k': sort = text; return {};
      case 'P': return numbers(text, parents, &Reader::plain_number);
      case 'W':
      case 'R': {
        std::optional<size_t>& size = letter == 'W' ? line_width : page_lines;
        size = to_number<size_t>(text);
        return size ? Result<>() : usage_error("the size must be a number");
      }
      default: return choice(letter, text);
    }
  }

  Setup& setup_;
};

bool is_among(const std::vector<int64_t>& list, int64_t value) {
  return std::ranges::find(list, value) != list.end();
}

bool is_chosen(const Reader& r, const Process& p, const Process& self) {
  if (is_among(r.pids, p.pid) || is_among(r.parents, p.parent) || is_among(r.sessions, p.session) ||
      is_among(r.terminals, p.terminal) || is_among(r.users, p.uids[1]) || is_among(r.real_users, p.uids[0]) ||
      is_among(r.groups, p.gids[1]) || is_among(r.real_groups, p.gids[0]) ||
      std::ranges::find(r.names, p.name) != r.names.end())
    return true;
  if (r.all || (r.all_but_leaders && p.session != p.pid) || (r.on_terminals && p.session != p.pid && p.terminal != 0))
    return true;
  if (r.bsd_all || r.bsd_no_terminal || (r.bsd && !r.chosen && !r.all && !r.all_but_leaders && !r.on_terminals))
    return (r.bsd_all || p.uids[1] == self.uids[1]) && (r.bsd_no_terminal || p.terminal != 0) &&
           (r.bsd_all || r.bsd_no_terminal || p.terminal == self.terminal);
  if (r.chosen || r.all_but_leaders || r.on_terminals)
    return false;
  return p.uids[1] == self.uids[1] && p.terminal == self.terminal;
}

// What stands above a column that is asked for by another of its keys.
std::string title_of(std::string_view key, const std::string& usual) {
  constexpr std::string_view own =
      " spid tid euser euid egroup egid svuid svuser svgid svgroup fsuid fsuser fsgid fsgroup ";
  if (own.contains(str(' ', key, ' '))) {
    std::string title(key);
    for (char& c : title)
      c = static_cast<char>(c - 32);
    return title;
  }
  return key == "cmd" || key == "ucmd" ? "CMD" : key == "tname" ? "TTY" : key == "thcount" ? "THCNT" : usual;
}

Result<> add_columns(std::string_view list, char separator, std::vector<Shown>& shown) {
  size_t at = 0;
  while (at < list.size()) {
    size_t end = std::min(list.find(separator, at), list.size());
    std::string_view word = list.substr(at, end - at);
    at = end + 1;
    if (trim(word).empty())
      continue;
    for (const std::string_view piece : separator == ',' && word.find('=') == std::string_view::npos
                                            ? split(word, ' ')
                                            : std::vector<std::string_view>{word}) {
      if (piece.empty())
        continue;
      const size_t equals = piece.find('=');
      std::string_view key = piece.substr(0, equals);
      std::optional<size_t> width;
      if (const size_t colon = key.find(':'); colon != std::string_view::npos) {
        width = to_number<size_t>(key.substr(colon + 1));
        key = key.substr(0, colon);
      }
      const Column* column = find_column(key);
      if (column == nullptr)
        return usage_error("there is no column '", Printable(key), "'");
      std::string title(equals != std::string_view::npos ? piece.substr(equals + 1) : column->title());
      if (equals == std::string_view::npos && separator == ',')
        title = title_of(key, title);
      const size_t least = width ? *width : column->width;
      const size_t full =
          width ? least : std::max(least, equals != std::string_view::npos && separator == ',' ? title.size() : least);
      shown.push_back({column, std::move(title), full});
    }
  }
  return {};
}

// The columns of a format, with those that -L, -T, -P and -c put among them.
std::string with_more(std::string_view list, const Reader& r) {
  const std::vector<std::string_view> words = split(list, ' ');
  const bool has_load = std::ranges::contains(words, "c");
  const char* const threads = r.lwp && r.format.size() > 1 && (r.format[1] == 'f' || r.format[1] == 'F') ? "nlwp " : "";
  size_t ids = 0;  // where they end
  for (size_t i = 0; i < words.size(); ++i)
    if (words[i] == "pid" || words[i] == "ppid" || words[i] == "pgid" || words[i] == "sid")
      ids = i + 1;
  std::string all;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i == ids)
      all += str(r.lwp ? "lwp " : "", r.processor ? "psr " : "", r.classes && !has_load ? "class pri " : "");
    if (words[i] == "c")
      all += r.classes ? str(threads, "class pri ") : str("c ", threads);
    else if ((!r.classes || (words[i] != "opri" && words[i] != "ni")) && (!r.processor || words[i] != "psr"))
      all += str(words[i], words[i] == "pid" && r.spid ? " spid=SPID " : " ");
  }
  return all;
}

Result<std::vector<Shown>> chosen_columns(const Reader& r) {
  std::vector<Shown> shown;
  if (!r.only_columns.empty()) {
    TRY(add_columns(r.only_columns, ',', shown));
    return shown;
  }
  if (!r.more_columns.empty()) {
    TRY(add_columns("pid", ' ', shown));
    TRY(add_columns(r.more_columns, ',', shown));
    TRY(add_columns(r.bsd ? "s tname=TTY time comm" : "s tname=TTY time args", ' ', shown));
    return shown;
  }
  const std::string letter = r.format == "-y" ? "-ly" : r.format.empty() && r.bsd ? "bsd" : r.format;
  for (const auto& format : formats)
    if (format.letter == letter) {
      // The name alone stands in the formats that have no command line.
      std::string list = letter.size() == 1 ? std::string(format.columns) : with_more(format.columns, r);
      if (const size_t cmd = list.find("cmd=CMD"); cmd != std::string::npos)
        list.replace(cmd, 7, "comm=CMD");
      TRY(add_columns(list, ' ', shown));
      return shown;
    }
  return usage_error("these formats do not go together");
}

void add_below(const std::vector<Line>& lines, size_t i, unsigned depth, std::string prefix, bool drawn,
               std::vector<Line>& out, std::vector<char>& done) {
  if (done[i] != 0)
    return;
  done[i] = 1;
  out.push_back(lines[i]);
  Line& line = out.back();
  line.depth = depth;
  const bool last =
      std::ranges::none_of(lines.begin() + static_cast<ptrdiff_t>(i) + 1, lines.end(),
                           [&](const Line& other) { return other.process.parent == lines[i].process.parent; });
  line.branch = depth == 0 ? "" : drawn ? str(prefix, " \\_ ") : std::string(2 * depth, ' ');
  if (depth > 0)
    prefix += last ? "    " : " |  ";
  for (size_t j = 0; j < lines.size(); ++j)
    if (lines[j].process.parent == lines[i].process.pid && j != i)
      add_below(lines, j, depth + 1, prefix, drawn, out, done);
}

std::vector<Line> as_tree(const std::vector<Line>& lines, bool drawn) {
  std::vector<Line> out;
  std::vector<char> done(lines.size(), 0);
  for (size_t i = 0; i < lines.size(); ++i)
    if (std::ranges::none_of(lines, [&](const Line& other) {
          return other.process.pid == lines[i].process.parent && other.process.pid != lines[i].process.pid;
        }))
      add_below(lines, i, 0, "", drawn, out, done);
  return out;
}

Result<> sort_lines(const Setup& s, std::string_view keys, std::vector<Line>& lines) {
  struct Key {
    const Column* column;
    bool down;
  };
  std::vector<Key> order;
  for (std::string_view word : split(keys, ',')) {
    const bool down = word.starts_with('-');
    if (down || word.starts_with('+'))
      word.remove_prefix(1);
    const Column* column = find_column(word);
    if (column == nullptr)
      return usage_error("there is no column '", Printable(word), "' to sort by");
    order.push_back({column, down});
  }
  rescue::sort(lines, [&](const Line& a, const Line& b) {
    for (const Key& key : order) {
      const ps::Value left = key.column->value(s, a), right = key.column->value(s, b);
      const int compared =
          left.is_number ? (left.number > right.number) - (left.number < right.number) : left.text.compare(right.text);
      if (compared != 0)
        return key.down ? compared > 0 : compared < 0;
    }
    return false;
  });
  return {};
}

class Printer {
 public:
  Printer(Io& io, std::vector<Shown> shown, size_t width) : io_(io), shown_(std::move(shown)), width_(width) {}

  void titles() {
    if (std::ranges::all_of(shown_, [](const Shown& s) { return s.title.empty(); }))
      return;
    start();
    for (size_t i = 0; i < shown_.size(); ++i)
      cell(shown_[i].title, i);
    end();
  }

  void line(const Setup& s, const Line& line) {
    start();
    for (size_t i = 0; i < shown_.size(); ++i) {
      std::string text = cell_text(*shown_[i].column, s, line);
      const bool is_owner = shown_[i].column->width == 8 && shown_[i].column->title().ends_with("USER");
      // A name that does not fit is cut, and marked so.
      if (is_owner && text.size() > shown_[i].width)
        text = str(std::string_view(text).substr(0, shown_[i].width - 1), '+');
      cell(text, i);
    }
    end();
  }

 private:
  void start() { text_.clear(), missing_ = 0; }

  // A column that ran over takes its room from the next ones, where they have some to spare.
  void cell(std::string_view text, size_t i) {
    const Shown& column = shown_[i];
    const bool last = i + 1 == shown_.size();
    const size_t room = column.width > missing_ ? column.width - missing_ : 0;
    const size_t pad = text.size() < room ? room - text.size() : 0;
    if (i > 0)
      text_ += ' ';
    if (column.column->right)
      text_.append(pad, ' ');
    text_ += text;
    if (!column.column->right && !last)
      text_.append(pad, ' ');
    missing_ = text.size() > room ? text.size() - room : 0;
  }

  void end() { io_.out.put(std::string_view(text_).substr(0, width_), '\n'); }

  Io& io_;
  std::vector<Shown> shown_;
  size_t width_;
  std::string text_;
  size_t missing_ = 0;
};

// The threads in place of their processes, or `behind` them.
std::vector<Line> with_threads(const ProcFs& proc, std::vector<Line>& lines, bool behind) {
  std::vector<Line> all;
  for (Line& line : lines) {
    if (behind) {
      line.part = Part::process;
      all.push_back(line);
      line.part = Part::thread;
    }
    const std::string where = str(line.process.pid, "/task");
    const auto dir = open_at(proc.fd(), where, O_RDONLY | O_DIRECTORY, 0, where);
    const auto entries = dir ? list_dir(dir->get(), where) : Result<std::vector<DirEntry>>();
    if (!entries)
      continue;
    std::vector<Line> threads;
    for (const DirEntry& entry : *entries) {
      Line thread = line;
      thread.is_thread = true;
      Process own;
      thread.thread = to_number<int32_t>(entry.name).value_or(0);
      if (!parse_stat(proc.file(line.process.pid, str("task/", entry.name, "/stat")), own))
        continue;
      thread.process.name = own.name;
      thread.process.state = own.state;
      // The first thread stands for the whole process.
      if (own.pid != line.process.pid) {
        thread.process.user_ticks = own.user_ticks;
        thread.process.system_ticks = own.system_ticks;
      }
      thread.process.processor = own.processor;
      threads.push_back(std::move(thread));
    }
    rescue::sort(threads, {}, &Line::thread);
    std::ranges::move(threads, std::back_inserter(all));
  }
  return all;
}

size_t line_width(const Reader& r, const Io& io) {
  if (r.wide >= 2)
    return std::string::npos;
  if (r.line_width)
    return *r.line_width;
  struct winsize size{};
  if (!io.out.is_terminal())
    return std::string::npos;
  const size_t width = ::ioctl(io.out.fd(), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  return r.wide == 1 ? std::max<size_t>(width, 132) : width;
}

// Lines between the titles of two pages.
size_t page_size(const Reader& r, const Io& io) {
  struct winsize size{};
  const bool asks = !r.page_lines && io.out.is_terminal() && ::ioctl(io.out.fd(), TIOCGWINSZ, &size) == 0;
  const size_t lines = r.page_lines ? *r.page_lines : asks ? size.ws_row : 0;
  return lines > 1 ? lines - 1 : 23;
}

void list_keys(Output& out) {
  for (const Column& column : ps::all_columns())
    for (const std::string_view key : split(column.keys(), ' '))
      out.put(key, std::string(key.size() < 12 ? 12 - key.size() : 0, ' '), ' ', column.title(), '\n');
}

Result<int> run(Io& io, Args& args) {
  Names names;
  const ProcFs proc = TRY(ProcFs::open());
  Setup setup;
  setup.names = &names;
  setup.proc = &proc;
  struct sysinfo machine{};
  if (::sysinfo(&machine) == 0)
    setup.moment.memory = std::max<uint64_t>(1, static_cast<uint64_t>(machine.totalram) * machine.mem_unit);
  setup.moment.now = ::time(nullptr);
  setup.moment.uptime = uptime_seconds();
  setup.moment.boot = boot_time();
  Reader reader(setup);
  TRY(reader.read(args));
  if (reader.show_version || reader.list_columns) {
    if (reader.show_version)
      io.out.put("ps (rescue) ", version, '\n');
    else
      list_keys(io.out);
    return 0;
  }
  if (setup.threads && (reader.tree || reader.indent))
    return usage_error("threads do not go into a tree");
  const auto self = proc.read(::getpid());
  std::vector<Line> lines;
  for (Process& process : TRY(proc.read_all())) {
    const bool fits = is_chosen(reader, process, self.value_or(Process{})) != reader.deselect &&
                      (!reader.running || process.state == 'R' || process.state == 'D');
    if (fits)
      lines.push_back({std::move(process)});
    if (fits)
      lines.back().thread = lines.back().process.pid;
  }
  if (setup.threads && !reader.threads_behind)
    lines = with_threads(proc, lines, false);
  if (!reader.sort.empty())
    TRY(sort_lines(setup, reader.sort, lines));
  if (reader.tree || reader.indent)
    lines = as_tree(lines, reader.tree);
  if (reader.threads_behind)
    lines = with_threads(proc, lines, true);
  Printer printer(io, TRY(chosen_columns(reader)), line_width(reader, io));
  const size_t page = page_size(reader, io);
  if (reader.headers)
    printer.titles();
  for (size_t i = 0; i < lines.size(); ++i) {
    if (reader.again && i > 0 && i % page == 0)
      printer.titles();
    printer.line(setup, lines[i]);
  }
  return lines.empty() ? 1 : 0;
}

}  // namespace

extern const Applet ps_applet = {
    .name = "ps",
    .summary = "list processes",
    .usage = "[OPTION]... [PID]...\naux",
    .failure_status = 1,
    .usage_status = 1,
    .dies_with_reader = true,
    .version_letter = 'V',
    .notes = dense<"Words without a dash are options as BSD has them: aux, axf, u.">,
    .options = describe<options>,
    .run = plain_entry<run>,
};
}  // namespace rescue
