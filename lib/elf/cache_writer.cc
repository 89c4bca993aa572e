#include "lib/elf/cache_writer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "lib/base/sort.h"
#include "lib/elf/cache.h"

namespace rescue::elf {

namespace {

constexpr std::string_view old_magic = "ld.so-1.7.0";
constexpr std::string_view new_magic = "glibc-ld.so.cache1.1";
constexpr uint64_t old_header = 16, old_entry = 12, new_header = 48, new_entry = 24;
constexpr uint32_t extension_magic = 0xeaa42174, tag_generator = 0, tag_hwcaps = 1;

// The loader's order: it finds entries by halving, so that any other would lose libraries.
bool stands_before(const CacheLine& a, const CacheLine& b) {
  if (const int order = compare_library_names(a.soname, b.soname); order != 0)
    return order > 0;
  if (a.flags != b.flags)
    return a.flags > b.flags;
  if (a.hwcaps.empty() != b.hwcaps.empty())
    return b.hwcaps.empty();
  if (a.hwcaps != b.hwcaps)
    return a.hwcaps < b.hwcaps;
  if (const int x = std::popcount(a.legacy_hwcap), y = std::popcount(b.legacy_hwcap); x != y)
    return x > y;
  if (a.legacy_hwcap != b.legacy_hwcap)
    return a.legacy_hwcap > b.legacy_hwcap;
  return a.os_version > b.os_version;
}

// A string, and where its offset from the start of the table is wanted.
struct Text {
  std::string_view text;
  uint32_t* offset;
};

// Strings that end alike share their bytes: sorted by their ends, the longer first, each follows the one whose tail
// it may be.
std::string share_strings(std::vector<Text> strings) {
  const auto by_end = [](std::string_view a, std::string_view b) {
    return std::lexicographical_compare(b.rbegin(), b.rend(), a.rbegin(), a.rend(), [](char x, char y) {
      return static_cast<unsigned char>(x) < static_cast<unsigned char>(y);
    });
  };
  rescue::sort(strings, by_end, &Text::text);
  std::string table;
  const Text* previous = nullptr;
  for (const Text& text : strings) {
    if (previous != nullptr && previous->text.ends_with(text.text)) {
      *text.offset = *previous->offset + static_cast<uint32_t>(previous->text.size() - text.text.size());
    } else {
      *text.offset = static_cast<uint32_t>(table.size());
      table.append(text.text);
      table += '\0';
    }
    previous = &text;
  }
  return table;
}

class Writer {
 public:
  Writer(std::vector<CacheLine> lines, const std::set<std::string>& hwcaps, const CacheStyle& style)
      : lines_(std::move(lines)), all_hwcaps_(hwcaps), style_(style) {}

  std::string run() {
    rescue::sort(lines_, stands_before);
    for (const CacheLine& line : lines_)
      if (!line.hwcaps.empty())
        used_hwcaps_.insert(line.hwcaps);
    place_strings();
    if (style_.format != CacheFormat::new_format)
      old_part();
    if (style_.format != CacheFormat::old_format)
      new_part();
    out_ += strings_;
    if (style_.format != CacheFormat::old_format && style_.named_hwcaps)
      extension();
    return std::move(out_);
  }

 private:
  struct Place {
    uint32_t name = 0, path = 0;
  };

  template <typename T>
  void put(T value) {
    set(out_.size(), value);
  }
  template <typename T>
  void set(size_t at, T value) {
    if (style_.arch->order != std::endian::native)
      value = std::byteswap(value);
    if (out_.size() < at + sizeof value)
      out_.resize(at + sizeof value);
    std::memcpy(out_.data() + at, &value, sizeof value);
  }

  static bool is_plain(const CacheLine& line) { return line.legacy_hwcap == 0 && line.hwcaps.empty(); }
  void place_strings();
  void old_part();
  void new_part();
  void extension();
  uint64_t hwcap_of(const CacheLine& line) const;
  // Strings are counted from the start of the new header where there is one.
  uint32_t base() const {
    return style_.format == CacheFormat::old_format ? 0 : static_cast<uint32_t>(new_header + new_entry * lines_.size());
  }

