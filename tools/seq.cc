// seq: print numbers from one to another.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>

#include "lib/base/applet.h"
#include "lib/text/number_format.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

struct Options {
  std::optional<std::string> format;
  std::string separator = "\n";
  bool equal_width = false;
};

constexpr Opt<Options> options[] = {
    {'f', "format", &Options::format, "print each number so, as printf does: %g, %.2f, %03.0f", "FORMAT"},
    {'s', "separator", &Options::separator, "put STRING between numbers, not a newline", "STRING"},
    {'w', "equal-width", &Options::equal_width, "make all as wide as the widest, with zeros"},
};

// A number as it was written: its width and digits behind the point decide how those in between are printed.
struct Operand {
  long double value = 1;
  size_t width = 0;
  int precision = 0;   // unknown for hexadecimal: max
  bool plain = false;  // digits only
};

constexpr int no_precision = std::numeric_limits<int>::max();

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<Operand> parse_operand(std::string_view word) {
  const std::string text(word);
  Operand number;
  char* end = nullptr;
  number.value = std::strtold(text.c_str(), &end);
  if (text.empty() || *end != '\0')
    return usage_error("'", Printable(word), "' is not a number");
  if (std::isnan(number.value))
    return usage_error("'", Printable(word), "' is not a number to count with");
  std::string_view digits = word;
  while (!digits.empty() && (digits[0] == ' ' || digits[0] == '+'))
    digits.remove_prefix(1);
  number.plain = all_digits(digits);
  number.width = digits.size();
  if (digits.find_first_of("xX") != std::string_view::npos || !std::isfinite(number.value)) {
    number.precision = digits.find_first_of(".pP") == std::string_view::npos ? 0 : no_precision;
    number.width = 0;
    return number;
  }
  const size_t point = digits.find('.');
  const size_t exponent = digits.find_first_of("eE");
  const size_t mantissa = std::min(exponent, digits.size());
  if (point != std::string_view::npos) {
    const size_t fraction = mantissa - point - 1;
    number.precision = static_cast<int>(fraction);
    // "1." is as wide as 1, and ".5" as 0.5.
    if (fraction == 0)
      --number.width;
    else if (point == 0 || digits[point - 1] < '0' || digits[point - 1] > '9')
      ++number.width;
  }
  if (exponent != std::string_view::npos) {
    const long power = std::strtol(text.c_str() + (word.size() - digits.size()) + exponent + 1, nullptr, 10);
    number.precision += power < 0 ? static_cast<int>(-power) : -std::min(number.precision, static_cast<int>(power));
    number.width -= digits.size() - exponent;
    if (power < 0) {
      // The digits that move behind the point.
      number.width += static_cast<size_t>(-power) + (point == std::string_view::npos || point + 1 == mantissa ? 1 : 0);
    } else {
      if (point != std::string_view::npos && number.precision == 0)
        --number.width;
      const size_t fraction = point == std::string_view::npos ? 0 : mantissa - point - 1;
      number.width += static_cast<size_t>(power) - std::min(fraction, static_cast<size_t>(power));
    }
  }
  return number;
}

// The format with the L that its long double asks for; exactly one conversion, of a floating number.
Result<std::string> checked_format(std::string_view format) {
  const auto bad = [&](std::string_view why) { return fail("format", format, why); };
  size_t i = 0;
  const auto skip_text = [&] {
    while (i < format.size() && (format[i] != '%' || (i + 1 < format.size() && format[i + 1] == '%')))
      i += format[i] == '%' ? 2 : 1;
  };
  skip_text();
  if (i >= format.size())
    return bad("has no % directive");
  ++i;
  i = std::min(format.find_first_not_of("-+#0 '", i), format.size());
  i = std::min(format.find_first_not_of("0123456789", i), format.size());
  if (i < format.size() && format[i] == '.')
    i = std::min(format.find_first_not_of("0123456789", i + 1), format.size());
  const size_t modifier = i;
  i += i < format.size() && format[i] == 'L' ? 1 : 0;
  if (i >= format.size())
    return bad("ends in %");
  if (!std::string_view("efgaEFGA").contains(format[i]))
    return bad("has an unknown directive");
  std::string checked = str(format.substr(0, modifier), 'L', format.substr(i));
  ++i;
  skip_text();
  if (i < format.size())
    return bad("has too many % directives");
  return checked;
}

