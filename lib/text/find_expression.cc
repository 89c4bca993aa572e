#include "lib/text/find_expression.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/date_parse.h"
#include "lib/base/text.h"
#include "lib/base/time_text.h"
#include "lib/fs/mode_change.h"
#include "lib/text/letters.h"

namespace rescue::find {
namespace {

constexpr int64_t day = 86400;
constexpr int64_t second = 1'000'000'000;

std::unexpected<Error> bad(std::string_view detail) {
  return fail("", "", detail);
}

struct Named {
  std::string_view name;
  Kind kind;
  char which = 0;
};

// Tests and actions without an argument.
constexpr Named plain[] = {
    {"-true", Kind::yes},          {"-false", Kind::no},
    {"-empty", Kind::empty},       {"-nouser", Kind::no_user},
    {"-nogroup", Kind::no_group},  {"-readable", Kind::readable},
    {"-writable", Kind::writable}, {"-executable", Kind::executable},
    {"-print", Kind::print},       {"-print0", Kind::print_zero},
    {"-ls", Kind::list_long},      {"-prune", Kind::prune},
    {"-quit", Kind::quit},         {"-delete", Kind::remove},
};

// Tests for a pattern.
constexpr Named patterns[] = {
    {"-name", Kind::name},         {"-iname", Kind::name, 'i'},       {"-path", Kind::path},
    {"-ipath", Kind::path, 'i'},   {"-wholename", Kind::path},        {"-iwholename", Kind::path, 'i'},
    {"-lname", Kind::link_name},   {"-ilname", Kind::link_name, 'i'}, {"-regex", Kind::regex},
    {"-iregex", Kind::regex, 'i'},
};

// Tests for a number, with + and -.
constexpr Named numbers[] = {{"-inum", Kind::inode},
                             {"-links", Kind::links},
                             {"-uid", Kind::user_id},
                             {"-gid", Kind::group_id},
                             {"-used", Kind::used}};

// Tests for a time: in days or minutes ago.
constexpr Named ages[] = {{"-atime", Kind::age, 'a'}, {"-ctime", Kind::age, 'c'}, {"-mtime", Kind::age, 'm'},
                          {"-amin", Kind::age, 'a'},  {"-cmin", Kind::age, 'c'},  {"-mmin", Kind::age, 'm'}};

struct timespec at_offset(const struct timespec& from, int64_t nanoseconds) {
  int64_t seconds = from.tv_sec + nanoseconds / second;
  int64_t rest = from.tv_nsec + nanoseconds % second;
  if (rest < 0) {
    rest += second;
    --seconds;
  } else if (rest >= second) {
    rest -= second;
    ++seconds;
  }
  return {.tv_sec = seconds, .tv_nsec = static_cast<long>(rest)};
}

class Parser {
 public:
  Parser(std::span<const std::string_view> words, Names& names, const struct timespec& now,
         std::vector<std::string>& warnings)
      : words_(words), names_(names), warnings_(warnings), start_(now), day_start_(at_offset(now, -day * second)) {}

  Result<Expression> parse() {
    TRY(leading());
    if (at_ < words_.size()) {
      result_.root = TRY(list());
      if (at_ < words_.size())
        return bad("invalid expression; you have too many ')'");
    } else {
      result_.root = add({.kind = Kind::yes});
    }
    if (!acts_) {
      const uint32_t print = add({.kind = Kind::print});
      result_.root = add({.kind = Kind::both, .left = result_.root, .right = print});
    }
    return std::move(result_);
  }

 private:
  uint32_t add(Node node) {
    result_.nodes.push_back(std::move(node));
    return static_cast<uint32_t>(result_.nodes.size() - 1);
  }

  static bool begins_expression(std::string_view word) {
    return (word.starts_with('-') && word.size() > 1) || word == "(" || word == "!" || word == ")" || word == ",";
  }

