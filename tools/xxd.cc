// xxd: dump a file in hexadecimal, or make a file of such a dump.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/text/input.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

enum class Form : uint8_t { normal, bits, little_endian, plain, c_source };

struct Options {
  bool autoskip = false;
  Form form = Form::normal;
  bool capitals = false;
  std::optional<long> columns;
  bool ebcdic = false;
  long group = -1;
  long length = -1;
  std::optional<std::string> name;
  long offset = 0;
  bool revert = false;
  bool decimal = false;
  long seek = 0;
  bool seek_relative = false;
  bool seek_from_end = false;
  bool upper = false;
};

// Whatever is no number counts as 0, as in xxd itself.
long number_of(std::string_view text) {
  return std::strtol(std::string(text).c_str(), nullptr, 0);
}

Result<> toggle_autoskip(Options& o, std::string_view /*none*/) {
  o.autoskip = !o.autoskip;
  return {};
}

Result<> set_columns(Options& o, std::string_view text) {
  o.columns = number_of(text);
  return {};
}

template <long Options::* member>
Result<> set_long(Options& o, std::string_view text) {
  o.*member = number_of(text);
  return {};
}

Result<> set_name(Options& o, std::string_view text) {
  o.name = text;
  return {};
}

Result<> set_seek(Options& o, std::string_view text) {
  o.seek_relative = text.starts_with('+');
  text.remove_prefix(o.seek_relative ? 1 : 0);
  o.seek_from_end = text.starts_with('-');
  text.remove_prefix(o.seek_from_end ? 1 : 0);
  o.seek = number_of(text);
  return {};
}

constexpr Opt<Options> options[] = {
    {'a', "autoskip", toggle_autoskip, "a * stands for lines of zeros"},
    {'b', "bits", set<&Options::form, Form::bits>, "binary digits, not hexadecimal ones"},
    {'c', "cols", set_columns, "N bytes on a line: 16; with -b 6, -i 12, -p 30", "N"},
    {'C', "capitalize", &Options::capitals, "with -i, names in capitals"},
    {'d', "decimal", &Options::decimal, "decimal addresses"},
    {'e', nullptr, set<&Options::form, Form::little_endian>, "groups are little-endian numbers"},
    {'E', "EBCDIC", &Options::ebcdic, "the characters are EBCDIC"},
    {'g', "groupsize", set_long<&Options::group>, "N bytes stand together: 2; with -b 1, -e 4; 0: all", "N"},
    {'i', "include", set<&Options::form, Form::c_source>, "an array in C"},
    {'l', "len", set_long<&Options::length>, "stop after N bytes", "N"},
    {'n', "name", set_name, "with -i, what the array is called", "NAME"},
    {'o', "offset", set_long<&Options::offset>, "add N to the addresses", "N"},
    {'p', "plain", set<&Options::form, Form::plain>, "digits only"},
    {'r', "revert", &Options::revert, "make the file of a dump"},
    {'s', "seek", set_seek, "begin at byte N, from the end where it is negative; with -r, add N to the addresses", "N"},
    {'u', "uppercase", &Options::upper, "digits in upper case"},
};

// What EBCDIC's bytes from 64 on are in ASCII, if they can be shown.
constexpr std::string_view ebcdic_table =
    " ...........<(+|&.........!$*);~-/.........,%_>?.........`:#@'=\""
    ".abcdefghi.......jklmnopqr^.......stuvwxyz...[...............].."
    "{ABCDEFGHI......}JKLMNOPQR......\\.STUVWXYZ......0123456789......";
static_assert(ebcdic_table.size() == 192);

constexpr size_t piece = 65536;

class Dumper {
 public:
  Dumper(const Options& opt, Io& io, const Input& input) : opt_(opt), io_(io), input_(input) {
    columns_ = static_cast<size_t>(*opt.columns);
    group_ = static_cast<size_t>(opt.group);
    left_ = opt.length < 0 ? UINT64_MAX : static_cast<uint64_t>(opt.length);
    digits_ = opt.upper ? "0123456789ABCDEF" : "0123456789abcdef";
  }

