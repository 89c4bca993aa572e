// join: join the lines of two files by a common field.
#include <algorithm>
#include <vector>

#include "lib/base/applet.h"
#include "lib/text/input.h"
#include "lib/text/lines.h"
#include "lib/text/order.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

// A field of the output: of a file, or (file 0) the one that joins.
struct OutputField {
  int file = 0;
  size_t field = 0;
};

struct Options {
  bool unpaired[2] = {false, false};
  bool paired = true;
  std::optional<std::string> filler;
  bool ignore_case = false;
  std::optional<uint64_t> fields[2];
  bool automatic = false;
  std::vector<OutputField> output;
  std::optional<std::string> delimiter;
  OrderCheck check = OrderCheck::when_unpaired;
  bool header = false;
  bool zero = false;
};

Result<size_t> file_number(std::string_view text) {
  if (text != "1" && text != "2")
    return fail("file number", text, "must be 1 or 2");
  return text == "1" ? 0 : 1;
}

Result<> set_unpaired(Options& o, std::string_view text) {
  o.unpaired[TRY(file_number(text))] = true;
  return {};
}

Result<> set_only_unpaired(Options& o, std::string_view text) {
  o.paired = false;
  return set_unpaired(o, text);
}

Result<> set_field_of(std::optional<uint64_t>& field, std::string_view text) {
  const uint64_t number = TRY(number_argument(text, "field number", 1)) - 1;
  if (field && *field != number)
    return fail("field number", text, "another one was given before");
  field = number;
  return {};
}

template <size_t file>
Result<> set_field(Options& o, std::string_view text) {
  return set_field_of(o.fields[file], text);
}

Result<> set_both_fields(Options& o, std::string_view text) {
  TRY(set_field_of(o.fields[0], text));
  return set_field_of(o.fields[1], text);
}

Result<> set_filler(Options& o, std::string_view text) {
  if (o.filler && *o.filler != text)
    return fail("-e", text, "another text was given before");
  o.filler = text;
  return {};
}

Result<> set_output(Options& o, std::string_view text) {
  if (text == "auto") {
    o.automatic = true;
    return {};
  }
  while (true) {
    const size_t end = text.find_first_of(", \t");
    const std::string_view item = text.substr(0, end);
    if (item == "0") {
      o.output.push_back({});
    } else {
      if (item.size() < 2 || item[1] != '.' || (item[0] != '1' && item[0] != '2'))
        return fail("field specification", item, "is none: 0, 1.N or 2.N");
      const uint64_t field = TRY(number_argument(item.substr(2), "field number", 1));
      o.output.push_back({item[0] - '0', static_cast<size_t>(field - 1)});
    }
    if (end == std::string_view::npos)
      return {};
    text.remove_prefix(end + 1);
  }
}

Result<> set_delimiter(Options& o, std::string_view text) {
  std::string delimiter(text == "\\0" ? std::string_view("\0", 1) : text);
  if (delimiter.size() > 1)
    return fail("-t", text, "must be a single byte");
  // An empty one: the whole line is a field.
  if (delimiter.empty())
    delimiter = '\n';
  if (o.delimiter && *o.delimiter != delimiter)
    return fail("-t", text, "another one was given before");
  o.delimiter = std::move(delimiter);
  return {};
}

constexpr Opt<Options> options[] = {
    {'a', nullptr, set_unpaired, "also print lines of file FILENUM (1 or 2) that have no partner", "FILENUM"},
    {'e', nullptr, set_filler, "put STRING where a field is missing", "STRING"},
    {'i', "ignore-case", &Options::ignore_case, "upper and lower case are the same"},
    {'j', nullptr, set_both_fields, "join by this field of both files", "FIELD"},
    {'o', nullptr, set_output, "print these fields: 0 (the one that joins), 1.N, 2.N, divided by commas; or auto",
     "FORMAT"},
    {'t', nullptr, set_delimiter, "fields are divided by CHAR, not by blanks", "CHAR"},
    {'v', nullptr, set_only_unpaired, "the same as -a, without the lines that have a partner", "FILENUM"},
    {'1', nullptr, set_field<0>, "join by this field of FILE1", "FIELD"},
    {'2', nullptr, set_field<1>, "join by this field of FILE2", "FIELD"},
    {0, "check-order", set<&Options::check, OrderCheck::always>, "fail at once where a file is not sorted"},
    {0, "nocheck-order", set<&Options::check, OrderCheck::never>, "do not look whether the files are sorted"},
    {0, "header", &Options::header, "the first lines are headers: they are joined whatever they hold"},
    {'z', "zero-terminated", &Options::zero, "lines end with a zero byte, not with a newline"},
};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

struct Line {
  struct Piece {
    size_t at;
    size_t size;
  };

  std::string text;
  std::vector<Piece> pieces;

