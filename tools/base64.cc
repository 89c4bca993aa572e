// base64: encode or decode base64.
#include <algorithm>
#include <memory>

#include "lib/base/applet.h"
#include "lib/base/base64.h"
#include "lib/text/input.h"
#include "lib/text/words.h"

namespace rescue {
namespace {

struct Options {
  bool decode = false;
  bool ignore_garbage = false;
  uint64_t wrap = 76;
};

Result<> set_wrap(Options& o, std::string_view text) {
  o.wrap = TRY(number_argument(text, "wrap size"));
  return {};
}

constexpr Opt<Options> options[] = {
    {'d', "decode", &Options::decode, "decode"},
    {'i', "ignore-garbage", &Options::ignore_garbage, "when decoding, skip what is not of the alphabet"},
    {'w', "wrap", set_wrap, "break lines after COLS characters, not after 76; 0: no line breaks", "COLS"},
};

// Whole groups of three bytes, so that the pieces' codes stand beside each other.
constexpr size_t step = 3 * 512;
constexpr size_t piece = 32 * step;

void put_wrapped(std::string_view code, uint64_t wrap, uint64_t& column, Output& out) {
  while (wrap != 0 && code.size() > wrap - column) {
    out.write(code.substr(0, static_cast<size_t>(wrap - column)));
    out.write("\n");
    code.remove_prefix(static_cast<size_t>(wrap - column));
    column = 0;
  }
  out.write(code);
  column += code.size();
}

Result<> encode(const Input& input, uint64_t wrap, Io& io) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(piece);
  uint64_t column = 0;
  while (io.out.ok()) {
    const size_t count = TRY(read_full(input.fd(), {buffer.get(), piece}, input.name()));
    // In steps whose codes fit memory that is at hand, and need not be asked of the kernel.
    for (std::string_view bytes(buffer.get(), count); !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), step)))
      put_wrapped(to_base64(bytes.substr(0, step)), wrap, column, io.out);
    if (count < piece)
      break;
  }
  if (wrap != 0 && column > 0)
    io.out.put('\n');
  return {};
}

bool in_alphabet(char c) {
  return base64_digit(c) >= 0;
}

// Takes the text in groups of four characters; a group with padding may be followed by further ones.
class Decoder {
 public:
  Decoder(bool ignore_garbage, Output& out) : ignore_garbage_(ignore_garbage), out_(out) {}

  // False for what is no base64. What is right before it has been printed.
  bool take(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
      if (used_ == 0)
        i += take_groups(text.substr(i));
      if (i == text.size())
        break;
      const char c = text[i];
      if (c == '\n' || (ignore_garbage_ && c != '=' && !in_alphabet(c)))
        continue;
      if (c != '=' && !in_alphabet(c)) {
        finish();
        return false;
      }
      group_[used_++] = c;
      if (used_ == sizeof group_ && !put_group())
        return false;
    }
    return true;
  }

  // The bytes of a group that is not whole, and whether there was none.
  bool finish() {
    if (used_ == 0)
      return true;
    // What its characters tell, though the group is cut off.
    const size_t codes = static_cast<size_t>(std::find(group_, group_ + used_, '=') - group_);
    if (codes > 1)
      out_.put(bytes_of(codes));
    used_ = 0;
    return false;
  }

 private:
  // Whole groups without anything between: what most lines are made of. Gives how much was taken.
  size_t take_groups(std::string_view text) {
    char bytes[3 * 64];
    size_t made = 0;
    const char* at = text.data();
    for (; text.size() >= 4 && made < sizeof bytes; text.remove_prefix(4), at += 4) {
      const int a = base64_digit(at[0]), b = base64_digit(at[1]), c = base64_digit(at[2]), d = base64_digit(at[3]);
      if ((a | b | c | d) < 0)
        break;
      bytes[made++] = static_cast<char>(a << 2 | b >> 4);
      bytes[made++] = static_cast<char>(b << 4 | c >> 2);
      bytes[made++] = static_cast<char>(c << 6 | d);
    }
    out_.write({bytes, made});
    return made / 3 * 4;
  }

  std::string bytes_of(size_t codes) const {
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; ++i)
      bits = bits << 6 | (i < codes ? static_cast<uint32_t>(base64_digit(group_[i])) : 0U);
    std::string bytes;
    for (size_t i = 0; i + 1 < codes; ++i)
      bytes += static_cast<char>(bits >> (16 - 8 * i));
    return bytes;
  }

  bool put_group() {
    const size_t codes = static_cast<size_t>(std::find(group_, group_ + 4, '=') - group_);
    const bool padded_well = codes == 4 || codes == 3 || (codes == 2 && group_[3] == '=');
    if (codes > 1)
      out_.put(bytes_of(codes));
    used_ = 0;
    return padded_well;
  }

  bool ignore_garbage_;
  Output& out_;
  char group_[4];
  size_t used_ = 0;
};

Result<> decode(const Input& input, bool ignore_garbage, Io& io) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(piece);
  Decoder decoder(ignore_garbage, io.out);
  while (io.out.ok()) {
    const size_t count = TRY(read_full(input.fd(), {buffer.get(), piece}, input.name()));
    if (!decoder.take({buffer.get(), count}) || (count < piece && !decoder.finish()))
      return fail("decode", input.name(), "is not valid base64");
    if (count < piece)
      break;
  }
  return {};
}

Result<int> run(const Options& opt, Io& io, Args& args) {
  const std::string_view name = args.empty() ? "-" : TRY(args.shift("FILE"));
  TRY(args.expect_end());
  Input input = TRY(Input::open(name, io));
  if (opt.decode)
    TRY(decode(input, opt.ignore_garbage, io));
  else
    TRY(encode(input, opt.wrap, io));
  TRY(input.close());
  return io.status();
}

}  // namespace

extern const Applet base64_applet = {
    .name = "base64",
    .summary = "encode or decode base64",
    .usage = "[OPTION]... [FILE]",
    .dies_with_reader = true,
    .notes = dense<"Without a FILE, or where it is -, standard input is read.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