  // -H, -L, -P, -O, -D, and where to start.
  Result<> leading() {
    for (; at_ < words_.size(); ++at_) {
      const std::string_view word = words_[at_];
      if (word == "-H")
        result_.links = Links::follow_named;
      else if (word == "-L")
        result_.links = Links::follow;
      else if (word == "-P")
        result_.links = Links::keep;
      else if (word.starts_with("-O") && word.size() == 3 && word[2] >= '0' && word[2] <= '3')
        continue;  // there is one order of evaluation
      else
        break;
    }
    if (at_ < words_.size() && words_[at_] == "--")
      ++at_;
    for (; at_ < words_.size() && !(begins_expression(words_[at_]) && words_[at_] != ")" && words_[at_] != ","); ++at_)
      result_.starts.emplace_back(words_[at_]);
    return {};
  }

  // --- what joins

  bool looking_at(std::string_view a, std::string_view b = {}) const {
    return at_ < words_.size() && (words_[at_] == a || (!b.empty() && words_[at_] == b));
  }

  Result<uint32_t> list() {
    uint32_t left = TRY(either());
    while (looking_at(",")) {
      TRY(operand_follows());
      const uint32_t right = TRY(either());
      left = add({.kind = Kind::list, .left = left, .right = right});
    }
    return left;
  }

  Result<uint32_t> either() {
    uint32_t left = TRY(both());
    while (looking_at("-o", "-or")) {
      TRY(operand_follows());
      const uint32_t right = TRY(both());
      left = add({.kind = Kind::either, .left = left, .right = right});
    }
    return left;
  }

  Result<uint32_t> both() {
    uint32_t left = TRY(negated());
    while (at_ < words_.size() && !looking_at(")", ",") && !looking_at("-o", "-or")) {
      if (looking_at("-a", "-and"))
        TRY(operand_follows());
      const uint32_t right = TRY(negated());
      left = add({.kind = Kind::both, .left = left, .right = right});
    }
    return left;
  }

  // Goes over an operator, behind which something must stand.
  Result<> operand_follows() {
    const std::string_view name = words_[at_++];
    if (at_ == words_.size())
      return bad(str("expected an expression after '", name, '\''));
    return {};
  }

  Result<uint32_t> negated() {
    if (!looking_at("!", "-not"))
      return primary();
    TRY(operand_follows());
    if (++depth_ > 1000)
      return bad("the expression is nested too deeply");
    const uint32_t inner = TRY(negated());
    --depth_;
    return add({.kind = Kind::negate, .left = inner});
  }

  Result<uint32_t> primary() {
    const std::string_view word = words_[at_];
    if (word == "(") {
      ++at_;
      if (at_ == words_.size())
        return bad("invalid expression; expected to find a ')' but didn't see one");
      if (looking_at(")"))
        return bad("invalid expression; empty parentheses are not allowed.");
      if (++depth_ > 1000)
        return bad("the expression is nested too deeply");
      const uint32_t inner = TRY(list());
      --depth_;
      if (!looking_at(")"))
        return bad("invalid expression; I was expecting to find a ')' somewhere but did not see one.");
      ++at_;
      return inner;
    }
    if (looking_at("-o", "-or") || looking_at("-a", "-and") || word == "," || word == ")")
      return bad(str("invalid expression; you have used a binary operator '", word, "' with nothing before it."));
    if (!begins_expression(word))
      return bad(str("paths must precede expression: `", Printable(word), '\''));
    ++at_;
    name_ = word;
    const bool is_global = TRY(global(word));
    if (is_global)
      return add({.kind = Kind::yes});
    return TRY(test_or_action(word));
  }

  // --- options