class Sequence {
 public:
  Sequence(const Options& opt, Io& io) : opt_(opt), io_(io) {}

  // Numbers of any size in steps of one, counted up in their digits: no rounding, and many times as fast.
  void count_up(std::string_view first, std::string_view last, bool endless) {
    const auto strip = [](std::string_view digits) {
      return digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1));
    };
    std::string number(strip(first));
    const std::string_view end = strip(last);
    const auto beyond = [&] { return number.size() != end.size() ? number.size() > end.size() : number > end; };
    const size_t width = opt_.equal_width ? std::max(first.size(), last.size()) : 0;
    if (!endless && beyond())
      return;
    if (number.size() < width)
      number.insert(0, width - number.size(), '0');
    const std::string stop =
        end.size() < width ? std::string(width - end.size(), '0') + std::string(end) : std::string(end);
    // Many in one piece: a call for each would take longer than to count.
    std::string text;
    while (io_.out.ok()) {
      text += number;
      if (!endless && number == stop)
        break;
      text += opt_.separator;
      if (text.size() > 16384) {
        io_.out.write(text);
        text.clear();
      }
      size_t i = number.size();
      while (i > 0 && number[i - 1] == '9')
        number[--i] = '0';
      if (i == 0)
        number.insert(0, 1, '1');
      else
        ++number[i - 1];
    }
    io_.out.write(text);
    io_.out.put('\n');
  }

  // The same of whole numbers that fit into 64 bits, in any step.
  void count_fast(uint64_t value, uint64_t last, uint64_t step, size_t width) {
    constexpr size_t most = 24;
    // The digits end in the middle, so that a copy of a fixed size may begin anywhere in them.
    char digits[2 * most];
    std::memset(digits, '0', sizeof digits);
    char* const end = digits + most;
    const Part text(value);
    std::memcpy(end - text.view().size(), text.view().data(), text.view().size());
    char* start = end - std::max(width, text.view().size());
    const std::string_view separator = opt_.separator;
    const size_t size = 32768 + separator.size();
    const auto room = std::make_unique_for_overwrite<char[]>(size);
    char* at = room.get();
    for (uint64_t left = (last - value) / step; io_.out.ok(); --left) {
      std::memcpy(at, start, most);
      at += end - start;
      if (left == 0)
        break;
      std::memcpy(at, separator.data(), separator.size() == 1 ? 1 : separator.size());
      at += separator.size();
      if (room.get() + size - at < static_cast<ptrdiff_t>(2 * most + separator.size())) {
        io_.out.write({room.get(), at});
        at = room.get();
      }
      char* digit = end;
      for (uint64_t carry = step; carry != 0;) {
        carry += static_cast<uint64_t>(*--digit - '0');
        *digit = static_cast<char>('0' + carry % 10);
        carry /= 10;
      }
      start = std::min(start, digit);
    }
    *at++ = '\n';
    io_.out.write({room.get(), at});
  }

  void count(const std::string& format, const Operand& first, long double step, long double last) {
    const auto beyond = [&](long double x) { return step < 0 ? x < last : last < x; };
    long double x = first.value;
    if (beyond(x))
      return;
    for (long double i = 1; io_.out.ok(); ++i) {
      const long double shown = x;
      const std::string text = format_fraction(format, shown);
      io_.out.write(text);
      x = first.value + i * step;
      // Rounding may carry the last number beyond the end, though it would be printed as the end.
      if (beyond(x) && !prints_as_last(format, x, text, last))
        break;
      io_.out.write(opt_.separator);
    }
    io_.out.put('\n');
  }

 private:
  bool prints_as_last(const std::string& format, long double x, const std::string& before, long double last) const {
    const std::string text = format_fraction(format, x);
    size_t start = 0;
    for (size_t at = 0; format[at] != '%' || format[at + 1] == '%'; ++start)
      at += format[at] == '%' ? 2 : 1;
    char* end = nullptr;
    const long double printed = std::strtold(text.c_str() + std::min(start, text.size()), &end);
    return printed == last && text != before;
  }

  const Options& opt_;
  Io& io_;
};

