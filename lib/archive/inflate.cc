#include "lib/archive/inflate.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace rescue {

namespace {

// What a code's bits stand for, in one word:
//   bits 0-7    how many bits it takes, with those behind it that are added to its value
//   bits 8-13   how many it takes without those; of a table, how many more bits are looked up in that
//   bit 14      another table, which is at `value`
//   bit 15      none that is decoded in haste: another table, the end of a block, or wrong
//   bits 16-30  value
//   bit 31      a literal
constexpr uint32_t is_table = 1 << 14;
constexpr uint32_t is_special = 1 << 15;
constexpr uint32_t is_literal = uint32_t{1} << 31;
constexpr uint32_t wrong = is_special | 1;

constexpr unsigned end_of_block = 256;
constexpr unsigned longest_code = 15;

unsigned value_of(uint32_t entry) {
  return entry >> 16 & 0x7fff;
}

unsigned bits_of(uint32_t entry) {
  return entry & 0xff;
}

unsigned code_bits_of(uint32_t entry) {
  return entry >> 8 & 0x3f;
}

uint64_t low(uint64_t bits, unsigned count) {
  return bits & ((uint64_t{1} << count) - 1);
}

// The value with the bits that are added to it.
unsigned whole_value(uint32_t entry, uint64_t bits) {
  return value_of(entry) + static_cast<unsigned>(low(bits, bits_of(entry)) >> code_bits_of(entry));
}

uint32_t value_entry(unsigned value, unsigned extra, unsigned length) {
  return value << 16 | length << 8 | (length + extra);
}

enum class Kind : uint8_t { code_length, symbol, distance };

uint32_t entry_of(Kind kind, unsigned symbol, unsigned length) {
  if (kind == Kind::code_length)
    return value_entry(symbol, 0, length);
  if (kind == Kind::distance) {
    if (symbol >= 30)
      return is_special | length;
    const unsigned extra = symbol < 4 ? 0 : symbol / 2 - 1;
    return value_entry(symbol < 4 ? symbol + 1 : ((2 + (symbol & 1)) << extra) + 1, extra, length);
  }
  if (symbol < end_of_block)
    return is_literal | symbol << 16 | length;
  if (symbol == end_of_block)
    return is_special | end_of_block << 16 | length;
  const unsigned index = symbol - 257;
  if (index > 28)
    return is_special | length;
  if (index == 28)
    return value_entry(258, 0, length);
  const unsigned extra = index < 8 ? 0 : index / 4 - 1;
  return value_entry(index < 8 ? index + 3 : ((4 + (index & 3)) << extra) + 3, extra, length);
}

// The next code of that length, whose first bit is the lowest.
unsigned next_code(unsigned code, unsigned length) {
  const unsigned unset = ~code & ((1U << length) - 1);
  if (unset == 0)
    return 0;
  const unsigned bit = std::bit_floor(unset);
  return (code & (bit - 1)) | bit;
}

// Makes the table that the first `root` bits of a code are looked up in, and behind it those for longer codes. False
// for lengths that no code can have, or that leave some bits without a meaning: such a code may only be of one bit.
[[clang::minsize, clang::noinline]] bool make_table(Kind kind, const uint8_t* lengths, unsigned symbol_count,
                                                    unsigned root, uint32_t* table) {
  unsigned counts[longest_code + 1] = {};
  for (unsigned i = 0; i < symbol_count; ++i)
    ++counts[lengths[i]];
  counts[0] = 0;
  unsigned starts[longest_code + 2] = {};
  unsigned longest = 0;
  int left = 1;
  for (unsigned length = 1; length <= longest_code; ++length) {
    starts[length + 1] = starts[length] + counts[length];
    if (counts[length] != 0)
      longest = length;
    left = left * 2 - static_cast<int>(counts[length]);
    if (left < 0)
      return false;
  }
  if (left > 0 && (kind == Kind::code_length || longest > 1))
    return false;
  std::fill_n(table, size_t{1} << root, wrong);
  uint16_t sorted[288];
  for (unsigned i = 0; i < symbol_count; ++i)
    if (lengths[i] != 0)
      sorted[starts[lengths[i]]++] = static_cast<uint16_t>(i);

  const uint16_t* symbol = sorted;
  unsigned code = 0;
  unsigned length = 1;
  for (; length <= root; ++length) {
    for (unsigned i = 0; i < counts[length]; ++i, code = next_code(code, length))
      table[code] = entry_of(kind, *symbol++, length);
    // With one bit more, either value of which means the same.
    if (length < root)
      std::memcpy(table + (size_t{1} << length), table, sizeof(uint32_t) << length);
  }
  unsigned end = 1U << root;
  unsigned prefix = ~0U;
  unsigned size = 0;
  for (; length <= longest; ++length)
    for (; counts[length] > 0; --counts[length], code = next_code(code, length)) {
      if ((code & ((1U << root) - 1)) != prefix) {
        prefix = code & ((1U << root) - 1);
        // Room for all that begins with these bits.
        unsigned more = length - root;
        for (unsigned used = counts[length]; used < 1U << more && root + more < longest;) {
          ++more;
          used = used * 2 + counts[root + more];
        }
        end += size;
        size = 1U << more;
        table[prefix] = is_special | is_table | end << 16 | more << 8 | root;
      }
      const uint32_t entry = entry_of(kind, *symbol++, length);
      for (unsigned at = code >> root; at < size; at += 1U << (length - root))
        table[end + at] = entry;
    }
  return true;
}

uint32_t find(const uint32_t* table, unsigned root, uint64_t bits) {
  const uint32_t entry = table[low(bits, root)];
  if ((entry & is_table) == 0)
    return entry;
  return table[value_of(entry) + low(bits >> root, code_bits_of(entry))];
}

// May write up to fifteen bytes more.
void copy_roughly(char* out, size_t distance, size_t length) {
  const char* from = out - distance;
  const char* const end = out + length;
  if (distance >= 16) {
    for (; out < end; out += 16, from += 16)
      std::memcpy(out, from, 16);
  } else if (distance >= 8) {
    for (; out < end; out += 8, from += 8)
      std::memcpy(out, from, 8);
  } else if (distance == 1) {
    std::memset(out, *from, length);
  } else {
    while (out < end)
      *out++ = *from++;
  }
}

}  // namespace

