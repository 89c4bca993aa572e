// od: dump files in octal and other forms.
#include <algorithm>
#include <bit>
#include <cfloat>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <vector>

#include "lib/base/applet.h"
#include "lib/base/choice.h"
#include "lib/text/joined_input.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

// How the bytes of a line are shown.
struct Format {
  char kind;          // a c d f o u x
  size_t size = 1;    // bytes that one field shows
  bool text = false;  // the characters at the end of the line

  size_t width() const;
};

struct Options {
  char radix = 'o';
  std::optional<std::endian> order;
  uint64_t skip = 0;
  std::optional<uint64_t> limit;
  std::optional<uint64_t> strings;
  std::vector<Format> formats;
  bool all_lines = false;
  std::optional<uint64_t> width;
  bool traditional = false;
  bool modern = false;  // an offset is an operand only where none of today's options is given
};

// Its field without the blank before it.
size_t Format::width() const {
  static constexpr size_t signed_digits[] = {4, 6, 11, 20};
  static constexpr size_t unsigned_digits[] = {3, 5, 10, 20};
  static constexpr size_t octal_digits[] = {3, 6, 11, 22};
  const auto power = static_cast<size_t>(std::countr_zero(size));
  switch (kind) {
    case 'd': return signed_digits[power];
    case 'u': return unsigned_digits[power];
    case 'o': return octal_digits[power];
    case 'x': return 2 * size;
    case 'f': return size == sizeof(float) ? 15 : size == sizeof(double) ? 24 : 29;
    default: return 3;
  }
}

std::unexpected<Error> bad_type(std::string_view text) {
  return fail("type", text, "is none");
}

// The size behind the letter: a number of bytes, or a letter for a type of C.
Result<size_t> take_size(std::string_view& text, char kind, std::string_view all) {
  static constexpr std::string_view letters = "CSIL";
  static constexpr std::string_view float_letters = "FDL";
  static constexpr size_t sizes[] = {sizeof(char), sizeof(short), sizeof(int), sizeof(long)};
  static constexpr size_t float_sizes[] = {sizeof(float), sizeof(double), sizeof(long double)};
  const bool fraction = kind == 'f';
  const std::string_view known = fraction ? float_letters : letters;
  if (!text.empty() && known.contains(text[0])) {
    const size_t i = known.find(text[0]);
    text.remove_prefix(1);
    return fraction ? float_sizes[i] : sizes[i];
  }
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0)
    return fraction ? sizeof(double) : sizeof(int);
  const auto size = to_number<size_t>(text.substr(0, digits));
  text.remove_prefix(digits);
  const auto& fitting = fraction ? std::span<const size_t>(float_sizes) : std::span<const size_t>(sizes);
  const bool fits = size && (std::ranges::contains(fitting, *size) || (!fraction && *size == 8));
  if (!fits)
    return bad_type(all);
  return *size;
}

Result<> add_formats(Options& o, std::string_view text) {
  o.modern = true;
  const std::string_view all = text;
  while (!text.empty()) {
    Format format{text[0]};
    if (!std::string_view("acdfoux").contains(format.kind))
      return bad_type(all);
    text.remove_prefix(1);
    if (format.kind != 'a' && format.kind != 'c')
      format.size = TRY(take_size(text, format.kind, all));
    if (text.starts_with('z')) {
      format.text = true;
      text.remove_prefix(1);
    }
    o.formats.push_back(format);
  }
  return {};
}

template <char kind, size_t size>
Result<> add_format(Options& o, std::string_view /*none*/) {
  o.formats.push_back({kind, size});
  return {};
}

Result<> set_radix(Options& o, std::string_view text) {
  if (text.size() != 1 || !std::string_view("doxn").contains(text[0]))
    return fail("output address radix", text, "must be one of d, o, x, n");
  o.radix = text[0];
  o.modern = true;
  return {};
}

constexpr Choice<std::endian> orders[] = {{"big", std::endian::big}, {"little", std::endian::little}};