  // Regular files are sought, others read up to there.
  Result<> go_to_start() {
    if (opt_.seek == 0 && !opt_.seek_from_end && opt_.seek_relative)
      return {};
    const int whence = opt_.seek_relative ? SEEK_CUR : opt_.seek_from_end ? SEEK_END : SEEK_SET;
    const off_t where = ::lseek(input_.fd(), opt_.seek_from_end ? -opt_.seek : opt_.seek, whence);
    if (where >= 0) {
      at_ = opt_.seek_relative || opt_.seek_from_end ? static_cast<uint64_t>(where) : static_cast<uint64_t>(opt_.seek);
      return {};
    }
    if (opt_.seek_from_end)
      return fail("seek", input_.name());
    std::string skipped(static_cast<size_t>(opt_.seek), '\0');
    if (TRY(read_full(input_.fd(), skipped, input_.name())) < skipped.size())
      return fail("seek", input_.name(), "is shorter");
    at_ = static_cast<uint64_t>(opt_.seek);
    return {};
  }

  Result<> dump() {
    switch (opt_.form) {
      case Form::plain: return plain();
      case Form::c_source: return c_source();
      default: return lines();
    }
  }

 private:
  // From a larger piece, which is read ahead.
  Result<size_t> read(std::span<char> buffer) {
    size_t filled = 0;
    while (filled < buffer.size()) {
      if (ahead_.empty()) {
        if (!storage_)
          storage_ = std::make_unique_for_overwrite<char[]>(piece);
        const auto room = static_cast<size_t>(std::min<uint64_t>(piece, left_));
        const size_t count = room == 0 ? 0 : TRY(read_some(input_.fd(), {storage_.get(), room}, input_.name()));
        if (count == 0)
          break;
        left_ -= count;
        ahead_ = {storage_.get(), count};
      }
      const size_t count = std::min(buffer.size() - filled, ahead_.size());
      ahead_.copy(buffer.data() + filled, count);
      ahead_.remove_prefix(count);
      filled += count;
    }
    return filled;
  }

  std::string hex(uint8_t byte) const { return {digits_[byte >> 4], digits_[byte & 15]}; }

  void put_hex(char* at, uint8_t byte) const {
    at[0] = digits_[byte >> 4];
    at[1] = digits_[byte & 15];
  }

  Result<> plain() {
    const size_t size = columns_ == 0 ? 4096 : columns_;
    std::string buffer(size, '\0');
    std::string text;
    size_t count = 0;
    do {
      count = TRY(read(buffer));
      text.resize(2 * count);
      for (size_t i = 0; i < count; ++i)
        put_hex(text.data() + 2 * i, static_cast<uint8_t>(buffer[i]));
      // A line that is not full, and the only one, ends too.
      if (columns_ == 0 ? count < size : count > 0)
        text += '\n';
      io_.out.write(text);
    } while (count == size && io_.out.ok());
    return {};
  }

  Result<> c_source() {
    std::string name;
    if (opt_.name || !input_.is_standard()) {
      const std::string_view given = opt_.name ? std::string_view(*opt_.name) : input_.name();
      if (!given.empty() && given[0] >= '0' && given[0] <= '9')
        name = "__";
      for (char c : given) {
        const bool lower = c >= 'a' && c <= 'z';
        if (lower && opt_.capitals)
          c = static_cast<char>(c - 'a' + 'A');
        name += lower || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
      }
      io_.out.put("unsigned char ", name, "[] = {\n");
    }
    uint64_t count = 0;
    std::string buffer(4096, '\0');
    while (const size_t got = TRY(read(buffer))) {
      for (size_t i = 0; i < got; ++i, ++count)
        io_.out.put(count == 0              ? "  "
                    : count % columns_ == 0 ? ",\n  "
                                            : ", ",
                    opt_.upper ? "0X" : "0x", hex(static_cast<uint8_t>(buffer[i])));
      if (got < buffer.size())
        break;
    }
    io_.out.put(count > 0 ? "\n" : "");
    if (opt_.name || !input_.is_standard())
      io_.out.put("};\nunsigned int ", name, opt_.capitals ? "_LEN = " : "_len = ", count, ";\n");
    return {};
  }