  std::string_view field(uint64_t number) const {
    if (number >= pieces.size())
      return {};
    const Piece& piece = pieces[static_cast<size_t>(number)];
    return std::string_view(text).substr(piece.at, piece.size);
  }

  void split(const std::optional<std::string>& delimiter) {
    pieces.clear();
    if (text.empty())
      return;
    if (delimiter == "\n") {
      pieces.push_back({0, text.size()});  // also where lines end with a zero byte, and may hold newlines
      return;
    }
    if (delimiter) {
      for (size_t at = 0;;) {
        const size_t end = std::min(text.find((*delimiter)[0], at), text.size());
        pieces.push_back({at, end - at});
        if (end == text.size())
          return;
        at = end + 1;
      }
    }
    size_t at = 0;
    while (at < text.size() && is_blank(text[at]))
      ++at;
    if (at == text.size())
      return;
    while (true) {
      size_t end = at;
      while (end < text.size() && !is_blank(text[end]))
        ++end;
      pieces.push_back({at, end - at});
      if (end == text.size())
        return;
      // Blanks at the end of the line divide off an empty field.
      for (at = end; at < text.size() && is_blank(text[at]);)
        ++at;
    }
  }
};

// Capitals, as sort -f has it: what stands between the two alphabets comes after both.
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// One of the two files, and its lines with the same key.
class Side {
 public:
  Side(const Input& input, const Options& opt, uint64_t field)
      : field(field),
        watch(opt.check),
        opt_(opt),
        name_(input.name()),
        reader_(input.fd(), name_, opt.zero ? '\0' : '\n') {}

  // Reads a line behind those that are there. False at the end.
  Result<bool> more(Io& io, bool unpaired_seen) {
    std::string_view text;
    if (!reader_.next(text)) {
      TRY(reader_.end());
      return false;
    }
    if (count_ == lines_.size())
      lines_.emplace_back();
    Line& line = lines_[count_];
    line.text = text;
    line.split(opt_.delimiter);
    ++number_;
    if (watch.cares(true) || number_ == 1) {
      if (has_previous_ && watch.cares(unpaired_seen) && compare(previous_, line.field(field)) > 0)
        TRY(watch.complain(io, str("line ", number_), name_, str("is not sorted: ", Printable(text))));
      previous_ = line.field(field);
      has_previous_ = true;
    }
    ++count_;
    return true;
  }

  // The line behind a group, if one was read, is the first of the next.
  void keep_last(bool there) {
    if (there)
      std::swap(lines_[0], lines_[count_ - 1]);
    count_ = there ? 1 : 0;
  }

  void forget() { count_ = 0; }
  void forget_order() { has_previous_ = false; }
  size_t count() const { return count_; }
  const Line& operator[](size_t i) const { return lines_[i]; }

  // A field that is not there is empty, and comes before all others.
  int compare(std::string_view a, std::string_view b) const {
    if (!opt_.ignore_case)
      return a.compare(b);
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      const auto x = static_cast<uint8_t>(upper(a[i]));
      const auto y = static_cast<uint8_t>(upper(b[i]));
      if (x != y)
        return x < y ? -1 : 1;
    }
    return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
  }

  uint64_t field;
  OrderWatch watch;
  size_t columns = 0;  // of the first line, where the format is automatic

 private:
  const Options& opt_;
  std::string name_;
  LineReader reader_;
  std::vector<Line> lines_;
  size_t count_ = 0;
  uint64_t number_ = 0;
  std::string previous_;
  bool has_previous_ = false;
};

class Joiner {
 public:
  Joiner(const Options& opt, Io& io, Side& left, Side& right)
      : opt_(opt),
        io_(io),
        left_(left),
        right_(right),
        between_(opt.delimiter ? (*opt.delimiter)[0] : ' '),
        line_end_(opt.zero ? '\0' : '\n') {}

  Result<> join() {
    TRY(left_.more(io_, false));
    TRY(right_.more(io_, false));
    if (opt_.automatic) {
      left_.columns = left_.count() > 0 ? left_[0].pieces.size() : 0;
      right_.columns = right_.count() > 0 ? right_[0].pieces.size() : 0;
    }
    if (opt_.header)
      TRY(join_headers());
    while (left_.count() > 0 && right_.count() > 0 && io_.out.ok()) {
      const int order = left_.compare(left_[0].field(left_.field), right_[0].field(right_.field));
      if (order < 0)
        TRY(unpaired(left_, 0));
      else if (order > 0)
        TRY(unpaired(right_, 1));
      else
        TRY(group());
    }
    TRY(rest(left_, 0));
    return rest(right_, 1);
  }