  std::vector<CacheLine> lines_;
  const std::set<std::string>& all_hwcaps_;
  const CacheStyle& style_;
  std::set<std::string> used_hwcaps_;
  std::vector<Place> places_;
  std::vector<uint32_t> hwcaps_places_;  // of all_hwcaps_
  std::string strings_;
  std::string out_;
  size_t new_start_ = 0;
};

void Writer::place_strings() {
  places_.resize(lines_.size());
  if (style_.named_hwcaps) {
    hwcaps_places_.resize(all_hwcaps_.size());
    std::vector<Text> texts;
    texts.reserve(all_hwcaps_.size() + 2 * lines_.size());
    for (const std::string& name : all_hwcaps_)
      texts.push_back({name, &hwcaps_places_[texts.size()]});
    for (size_t i = 0; i < lines_.size(); ++i) {
      texts.push_back({lines_[i].soname, &places_[i].name});
      texts.push_back({lines_[i].path, &places_[i].path});
    }
    strings_ = share_strings(std::move(texts));
    return;
  }
  for (size_t i = 0; i < lines_.size(); ++i) {
    places_[i].name = static_cast<uint32_t>(strings_.size());
    strings_.append(lines_[i].soname) += '\0';
    places_[i].path = static_cast<uint32_t>(strings_.size());
    strings_.append(lines_[i].path) += '\0';
  }
}

// What loaders of before glibc 2.2 read. Where the new part follows, it must be aligned to 8: the last entry is
// repeated.
void Writer::old_part() {
  const bool compat = style_.format == CacheFormat::compat;
  uint64_t count = static_cast<uint64_t>(std::ranges::count_if(lines_, is_plain));
  if (compat)
    count = (count + 1) / 2 * 2;
  const uint64_t size = old_header + count * old_entry;
  const uint64_t gap = (size + 7) / 8 * 8 - size;
  // Before 2.33 the gap is counted in the old format too, where it is not written: such a cache is of no use, and
  // nobody has asked for one in twenty years.
  const auto pad = static_cast<uint32_t>(compat || !style_.named_hwcaps ? gap : 0);
  out_.append(old_magic) += '\0';
  put(static_cast<uint32_t>(count));
  for (size_t i = 0; i < lines_.size(); ++i) {
    if (!is_plain(lines_[i]))
      continue;
    put(lines_[i].flags);
    put(base() + pad + places_[i].name);
    put(base() + pad + places_[i].path);
  }
  if (out_.size() < size && out_.size() > old_header)
    out_.append(out_, out_.size() - old_entry, old_entry);
  out_.resize(size + (compat ? gap : 0));
}

void Writer::new_part() {
  new_start_ = out_.size();
  out_ += new_magic;
  put(static_cast<uint32_t>(lines_.size()));
  put(static_cast<uint32_t>(strings_.size()));
  out_ += static_cast<char>(style_.order_mark);
  out_.resize(new_start_ + new_header);
  for (size_t i = 0; i < lines_.size(); ++i) {
    put(lines_[i].flags);
    put(base() + places_[i].name);
    put(base() + places_[i].path);
    put(style_.os_versions ? lines_[i].os_version : 0);
    put(hwcap_of(lines_[i]));
  }
}

uint64_t Writer::hwcap_of(const CacheLine& line) const {
  if (line.hwcaps.empty())
    return line.legacy_hwcap;
  const auto index = std::ranges::distance(used_hwcaps_.begin(), used_hwcaps_.find(line.hwcaps));
  return CacheEntry::named_bit | uint64_t{line.isa_level} << 32 | static_cast<uint64_t>(index);
}

void Writer::extension() {
  out_.resize((out_.size() + 3) / 4 * 4);
  const auto start = static_cast<uint32_t>(out_.size());
  set(new_start_ + 32, start);
  const auto names_size = static_cast<uint32_t>(used_hwcaps_.size() * 4);
  const uint32_t parts = used_hwcaps_.empty() ? 1 : 2;
  const uint32_t names_at = start + 8 + parts * 16;
  const auto section = [&](uint32_t tag, uint32_t offset, uint32_t size) {
    put(tag);
    put(uint32_t{0});
    put(offset);
    put(size);
  };
  put(extension_magic);
  put(parts);
  section(tag_generator, names_at + names_size, static_cast<uint32_t>(style_.generator.size()));
  if (!used_hwcaps_.empty())
    section(tag_hwcaps, names_at, names_size);
  for (const std::string& name : used_hwcaps_)
    put(base() + hwcaps_places_[static_cast<size_t>(std::distance(all_hwcaps_.begin(), all_hwcaps_.find(name)))]);
  out_ += style_.generator;
}

}  // namespace

std::string write_cache(std::vector<CacheLine> lines, const std::set<std::string>& hwcaps, const CacheStyle& style) {
  return Writer(std::move(lines), hwcaps, style).run();
}

}  // namespace rescue::elf