Result<> set_order(Options& o, std::string_view word) {
  o.order = TRY(choose("--endian", word, orders));
  o.modern = true;
  return {};
}

Result<> set_skip(Options& o, std::string_view text) {
  o.skip = TRY(c_number_argument(text, "number of bytes to skip"));
  o.modern = true;
  return {};
}

Result<> set_limit(Options& o, std::string_view text) {
  o.limit = TRY(c_number_argument(text, "number of bytes"));
  o.modern = true;
  return {};
}

Result<> set_strings(Options& o, std::string_view text) {
  o.strings = text.empty() ? 3 : TRY(c_number_argument(text, "length of strings"));
  o.modern = true;
  return {};
}

Result<> set_width(Options& o, std::string_view text) {
  o.width = text.empty() ? 32 : TRY(c_number_argument(text, "width"));
  o.modern = true;
  return {};
}

Result<> set_all_lines(Options& o, std::string_view /*none*/) {
  o.all_lines = true;
  o.modern = true;
  return {};
}

constexpr Opt<Options> options[] = {
    {'A', "address-radix", set_radix, "print addresses in base o (8, default), d (10), x (16), or n: not at all",
     "RADIX"},
    {0, "endian", set_order, "swap bytes to that order: big, little", "ORDER"},
    {'j', "skip-bytes", set_skip, "skip N bytes of the input first", "N"},
    {'N', "read-bytes", set_limit, "dump N bytes at most", "N"},
    {'S', nullptr, set_strings, "print strings of N graphic characters and more, ended by a zero byte", "N"},
    {0, "strings", set_strings, "the same; N is 3 where it is missing", "[N]"},
    {'t', "format", add_formats, "show fields of this type; several types take a line each", "TYPE"},
    {'v', "output-duplicates", set_all_lines, "print lines that are the same as the one before, too, not *"},
    {'w', "width", set_width, "N bytes a line, not 16; without N, 32", "[N]"},
    {0, "traditional", &Options::traditional, "take an offset and a label as operands"},
    Opt<Options>("Types of old"),
    {'a', nullptr, add_format<'a', 1>, "the same as -t a"},
    {'b', nullptr, add_format<'o', 1>, "the same as -t o1"},
    {'c', nullptr, add_format<'c', 1>, "the same as -t c"},
    {'d', nullptr, add_format<'u', 2>, "the same as -t u2"},
    {'f', nullptr, add_format<'f', sizeof(float)>, "the same as -t fF"},
    {'i', nullptr, add_format<'d', sizeof(int)>, "the same as -t dI"},
    {'l', nullptr, add_format<'d', sizeof(long)>, "the same as -t dL"},
    {'o', nullptr, add_format<'o', 2>, "the same as -t o2"},
    {'s', nullptr, add_format<'d', 2>, "the same as -t d2"},
    {'x', nullptr, add_format<'x', 2>, "the same as -t x2"},
};

std::string_view named_character(uint8_t c) {
  static constexpr std::string_view names[] = {
      "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs", "ht",  "nl",  "vt", "ff", "cr", "so", "si", "dle",
      "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em", "sub", "esc", "fs", "gs", "rs", "us", "sp"};
  return c < std::size(names) ? names[c] : c == 0x7f ? "del" : std::string_view();
}

bool is_printable(uint8_t c) {
  return c >= ' ' && c < 0x7f;
}

std::string escaped_character(uint8_t c) {
  static constexpr std::string_view controls = "\a\b\f\n\r\t\v";
  static constexpr std::string_view letters = "abfnrtv";
  if (const size_t i = controls.find(static_cast<char>(c)); i != std::string_view::npos)
    return str('\\', letters[i]);
  if (c == 0)
    return "\\0";
  if (is_printable(c))
    return std::string(1, static_cast<char>(c));
  std::string digits = to_octal(c);
  return digits.insert(0, 3 - digits.size(), '0');
}