std::string own_format(bool equal_width, const Operand& first, const Operand& step, const Operand& last) {
  const int precision = std::max(first.precision, step.precision);
  if (precision == no_precision || last.precision == no_precision)
    return "%Lg";
  if (!equal_width)
    return str("%.", precision, "Lf");
  // As wide as the wider end, were it printed with that precision.
  const auto width = [&](const Operand& o) {
    size_t wide = o.width + static_cast<size_t>(precision) - static_cast<size_t>(std::min(o.precision, precision));
    if (o.precision > precision)
      wide = o.width - static_cast<size_t>(o.precision - precision);
    if (precision > 0 && o.precision == 0)
      ++wide;
    if (precision == 0 && o.precision > 0)
      --wide;
    return wide;
  };
  return str("%0", std::max(width(first), width(last)), '.', precision, "Lf");
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  if (args.empty())
    return usage_error("missing operand LAST");
  if (args.size() > 3)
    return usage_error("extra operand '", Printable(args[3]), '\'');
  std::string format;
  if (opt.format) {
    format = TRY(checked_format(*opt.format));
    if (opt.equal_width)
      return usage_error("a format excludes -w");
  }
  const std::string_view last_word = args[args.size() - 1];
  const std::string_view first_word = args.size() > 1 ? args[0] : "1";
  Operand first = TRY(parse_operand(first_word));
  Operand step;
  step.width = 1;
  if (args.size() == 3)
    step = TRY(parse_operand(args[1]));
  const Operand last = TRY(parse_operand(last_word));
  if (args.size() == 1)
    first.width = 1;
  if (step.value == 0)
    return usage_error("the increment '", Printable(args[1]), "' must not be zero");
  Sequence sequence(opt, io);
  const bool endless = std::isinf(last.value) && last.value > 0;
  // Numbers of this many digits, and a step, fit into 64 bits.
  constexpr size_t short_word = 18;
  const std::string_view step_word = args.size() == 3 ? args[1] : "1";
  if (format.empty() && all_digits(first_word) && all_digits(step_word) && all_digits(last_word) &&
      std::max({first_word.size(), step_word.size(), last_word.size()}) <= short_word) {
    const uint64_t from = to_number<uint64_t>(first_word).value_or(0);
    const uint64_t to = to_number<uint64_t>(last_word).value_or(0);
    if (from <= to)
      sequence.count_fast(from, to, to_number<uint64_t>(step_word).value_or(1),
                          opt.equal_width ? std::max(first_word.size(), last_word.size()) : 0);
    return io.status();
  }
  if (format.empty() && all_digits(first_word) && (args.size() < 3 || args[1] == "1") &&
      (all_digits(last_word) || (endless && !opt.equal_width))) {
    sequence.count_up(first_word, endless ? "0" : last_word, endless);
    return io.status();
  }
  if (format.empty())
    format = own_format(opt.equal_width, first, step, last);
  sequence.count(format, first, step.value, last.value);
  return io.status();
}

// A negative number is no option.
int run_seq(const Applet& applet, Io& io, std::span<const char* const> words) {
  WordList list;
  bool operands = false;
  bool argument = false;  // of the option before
  for (const std::string_view word : words) {
    const bool number = word.size() > 1 && word[0] == '-' && (word[1] == '.' || (word[1] >= '0' && word[1] <= '9'));
    if (number && !operands && !argument) {
      list.push("--");
      operands = true;
    }
    operands = operands || word == "--" || (!argument && !word.starts_with('-'));
    argument = !argument && (word == "-s" || word == "-f" || word == "--separator" || word == "--format");
    list.push(word.data());
  }
  return entry<options, run>(applet, io, list.words());
}

}  // namespace

extern const Applet seq_applet = {
    .name = "seq",
    .summary = "print numbers from one to another",
    .usage = "[OPTION]... LAST\n[OPTION]... FIRST LAST\n[OPTION]... FIRST INCREMENT LAST",
    .operands_end_options = true,
    .dies_with_reader = true,
    .notes = dense<"FIRST and INCREMENT are 1 where they are missing. All may be fractions.">,
    .options = describe<options>,
    .run = run_seq,
};
}  // namespace rescue
