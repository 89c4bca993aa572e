// paste: put the lines of files side by side.
#include <vector>

#include "lib/base/applet.h"
#include "lib/text/input.h"
#include "lib/text/lines.h"

namespace rescue {
namespace {

struct Options {
  std::string delimiters = "\t";
  bool serial = false;
  bool zero = false;
};

constexpr Opt<Options> options[] = {
    {'d', "delimiters", &Options::delimiters, "put these characters in turn between the lines, not tabs", "LIST"},
    {'s', "serial", &Options::serial, "one file after another, each on a line of its own"},
    {'z', "zero-terminated", &Options::zero, "lines end with a zero byte, not with a newline"},
};

// The list with its escapes resolved: one text each, which \0 makes an empty one.
Result<std::vector<std::string>> delimiter_list(std::string_view text) {
  static constexpr std::string_view letters = "bfnrtv";
  static constexpr std::string_view meanings = "\b\f\n\r\t\v";
  std::vector<std::string> list;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c != '\\') {
      list.emplace_back(1, c);
      continue;
    }
    if (++i == text.size())
      return fail("delimiter list", text, "ends with a backslash that quotes nothing");
    c = text[i];
    if (const size_t letter = letters.find(c); letter != std::string_view::npos)
      c = meanings[letter];
    list.emplace_back(c == '0' ? 0 : 1, c);
  }
  if (list.empty())
    list.emplace_back();
  return list;
}

class Paster {
 public:
  Paster(Io& io, std::vector<std::string> delimiters, char line_end)
      : io_(io), delimiters_(std::move(delimiters)), line_end_(line_end) {}

  // One line of each file in turn, until all of them are at their end.
  Result<> parallel(const Args& names) {
    std::vector<Input> inputs;
    for (const std::string_view name : names)
      inputs.push_back(TRY(Input::open(name, io_)));
    std::vector<Column> columns;
    for (size_t i = 0; i < inputs.size(); ++i) {
      // Standard input that is named twice gives its lines to both in turn.
      size_t reader = i;
      for (size_t j = 0; j < i && inputs[i].is_standard(); ++j)
        if (inputs[j].is_standard()) {
          reader = j;
          break;
        }
      columns.push_back({LineReader(inputs[i].fd(), inputs[i].name(), line_end_), reader});
    }
    while (io_.out.ok() && row(columns)) {
    }
    for (Column& column : columns)
      if (const auto end = column.lines.end(); !end)
        io_.warn(end.error());
    return {};
  }

  Result<> serial(const Input& input) {
    LineReader lines(input.fd(), input.name(), line_end_);
    size_t count = 0;
    for (std::string_view line; io_.out.ok() && lines.next(line); ++count) {
      if (count > 0)
        io_.out.put(delimiters_[(count - 1) % delimiters_.size()]);
      io_.out.put(line);
    }
    io_.out.put(line_end_);
    return lines.end();
  }

 private:
  struct Column {
    LineReader lines;
    size_t reader;
    bool open = true;
  };

  bool row(std::vector<Column>& columns) {
    // Nothing is printed before it is known that one file still has a line: the delimiters before it wait.
    std::string waiting;
    bool any = false;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i > 0)
        waiting += delimiters_[(i - 1) % delimiters_.size()];
      std::string_view line;
      columns[i].open = columns[i].open && columns[columns[i].reader].lines.next(line);
      if (!columns[i].open)
        continue;
      io_.out.put(waiting, line);
      waiting.clear();
      any = true;
    }
    if (any)
      io_.out.put(waiting, line_end_);
    return any;
  }

  Io& io_;
  std::vector<std::string> delimiters_;
  char line_end_;
};

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    args.push("-");
  Paster paster(io, TRY(delimiter_list(opt.delimiters)), opt.zero ? '\0' : '\n');
  if (opt.serial)
    each_input(io, args, [&](const Input& input) { return paster.serial(input); });
  else
    TRY(paster.parallel(args));
  return io.status();
}

}  // namespace

extern const Applet paste_applet = {
    .name = "paste",
    .summary = "put the lines of files side by side",
    .usage = "[OPTION]... [FILE]...",
    .dies_with_reader = true,
    .notes = dense<"In LIST, \\n \\t \\\\ and their like stand for the characters, \\0 for none.\n"
                   "Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