// The fewest digits that give the number back.
template <typename T>
std::string shortest(T value, int digits, int most, T smallest, const char* format, T (*parse)(const char*, char**)) {
  char text[64];
  const T size = value < 0 ? -value : value;
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
  for (int precision = size < smallest ? 1 : digits;; ++precision) {
    const int length = std::snprintf(text, sizeof text, format, precision, value);
    if (precision >= most || parse(text, nullptr) == value)
      return {text, static_cast<size_t>(std::max(length, 0))};
  }
#pragma clang diagnostic pop
}

template <typename T>
T read_as(const char* at) {
  T value{};
  __builtin_memcpy(&value, at, sizeof value);
  return value;
}

std::string fraction_text(const char* at, size_t size) {
  if (size == sizeof(float))
    return shortest<float>(read_as<float>(at), FLT_DIG, FLT_DECIMAL_DIG, FLT_MIN, "%.*g", ::strtof);
  if (size == sizeof(double))
    return shortest<double>(read_as<double>(at), DBL_DIG, DBL_DECIMAL_DIG, DBL_MIN, "%.*g", ::strtod);
  return shortest<long double>(read_as<long double>(at), LDBL_DIG, LDBL_DECIMAL_DIG, LDBL_MIN, "%.*Lg", ::strtold);
}

std::string integer_text(const char* at, const Format& format) {
  uint64_t value = 0;
  switch (format.size) {
    case 1: value = read_as<uint8_t>(at); break;
    case 2: value = read_as<uint16_t>(at); break;
    case 4: value = read_as<uint32_t>(at); break;
    default: value = read_as<uint64_t>(at); break;
  }
  if (format.kind == 'u')
    return str(value);
  if (format.kind == 'd') {
    const auto shift = static_cast<int>(64 - 8 * format.size);
    return str(static_cast<int64_t>(value << shift) >> shift);
  }
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, format.kind == 'x' ? 16 : 8).ptr;
  std::string text(digits, end);
  return text.insert(0, format.width() - text.size(), '0');
}

class Dumper {
 public:
  Dumper(const Options& opt, Io& io, JoinedInput& input, std::optional<uint64_t> label)
      : opt_(opt), io_(io), input_(input), label_(label) {}

  Result<> run() {
    if (input_.skip(opt_.skip) < opt_.skip)
      return fail("skip", "", "cannot skip past end of combined input");
    at_ = opt_.skip;
    if (opt_.strings)
      return strings(), Result<>();
    lay_out();
    std::string block(line_, '\0');
    std::string previous;
    bool repeated = false;
    uint64_t left = opt_.limit.value_or(std::numeric_limits<uint64_t>::max());
    while (left > 0 && io_.out.ok()) {
      const auto room = static_cast<size_t>(std::min<uint64_t>(line_, left));
      const size_t count = input_.read({block.data(), room});
      if (count == 0)
        break;
      left -= count;
      if (count == line_ && !opt_.all_lines && block == previous) {
        io_.out.put(repeated ? "" : "*\n");
        repeated = true;
      } else {
        // Zeros fill up the last field.
        std::fill(block.begin() + static_cast<std::ptrdiff_t>(count), block.end(), '\0');
        print_line(block, count);
        repeated = false;
        previous = block;
      }
      at_ += count;
      if (count < line_)
        break;
    }
    if (opt_.radix != 'n') {
      put_address(at_);
      io_.out.put('\n');
    }
    return {};
  }

 private:
  void lay_out() {
    size_t multiple = 1;
    for (const Format& format : opt_.formats)
      multiple = std::lcm(multiple, format.size);
    line_ = multiple < 16 ? multiple * (16 / multiple) : multiple;
    if (opt_.width) {
      if (*opt_.width != 0 && *opt_.width % multiple == 0) {
        line_ = static_cast<size_t>(*opt_.width);
      } else {
        io_.note("warning: invalid width ", *opt_.width, "; using ", multiple, " instead");
        line_ = multiple;
      }
    }
    for (const Format& format : opt_.formats)
      line_width_ = std::max(line_width_, (format.width() + 1) * (line_ / format.size));
  }