void Inflater::reset() {
  bits_ = bit_count_ = 0;
  phase_ = Phase::block;
  last_block_ = false;
  length_ = 0;
  history_ = 0;
}

bool Inflater::want(unsigned count) {
  while (bit_count_ < count) {
    if (in_ == in_end_)
      return false;
    bits_ |= uint64_t{*in_++} << bit_count_;
    bit_count_ += 8;
  }
  return true;
}

void Inflater::drop(unsigned count) {
  bits_ >>= count;
  bit_count_ -= count;
}

unsigned Inflater::take(unsigned count) {
  const auto value = static_cast<unsigned>(low(bits_, count));
  drop(count);
  return value;
}

Inflater::Outcome Inflater::run(std::string_view& in, char* out, size_t room, size_t& made) {
  in_ = reinterpret_cast<const uint8_t*>(in.data());
  in_end_ = in_ + in.size();
  begin_ = out_ = out;
  out_end_ = out + room;
  const Outcome outcome = steps();
  in.remove_prefix(in.size() - static_cast<size_t>(in_end_ - in_));
  made = static_cast<size_t>(out_ - begin_);
  remember();
  return outcome;
}

std::optional<uint8_t> Inflater::next_byte(std::string_view& in) {
  if (bit_count_ >= 8)
    return static_cast<uint8_t>(take(8));
  if (in.empty())
    return std::nullopt;
  const auto byte = static_cast<uint8_t>(in.front());
  in.remove_prefix(1);
  return byte;
}

// All but the symbols are few: small counts for more than fast here, and for what is inlined into it.
[[clang::minsize]] Inflater::Outcome Inflater::steps() {
  while (true) {
    Step step = Step::damaged;
    switch (phase_) {
      case Phase::block: step = begin_block(); break;
      case Phase::stored: step = copy_stored(); break;
      case Phase::counts: step = read_counts(); break;
      case Phase::code_lengths: step = read_code_lengths(); break;
      case Phase::lengths: step = read_lengths(); break;
      case Phase::symbols: step = read_symbols(); break;
      case Phase::end: drop(bit_count_ % 8); return Outcome::end;
    }
    if (step != Step::on)
      return step == Step::wait ? Outcome::more : Outcome::damaged;
  }
}

Inflater::Step Inflater::begin_block() {
  if (last_block_) {
    phase_ = Phase::end;
    return Step::on;
  }
  if (!want(3))
    return Step::wait;
  // What is stored has its length behind it, from the next whole byte on.
  if ((bits_ >> 1 & 3) == 0)
    return begin_stored();
  last_block_ = take(1) != 0;
  const unsigned type = take(2);
  if (type == 1)
    return set_fixed() ? Step::on : Step::damaged;
  phase_ = Phase::counts;
  return type == 2 ? Step::on : Step::damaged;
}

