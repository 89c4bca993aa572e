#include "lib/text/dump_format.h"

#include <algorithm>
#include <cstring>

#include "lib/base/text.h"
#include "lib/text/number_format.h"

namespace rescue {

namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

void skip_space(std::string_view& text) {
  while (!text.empty() && is_space(text[0]))
    text.remove_prefix(1);
}

// Larger numbers would only be a way to run out of memory.
constexpr size_t most = 1 << 20;

std::unexpected<Error> bad_format(std::string_view text) {
  return fail("format", text, "is not valid");
}

// The number at the start of the text, or nothing.
Result<std::optional<size_t>> take_number(std::string_view& text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0)
    return std::nullopt;
  const auto number = to_number<size_t>(text.substr(0, digits));
  if (!number || *number > most)
    return fail("format", text.substr(0, digits), "is too large");
  text.remove_prefix(digits);
  return number;
}

std::string without_escapes(std::string_view text) {
  static constexpr std::string_view letters = "abfnrtv";
  static constexpr std::string_view meanings = "\a\b\f\n\r\t\v";
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    // Colours have none.
    if (text.substr(i).starts_with("_L[")) {
      const size_t end = std::min(text.find(']', i), text.size());
      plain += text.substr(i, end - i);
      i = end;
      if (i == text.size())
        break;
    }
    char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      c = text[++i];
      if (const size_t letter = letters.find(c); letter != std::string_view::npos)
        c = meanings[letter];
    }
    plain += c;
  }
  return plain;
}

std::string escaped_character(uint8_t c) {
  static constexpr std::string_view controls("\0\a\b\f\n\r\t\v", 8);
  static constexpr std::string_view letters = "0abfnrtv";
  if (const size_t i = controls.find(static_cast<char>(c)); i != std::string_view::npos)
    return str('\\', letters[i]);
  if (c >= ' ' && c < 0x7f)
    return std::string(1, static_cast<char>(c));
  std::string digits = to_octal(c);
  return digits.insert(0, 3 - digits.size(), '0');
}

std::string named_character(uint8_t c) {
  static constexpr std::string_view names[] = {
      "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs",  "ht", "lf",  "vt",  "ff", "cr", "so", "si",
      "dle", "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em", "sub", "esc", "fs", "gs", "rs", "us"};
  if (c < std::size(names))
    return std::string(names[c]);
  if (c == 0x7f)
    return "del";
  return c < 0x7f ? std::string(1, static_cast<char>(c)) : to_hex({reinterpret_cast<const char*>(&c), 1});
}

// The bytes as this machine reads them.
uint64_t unsigned_of(std::string_view bytes) {
  uint8_t one = 0;
  uint16_t two = 0;
  uint32_t four = 0;
  uint64_t eight = 0;
  switch (bytes.size()) {
    case 1: std::memcpy(&one, bytes.data(), 1); return one;
    case 2: std::memcpy(&two, bytes.data(), 2); return two;
    case 4: std::memcpy(&four, bytes.data(), 4); return four;
    default: std::memcpy(&eight, bytes.data(), 8); return eight;
  }
}

int64_t signed_of(std::string_view bytes) {
  const auto shift = static_cast<int>(64 - 8 * bytes.size());
  return static_cast<int64_t>(unsigned_of(bytes) << shift) >> shift;
}