  Result<bool> global(std::string_view word) {
    if (word == "-depth" || word == "-d") {
      result_.depth_first = true;
    } else if (word == "-xdev" || word == "-mount") {
      result_.one_file_system = true;
    } else if (word == "-follow") {
      result_.links = Links::follow;
    } else if (word == "-daystart") {
      day_starts_ = true;
      if (const auto fields = local_time(start_.tv_sec)) {
        day_start_ = start_;
        day_start_.tv_sec -= fields->tm_hour * 3600 + fields->tm_min * 60 + fields->tm_sec;
        day_start_.tv_nsec = 0;
      }
    } else if (word == "-maxdepth" || word == "-mindepth") {
      const std::string_view argument = TRY(this->argument());
      const auto count = to_number<uint64_t>(argument);
      if (!count)
        return bad(
            str("expected a positive decimal integer argument to ", word, ", but got '", Printable(argument), '\''));
      (word == "-maxdepth" ? result_.max_depth : result_.min_depth) = *count;
    } else if (word == "-regextype") {
      TRY(set_regex_type(TRY(argument())));
    } else if (word == "-files0-from") {
      result_.starts_from = std::string(TRY(argument()));
    } else if (word == "-ignore_readdir_race" || word == "-noignore_readdir_race") {
      result_.ignore_races = word == "-ignore_readdir_race";
    } else if (word == "-help" || word == "--help") {
      result_.asked_help = true;
    } else if (word == "-version" || word == "--version") {
      result_.asked_version = true;
    } else if (word != "-noleaf" && word != "-warn" && word != "-nowarn") {
      return false;  // -noleaf: nothing is assumed of the links of directories anyway
    }
    return true;
  }

  Result<> set_regex_type(std::string_view type) {
    using Flavor = RegexSyntax::Flavor;
    if (type == "findutils-default" || type == "emacs")
      flavor_ = Flavor::emacs;
    else if (type == "posix-extended" || type == "egrep" || type == "posix-egrep" || type == "awk" ||
             type == "gnu-awk" || type == "posix-awk")
      flavor_ = Flavor::extended;
    else if (type == "grep" || type == "sed" || type == "ed" || type == "posix-basic" || type == "posix-minimal-basic")
      flavor_ = Flavor::basic;
    else
      return bad(str("unknown regular expression type '", Printable(type), '\''));
    return {};
  }

  Result<std::string_view> argument() {
    if (at_ == words_.size())
      return bad(str("missing argument to `", name_, '\''));
    return words_[at_++];
  }

  // --- tests and actions

  Result<uint32_t> test_or_action(std::string_view word) {
    for (const Named& known : plain)
      if (known.name == word)
        return plain_node(known.kind);
    for (const Named& known : patterns)
      if (known.name == word)
        return pattern(known);
    for (const Named& known : numbers)
      if (known.name == word)
        return numeric(known);
    for (const Named& known : ages)
      if (known.name == word)
        return age(known.which, word.ends_with("min"));
    if (word == "-newer" || word == "-anewer" || word == "-cnewer")
      return newer(word == "-newer" ? 'm' : word[1], 'm');
    if (word.starts_with("-newer") && word.size() == 8)
      return newer(word[6], word[7]);
    if (word == "-user" || word == "-group")
      return owner(word == "-user");
    if (word == "-type" || word == "-xtype")
      return type(word == "-type" ? Kind::type : Kind::target_type);
    if (word == "-size")
      return size();
    if (word == "-perm")
      return permissions();
    if (word == "-samefile")
      return same_file();
    if (word == "-fstype")
      return add({.kind = Kind::file_system, .text = std::string(TRY(argument()))});
    if (word == "-printf" || word == "-fprintf")
      return formatted(word == "-fprintf");
    if (word == "-fprint" || word == "-fprint0" || word == "-fls")
      return to_file(word == "-fprint" ? Kind::print : word == "-fprint0" ? Kind::print_zero : Kind::list_long);
    if (word == "-exec" || word == "-execdir" || word == "-ok" || word == "-okdir")
      return command(word);
    if (word.starts_with("-newer"))
      return bad(str("invalid predicate `", Printable(word), '\''));
    return bad(str("unknown predicate `", Printable(word), '\''));
  }

  uint32_t plain_node(Kind kind) {
    const bool quiet =
        kind == Kind::remove || kind == Kind::print || kind == Kind::print_zero || kind == Kind::list_long;
    acts_ = acts_ || quiet;
    if (kind == Kind::remove)
      result_.depth_first = true;
    return add({.kind = kind});
  }