Inflater::Step Inflater::begin_stored() {
  const unsigned head = 3 + (bit_count_ - 3) % 8;
  if (!want(head + 32))
    return Step::wait;
  last_block_ = (bits_ & 1) != 0;
  drop(head);
  length_ = take(16);
  phase_ = Phase::stored;
  return (length_ ^ take(16)) == 0xffff ? Step::on : Step::damaged;
}

Inflater::Step Inflater::copy_stored() {
  for (; length_ > 0 && bit_count_ > 0 && out_ < out_end_; --length_)
    *out_++ = static_cast<char>(take(8));
  const size_t count = std::min<size_t>(bit_count_ > 0 ? 0 : length_,
                                        static_cast<size_t>(std::min<ptrdiff_t>(out_end_ - out_, in_end_ - in_)));
  if (count > 0)
    std::memcpy(out_, in_, count);
  out_ += count;
  in_ += count;
  length_ -= static_cast<unsigned>(count);
  if (length_ > 0)
    return Step::wait;
  phase_ = Phase::block;
  return Step::on;
}

bool Inflater::set_fixed() {
  std::fill_n(lengths_, 144, 8);
  std::fill_n(lengths_ + 144, 112, 9);
  std::fill_n(lengths_ + 256, 24, 7);
  std::fill_n(lengths_ + 280, 8, 8);
  std::fill_n(lengths_ + 288, 32, 5);
  phase_ = Phase::symbols;
  return make_table(Kind::symbol, lengths_, 288, symbol_root, symbols_) &&
         make_table(Kind::distance, lengths_ + 288, 32, distance_root, distances_);
}

Inflater::Step Inflater::read_counts() {
  if (!want(14))
    return Step::wait;
  symbol_count_ = take(5) + 257;
  distance_count_ = take(5) + 1;
  code_length_count_ = take(4) + 4;
  index_ = 0;
  std::fill_n(lengths_, 19, 0);
  phase_ = Phase::code_lengths;
  return symbol_count_ <= 286 && distance_count_ <= 30 ? Step::on : Step::damaged;
}