double fraction_of(std::string_view bytes) {
  if (bytes.size() == sizeof(float)) {
    float value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  double value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

bool fits(size_t bytes, std::initializer_list<size_t> sizes) {
  return std::ranges::contains(sizes, bytes);
}

void start_color(std::string_view code, Output& out) {
  if (!code.empty())
    out.put("\033[", code, 'm');
}

void end_color(std::string_view code, Output& out) {
  if (!code.empty())
    out.put("\033[0m");
}

}  // namespace

Result<DumpFormat::Unit> DumpFormat::take_unit(std::string_view& text) {
  Unit unit;
  if (const auto repeats = TRY(take_number(text))) {
    if (text.empty() || (!is_space(text[0]) && text[0] != '/'))
      return bad_format(text);
    unit.repeats = *repeats;
    unit.repeats_given = true;
    skip_space(text);
  }
  if (text.starts_with('/')) {
    text.remove_prefix(1);
    skip_space(text);
  }
  if (const auto bytes = TRY(take_number(text))) {
    if (text.empty() || !is_space(text[0]))
      return bad_format(text);
    unit.bytes = *bytes;
    unit.bytes_given = *bytes != 0;
    skip_space(text);
  }
  const size_t end = text.starts_with('"') ? text.find('"', 1) : std::string_view::npos;
  if (end == std::string_view::npos)
    return bad_format(text);
  const std::string plain = without_escapes(text.substr(1, end - 1));
  text.remove_prefix(end + 1);
  TRY(parse_pieces(plain, unit));
  return unit;
}

Result<> DumpFormat::parse_pieces(std::string_view text, Unit& unit) {
  std::string before;
  size_t conversions = 0;
  while (!text.empty()) {
    const size_t plain = std::min(text.find('%'), text.size());
    before += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.starts_with("%%")) {
      before += '%';
      text.remove_prefix(2);
      continue;
    }
    if (text.empty())
      break;
    Piece piece = TRY(take_conversion(text, unit));
    piece.before = std::move(before);
    before.clear();
    if (piece.kind != Kind::address && unit.bytes_given && conversions++ > 0)
      return fail("format", "", "byte count with multiple conversion characters");
    unit.at_end = unit.at_end || piece.conversion == 'A';
    unit.pieces.push_back(std::move(piece));
  }
  if (!before.empty())
    unit.pieces.push_back({.before = std::move(before)});
  if (!unit.bytes_given)
    for (const Piece& piece : unit.pieces)
      unit.bytes += piece.bytes;
  return {};
}

Result<DumpFormat::Piece> DumpFormat::take_conversion(std::string_view& text, const Unit& unit) {
  Piece piece;
  text.remove_prefix(1);
  while (!text.empty() && std::string_view("#-+ 0").contains(text[0])) {
    piece.flags += text[0];
    text.remove_prefix(1);
  }
  piece.width = TRY(take_number(text)).value_or(0);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    piece.precision = str('.', TRY(take_number(text)).value_or(0));
  }
  if (text.empty())
    return fail("format", "%", "ends before its conversion");
  TRY(classify(text, unit, piece));
  TRY(take_colors(text, piece));
  return piece;
}

// `_L[...]`: as in util-linux's, up to the last bracket of the unit.
Result<> DumpFormat::take_colors(std::string_view& text, Piece& piece) {
  if (!text.starts_with("_L"))
    return {};
  const size_t start = text.find('['), end = text.rfind(']');
  if (start == std::string_view::npos || end == std::string_view::npos || end < start)
    return fail("format", "_L", "needs colours in brackets");
  piece.color_list = text.substr(start + 1, end - start - 1);
  text.remove_prefix(end + 1);
  return {};
}