  Result<uint32_t> pattern(const Named& known) {
    Node node{.kind = known.kind, .text = std::string(TRY(argument())), .ignore_case = known.which == 'i'};
    if (node.kind == Kind::regex) {
      RegexSyntax syntax{.flavor = flavor_, .ignore_case = node.ignore_case, .bytes = bytes_are_characters()};
      auto regex = Regex::compile(node.text, syntax);
      if (!regex)
        return bad(str("failed to compile regular expression '", Printable(node.text), "': ", regex.error().detail()));
      node.regex = static_cast<uint32_t>(result_.regexes.size());
      result_.regexes.push_back(*std::move(regex));
    }
    return add(std::move(node));
  }

  static Compare take_sign(std::string_view& text) {
    if (text.starts_with('+') || text.starts_with('-')) {
      const bool more = text[0] == '+';
      text.remove_prefix(1);
      return more ? Compare::more : Compare::less;
    }
    return Compare::equal;
  }

  Result<uint32_t> numeric(const Named& known) {
    const std::string_view given = TRY(argument());
    std::string_view text = given;
    Node node{.kind = known.kind, .compare = take_sign(text)};
    const auto number = to_number<uint64_t>(text);
    if (!number)
      return bad(str("invalid argument `", Printable(given), "' to `", name_, '\''));
    node.number = *number;
    return add(std::move(node));
  }

  // Nanoseconds in a decimal number of units.
  static std::optional<int64_t> duration(std::string_view text, int64_t unit) {
    const size_t dot = text.find('.');
    const std::string_view whole = text.substr(0, dot);
    const std::string_view fraction = dot == npos ? "" : text.substr(dot + 1);
    const auto count = whole.empty() && !fraction.empty() ? std::optional<int64_t>(0) : to_number<int64_t>(whole);
    if (!count || *count < 0 || *count > INT64_MAX / 2 / second / unit)
      return std::nullopt;
    int64_t result = *count * unit * second;
    int64_t place = unit * second;
    for (const char c : fraction) {
      if (c < '0' || c > '9')
        return std::nullopt;
      place /= 10;
      result += (c - '0') * place;
    }
    return result;
  }

  Result<uint32_t> age(char which, bool minutes) {
    const std::string_view given = TRY(argument());
    std::string_view text = given;
    Node node{.kind = Kind::age, .compare = take_sign(text), .which = which};
    const int64_t unit = minutes ? 60 : day;
    const auto past = duration(text, unit);
    if (!past)
      return bad(str("invalid argument `", Printable(given), "' to `", name_, '\''));
    // A day counts when it is over: what is 47 hours old is one day old.
    struct timespec origin = minutes ? (day_starts_ ? at_offset(day_start_, day * second) : start_) : day_start_;
    if (!minutes && node.compare == Compare::less)
      origin = at_offset(origin, (day - 1) * second);
    node.time = at_offset(origin, -*past);
    node.window = at_offset(node.time, unit * second);
    return add(std::move(node));
  }

  Result<uint32_t> newer(char which, char reference) {
    const bool known = std::string_view("aBcm").contains(which) && std::string_view("aBcmt").contains(reference);
    if (!known)
      return bad(str("invalid predicate `", name_, '\''));
    const std::string text(TRY(argument()));
    Node node{.kind = Kind::newer, .which = which};
    if (reference == 't') {
      const auto time = parse_date(text, start_);
      if (!time)
        return bad(str("I cannot figure out how to interpret '", Printable(text), "' as a date or time"));
      node.time = *time;
      return add(std::move(node));
    }
    struct stat info{};
    TRY(look(text, info));
    node.time = reference == 'a' ? info.st_atim : reference == 'c' ? info.st_ctim : info.st_mtim;
    return add(std::move(node));
  }

