// fold: break long lines.
#include "lib/base/applet.h"
#include "lib/text/input.h"
#include "lib/text/lines.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

struct Options {
  bool bytes = false;
  bool at_blanks = false;
  uint64_t width = 80;
};

Result<> set_width(Options& o, std::string_view text) {
  o.width = TRY(number_argument(text, "number of columns", 1));
  return {};
}

constexpr Opt<Options> options[] = {
    {'b', "bytes", &Options::bytes, "count bytes, not columns"},
    {'s', "spaces", &Options::at_blanks, "break at blanks where there are any"},
    {'w', "width", set_width, "lines of WIDTH columns, not of 80", "WIDTH"},
};

class Folder {
 public:
  Folder(const Options& opt, Io& io) : opt_(opt), io_(io) {}

  Result<> fold(const Input& input) {
    LineReader lines(input.fd(), input.name());
    for (std::string_view line; io_.out.ok() && lines.next(line);) {
      fold_line(line);
      if (lines.ended())
        io_.out.put('\n');
    }
    return lines.end();
  }

 private:
  // A byte is a column, save those that move the cursor.
  uint64_t after(uint64_t column, char c) const {
    if (opt_.bytes)
      return column + 1;
    switch (c) {
      case '\b': return column > 0 ? column - 1 : 0;
      case '\r': return 0;
      case '\t': return column + 8 - column % 8;
      default: return column + 1;
    }
  }

  // Where each byte is a column, lines are cut without a look at them.
  bool is_plain(std::string_view line) const {
    const char* const end = line.data() + line.size();
    const auto has = [&](char c) { return find_byte(line.data(), end, c) != end; };
    return opt_.bytes || !(has('\t') || has('\b') || has('\r'));
  }

  void fold_line(std::string_view line) {
    if (!opt_.at_blanks && is_plain(line)) {
      for (; line.size() > opt_.width; line.remove_prefix(static_cast<size_t>(opt_.width)))
        io_.out.put(line.substr(0, static_cast<size_t>(opt_.width)), '\n');
      io_.out.put(line);
      return;
    }
    uint64_t column = 0;
    size_t start = 0;
    for (size_t i = 0; i < line.size(); ++i) {
      column = after(column, line[i]);
      // What is left after a break may be too long in its turn: a tab is as wide as its place makes it.
      while (column > opt_.width && i != start) {
        size_t end = i;
        if (opt_.at_blanks) {
          const size_t blank = line.substr(start, i - start).find_last_of(" \t");
          if (blank != std::string_view::npos)
            end = start + blank + 1;
        }
        io_.out.put(line.substr(start, end - start), '\n');
        start = end;
        column = 0;
        for (size_t j = start; j <= i; ++j)
          column = after(column, line[j]);
      }
    }
    io_.out.put(line.substr(start));
  }

  const Options& opt_;
  Io& io_;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  Folder folder(opt, io);
  each_input(io, args, [&](const Input& input) { return folder.fold(input); });
  return io.status();
}

int run_fold(const Applet& applet, Io& io, std::span<const char* const> words) {
  return entry<options, run>(applet, io, with_numbers(words, '-', "-w").words());
}

}  // namespace

extern const Applet fold_applet = {
    .name = "fold",
    .summary = "break long lines",
    .usage = "[OPTION]... [FILE]...",
    .dies_with_reader = true,
    .notes = dense<"Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = run_fold,
};
}  // namespace rescue