  std::string address() const {
    char digits[24];
    const auto value = at_ + static_cast<uint64_t>(opt_.offset);
    const std::string_view number(digits,
                                  std::to_chars(digits, digits + sizeof digits, value, opt_.decimal ? 10 : 16).ptr);
    return str(std::string(number.size() < 8 ? 8 - number.size() : 0, '0'), number, ':');
  }

  char character(uint8_t byte) const {
    char c = static_cast<char>(byte);
    if (opt_.ebcdic)
      c = byte < 64 ? '.' : ebcdic_table[byte - 64U];
    return c >= ' ' && c < 0x7f ? c : '.';
  }

  Result<> lines() {
    std::string buffer(columns_, '\0');
    while (io_.out.ok()) {
      const size_t count = TRY(read(buffer));
      if (count == 0)
        break;
      const std::string_view bytes = std::string_view(buffer).substr(0, count);
      const bool zeros = bytes.find_first_not_of('\0') == std::string_view::npos;
      put_line(line(bytes), opt_.autoskip && zeros && count == columns_);
      at_ += count;
      if (count < columns_)
        return {};
    }
    if (opt_.autoskip)
      end_zeros();
    return {};
  }

  std::string line(std::string_view bytes) const {
    const bool bits = opt_.form == Form::bits;
    const bool swapped = opt_.form == Form::little_endian;
    const size_t group_width = (bits ? 8 : 2) * group_ + 1;
    std::string text = address();
    const size_t start = text.size() + 1;
    const size_t end =
        swapped ? group_width * ((columns_ + group_ - 1) / group_) - 1 : (group_width * columns_ - 1) / group_;
    const size_t characters = start + end + 2;
    text.resize(characters + bytes.size() + 1, ' ');
    for (size_t i = 0; i < bytes.size(); ++i) {
      const auto byte = static_cast<uint8_t>(bytes[i]);
      char* const place = text.data() + start + group_width * (swapped ? i ^ (group_ - 1) : i) / group_;
      if (bits)
        for (size_t bit = 0; bit < 8; ++bit)
          place[bit] = (byte >> (7 - bit)) & 1 ? '1' : '0';
      else
        put_hex(place, byte);
      text[characters + i] = character(byte);
    }
    text.back() = '\n';
    return text;
  }

  // The first line of zeros is printed, one more is kept, and a * stands for several.
  void put_line(std::string text, bool zeros) {
    if (zeros) {
      if (++zero_lines_ == 1)
        io_.out.put(text);
      if (zero_lines_ == 2)
        second_ = text;
      kept_ = std::move(text);
      return;
    }
    if (zero_lines_ == 2)
      io_.out.put(second_);
    else if (zero_lines_ > 2)
      io_.out.put("*\n");
    zero_lines_ = 0;
    io_.out.put(text);
  }

  // The last line shows where the zeros end.
  void end_zeros() {
    if (zero_lines_ > 2)
      io_.out.put(zero_lines_ == 3 ? std::string_view(second_) : "*\n");
    if (zero_lines_ > 1)
      io_.out.put(kept_);
  }

  const Options& opt_;
  Io& io_;
  const Input& input_;
  size_t columns_ = 16;
  size_t group_ = 2;
  uint64_t left_ = 0;
  uint64_t at_ = 0;
  std::string_view digits_;
  std::unique_ptr<char[]> storage_;
  std::string_view ahead_;
  uint64_t zero_lines_ = 0;
  std::string kept_;
  std::string second_;
};