// Takes the letters of the conversion off the text.
Result<> DumpFormat::classify(std::string_view& text, const Unit& unit, Piece& piece) {
  char letter = text[0];
  const auto size = [&](std::initializer_list<size_t> sizes, size_t usual) -> Result<> {
    piece.bytes = unit.bytes_given ? unit.bytes : usual;
    if (!fits(piece.bytes, sizes))
      return fail("format", str('%', letter), "cannot be of ", piece.bytes, " bytes");
    return {};
  };
  piece.conversion = letter;
  text.remove_prefix(1);
  if (letter == 'c') {
    piece.kind = Kind::character;
    return size({1}, 1);
  }
  if (letter == 'd' || letter == 'i') {
    piece.kind = Kind::integer;
    return size({1, 2, 4, 8}, 4);
  }
  if (std::string_view("ouxX").contains(letter)) {
    piece.kind = Kind::unsigned_integer;
    return size({1, 2, 4, 8}, 4);
  }
  if (std::string_view("eEfgG").contains(letter)) {
    piece.kind = Kind::fraction;
    return size({4, 8}, 8);
  }
  if (letter == 's') {
    piece.kind = Kind::string;
    piece.bytes = unit.bytes_given
                      ? unit.bytes
                      : to_number<size_t>(piece.precision.empty() ? "" : piece.precision.substr(1)).value_or(0);
    if (piece.bytes == 0)
      return fail("format", "%s", "requires a precision or a byte count");
    return {};
  }
  if (letter == '_' && !text.empty()) {
    letter = text[0];
    text.remove_prefix(1);
    if (letter == 'a' || letter == 'A') {
      if (text.empty() || !std::string_view("dox").contains(text[0]))
        return fail("format", "%_a", "must be followed by d, o or x");
      piece.kind = Kind::address;
      piece.conversion = letter;
      // The base is kept behind the precision, where print_piece() wants it.
      piece.precision += text[0];
      text.remove_prefix(1);
      return {};
    }
    if (letter == 'c' || letter == 'p' || letter == 'u') {
      piece.kind = letter == 'c' ? Kind::escaped : letter == 'p' ? Kind::printable : Kind::named;
      return size({1}, 1);
    }
  }
  return fail("format", str('%', letter), "is no conversion");
}

size_t DumpFormat::size_of(const Format& format) {
  size_t size = 0;
  for (const Unit& unit : format)
    size += unit.bytes * unit.repeats;
  return size;
}

Result<> DumpFormat::add(std::string_view text) {
  Format format;
  skip_space(text);
  while (!text.empty()) {
    format.push_back(TRY(take_unit(text)));
    skip_space(text);
  }
  formats_.push_back(std::move(format));
  return {};
}

Result<> DumpFormat::finish(bool colored) {
  for (Format& format : formats_)
    for (Unit& unit : format)
      for (Piece& piece : unit.pieces)
        if (colored && !piece.color_list.empty())
          piece.colors = TRY(parse_dump_colors(piece.color_list, piece.bytes));
  for (const Format& format : formats_)
    block_ = std::max(block_, size_of(format));
  if (block_ > most)
    return fail("format", "", "its blocks are too large");
  for (Format& format : formats_) {
    const size_t size = size_of(format);
    if (format.empty() || size >= block_)
      continue;
    Unit& last = format.back();
    if (!last.repeats_given && last.bytes > 0)
      last.repeats += (block_ - size) / last.bytes;
  }
  return {};
}

// The usual ones by hand: printf takes many times as long, and there is one for each byte.
void DumpFormat::put_unsigned(const Piece& piece, uint64_t value, Output& out) {
  const bool zeros = piece.flags == "0";
  if (zeros && piece.conversion == 'x' && piece.precision.empty() && piece.width <= 16 && piece.width > 0 &&
      (value >> (4 * piece.width - 4)) < 16) {
    char digits[16];
    for (size_t i = piece.width; i-- > 0; value >>= 4)
      digits[i] = "0123456789abcdef"[value & 15];
    return out.write({digits, piece.width});
  }
  if ((!piece.flags.empty() && !zeros) || !piece.precision.empty() || piece.width > 24 || piece.conversion == 'X') {
    const std::string width = piece.width > 0 ? str(piece.width) : std::string();
    out.put(format_number(str('%', piece.flags, width, piece.precision, "ll", piece.conversion).c_str(),
                          static_cast<unsigned long long>(value)));
    return;
  }
  char text[48];
  std::fill_n(text, sizeof text, zeros ? '0' : ' ');
  char* const digits = text + 24;
  const int base = piece.conversion == 'x' ? 16 : piece.conversion == 'o' ? 8 : 10;
  const char* const end = std::to_chars(digits, text + sizeof text, value, base).ptr;
  const auto size = static_cast<size_t>(end - digits);
  const char* const start = size < piece.width ? end - piece.width : digits;
  out.write({start, end});
}

// What colours it, or nothing.
std::string_view DumpFormat::color_of(const Piece& piece, std::string_view bytes, uint64_t address) {
  for (const DumpColor& color : piece.colors)
    if (color.holds(bytes, address))
      return color.code;
  return {};
}