  std::string number(uint64_t value) const {
    char digits[24];
    const int base = opt_.radix == 'd' ? 10 : opt_.radix == 'x' ? 16 : 8;
    std::string text(digits, std::to_chars(digits, digits + sizeof digits, value, base).ptr);
    const size_t width = opt_.radix == 'x' ? 6 : 7;
    return text.size() < width ? text.insert(0, width - text.size(), '0') : text;
  }

  void put_address(uint64_t address) {
    if (opt_.radix == 'n') {
      if (label_)
        io_.out.put(" ()");
      return;
    }
    io_.out.put(number(address));
    if (label_)
      io_.out.put(" (", number(address - opt_.skip + *label_), ')');
  }

  void print_line(std::string& block, size_t count) {
    for (size_t i = 0; i < opt_.formats.size(); ++i) {
      if (i == 0)
        put_address(at_);
      else
        io_.out.put(std::string(opt_.radix == 'n' ? 0 : opt_.radix == 'x' ? 6 : 7, ' '));
      print_fields(opt_.formats[i], block, count);
    }
  }

  // The blanks of a line are spread between its fields, so that the lines of all types end at the same column.
  void print_fields(const Format& format, const std::string& block, size_t count) {
    const size_t fields = line_ / format.size;
    const size_t blank = (line_ - count) / format.size;
    const size_t pad = line_width_ - format.width() * fields;
    size_t left = pad;
    for (size_t i = fields; i > blank; --i) {
      const size_t next = pad * (i - 1) / fields;
      const std::string text = field(format, block.data() + (fields - i) * format.size);
      const size_t width = left - next + format.width();
      io_.out.put(std::string(text.size() < width ? width - text.size() : 0, ' '), text);
      left = next;
    }
    if (format.text) {
      io_.out.put(std::string(blank * format.width() + pad * blank / fields, ' '), "  >");
      for (size_t i = 0; i < count; ++i)
        io_.out.put(is_printable(static_cast<uint8_t>(block[i])) ? block[i] : '.');
      io_.out.put('<');
    }
    io_.out.put('\n');
  }

  std::string field(const Format& format, const char* at) const {
    const auto c = static_cast<uint8_t>(*at);
    if (format.kind == 'c')
      return escaped_character(c);
    if (format.kind == 'a') {
      const std::string_view name = named_character(c & 0x7f);
      return name.empty() ? std::string(1, static_cast<char>(c & 0x7f)) : std::string(name);
    }
    char bytes[sizeof(long double)];
    std::copy_n(at, format.size, bytes);
    if (opt_.order && *opt_.order != std::endian::native)
      std::reverse(bytes, bytes + format.size);
    return format.kind == 'f' ? fraction_text(bytes, format.size) : integer_text(bytes, format);
  }

  int next_byte() {
    if (next_ == buffered_) {
      buffered_ = input_.read(buffer_);
      next_ = 0;
      if (buffered_ == 0)
        return -1;
    }
    return static_cast<uint8_t>(buffer_[next_++]);
  }

  // A string that is cut off by the limit counts, as one that is ended by a zero does.
  void strings() {
    const uint64_t end = opt_.limit ? at_ + *opt_.limit : std::numeric_limits<uint64_t>::max();
    std::string text;
    while (io_.out.ok()) {
      if (text.empty() && (end < *opt_.strings || end - *opt_.strings <= at_))
        return;
      const bool cut = at_ >= end;
      const int c = cut ? 0 : next_byte();
      if (c < 0)
        return;
      at_ += cut ? 0 : 1;
      if (c == 0 && text.size() >= *opt_.strings) {
        put_string(text, at_ - text.size() - 1);
        text.clear();
      } else if (is_printable(static_cast<uint8_t>(c))) {
        text += static_cast<char>(c);
      } else {
        text.clear();
      }
    }
  }

