#include "lib/archive/ar_symbols.h"

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr uint32_t symbol_table = 2;  // SHT_SYMTAB
// A damaged file may name one long text again and again.
constexpr size_t most_names = 256 << 20;

// Where the fields are that are needed here, in files of 32 bits and of 64.
struct Layout {
  uint8_t sections, section_count, section_size;  // of the header
  uint8_t offset, size, link, symbol_size;        // of a section
  uint8_t info, section;                          // of a symbol
  bool wide;
};
constexpr Layout narrow_layout{0x20, 0x30, 40, 0x10, 0x14, 0x18, 16, 12, 14, false};
constexpr Layout wide_layout{0x28, 0x3c, 64, 0x18, 0x20, 0x28, 24, 4, 6, true};

// The numbers of a file. One that lies outside of it is zero, and is remembered: checked once, at the end.
class Numbers {
 public:
  explicit Numbers(const Bytes& file) : file_(file) {}
  uint64_t get(uint64_t at, unsigned width) {
    uint64_t value = 0;
    if (at > file_.size() || width > file_.size() - at) {
      bad_ = true;
      return 0;
    }
    const bool big = file_.order() == std::endian::big;
    for (unsigned i = 0; i < width; ++i)
      value |= uint64_t{file_.data()[at + i]} << 8 * (big ? width - 1 - i : i);
    return value;
  }
  bool bad() const { return bad_; }

 private:
  const Bytes& file_;
  bool bad_ = false;
};

// Whether others may link with a symbol: it is global, weak or unique, and defined here.
bool is_offered(uint64_t info, uint64_t section) {
  const uint64_t binding = info >> 4;
  return (binding == 1 || binding == 2 || binding == 10) && section != 0;
}

void put_big_endian(std::string& text, uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8)
    text += static_cast<char>(number >> shift & 0xff);
}

}  // namespace

// False where the file is damaged.
bool ArSymbols::read(const Bytes& file) {
  Numbers numbers(file);
  const Layout& layout = numbers.get(4, 1) == 2 ? wide_layout : narrow_layout;
  const unsigned word = layout.wide ? 8 : 4;
  const uint64_t sections = numbers.get(layout.sections, word);
  const auto section_at = [&](uint64_t i) { return sections + i * layout.section_size; };
  uint64_t count = numbers.get(layout.section_count, 2);
  // More than fit in there are counted in the first section.
  if (count == 0 && sections != 0)
    count = numbers.get(sections + layout.size, word);
  uint64_t at = section_at(1);
  for (uint64_t i = 1; i < count && numbers.get(at + 4, 4) != symbol_table && !numbers.bad(); ++i)
    at = section_at(i + 1);
  if (numbers.bad() || count < 2 || numbers.get(at + 4, 4) != symbol_table)
    return !numbers.bad();
  const uint64_t strings = section_at(numbers.get(at + layout.link, 4));
  const auto names =
      file.slice(numbers.get(strings + layout.offset, word), numbers.get(strings + layout.size, word), "");
  const uint64_t end = numbers.get(at + layout.size, word) / layout.symbol_size * layout.symbol_size;
  const uint64_t start = numbers.get(at + layout.offset, word);
  if (!names || end > file.size())
    return false;
  for (uint64_t symbol = start; symbol != start + end && !numbers.bad(); symbol += layout.symbol_size) {
    if (!is_offered(numbers.get(symbol + layout.info, 1), numbers.get(symbol + layout.section, 2)))
      continue;
    const auto name = names->c_string(numbers.get(symbol, 4), "");
    if (!name || names_.size() > most_names)
      return false;
    names_ += *name;
    names_ += '\0';
    ++counts_.back();
  }
  return !numbers.bad();
}

void ArSymbols::add(const Bytes& content) {
  counts_.push_back(0);
  if (!content.text().starts_with("\x7f"
                                  "ELF"))
    return;
  const auto order = content.size() > 5 && content.data()[5] == 2 ? std::endian::big : std::endian::little;
  const size_t before = names_.size();
  if (read(content.with_order(order))) {
    any_ = true;
  } else {
    names_.resize(before);
    counts_.back() = 0;
  }
}

Result<std::string> ArSymbols::member(const std::vector<ArMember>& members, uint64_t skip, int64_t time) const {
  uint32_t total = 0;
  for (const uint32_t count : counts_)
    total += count;
  const uint64_t size = 4 + uint64_t{4} * total + names_.size();
  ArMember table{.mtime = time, .mode = 0, .size = size + size % 2};
  std::string text = ar_header(table, std::nullopt);
  uint64_t place = ar_magic.size() + text.size() + table.size + skip;
  put_big_endian(text, total);
  for (size_t i = 0; i < members.size(); ++i) {
    if (place > UINT32_MAX)
      return fail("list the symbols of", members[i].name, "it begins beyond 4 GiB");
    for (uint32_t n = 0; n < counts_[i]; ++n)
      put_big_endian(text, static_cast<uint32_t>(place));
    place += ar_header_size + members[i].size + members[i].size % 2;
  }
  text += names_;
  if (size % 2 != 0)
    text += '\0';
  return text;
}

}  // namespace rescue
