// dd: copy block by block, and convert on the way.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <span>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/applet.h"
#include "lib/base/fd.h"
#include "lib/base/quote.h"
#include "lib/text/ebcdic.h"

namespace rescue {
namespace {

constexpr uint64_t no_limit = std::numeric_limits<uint64_t>::max();

namespace conversion {
enum : unsigned {
  ascii = 1U << 0,
  ebcdic = 1U << 1,
  ibm = 1U << 2,
  block = 1U << 3,
  unblock = 1U << 4,
  lcase = 1U << 5,
  ucase = 1U << 6,
  sparse = 1U << 7,
  swab = 1U << 8,
  sync = 1U << 9,
  excl = 1U << 10,
  nocreat = 1U << 11,
  notrunc = 1U << 12,
  noerror = 1U << 13,
  fdatasync = 1U << 14,
  fsync = 1U << 15,
};
}

// Flags that are no flags of open(2), above those that are.
constexpr uint64_t flag_fullblock = uint64_t{1} << 40;
constexpr uint64_t flag_count_bytes = uint64_t{1} << 41;
constexpr uint64_t flag_skip_bytes = uint64_t{1} << 42;
constexpr uint64_t flag_seek_bytes = uint64_t{1} << 43;
constexpr uint64_t flag_nocache = uint64_t{1} << 44;
constexpr uint64_t open_flags = 0xffffffff;

struct Symbol {
  char name[13];
  uint64_t value;
};

constexpr Symbol conversions[] = {{"ascii", conversion::ascii | conversion::unblock},
                                  {"ebcdic", conversion::ebcdic | conversion::block},
                                  {"ibm", conversion::ibm | conversion::block},
                                  {"block", conversion::block},
                                  {"unblock", conversion::unblock},
                                  {"lcase", conversion::lcase},
                                  {"ucase", conversion::ucase},
                                  {"sparse", conversion::sparse},
                                  {"swab", conversion::swab},
                                  {"sync", conversion::sync},
                                  {"excl", conversion::excl},
                                  {"nocreat", conversion::nocreat},
                                  {"notrunc", conversion::notrunc},
                                  {"noerror", conversion::noerror},
                                  {"fdatasync", conversion::fdatasync},
                                  {"fsync", conversion::fsync}};

constexpr Symbol flags[] = {{"append", O_APPEND},
                            {"binary", 0},
                            {"text", 0},
                            {"direct", O_DIRECT},
                            {"directory", O_DIRECTORY},
                            {"dsync", O_DSYNC},
                            {"sync", O_SYNC},
                            {"nonblock", O_NONBLOCK},
                            {"noatime", O_NOATIME},
                            {"noctty", O_NOCTTY},
                            {"nofollow", O_NOFOLLOW},
                            {"nocache", flag_nocache},
                            {"fullblock", flag_fullblock},
                            {"count_bytes", flag_count_bytes},
                            {"skip_bytes", flag_skip_bytes},
                            {"seek_bytes", flag_seek_bytes}};

enum class Report : uint8_t { all, no_transfer, none, progress };

struct Options {};
constexpr Opt<Options> options[] = {Opt<Options>{"Options"}};

// A number of operands: of blocks, or of bytes where it ends in B.
struct Amount {
  uint64_t value = 0;
  bool bytes = false;
};

struct Settings {
  std::optional<std::string> input_name;
  std::optional<std::string> output_name;
  uint64_t input_block = 512;
  uint64_t output_block = 512;
  uint64_t both_blocks = 0;
  uint64_t conversion_block = 0;
  Amount skip;
  Amount seek;
  std::optional<Amount> count;
  unsigned conversion = 0;
  uint64_t input_flags = 0;
  uint64_t output_flags = 0;
  Report report = Report::all;
};

std::optional<uint64_t> unit_of(std::string_view suffix) {
  if (suffix.empty() || suffix == "c")
    return 1;
  if (suffix == "w")
    return 2;
  if (suffix == "b")
    return 512;
  const size_t power = std::string_view("KMGTPEZY").find(suffix[0] == 'k' ? 'K' : suffix[0]);
  const std::string_view rest = suffix.substr(1);
  if (power == std::string_view::npos || (!rest.empty() && rest != "B" && rest != "iB") || power > 5)
    return std::nullopt;
  uint64_t unit = 1;
  for (size_t i = 0; i <= power; ++i)
    unit *= rest == "B" ? 1000 : 1024;
  return unit;
}

// "512", "2x1K", "10B": products of numbers with units.
Result<Amount> parse_amount(std::string_view text) {
  Amount amount{.value = 1};
  const auto invalid = [&](std::string_view why) { return fail("number", "", Quoted(text), ' ', why); };
  for (std::string_view factor : split(text, 'x')) {
    // What strtoumax(3) goes over.
    factor.remove_prefix(std::min(factor.find_first_not_of(" \t\n\v\f\r"), factor.size()));
    factor.remove_prefix(factor.starts_with('+') ? 1 : 0);
    const size_t digits = std::min(factor.find_first_not_of("0123456789"), factor.size());
    const auto number = to_number<uint64_t>(factor.substr(0, digits));
    std::string_view suffix = factor.substr(digits);
    amount.bytes = suffix == "B";
    const auto unit = unit_of(amount.bytes ? "" : suffix);
    if (digits == 0 || !unit)
      return invalid("cannot be understood");
    if (!number || __builtin_mul_overflow(amount.value, *number, &amount.value) ||
        __builtin_mul_overflow(amount.value, *unit, &amount.value) ||
        amount.value > std::numeric_limits<int64_t>::max())
      return invalid("is too large");
  }
  return amount;
}

Result<uint64_t> parse_block(std::string_view name, std::string_view text) {
  const Amount amount = TRY(parse_amount(text));
  if (amount.value == 0 || amount.value > std::numeric_limits<int32_t>::max())
    return fail(name, "", Quoted(text), " is no size of a block");
  return amount.value;
}

Result<uint64_t> parse_symbols(std::span<const Symbol> symbols, std::string_view operand, std::string_view list) {
  uint64_t value = 0;
  for (const std::string_view word : split(list, ',')) {
    const auto found = std::ranges::find_if(symbols, [&](const Symbol& symbol) { return symbol.name == word; });
    if (found == symbols.end())
      return usage_error(operand, " knows no ", Quoted(word));
    value |= found->value;
  }
  return value;
}

Result<Report> parse_report(std::string_view word) {
  if (word == "none")
    return Report::none;
  if (word == "noxfer")
    return Report::no_transfer;
  if (word == "progress")
    return Report::progress;
  return usage_error("status knows no ", Quoted(word));
}

template <typename T>
struct Operand {
  char name[6];
  T Settings::* field;
};

constexpr Operand<uint64_t> block_operands[] = {{"bs", &Settings::both_blocks},
                                                {"ibs", &Settings::input_block},
                                                {"obs", &Settings::output_block},
                                                {"cbs", &Settings::conversion_block}};
constexpr Operand<Amount> amount_operands[] = {
    {"skip", &Settings::skip}, {"iseek", &Settings::skip}, {"seek", &Settings::seek}, {"oseek", &Settings::seek}};

Result<> parse_operand(Settings& s, std::string_view name, std::string_view value) {
  for (const auto& operand : block_operands)
    if (name == operand.name) {
      s.*operand.field = TRY(parse_block(name, value));
      return {};
    }
  for (const auto& operand : amount_operands)
    if (name == operand.name) {
      s.*operand.field = TRY(parse_amount(value));
      return {};
    }
  if (name == "if")
    s.input_name = value;
  else if (name == "of")
    s.output_name = value;
  else if (name == "conv")
    s.conversion |= static_cast<unsigned>(TRY(parse_symbols(conversions, name, value)));
  else if (name == "iflag")
    s.input_flags |= TRY(parse_symbols(flags, name, value));
  else if (name == "oflag")
    s.output_flags |= TRY(parse_symbols(flags, name, value));
  else if (name == "status")
    s.report = TRY(parse_report(value));
  else if (name == "count")
    s.count = TRY(parse_amount(value));
  else
    return usage_error("there is no operand ", Quoted(name));
  return {};
}

// Whether more than one of the bits is set.
bool several(unsigned value, unsigned bits) {
  value &= bits;
  return (value & (value - 1)) != 0;
}

Result<> check(const Settings& s) {
  namespace c = conversion;
  if (several(s.conversion, c::ascii | c::ebcdic | c::ibm))
    return fail("conv", "", "only one of ascii, ebcdic and ibm can be given");
  if (several(s.conversion, c::block | c::unblock))
    return fail("conv", "", "only one of block and unblock can be given");
  if (several(s.conversion, c::lcase | c::ucase))
    return fail("conv", "", "only one of lcase and ucase can be given");
  if (several(s.conversion, c::excl | c::nocreat))
    return fail("conv", "", "only one of excl and nocreat can be given");
  const auto cache_and_direct = [](uint64_t flags) { return (flags & flag_nocache) != 0 && (flags & O_DIRECT) != 0; };
  if (cache_and_direct(s.input_flags) || cache_and_direct(s.output_flags))
    return fail("flags", "", "only one of direct and nocache can be given");
  if ((s.output_flags & (flag_fullblock | flag_count_bytes | flag_skip_bytes)) != 0)
    return usage_error("oflag knows none of fullblock, count_bytes and skip_bytes");
  return {};
}

// "12 kB": a number of bytes with the unit that fits; with a decimal below ten, or below a hundred of 1000 where the
// number is not whole.
std::string size_with_unit(double bytes, bool binary, bool exact) {
  static constexpr std::string_view letters = "kMGTPEZY";
  const double base = binary ? 1024 : 1000;
  size_t power = 0;
  while (bytes >= base && power < letters.size()) {
    bytes /= base;
    ++power;
  }
  // Rounding may reach the next unit.
  if (bytes >= base - 0.5 && power < letters.size()) {
    bytes /= base;
    ++power;
  }
  const auto tenths = static_cast<uint64_t>(std::lround(bytes * 10));
  const bool decimal = tenths < (exact || binary ? 100 : 1000) && (power > 0 || !exact);
  std::string text = decimal ? str(tenths / 10, '.', tenths % 10) : str(static_cast<uint64_t>(std::lround(bytes)));
  text += ' ';
  if (power > 0)
    text += binary && power == 1 ? 'K' : letters[power - 1];
  return text += power > 0 && binary ? "iB" : "B";
}

// A time of so many nanoseconds as printf's %g writes its seconds: six digits.
std::string seconds_text(uint64_t nanoseconds) {
  std::string digits = str(nanoseconds);
  // The power of ten of the first digit.
  int exponent = static_cast<int>(digits.size()) - 10;
  if (nanoseconds == 0)
    return "0";
  if (digits.size() > 6) {
    uint64_t rounded = *to_number<uint64_t>(digits.substr(0, 6)) + (digits[6] >= '5' ? 1 : 0);
    if (rounded == 1000000) {
      rounded = 100000;
      ++exponent;
    }
    digits = str(rounded);
  }
  while (digits.size() > 1 && digits.ends_with('0'))
    digits.pop_back();
  if (exponent < -4)
    return str(digits[0], digits.size() > 1 ? "." : "", digits.substr(1), "e-0", -exponent);
  if (exponent < 0)
    return str("0.", std::string(static_cast<size_t>(-exponent - 1), '0'), digits);
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole)
    return digits.append(whole - digits.size(), '0');
  return digits.insert(whole, ".");
}

// What a signal has asked for. A handler can leave word nowhere else than in something of the whole program.
volatile sig_atomic_t& asked() {
  static volatile sig_atomic_t signal = 0;
  return signal;
}

void remember_signal(int signal) {
  asked() = signal;
}

uint64_t nanoseconds_now() {
  struct timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

// What was read and written so far, and how it is told.
class Progress {
 public:
  Progress(Report report, Io& io) : report_(report), io_(io), start_(nanoseconds_now()), next_(start_ + second) {}

  uint64_t read_whole = 0, read_partial = 0, written_whole = 0, written_partial = 0, truncated = 0;
  uint64_t bytes = 0;

  // At the end, or when a signal asks.
  void print() {
    if (report_ == Report::none)
      return;
    end_line();
    io_.err.put(str(read_whole, '+', read_partial, " records in\n", written_whole, '+', written_partial,
                    " records out\n", truncated > 0 ? count_of(truncated, "truncated record") : "",
                    truncated > 0 ? "\n" : ""));
    if (report_ != Report::no_transfer)
      io_.err.put(str(transfer(nanoseconds_now() - start_, false), '\n'));
  }

  // While copying: a line every second, each over the one before.
  void tick() {
    if (report_ != Report::progress)
      return;
    const uint64_t now = nanoseconds_now();
    if (now < next_)
      return;
    std::string line = transfer(now - start_, true);
    const size_t length = line.size();
    if (length < shown_)
      line.append(shown_ - length, ' ');
    shown_ = length;
    io_.err.put(str('\r', line));
    next_ = start_ + ((now - start_) / second + 1) * second;
  }

  void end_line() {
    if (shown_ > 0)
      io_.err.put('\n');
    shown_ = 0;
  }

 private:
  static constexpr uint64_t second = 1000000000;

  std::string transfer(uint64_t elapsed, bool whole_seconds) const {
    const std::string si = size_with_unit(static_cast<double>(bytes), false, true);
    const std::string binary = size_with_unit(static_cast<double>(bytes), true, true);
    std::string text = count_of(bytes, "byte");
    if (bytes >= 1000)
      text += str(" (", si, bytes >= 1024 ? ", " : "", bytes >= 1024 ? binary : "", ')');
    text += str(" copied, ", whole_seconds ? str((elapsed + second / 2) / second) : seconds_text(elapsed), " s, ");
    if (elapsed == 0)
      return text += "Infinity B/s";
    const double rate = static_cast<double>(bytes) / (static_cast<double>(elapsed) / second);
    return text += str(size_with_unit(rate, false, false), "/s");
  }

  const Report report_;
  Io& io_;
  const uint64_t start_;
  uint64_t next_;
  size_t shown_ = 0;
};

struct FreeMemory {
  void operator()(char* memory) const { std::free(memory); }
};
using Buffer = std::unique_ptr<char, FreeMemory>;

// Memory that O_DIRECT takes.
Result<Buffer> make_buffer(uint64_t size) {
  constexpr size_t page = 4096;
  auto* const memory = static_cast<char*>(std::aligned_alloc(page, (size + 2 * page - 1) / page * page));
  if (memory == nullptr)
    return fail("get memory", "", ENOMEM);
  return Buffer(memory);
}

class Copier {
 public:
  Copier(const Settings& s, Io& io, int in, int out) : s_(s), io_(io), progress_(s.report, io), in_(in), out_(out) {
    in_name_ = s.input_name.value_or("standard input");
    out_name_ = s.output_name.value_or("standard output");
  }

  Result<> run() {
    prepare();
    input_ = TRY(make_buffer(s_.input_block + 1));
    output_ = TRY(make_buffer(s_.output_block));
    auto done = skip_and_seek();
    if (done)
      done = copy_all();
    if (done)
      done = finish();
    progress_.print();
    return done ? drop_caches(true) : done;
  }

 private:
  // Copying as it comes, without gathering output blocks, is what bs= asks for where nothing is converted.
  void prepare() {
    namespace c = conversion;
    plain_ =
        s_.both_blocks != 0 &&
        (s_.conversion & (c::ascii | c::ebcdic | c::ibm | c::block | c::unblock | c::lcase | c::ucase | c::swab)) == 0;
    for (size_t i = 0; i < table_.size(); ++i)
      table_[i] = static_cast<uint8_t>(i);
    if ((s_.conversion & c::ascii) != 0)
      table_ = ebcdic_to_ascii();
    for (uint8_t& to : table_) {
      if ((s_.conversion & c::ucase) != 0 && to >= 'a' && to <= 'z')
        to = static_cast<uint8_t>(to - 'a' + 'A');
      if ((s_.conversion & c::lcase) != 0 && to >= 'A' && to <= 'Z')
        to = static_cast<uint8_t>(to - 'A' + 'a');
    }
    if ((s_.conversion & (c::ebcdic | c::ibm)) != 0) {
      const CharacterTable ebcdic = (s_.conversion & c::ebcdic) != 0 ? ascii_to_ebcdic() : ascii_to_ibm();
      for (uint8_t& to : table_)
        to = ebcdic[to];
      newline_ = static_cast<char>(ebcdic['\n']);
      space_ = static_cast<char>(ebcdic[' ']);
    }
    translates_ = (s_.conversion & (c::ascii | c::ebcdic | c::ibm | c::lcase | c::ucase)) != 0;
  }

  bool has(unsigned conversion) const { return (s_.conversion & conversion) != 0; }

  // Tells or ends as a signal has asked.
  void heed_signal() {
    const int signal = asked();
    if (signal == 0)
      return;
    asked() = 0;
    progress_.print();
    if (signal == SIGINT) {
      std::signal(SIGINT, SIG_DFL);
      ::raise(SIGINT);
    }
  }

  // As much as there is; the block is filled up where fullblock asks for it.
  Result<size_t> read_block(char* to, size_t size) {
    size_t done = 0;
    while (true) {
      heed_signal();
      const ssize_t count = ::read(in_, to + done, size - done);
      if (count < 0 && errno == EINTR)
        continue;
      if (count < 0) {
        if (done > 0)
          break;
        return fail("read", in_name_);
      }
      done += static_cast<size_t>(count);
      if (count == 0 || done == size || (s_.input_flags & flag_fullblock) == 0)
        break;
    }
    return done;
  }

  Result<> write_all_of(const char* data, size_t size) {
    if (has(conversion::sparse) && size > 0 && data[0] == '\0' && std::memcmp(data, data + 1, size - 1) == 0 &&
        ::lseek(out_, static_cast<off_t>(size), SEEK_CUR) >= 0) {
      hole_at_end_ = true;
      return {};
    }
    hole_at_end_ = false;
    // What is no whole block cannot be written directly.
    if ((s_.output_flags & O_DIRECT) != 0 && size % 512 != 0)
      (void)::fcntl(out_, F_SETFL, ::fcntl(out_, F_GETFL) & ~O_DIRECT);
    while (size > 0) {
      heed_signal();
      const ssize_t count = ::write(out_, data, size);
      if (count < 0 && errno == EINTR)
        continue;
      if (count <= 0)
        return fail("write", out_name_, count < 0 ? errno : ENOSPC);
      data += count;
      size -= static_cast<size_t>(count);
      progress_.bytes += static_cast<uint64_t>(count);
    }
    return {};
  }

  Result<> write_block(const char* data, size_t size) {
    const uint64_t before = progress_.bytes;
    const auto done = write_all_of(data, size);
    if (!done) {
      if (progress_.bytes != before)
        ++progress_.written_partial;
      return done;
    }
    if (hole_at_end_)
      progress_.bytes += size;
    ++(size == s_.output_block ? progress_.written_whole : progress_.written_partial);
    return {};
  }

  // Goes to where reading and writing begin.
  Result<> skip_and_seek() {
    const uint64_t skip =
        s_.skip.bytes || (s_.input_flags & flag_skip_bytes) != 0 ? s_.skip.value : s_.skip.value * s_.input_block;
    if (skip > 0)
      TRY(skip_input(skip));
    const uint64_t seek = seek_bytes(s_);
    if (seek > 0 && ::lseek(out_, static_cast<off_t>(seek), SEEK_CUR) < 0)
      return fail("seek", out_name_);
    input_passed_ = ::lseek(in_, 0, SEEK_CUR);
    output_passed_ = ::lseek(out_, 0, SEEK_CUR);
    return {};
  }

  void note_short_input() {
    if (s_.report != Report::none)
      io_.note(Printable(in_name_), ": it is not long enough to skip so much");
  }

  Result<> skip_input(uint64_t bytes) {
    struct stat info{};
    const bool regular = ::fstat(in_, &info) == 0 && S_ISREG(info.st_mode);
    const off_t here = ::lseek(in_, 0, SEEK_CUR);
    if (here >= 0 && regular && static_cast<uint64_t>(here) + bytes > static_cast<uint64_t>(info.st_size)) {
      note_short_input();
      if (::lseek(in_, 0, SEEK_END) >= 0)
        return {};
    } else if (here >= 0 && ::lseek(in_, static_cast<off_t>(bytes), SEEK_CUR) >= 0) {
      return {};
    }
    // What cannot seek is read.
    while (bytes > 0) {
      const auto wanted = static_cast<size_t>(std::min(bytes, s_.input_block));
      const size_t count = TRY(read_block(input_.get(), wanted));
      if (count == 0) {
        note_short_input();
        return {};
      }
      bytes -= count;
    }
    return {};
  }

 public:
  static uint64_t seek_bytes(const Settings& s) {
    return s.seek.bytes || (s.output_flags & flag_seek_bytes) != 0 ? s.seek.value : s.seek.value * s.output_block;
  }

 private:
  // The next block of input; nothing at the end.
  Result<std::optional<size_t>> next_block(uint64_t& records, uint64_t& bytes) {
    auto wanted = static_cast<size_t>(s_.input_block);
    while (true) {
      if (records == 0 && (bytes == 0 || !limits_bytes()))
        return std::nullopt;
      if (limits_bytes() && bytes < wanted)
        wanted = static_cast<size_t>(bytes);
      if (wanted == 0)
        return std::nullopt;
      if (has(conversion::sync) && has(conversion::noerror))
        std::memset(input_.get(), fill(), s_.input_block);
      auto count = read_block(input_.get(), wanted);
      if (!count) {
        // A directory is no bad block.
        if (!has(conversion::noerror) || count.error().code() == EISDIR)
          return std::unexpected(count.error());
        io_.warn(count.error());
        progress_.print();
        // Past the bad block, and the data lost; with sync a block of zeros stands for it.
        const bool moved = ::lseek(in_, static_cast<off_t>(wanted), SEEK_CUR) >= 0;
        if (!moved)
          io_.warn(fail("pass over what cannot be read", in_name_).error());
        if (!moved || ++failures_ > most_failures)
          return std::nullopt;
        if (!has(conversion::sync))
          continue;
        ++progress_.read_partial;
        take(records, bytes, wanted);
        return static_cast<size_t>(s_.input_block);
      }
      failures_ = 0;
      at_end_ = *count == 0;
      if (at_end_)
        return std::nullopt;
      take(records, bytes, *count);
      if (*count == s_.input_block) {
        ++progress_.read_whole;
        return *count;
      }
      ++progress_.read_partial;
      if (!has(conversion::sync))
        return *count;
      std::memset(input_.get() + *count, fill(), s_.input_block - *count);
      return static_cast<size_t>(s_.input_block);
    }
  }

  char fill() const { return has(conversion::block | conversion::unblock) ? ' ' : '\0'; }
  bool limits_bytes() const { return s_.count && (s_.count->bytes || (s_.input_flags & flag_count_bytes) != 0); }
  void take(uint64_t& records, uint64_t& bytes, uint64_t count) const {
    if (limits_bytes())
      bytes -= std::min(bytes, count);
    else if (s_.count)
      --records;
  }

  Result<> copy_all() {
    uint64_t records = s_.count && !limits_bytes() ? s_.count->value : limits_bytes() ? 0 : no_limit;
    uint64_t bytes = limits_bytes() ? s_.count->value : 0;
    while (true) {
      progress_.tick();
      TRY(drop_caches(false));
      const auto count = TRY(next_block(records, bytes));
      if (!count)
        break;
      if (plain_) {
        TRY(write_block(input_.get(), *count));
        continue;
      }
      TRY(convert(input_.get(), *count));
    }
    return {};
  }

  Result<> convert(char* data, size_t size) {
    if (translates_)
      for (size_t i = 0; i < size; ++i)
        data[i] = static_cast<char>(table_[static_cast<uint8_t>(data[i])]);
    if (has(conversion::swab))
      size = swap_bytes(data, size);
    if (has(conversion::block) && s_.conversion_block > 0)
      return block({data, size});
    if (has(conversion::unblock) && s_.conversion_block > 0)
      return unblock({data, size});
    return put({data, size});
  }

  // Pairs of bytes change places, also across blocks: an odd one is kept for the next.
  size_t swap_bytes(char* data, size_t size) {
    if (odd_byte_) {
      std::memmove(data + 1, data, size);
      data[0] = *odd_byte_;
      ++size;
      odd_byte_.reset();
    }
    if (size % 2 != 0)
      odd_byte_ = data[--size];
    for (size_t i = 0; i < size; i += 2)
      std::swap(data[i], data[i + 1]);
    return size;
  }

  Result<> put(std::string_view data) {
    while (!data.empty()) {
      const size_t room = static_cast<size_t>(s_.output_block) - used_;
      const std::string_view piece = data.substr(0, room);
      std::memcpy(output_.get() + used_, piece.data(), piece.size());
      used_ += piece.size();
      data.remove_prefix(piece.size());
      if (used_ == s_.output_block)
        TRY(flush());
    }
    return {};
  }

  Result<> put_spaces(uint64_t count) {
    for (; count > 0; --count)
      TRY(put({&space_, 1}));
    return {};
  }

  Result<> flush() {
    const size_t size = std::exchange(used_, 0);
    return write_block(output_.get(), size);
  }

  // Lines become records of a fixed size.
  Result<> block(std::string_view data) {
    for (const char c : data) {
      if (c == newline_) {
        if (column_ < s_.conversion_block)
          TRY(put_spaces(s_.conversion_block - column_));
        column_ = 0;
        continue;
      }
      if (column_ == s_.conversion_block)
        ++progress_.truncated;
      else if (column_ < s_.conversion_block)
        TRY(put({&c, 1}));
      ++column_;
    }
    return {};
  }

  // Records of a fixed size become lines without blanks at their ends.
  Result<> unblock(std::string_view data) {
    for (size_t i = 0; i < data.size(); ++i) {
      if (column_++ >= s_.conversion_block) {
        column_ = spaces_ = 0;
        TRY(put({&newline_, 1}));
        --i;
      } else if (data[i] == space_) {
        ++spaces_;
      } else {
        TRY(put_spaces(std::exchange(spaces_, 0)));
        TRY(put(data.substr(i, 1)));
      }
    }
    return {};
  }

  Result<> finish() {
    if (odd_byte_)
      TRY(convert_odd_byte());
    if (has(conversion::block) && s_.conversion_block > 0 && column_ > 0 && column_ < s_.conversion_block)
      TRY(put_spaces(s_.conversion_block - column_));
    if (has(conversion::unblock) && s_.conversion_block > 0 && column_ > 0)
      TRY(put({&newline_, 1}));
    if (used_ > 0)
      TRY(flush());
    // A hole at the end is there only when the file is as long as that.
    if (hole_at_end_) {
      const off_t end = ::lseek(out_, 0, SEEK_CUR);
      struct stat info{};
      if (end >= 0 && ::fstat(out_, &info) == 0 && S_ISREG(info.st_mode) && info.st_size < end &&
          ::ftruncate(out_, end) < 0)
        return fail("set the size", out_name_);
    }
    if (has(conversion::fdatasync) && ::fdatasync(out_) < 0 && errno != EINVAL)
      return fail("write to disk", out_name_);
    if (has(conversion::fsync) && ::fsync(out_) < 0)
      return fail("write to disk", out_name_);
    return {};
  }

  Result<> convert_odd_byte() {
    const char last = *std::exchange(odd_byte_, std::nullopt);
    if (has(conversion::block) && s_.conversion_block > 0)
      return block({&last, 1});
    if (has(conversion::unblock) && s_.conversion_block > 0)
      return unblock({&last, 1});
    return put({&last, 1});
  }

  // Drops from the page cache what has been passed, in steps that are worth the call; at the `last` call what is left
  // of it, and where the end was reached or nothing was to be copied all that is behind it, too.
  Result<> drop_caches(bool last) {
    TRY(drop_cache(s_.input_flags, in_, in_name_, input_passed_, last, last && at_end_));
    return drop_cache(s_.output_flags, out_, out_name_, output_passed_, last,
                      last && at_end_ && !has(conversion::notrunc));
  }

  [[gnu::noinline]] Result<> drop_cache(uint64_t flags, int fd, const std::string& name, off_t& from, bool last,
                                        bool to_end) const {
    if ((flags & flag_nocache) == 0)
      return {};
    constexpr off_t step = 128 << 10;
    const bool nothing_else = last && s_.count && s_.count->value == 0;
    const off_t here = ::lseek(fd, 0, SEEK_CUR);
    off_t size = here - from;
    if (!last)
      size -= size % step;
    to_end |= nothing_else;
    if (size <= 0 && !to_end)
      return {};
    // Only what is on the disk can be dropped.
    if (last && fd == out_)
      (void)::fdatasync(fd);
    const int error = here < 0 ? ESPIPE : ::posix_fadvise(fd, from, to_end ? 0 : size, POSIX_FADV_DONTNEED);
    from += size;
    // It is advice, but to who wants nothing else.
    if (error != 0 && nothing_else)
      return fail("drop from the cache", name, error);
    return {};
  }

  static constexpr unsigned most_failures = 1U << 20;

  const Settings& s_;
  Io& io_;
  Progress progress_;
  int in_;
  int out_;
  std::string in_name_;
  std::string out_name_;
  Buffer input_;
  Buffer output_;
  size_t used_ = 0;  // bytes that wait in output_
  bool plain_ = false;
  bool translates_ = false;
  bool hole_at_end_ = false;
  bool at_end_ = false;
  off_t input_passed_ = 0;  // how far they have been dropped from the cache
  off_t output_passed_ = 0;
  CharacterTable table_{};
  char newline_ = '\n';
  char space_ = ' ';
  std::optional<char> odd_byte_;
  uint64_t column_ = 0;
  uint64_t spaces_ = 0;
  unsigned failures_ = 0;
};

// A descriptor that is there already gets the flags that can still be set.
Result<> set_flags(int fd, uint64_t wanted, std::string_view name) {
  const auto bits = static_cast<int>(wanted & open_flags);
  if (bits == 0)
    return {};
  const int now = ::fcntl(fd, F_GETFL);
  struct stat info{};
  if (now < 0 || ((bits & O_DIRECTORY) != 0 && (::fstat(fd, &info) < 0 || !S_ISDIR(info.st_mode))))
    return fail("set flags", name, now < 0 ? errno : ENOTDIR);
  if (::fcntl(fd, F_SETFL, now | (bits & ~O_DIRECTORY)) < 0)
    return fail("set flags", name);
  return {};
}

Result<UniqueFd> open_output(const Settings& s) {
  const uint64_t seek = Copier::seek_bytes(s);
  const bool keep = (s.conversion & conversion::notrunc) != 0;
  int how = static_cast<int>(s.output_flags & open_flags);
  if ((s.conversion & conversion::nocreat) == 0)
    how |= O_CREAT;
  if ((s.conversion & conversion::excl) != 0)
    how |= O_EXCL;
  if (seek == 0 && !keep)
    how |= O_TRUNC;
  // Reading is wanted only for what cannot seek, and need not be allowed.
  auto file = open_file(*s.output_name, O_WRONLY | how, 0666);
  UniqueFd fd = TRY(std::move(file));
  if (seek == 0 || keep)
    return fd;
  struct stat info{};
  if (::ftruncate(fd.get(), static_cast<off_t>(seek)) < 0 && ::fstat(fd.get(), &info) == 0 &&
      (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)))
    return fail("set the size", *s.output_name, EINVAL);
  return fd;
}

Result<int> run(const Options& /*opt*/, Io& io, Args& args) {
  Settings s;
  for (const std::string_view operand : args) {
    const size_t equals = operand.find('=');
    if (equals == std::string_view::npos)
      return usage_error("there is no operand ", Quoted(operand));
    const std::string_view value = operand.substr(equals + 1);
    TRY(parse_operand(s, operand.substr(0, equals), value));
    // A block of that size is an error already.
    if (equals > 2 && value.starts_with("0x"))
      io.note("warning: '0x' is a zero multiplier; use '00x' if that is intended");
  }
  if (s.both_blocks != 0)
    s.input_block = s.output_block = s.both_blocks;
  // Without a size of records there are none.
  if (s.conversion_block == 0)
    s.conversion &= ~static_cast<unsigned>(conversion::block | conversion::unblock);
  TRY(check(s));
  UniqueFd input;
  UniqueFd output;
  if (s.input_name)
    input = TRY(open_file(*s.input_name, O_RDONLY | static_cast<int>(s.input_flags & open_flags)));
  else
    TRY(set_flags(io.in, s.input_flags, "standard input"));
  if (s.output_name)
    output = TRY(open_output(s));
  else
    TRY(set_flags(io.out.fd(), s.output_flags, "standard output"));
  struct sigaction action{};
  action.sa_handler = remember_signal;
  ::sigaction(SIGUSR1, &action, nullptr);
  struct sigaction before{};
  if (::sigaction(SIGINT, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
    ::sigaction(SIGINT, &action, nullptr);
  Copier copier(s, io, input ? input.get() : io.in, output ? output.get() : io.out.fd());
  TRY(copier.run());
  if (output)
    TRY(output.close(*s.output_name));
  // As GNU's dd: who asked for the counts must learn that they are not there.
  return io.err.ok() ? io.status() : 1;
}

}  // namespace

extern const Applet dd_applet = {
    .name = "dd",
    .summary = "copy and convert files block by block",
    .usage = "[OPERAND]...",
    .notes = dense<
        "  if=FILE of=FILE     read and write these, not standard input and output\n"
        "  bs=BYTES            read and write so many at a time (default: 512); ibs= and obs= for one of them\n"
        "  count=N             copy N input blocks\n"
        "  skip=N, iseek=N     pass over N input blocks first\n"
        "  seek=N, oseek=N     pass over N output blocks first\n"
        "  cbs=BYTES           the size of the records of conv=block and unblock\n"
        "  conv=LIST           ascii ebcdic ibm block unblock lcase ucase sparse swab sync excl nocreat notrunc\n"
        "                      noerror fdatasync fsync\n"
        "  iflag=, oflag=LIST  append direct directory dsync sync nonblock noatime nocache noctty nofollow; for input\n"
        "                      fullblock count_bytes skip_bytes, for output seek_bytes\n"
        "  status=LEVEL        none, noxfer or progress\n"
        "N and BYTES are numbers with a unit (c 1, w 2, b 512, K, M, G of 1024, kB, MB of 1000), or products of such\n"
        "with x between them. An N that ends in B counts bytes. The signal USR1 has it say how far it is.">,
    .options = describe<options>,
    .run = entry<options, run>,
};
}  // namespace rescue
