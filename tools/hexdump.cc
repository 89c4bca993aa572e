// hexdump: dump files in hexadecimal, or in a form of one's own.
#include <algorithm>
#include <cstdlib>
#include <limits>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/text/dump_format.h"
#include "lib/text/joined_input.h"
#include "lib/text/lines.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

struct Options {
  DumpFormat format;
  bool any_format = false;
  std::optional<uint64_t> length;
  uint64_t skip = 0;
  bool all_lines = false;
  When color = When::automatic;
};

Result<> add_format(Options& o, std::string_view text) {
  o.any_format = true;
  return o.format.add(text);
}

constexpr char address_end[] = "\"%07.7_Ax\n\"";
constexpr char octal_bytes[] = "\"%07.7_ax \" 16/1 \"%03o \" \"\\n\"";
constexpr char characters[] = "\"%07.7_ax \" 16/1 \"%3_c \" \"\\n\"";
constexpr char decimals[] = "\"%07.7_ax \" 8/2 \"  %05u \" \"\\n\"";
constexpr char octals[] = "\"%07.7_ax \" 8/2 \" %06o \" \"\\n\"";
constexpr char hexadecimals[] = "\"%07.7_ax \" 8/2 \"   %04x \" \"\\n\"";

template <const char* form>
Result<> add_ready_form(Options& o, std::string_view /*none*/) {
  TRY(add_format(o, address_end));
  return add_format(o, form);
}

Result<> add_canonical(Options& o, std::string_view /*none*/) {
  TRY(add_format(o, "\"%08.8_Ax\n\""));
  TRY(add_format(o, "\"%08.8_ax  \" 8/1 \"%02x \" \"  \" 8/1 \"%02x \" "));
  return add_format(o, "\"  |\" 16/1 \"%_p\" \"|\\n\"");
}

Result<> set_length(Options& o, std::string_view text) {
  o.length = TRY(c_number_argument(text, "length"));
  return {};
}

Result<> set_skip(Options& o, std::string_view text) {
  o.skip = TRY(c_number_argument(text, "offset"));
  return {};
}

Result<> choose_color(Options& o, std::string_view word) {
  o.color = TRY(choose_color_when(word));
  return {};
}

bool is_colored(const Options& opt, const Io& io) {
  if (opt.color != When::automatic)
    return opt.color == When::always;
  const char* const term = std::getenv("TERM");
  return io.out.is_terminal() && term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

// A line each; empty ones and those that begin with # count for nothing.
Result<> add_format_file(Options& o, std::string_view name) {
  const std::string path(name);
  const UniqueFd file = TRY(open_file(path, 0));
  LineReader lines(file.get(), path);
  for (std::string_view line; lines.next(line);) {
    while (!line.empty() && (line[0] == ' ' || line[0] == '\t'))
      line.remove_prefix(1);
    if (!line.empty() && line[0] != '#')
      TRY(add_format(o, line));
  }
  return lines.end();
}

constexpr Opt<Options> options[] = {
    {'b', "one-byte-octal", add_ready_form<octal_bytes>, "octal bytes"},
    {'c', "one-byte-char", add_ready_form<characters>, "characters or escapes"},
    {'C', "canonical", add_canonical, "hexadecimal bytes, and characters beside them"},
    {'d', "two-bytes-decimal", add_ready_form<decimals>, "decimal numbers of two bytes"},
    {'e', "format", add_format, "what FORMAT says", "FORMAT"},
    {'f', "format-file", add_format_file, "what the lines of FILE say", "FILE"},
    {'L', "color", choose_color, "do as the colours of FORMATs say: auto (default: on a terminal), always or never",
     "[WHEN]"},
    {'n', "length", set_length, "dump N bytes at most", "N"},
    {'o', "two-bytes-octal", add_ready_form<octals>, "octal numbers of two bytes"},
    {'s', "skip", set_skip, "skip N bytes of the input first", "N"},
    {'v', "no-squeezing", &Options::all_lines, "print lines that are the same as the one before, too, not *"},
    {'x', "two-bytes-hex", add_ready_form<hexadecimals>, "hexadecimal numbers of two bytes"},
};

void dump(const Options& opt, JoinedInput& input, Output& out) {
  uint64_t at = input.skip(opt.skip);
  uint64_t left = opt.length.value_or(std::numeric_limits<uint64_t>::max());
  std::string block(opt.format.block_size(), '\0');
  std::string previous;
  bool repeated = false;
  while (left > 0 && out.ok() && !block.empty()) {
    const auto room = static_cast<size_t>(std::min<uint64_t>(block.size(), left));
    const size_t count = input.read({block.data(), room});
    if (count == 0)
      break;
    left -= count;
    if (count == block.size() && !opt.all_lines && block == previous) {
      out.put(repeated ? "" : "*\n");
      repeated = true;
    } else {
      std::fill(block.begin() + static_cast<std::ptrdiff_t>(count), block.end(), '\0');
      opt.format.print(block, count, at, out);
      previous = block;
      repeated = false;
    }
    at += count;
  }
  if (at > 0)
    opt.format.print_end(at, out);
}

Result<int> run(Options& opt, Io& io, Args& args) {
  if (!opt.any_format) {
    TRY(opt.format.add(address_end));
    TRY(opt.format.add("\"%07.7_ax \" 8/2 \"%04x \" \"\\n\""));
  }
  TRY(opt.format.finish(is_colored(opt, io)));
  JoinedInput input(io, args);
  dump(opt, input, io.out);
  return io.status();
}

}  // namespace

extern const Applet hexdump_applet = {
    .name = "hexdump",
    .summary = "dump files in hexadecimal, or in a form of one's own",
    .usage = "[OPTION]... [FILE]...",
    .dies_with_reader = true,
    .help_letter = 'h',
    .version_letter = 'V',
    .notes = dense<
        "FORMAT is a row of units, COUNT/BYTES \"TEXT\"; in TEXT are conversions of printf's (c d i o u x X e f g s), "
        "and\n"
        "%_ad %_ao %_ax the address, %_Ad ... the one at the end, %_c %_p %_u a character (escaped, printable, "
        "named);\n"
        "_L[COLOR] behind one colours it.\n"
        "Numbers may be as in C, and have a unit. Without a FILE, standard input is read.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