  Result<> look(const std::string& path, struct stat& info) const {
    const int flags = result_.links == Links::keep ? AT_SYMLINK_NOFOLLOW : 0;
    if (::fstatat(AT_FDCWD, path.c_str(), &info, flags) < 0 &&
        ::fstatat(AT_FDCWD, path.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0)
      return fail("", path);
    return {};
  }

  Result<uint32_t> owner(bool user) {
    const std::string_view text = TRY(argument());
    Node node{.kind = user ? Kind::user_id : Kind::group_id};
    auto id = (user ? names_.users : names_.groups).id_of(text);
    if (!id)
      id = to_number<uint32_t>(text);
    if (!id)
      return bad(str('\'', Printable(text), "' is not the name of ", user ? "a known user" : "an existing group"));
    node.number = *id;
    return add(std::move(node));
  }

  Result<uint32_t> type(Kind kind) {
    const std::string_view text = TRY(argument());
    Node node{.kind = kind};
    for (const std::string_view letter : split(text, ',')) {
      if (letter.empty())
        return bad(str("Last file type in list argument to ", name_, " is missing, i.e., list is ending on: ','"));
      if (letter.size() > 1 || !std::string_view("bcdpflsD").contains(letter[0]))
        return bad(str("Unknown argument to ", name_, ": ", Printable(letter)));
      if (node.text.contains(letter[0]))
        return bad(str("Duplicate file type '", letter, "' in the argument list to ", name_, '.'));
      node.text += letter;
    }
    return add(std::move(node));
  }

  Result<uint32_t> size() {
    const std::string_view given = TRY(argument());
    std::string_view text = given;
    Node node{.kind = Kind::size, .compare = take_sign(text), .unit = 512};
    if (text.empty())
      return bad(str("invalid null argument to -size"));
    const char last = text.back();
    if (last < '0' || last > '9') {
      constexpr std::string_view letters = "bcwkMG";
      constexpr uint64_t units[] = {512, 1, 2, 1024, 1048576, 1073741824};
      const size_t which = letters.find(last);
      if (which == npos)
        return bad(str("invalid -size type `", last, '\''));
      node.unit = units[which];
      text.remove_suffix(1);
    }
    const auto number = to_number<uint64_t>(text);
    if (!number)
      return bad(str("Invalid argument `", Printable(given), "' to -size"));
    node.number = *number;
    return add(std::move(node));
  }

  Result<uint32_t> permissions() {
    const std::string_view given = TRY(argument());
    std::string_view text = given;
    Node node{.kind = Kind::permissions, .which = '='};
    if (text.starts_with('-') || text.starts_with('/')) {
      node.which = text[0];
      text.remove_prefix(1);
    }
    const auto change = ModeChange::parse(text);
    if (!change || text.starts_with('+'))
      return bad(str("invalid mode '", Printable(given), '\''));
    node.number = change->apply(S_IFREG, 0) & 07777;
    node.unit = change->apply(S_IFDIR, 0) & 07777;
    return add(std::move(node));
  }

  Result<uint32_t> same_file() {
    const std::string path(TRY(argument()));
    struct stat info{};
    TRY(look(path, info));
    return add({.kind = Kind::same_file, .number = info.st_ino, .device = info.st_dev});
  }

  // --- output

  Result<uint32_t> output() {
    const std::string name(TRY(argument()));
    if (name == "/dev/stdout")
      return 0;
    const auto known = std::ranges::find(result_.outputs, name);
    const auto place = static_cast<uint32_t>(known - result_.outputs.begin());
    if (known == result_.outputs.end())
      result_.outputs.push_back(name);
    return place + 1;
  }

  Result<uint32_t> to_file(Kind kind) {
    acts_ = true;
    return add({.kind = kind, .output = TRY(output())});
  }

  Result<uint32_t> formatted(bool has_file) {
    acts_ = true;
    Node node{.kind = Kind::formatted};
    if (has_file)
      node.output = TRY(output());
    node.format = TRY(format(TRY(argument())));
    return add(std::move(node));
  }

  Result<std::vector<Format>> format(std::string_view text) {
    std::vector<Format> pieces(1);
    for (size_t at = 0; at < text.size();) {
      Format& piece = pieces.back();
      if (text[at] == '\\') {
        if (escape(text, at, piece.text)) {
          piece.stop = true;
          break;
        }
      } else if (text[at] == '%') {
        if (TRY(directive(text, at, piece)))
          pieces.emplace_back();
      } else {
        piece.text += text[at++];
      }
    }
    return pieces;
  }

  // True for \c: nothing comes after it.
  bool escape(std::string_view text, size_t& at, std::string& out) {
    if (at + 1 == text.size()) {
      warnings_.emplace_back("escape `\\' followed by nothing at all");
      out += '\\';
      ++at;
      return false;
    }
    const char c = text[at + 1];
    constexpr std::string_view letters = "abfnrtv\\";
    constexpr std::string_view values = "\a\b\f\n\r\t\v\\";
    if (c >= '0' && c <= '7') {
      unsigned value = 0;
      size_t digits = 0;
      for (++at; digits < 3 && at < text.size() && text[at] >= '0' && text[at] <= '7'; ++at, ++digits)
        value = value * 8 + static_cast<unsigned>(text[at] - '0');
      out += static_cast<char>(value);
      return false;
    }
    at += 2;
    if (const size_t which = letters.find(c); which != npos) {
      out += values[which];
    } else if (c == 'c') {
      return true;
    } else {
      warnings_.push_back(str("unrecognized escape `\\", c, '\''));
      (out += '\\') += c;
    }
    return false;
  }

  // Whether the piece is a directive now, and complete.
  Result<bool> directive(std::string_view text, size_t& at, Format& piece) {
    const size_t start = at++;
    if (at < text.size() && text[at] == '%') {
      piece.text += '%';
      ++at;
      return false;
    }
    while (at < text.size() && std::string_view("-+ #0").contains(text[at]))
      piece.flags += text[at++];
    const auto number = [&] {
      unsigned value = 0;
      while (at < text.size() && text[at] >= '0' && text[at] <= '9')
        value = std::min(value * 10 + static_cast<unsigned>(text[at++] - '0'), 100000U);
      return value;
    };
    if (at < text.size() && text[at] >= '1' && text[at] <= '9')
      piece.width = number();
    if (at < text.size() && text[at] == '.') {
      ++at;
      piece.precision = number();
    }
    if (at == text.size())
      return bad("error: % at end of format string");
    const char c = text[at];
    constexpr std::string_view known = "abcdDfFgGhHiklmMnpPsStuUyY";
    const bool of_time = std::string_view("ABCT").contains(c);
    if (of_time && at + 1 < text.size()) {
      piece.directive = c;
      piece.detail = text[at + 1];
      at += 2;
      return true;
    }
    if (known.contains(c)) {
      piece.directive = c;
      ++at;
      return true;
    }
    warnings_.push_back(of_time ? str("format directive `%", c, "' should be followed by another character")
                                : str("unrecognized format directive `%", c, '\''));
    ++at;
    piece.text += text.substr(start, at - start);
    piece.flags.clear();
    piece.width.reset();
    piece.precision.reset();
    return false;
  }

  Result<uint32_t> command(std::string_view word) {
    acts_ = true;
    Node node{.kind = Kind::execute};
    node.in_directory = word.ends_with("dir");
    node.ask = word.starts_with("-ok");
    for (; at_ < words_.size(); ++at_) {
      const std::string_view argument = words_[at_];
      if (argument == ";")
        break;
      if (argument == "+" && !node.ask && !node.words.empty() && node.words.back() == "{}") {
        node.many = true;
        break;
      }
      node.words.emplace_back(argument);
    }
    if (at_ == words_.size() || node.words.empty())
      return bad(str("missing argument to `", word, '\''));
    ++at_;
    if (!node.many)
      return add(std::move(node));
    node.words.pop_back();
    for (const std::string& argument : node.words)
      if (argument.contains("{}"))
        return bad(str("only one instance of {} is supported with ", word, " ... +"));
    if (node.words.empty())
      return bad(str("missing argument to `", word, '\''));
    return add(std::move(node));
  }

  std::span<const std::string_view> words_;
  Names& names_;
  std::vector<std::string>& warnings_;
  size_t at_ = 0;
  std::string_view name_;  // of what is being read
  Expression result_;
  bool acts_ = false;
  unsigned depth_ = 0;
  RegexSyntax::Flavor flavor_ = RegexSyntax::Flavor::emacs;
  struct timespec start_;
  struct timespec day_start_;
  bool day_starts_ = false;
};

}  // namespace

Result<Expression> parse(std::span<const std::string_view> words, Names& names, const struct timespec& now,
                         std::vector<std::string>& warnings) {
  return Parser(words, names, now, warnings).parse();
}

}  // namespace rescue::find