void DumpFormat::print_piece(const Piece& piece, std::string_view bytes, uint64_t address, Output& out) {
  out.write(piece.before);
  // What there is one of for each byte is printed without further ado.
  if (piece.kind == Kind::unsigned_integer)
    return put_unsigned(piece, unsigned_of(bytes), out);
  if (piece.kind == Kind::printable && piece.width == 0)
    return out.write(bytes[0] >= ' ' && bytes[0] < 0x7f ? bytes : std::string_view("."));
  const std::string width = piece.width > 0 ? str(piece.width) : std::string();
  const auto put_text = [&](std::string_view text) {
    const std::string blanks(text.size() < piece.width ? piece.width - text.size() : 0, ' ');
    const bool left = piece.flags.contains('-');
    out.put(left ? "" : blanks, text, left ? blanks : "");
  };
  switch (piece.kind) {
    case Kind::unsigned_integer:
    case Kind::text: break;
    case Kind::address: {
      const std::string_view precision = piece.precision;
      const std::string spec =
          str('%', piece.flags, width, precision.substr(0, precision.size() - 1), "ll", precision.back());
      out.put(format_number(spec.c_str(), static_cast<long long>(address)));
      break;
    }
    case Kind::character: put_text(bytes); break;
    case Kind::named: put_text(named_character(static_cast<uint8_t>(bytes[0]))); break;
    case Kind::escaped: put_text(escaped_character(static_cast<uint8_t>(bytes[0]))); break;
    case Kind::printable: put_text(bytes[0] >= ' ' && bytes[0] < 0x7f ? bytes : std::string_view(".")); break;
    case Kind::integer:
      out.put(format_number(str('%', piece.flags, width, piece.precision, "ll", piece.conversion).c_str(),
                            static_cast<long long>(signed_of(bytes))));
      break;
    case Kind::fraction:
      out.put(
          format_number(str('%', piece.flags, width, piece.precision, piece.conversion).c_str(), fraction_of(bytes)));
      break;
    case Kind::string: {
      bytes = bytes.substr(0, bytes.find('\0'));
      const auto limit = to_number<size_t>(piece.precision.empty() ? "" : piece.precision.substr(1));
      put_text(bytes.substr(0, limit.value_or(bytes.size())));
      break;
    }
  }
}

void DumpFormat::print(std::string_view block, size_t count, uint64_t address, Output& out) const {
  for (const Format& format : formats_) {
    size_t at = 0;
    for (const Unit& unit : format) {
      // What is for the end is no part of a block, nor is what follows it.
      if (unit.at_end)
        break;
      for (size_t left = unit.repeats; left > 0; --left)
        for (const Piece& piece : unit.pieces) {
          const std::string_view bytes = block.substr(at, piece.bytes);
          const std::string_view color = color_of(piece, bytes, address + at);
          start_color(color, out);
          if (piece.kind != Kind::text && at >= count && count < block.size()) {
            out.put(piece.before, std::string(piece.width, ' '));
          } else if (piece.kind == Kind::text && left == 1 && unit.repeats > 1 && &piece == &unit.pieces.back() &&
                     is_space(piece.before.back())) {
            // The last of several has no blank behind it.
            out.put(std::string_view(piece.before).substr(0, piece.before.size() - 1));
          } else {
            print_piece(piece, bytes, address + at, out);
          }
          end_color(color, out);
          at += piece.bytes;
        }
    }
  }
}

void DumpFormat::print_end(uint64_t address, Output& out) const {
  const Unit* last = nullptr;
  for (const Format& format : formats_)
    for (const Unit& unit : format)
      if (unit.at_end)
        last = &unit;
  if (last == nullptr)
    return;
  for (const Piece& piece : last->pieces)
    if (piece.kind == Kind::address || piece.kind == Kind::text) {
      const std::string_view color = color_of(piece, {}, address);
      start_color(color, out);
      print_piece(piece, {}, address, out);
      end_color(color, out);
    }
}

}  // namespace rescue