Inflater::Step Inflater::read_code_lengths() {
  constexpr uint8_t order[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  for (; index_ < code_length_count_; ++index_) {
    if (!want(3))
      return Step::wait;
    lengths_[order[index_]] = static_cast<uint8_t>(take(3));
  }
  index_ = 0;
  phase_ = Phase::lengths;
  return make_table(Kind::code_length, lengths_, 19, distance_root, distances_) ? Step::on : Step::damaged;
}

Inflater::Step Inflater::read_lengths() {
  const unsigned total = symbol_count_ + distance_count_;
  while (index_ < total) {
    (void)want(14);
    const uint32_t entry = find(distances_, distance_root, bits_);
    const unsigned value = value_of(entry);
    const unsigned extra = value < 16 ? 0 : value == 16 ? 2 : value == 17 ? 3 : 7;
    if (bits_of(entry) + extra > bit_count_)
      return Step::wait;
    drop(bits_of(entry));
    // 16: the length before again, 17 and 18: none; how often is in the bits behind.
    const unsigned count = value < 16 ? 1 : take(extra) + (value == 18 ? 11 : 3);
    if ((value == 16 && index_ == 0) || count > total - index_)
      return Step::damaged;
    const unsigned length = value < 16 ? value : value == 16 ? lengths_[index_ - 1] : 0;
    std::fill_n(lengths_ + index_, count, static_cast<uint8_t>(length));
    index_ += count;
  }
  phase_ = Phase::symbols;
  return lengths_[end_of_block] != 0 && make_table(Kind::symbol, lengths_, symbol_count_, symbol_root, symbols_) &&
                 make_table(Kind::distance, lengths_ + symbol_count_, distance_count_, distance_root, distances_)
             ? Step::on
             : Step::damaged;
}

Inflater::Step Inflater::read_symbols() {
  while (phase_ == Phase::symbols) {
    if (length_ == 0) {
      run_fast();
      if (const Step step = read_symbol(); step != Step::on)
        return step;
    }
    if (const Step step = copy_match(); step != Step::on)
      return step;
  }
  return Step::on;
}

// With care: at the ends of input and room. A symbol is taken whole or not at all.
Inflater::Step Inflater::read_symbol() {
  // The longest is of 15 bits with 5 more, and a distance of 15 with 13. At the end of the data there are less.
  (void)want(48);
  const uint32_t entry = find(symbols_, symbol_root, bits_);
  if (bits_of(entry) > bit_count_)
    return Step::wait;
  if ((entry & is_literal) != 0) {
    if (out_ == out_end_)
      return Step::wait;
    drop(bits_of(entry));
    *out_++ = static_cast<char>(value_of(entry));
    return Step::on;
  }
  if ((entry & is_special) != 0) {
    if (value_of(entry) != end_of_block)
      return Step::damaged;
    drop(bits_of(entry));
    phase_ = Phase::block;
    return Step::on;
  }
  const uint64_t rest = bits_ >> bits_of(entry);
  const uint32_t far = find(distances_, distance_root, rest);
  if (bits_of(entry) + bits_of(far) > bit_count_)
    return Step::wait;
  if ((far & is_special) != 0)
    return Step::damaged;
  length_ = whole_value(entry, bits_);
  distance_ = whole_value(far, rest);
  drop(bits_of(entry) + bits_of(far));
  return distance_ <= static_cast<size_t>(out_ - begin_) + history_ ? Step::on : Step::damaged;
}

Inflater::Step Inflater::copy_match() {
  for (; length_ > 0; --length_) {
    if (out_ == out_end_)
      return Step::wait;
    const auto made = static_cast<size_t>(out_ - begin_);
    *out_ = distance_ <= made ? *(out_ - distance_) : window_[window_size - (distance_ - made)];
    ++out_;
  }
  return Step::on;
}

// Of a match that begins before this run.
void Inflater::take_from_window(char* out, size_t made, size_t distance, size_t length) const {
  const size_t before = std::min(distance - made, length);
  std::memcpy(out, window_ + window_size - (distance - made), before);
  for (size_t i = before; i < length; ++i)
    out[i] = out[static_cast<ptrdiff_t>(i) - static_cast<ptrdiff_t>(distance)];
}

// Without asking at each symbol whether there is input and room: while there is plenty of both. Stops before whatever
// is not usual.
[[clang::noinline]] void Inflater::run_fast() {
  constexpr ptrdiff_t enough_input = 16;  // two times eight bytes are looked at
  constexpr ptrdiff_t enough_room = 258 + 16 + 3;
  const uint8_t* in = in_;
  char* out = out_;
  uint64_t bits = bits_;
  unsigned count = bit_count_;
  const auto refill = [&] {
    uint64_t word = 0;
    std::memcpy(&word, in, sizeof word);
    if constexpr (std::endian::native == std::endian::big)
      word = __builtin_bswap64(word);
    // Above `count` the bits of a byte that is not taken yet may stay: they will be put there again.
    bits |= word << count;
    in += (63 - count) >> 3;
    count |= 56;
  };
  const auto use = [&](uint32_t entry) {
    bits >>= bits_of(entry);
    count -= bits_of(entry);
  };
  while (in_end_ - in >= enough_input && out_end_ - out >= enough_room) {
    refill();
    uint32_t entry = symbols_[low(bits, symbol_root)];
    if ((entry & is_literal) != 0) {
      use(entry);
      *out++ = static_cast<char>(entry >> 16);
      entry = symbols_[low(bits, symbol_root)];
      if ((entry & is_literal) != 0) {
        use(entry);
        *out++ = static_cast<char>(entry >> 16);
        entry = symbols_[low(bits, symbol_root)];
        if ((entry & is_literal) != 0) {
          use(entry);
          *out++ = static_cast<char>(entry >> 16);
          continue;
        }
      }
    }
    refill();
    if ((entry & is_special) != 0) {
      entry = find(symbols_, symbol_root, bits);
      if ((entry & is_special) != 0)
        break;
      if ((entry & is_literal) != 0) {
        use(entry);
        *out++ = static_cast<char>(entry >> 16);
        continue;
      }
    }
    const uint64_t rest = bits >> bits_of(entry);
    const uint32_t far = find(distances_, distance_root, rest);
    const size_t distance = whole_value(far, rest);
    const auto made = static_cast<size_t>(out - begin_);
    if ((far & is_special) != 0 || distance > made + history_)
      break;
    const size_t length = whole_value(entry, bits);
    use(entry);
    use(far);
    if (distance > made)
      take_from_window(out, made, distance, length);
    else
      copy_roughly(out, distance, length);
    out += length;
  }
  in_ = in;
  out_ = out;
  bits_ = low(bits, count);
  bit_count_ = count;
}

void Inflater::remember() {
  const auto made = static_cast<size_t>(out_ - begin_);
  const size_t take = std::min(made, window_size);
  const size_t keep = std::min(history_, window_size - take);
  std::memmove(window_ + window_size - take - keep, window_ + window_size - keep, keep);
  std::memcpy(window_ + window_size - take, out_ - take, take);
  history_ = take + keep;
}

}  // namespace rescue