// Reads a dump character by character: addresses and digits count, and everything else says where they end.
class Reverter {
 public:
  Reverter(const Options& opt, Output& out, int fd) : opt_(opt), out_(out), fd_(fd), column_(*opt.columns) {}

  Result<> take(std::string_view text) {
    for (const char c : text)
      TRY(take(c));
    return {};
  }

  // What was skipped at the end of the file is not made; what was written comes first.
  Result<> finish() { return flush(); }

 private:
  bool plain() const { return opt_.form == Form::plain; }

  static int digit(char c) { return to_number<int>({&c, 1}, 16).value_or(-1); }

  void end_line() {
    if (!plain())
      wanted_ = 0;
    column_ = *opt_.columns;
    in_garbage_ = true;
    skipping_ = false;
  }

  Result<> take(char c) {
    if (skipping_) {
      if (c == '\n')
        end_line();
      return {};
    }
    if (c == '\r' || (plain() && (c == ' ' || c == '\n' || c == '\t')))
      return {};
    third_ = second_;
    second_ = first_;
    first_ = digit(c);
    if (first_ < 0 && in_garbage_)
      return {};
    in_garbage_ = false;
    if (!plain() && column_ >= *opt_.columns) {
      if (first_ < 0)
        column_ = 0;
      else
        wanted_ = wanted_ << 4 | first_;
      return {};
    }
    TRY(go_to(opt_.seek_from_end ? wanted_ - opt_.seek : wanted_ + opt_.seek));
    if (second_ >= 0 && first_ >= 0) {
      pending_ += static_cast<char>(second_ << 4 | first_);
      ++there_;
      ++wanted_;
      first_ = -1;
      if (!plain() && ++column_ >= *opt_.columns) {
        second_ = 0;
        skipping_ = true;
      }
    } else if (first_ < 0 && second_ < 0 && third_ < 0) {
      skipping_ = true;
    }
    if (c == '\n')
      end_line();
    return pending_.size() > 65536 ? flush() : Result<>();
  }

  Result<> go_to(long place) {
    if (place == there_)
      return {};
    TRY(flush());
    if (::lseek(fd_, place - there_, SEEK_CUR) >= 0)
      there_ = place;
    if (place < there_)
      return fail("seek", "standard output", "cannot seek backwards");
    for (; there_ < place; ++there_) {
      pending_ += '\0';
      if (pending_.size() > 65536)
        TRY(flush());
    }
    return {};
  }

  Result<> flush() {
    out_.write(pending_);
    pending_.clear();
    return out_.flush();
  }

  const Options& opt_;
  Output& out_;
  int fd_;
  long column_;
  long wanted_ = 0;
  long there_ = 0;
  int first_ = -1;
  int second_ = 0;
  int third_ = 0;
  bool in_garbage_ = true;
  bool skipping_ = false;
  std::string pending_;
};

Result<> revert(const Options& opt, Io& io, const Input& input) {
  Reverter reverter(opt, io.out, io.out.fd());
  std::string buffer(65536, '\0');
  while (const size_t count = TRY(read_some(input.fd(), buffer, input.name())))
    TRY(reverter.take(std::string_view(buffer).substr(0, count)));
  return reverter.finish();
}

Result<> settle(Options& opt) {
  const bool in_lines = opt.form != Form::plain && opt.form != Form::c_source;
  if (!opt.columns || (*opt.columns == 0 && opt.form != Form::plain))
    opt.columns = opt.form == Form::plain ? 30 : opt.form == Form::c_source ? 12 : opt.form == Form::bits ? 6 : 16;
  if (*opt.columns < 0 || (in_lines && *opt.columns > 256))
    return fail("number of columns", str(*opt.columns), "must be from 1 to 256");
  if (opt.group < 0)
    opt.group = opt.form == Form::bits ? 1 : opt.form == Form::normal ? 2 : opt.form == Form::little_endian ? 4 : 0;
  if (opt.group < 1 || opt.group > *opt.columns)
    opt.group = *opt.columns;
  else if (opt.form == Form::little_endian && (opt.group & (opt.group - 1)) != 0)
    return fail("size of groups", str(opt.group), "must be a power of 2 with -e");
  return {};
}