 private:
  Result<> join_headers() {
    if (left_.count() + right_.count() == 0)
      return {};
    print(left_.count() > 0 ? &left_[0] : nullptr, right_.count() > 0 ? &right_[0] : nullptr);
    for (Side* const side : {&left_, &right_}) {
      side->forget_order();
      if (side->count() > 0) {
        side->forget();
        TRY(side->more(io_, unpaired_seen_));
      }
    }
    return {};
  }

  Result<> unpaired(Side& side, size_t which) {
    if (opt_.unpaired[which])
      print_alone(side, which);
    side.forget();
    TRY(side.more(io_, unpaired_seen_));
    unpaired_seen_ = true;
    return {};
  }

  void print_alone(const Side& side, size_t which) {
    print(which == 0 ? &side[0] : nullptr, which == 0 ? nullptr : &side[0]);
  }

  // All lines of both files with one key: each with each.
  Result<> group() {
    bool more_left = false;
    bool more_right = false;
    while ((more_left = TRY(left_.more(io_, unpaired_seen_))))
      if (left_.compare(left_[left_.count() - 1].field(left_.field), right_[0].field(right_.field)) != 0)
        break;
    while ((more_right = TRY(right_.more(io_, unpaired_seen_))))
      if (right_.compare(right_[right_.count() - 1].field(right_.field), left_[0].field(left_.field)) != 0)
        break;
    const size_t lefts = left_.count() - (more_left ? 1 : 0);
    const size_t rights = right_.count() - (more_right ? 1 : 0);
    for (size_t i = 0; opt_.paired && i < lefts; ++i)
      for (size_t j = 0; j < rights; ++j)
        print(&left_[i], &right_[j]);
    left_.keep_last(more_left);
    right_.keep_last(more_right);
    return {};
  }

  // What one file has left when the other one is at its end. It is read on to see whether it is sorted, too.
  Result<> rest(Side& side, size_t which) {
    const Side& other = which == 0 ? right_ : left_;
    if (side.count() == 0 || (!opt_.unpaired[which] && opt_.check == OrderCheck::never))
      return {};
    if (opt_.unpaired[which])
      print_alone(side, which);
    if (other.count() > 0)
      unpaired_seen_ = true;
    side.forget();
    while (io_.out.ok() && TRY(side.more(io_, unpaired_seen_))) {
      if (opt_.unpaired[which])
        print_alone(side, which);
      side.forget();
      if (side.watch.broken() && !opt_.unpaired[which])
        break;
    }
    return {};
  }

  void put_field(std::string_view text) {
    io_.out.put(text.empty() && opt_.filler ? std::string_view(*opt_.filler) : text);
  }

  void put_others(const Line* line, const Side& side) {
    const size_t count = opt_.automatic ? side.columns : line != nullptr ? line->pieces.size() : 0;
    for (size_t i = 0; i < count; ++i) {
      if (i == side.field)
        continue;
      io_.out.put(between_);
      put_field(line != nullptr ? line->field(i) : "");
    }
  }

  std::string_view key(const Line* left, const Line* right) const {
    return left != nullptr ? left->field(left_.field) : right->field(right_.field);
  }

  void print(const Line* left, const Line* right) {
    if (opt_.output.empty()) {
      put_field(key(left, right));
      put_others(left, left_);
      put_others(right, right_);
    }
    for (size_t i = 0; i < opt_.output.size(); ++i) {
      const OutputField& wanted = opt_.output[i];
      const Line* const line = wanted.file == 1 ? left : right;
      if (i > 0)
        io_.out.put(between_);
      put_field(wanted.file == 0 ? key(left, right) : line != nullptr ? line->field(wanted.field) : "");
    }
    io_.out.put(line_end_);
  }

  const Options& opt_;
  Io& io_;
  Side& left_;
  Side& right_;
  char between_;
  char line_end_;
  bool unpaired_seen_ = false;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  const std::string_view first = TRY(args.shift("FILE1"));
  const std::string_view second = TRY(args.shift("FILE2"));
  TRY(args.expect_end());
  if (first == "-" && second == "-")
    return fail("read", "-", "both files cannot be standard input");
  const Input left = TRY(Input::open(first, io));
  const Input right = TRY(Input::open(second, io));
  Side one(left, opt, opt.fields[0].value_or(0));
  Side two(right, opt, opt.fields[1].value_or(0));
  TRY(Joiner(opt, io, one, two).join());
  if (one.watch.broken() || two.watch.broken())
    return fail("join", "", "the input is not in sorted order");
  return io.status();
}

}  // namespace

extern const Applet join_applet = {
    .name = "join",
    .summary = "join the lines of two files by a common field",
    .usage = "[OPTION]... FILE1 FILE2",
    .dies_with_reader = true,
    .notes = dense<
        "Both files must be sorted by the field that joins, byte by byte; it is the first one, if nothing else is "
        "said.\n"
        "Where FILE1 or FILE2 (not both) is -, standard input is read.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