  void put_string(std::string_view text, uint64_t address) {
    put_address(address);
    io_.out.put(opt_.radix == 'n' ? "" : " ", text, '\n');
  }

  const Options& opt_;
  Io& io_;
  JoinedInput& input_;
  std::optional<uint64_t> label_;
  uint64_t at_ = 0;
  size_t line_ = 16;
  size_t line_width_ = 0;
  char buffer_[4096];
  size_t buffered_ = 0;
  size_t next_ = 0;
};

// An offset of old: octal, unless it ends with a point or begins with 0x; b behind it counts blocks of 512 bytes.
std::optional<uint64_t> old_offset(std::string_view text) {
  if (text.starts_with('+'))
    text.remove_prefix(1);
  uint64_t unit = 1;
  if (text.ends_with('b') || text.ends_with('B')) {
    unit = text.ends_with('b') ? 512 : 1024;
    text.remove_suffix(1);
  }
  int base = 8;
  if (text.ends_with('.')) {
    base = 10;
    text.remove_suffix(1);
  } else if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  const auto number = to_number<uint64_t>(text, base);
  uint64_t offset = 0;
  if (!number || __builtin_mul_overflow(*number, unit, &offset))
    return std::nullopt;
  return offset;
}

// Takes offset and label off the operands, where there are any.
Result<std::optional<uint64_t>> take_offsets(Options& opt, Args& args) {
  std::optional<uint64_t> label;
  const size_t count = args.size();
  if ((opt.modern && !opt.traditional) || count == 0)
    return label;
  const auto may_be_offset = [&](std::string_view word, bool digits) {
    return opt.traditional || word.starts_with('+') || (digits && !word.empty() && word[0] >= '0' && word[0] <= '9');
  };
  const std::string_view last = args[count - 1];
  const auto offset = count <= 2 && may_be_offset(last, count == 2) ? old_offset(last) : std::nullopt;
  size_t files = count;
  if (count == 2 && opt.traditional && offset && old_offset(args[0])) {
    opt.skip = *old_offset(args[0]);
    label = offset;
    files = 0;
  } else if (offset) {
    opt.skip = *offset;
    files = count - 1;
  } else if (count == 3 && opt.traditional && old_offset(args[1]) && old_offset(args[2])) {
    opt.skip = *old_offset(args[1]);
    label = old_offset(args[2]);
    files = 1;
  }
  if (opt.traditional && files > 1)
    return usage_error("extra operand '", Printable(args[1]), "': --traditional takes one file");
  Args rest;
  for (size_t i = 0; i < files; ++i)
    rest.push(args[i].data());
  args = std::move(rest);
  return label;
}

Result<int> run(Options& opt, Io& io, Args& args) {
  if (opt.strings && !opt.formats.empty())
    return fail("-S", "", "no type can be given when printing strings");
  const auto label = TRY(take_offsets(opt, args));
  if (opt.formats.empty())
    opt.formats.push_back({'o', 2});
  JoinedInput input(io, args);
  TRY(Dumper(opt, io, input, label).run());
  return io.status();
}

}  // namespace

extern const Applet od_applet = {
    .name = "od",
    .summary = "dump files in octal and other forms",
    .usage =
        "[OPTION]... [FILE]...\n[-abcdfilosx]... [FILE] [[+]OFFSET[.][b]]\n"
        "--traditional [OPTION]... [FILE] [[+]OFFSET[.][b] [+][LABEL][.][b]]",
    .dies_with_reader = true,
    .notes = dense<
        "TYPE is made of: a named characters, c characters or escapes, d signed, u unsigned, o octal, x hexadecimal,\n"
        "f floating; each with a size in bytes, or C S I L (char short int long), F D L (float double long double);\n"
        "z behind it adds the characters. Numbers may be as in C, and have a unit: b 512, K 1024, KB 1000, M ...\n"
        "Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