// What failed shows in the exit status.
int status_of(Io& io, const Error& error, int status) {
  io.warn(error);
  return status;
}

Result<int> run(Options& opt, Io& io, Args& args) {
  const std::string_view name = args.empty() ? "-" : TRY(args.shift("INFILE"));
  const std::string output(args.empty() ? "-" : TRY(args.shift("OUTFILE")));
  TRY(args.expect_end());
  TRY(settle(opt));
  if (opt.revert && opt.form != Form::normal && opt.form != Form::plain)
    return status_of(io, fail("revert", "", "cannot be done from this type of dump").error(), 255);
  const auto input = Input::open(name, io);
  if (!input)
    return status_of(io, input.error(), 2);
  if (output != "-") {
    // A dump that is made into a file patches it.
    const UniqueFd file = TRY(open_file(output, O_WRONLY | O_CREAT | (opt.revert ? 0 : O_TRUNC), 0666));
    if (::dup2(file.get(), io.out.fd()) < 0)
      return fail("open", output);
  }
  if (opt.revert) {
    TRY(revert(opt, io, *input));
    return io.status();
  }
  Dumper dumper(opt, io, *input);
  if (const auto done = dumper.go_to_start(); !done)
    return status_of(io, done.error(), 4);
  TRY(dumper.dump());
  return io.status();
}

// Options of xxd are a letter, or a word behind one dash that begins with it; a number may follow the letter.
struct LongForm {
  char letter;
  std::string_view words[3];
};

constexpr LongForm with_argument[] = {
    {'c', {"cols", "columns"}}, {'g', {"groupsize", "group"}}, {'l', {"len"}}, {'n', {"name"}},
    {'o', {"offset"}},          {'s', {"seek", "skip"}},
};

bool is_word(const LongForm& form, std::string_view text) {
  return std::ranges::any_of(form.words, [&](std::string_view word) { return !word.empty() && text == word; });
}

int run_xxd(const Applet& applet, Io& io, std::span<const char* const> words) {
  static constexpr std::string_view flags = "abeErpiudC";
  WordList list;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const std::string_view name = word.size() > 1 && word[0] == '-' ? word.substr(1) : std::string_view();
    const auto* const form =
        name.empty() ? std::end(with_argument) : std::ranges::find(with_argument, name[0], &LongForm::letter);
    if (name == "capitalize") {
      list.push("-C");
    } else if (!name.empty() && flags.contains(name[0])) {
      list.push_made(str('-', name[0]));
    } else if (form != std::end(with_argument) && is_word(*form, name)) {
      list.push_made(str('-', name[0]));
    } else if (form != std::end(with_argument) && name.size() == 1 && i + 1 < words.size()) {
      list.push_made(str('-', name[0], words[++i]));
    } else if (name == "v" || name == "h") {
      list.push(name == "v" ? "--version" : "--help");
    } else {
      list.push(words[i]);
    }
  }
  return entry<options, run>(applet, io, list.words());
}

}  // namespace

extern const Applet xxd_applet = {
    .name = "xxd",
    .summary = "dump a file in hexadecimal, or make a file of such a dump",
    .usage = "[OPTION]... [INFILE [OUTFILE]]\n-r [-s [-]OFFSET] [-c COLS] [-p] [INFILE [OUTFILE]]",
    .dies_with_reader = true,
    .help_letter = 'h',
    .version_letter = 'v',
    .notes = dense<
        "Options are not joined: -ps is -p, -c8 is -c 8. Without INFILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = run_xxd,
};
}  // namespace rescue
