// For tests: rpm's databases in their three forms, with any bytes as headers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/text.h"

namespace rescue {

// An integer of `width` bytes.
inline std::string little_endian(uint64_t number, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i)
    bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}
inline std::string big_endian(uint64_t number, int width) {
  std::string bytes = little_endian(number, width);
  std::ranges::reverse(bytes);
  return bytes;
}

// ndb, with an empty slot before the others.
inline std::string ndb_of(const std::vector<std::string>& headers) {
  constexpr size_t page = 4096;
  std::string slots = str("RpmP", std::string(4, '\0'), little_endian(1, 4), little_endian(1, 4), little_endian(9, 4),
                          std::string(12, '\0'), "Slot", std::string(12, '\0'));
  std::string blobs;
  uint32_t number = 0;
  for (const std::string& header : headers) {
    std::string blob = str("BlbS", little_endian(++number, 4), little_endian(1, 4), little_endian(header.size(), 4));
    blob += header;
    blob.resize((blob.size() + 12 + 15) / 16 * 16 - 12);
    blob += str(std::string(4, '\1'), little_endian(header.size(), 4), "BlbE");
    slots += str("Slot", little_endian(number, 4), little_endian((page + blobs.size()) / 16, 4),
                 little_endian(blob.size() / 16, 4));
    blobs += blob;
  }
  while (slots.size() < page)
    slots += str("Slot", std::string(12, '\0'));
  return slots + blobs;
}

// A Berkeley DB hash of one bucket, in either byte order; what is longer than a quarter of a page goes to pages of its
// own.
class BdbBuilder {
 public:
  explicit BdbBuilder(bool little) : little_(little) {}

  std::string of(const std::vector<std::string>& headers) {
    items_ = {str('\1', number(0, 4)), str('\1', number(headers.size(), 4))};
    uint32_t package = 0;
    for (const std::string& header : headers) {
      items_.push_back(str('\1', number(++package, 4)));
      items_.push_back(header.size() <= page / 4 ? str('\1', header) : put_aside(header));
    }
    return meta() + bucket() + aside_;
  }

 private:
  static constexpr size_t page = 512;

  std::string number(uint64_t value, int width) const {
    return little_ ? little_endian(value, width) : big_endian(value, width);
  }

  std::string meta() const {
    std::string bytes = str(std::string(8, '\0'), number(0, 4), number(0x061561, 4), number(9, 4), number(page, 4),
                            std::string(1, '\0'), '\x08');
    bytes.resize(page);
    return bytes;
  }

  std::string head(uint32_t self, uint32_t next, size_t items, size_t offset, char type) const {
    return str(std::string(8, '\0'), number(self, 4), number(0, 4), number(next, 4), number(items, 2),
               number(offset, 2), std::string(1, '\0'), type);
  }

  std::string bucket() const {
    std::string offsets;
    std::string content;
    for (const std::string& item : items_) {
      content.insert(0, item);
      offsets += number(page - content.size(), 2);
    }
    std::string bytes = head(1, 0, items_.size(), page - content.size(), '\x0d') + offsets;
    bytes.resize(page - content.size());
    return bytes + content;
  }

  // The value's own pages, and what stands in its place.
  std::string put_aside(std::string_view value) {
    constexpr size_t room = page - 26;
    const std::string item = str('\3', std::string(3, '\0'), number(next_, 4), number(value.size(), 4));
    while (!value.empty()) {
      const std::string_view part = value.substr(0, room);
      value.remove_prefix(part.size());
      std::string bytes = head(next_, value.empty() ? 0 : next_ + 1, 1, part.size(), '\7') + std::string(part);
      bytes.resize(page);
      aside_ += bytes;
      ++next_;
    }
    return item;
  }

  bool little_;
  uint32_t next_ = 2;
  std::vector<std::string> items_;
  std::string aside_;
};

// An SQLite database with a table Packages, one leaf a header and an interior page above them, with pages of 512 bytes:
// what does not fit goes to overflow pages.
class SqliteBuilder {
 public:
  std::string of(const std::vector<std::string>& headers) {
    pages_ = {std::string(), std::string()};
    std::vector<uint32_t> leaves;
    for (const std::string& header : headers) {
      const std::string record = str('\3', '\0', serial(header.size() * 2 + 12), header);
      std::string fixed = record;
      fixed[0] = static_cast<char>(2 + serial(header.size() * 2 + 12).size());
      leaves.push_back(add(leaf(0, {cell(leaves.size() + 1, fixed)})));
    }
    pages_[1] = interior(leaves);
    const std::string words = "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)";
    std::string schema = str('\0', serial(5 * 2 + 13), serial(8 * 2 + 13), serial(8 * 2 + 13), '\1',
                             serial(words.size() * 2 + 13), "tablePackagesPackages", '\2', words);
    schema[0] = static_cast<char>(5 + serial(words.size() * 2 + 13).size());
    pages_[0] = leaf(100, {cell(1, schema)});
    std::string head = str(std::string_view("SQLite format 3\0", 16), big_endian(page, 2), "\1\1", std::string(1, '\0'),
                           "\x40\x20\x20", big_endian(1, 4), big_endian(pages_.size(), 4));
    head.resize(100);
    pages_[0].replace(0, 100, head);
    std::string bytes;
    for (const std::string& one : pages_)
      bytes += one;
    return bytes;
  }

  // A log with these pages, committed as one.
  static std::string log_of(const std::vector<std::pair<uint32_t, std::string>>& changed, uint32_t pages) {
    std::string log =
        str(big_endian(0x377f0682, 4), big_endian(3007000, 4), big_endian(page, 4), big_endian(0, 4), "salt", "SALT");
    Sum sum;
    sum.add(log);
    log += str(big_endian(sum.first, 4), big_endian(sum.second, 4));
    for (size_t i = 0; i < changed.size(); ++i) {
      const std::string start =
          str(big_endian(changed[i].first, 4), big_endian(i + 1 == changed.size() ? pages : 0, 4));
      sum.add(start);
      sum.add(changed[i].second);
      log += str(start, "saltSALT", big_endian(sum.first, 4), big_endian(sum.second, 4), changed[i].second);
    }
    return log;
  }

  static constexpr size_t page = 512;

 private:
  struct Sum {
    uint32_t first = 0;
    uint32_t second = 0;
    void add(std::string_view bytes) {
      for (size_t at = 0; at + 8 <= bytes.size(); at += 8) {
        first += word(bytes, at) + second;
        second += word(bytes, at + 4) + first;
      }
    }
    static uint32_t word(std::string_view bytes, size_t at) {
      uint32_t value = 0;
      for (int i = 3; i >= 0; --i)
        value = value << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
      return value;
    }
  };

  static std::string serial(uint64_t number) {
    std::string bytes(1, static_cast<char>(number & 0x7f));
    while ((number >>= 7) != 0)
      bytes.insert(0, 1, static_cast<char>((number & 0x7f) | 0x80));
    return bytes;
  }

  uint32_t add(std::string bytes) {
    pages_.push_back(std::move(bytes));
    return static_cast<uint32_t>(pages_.size());
  }

  std::string cell(uint64_t row, std::string_view record) {
    constexpr size_t most = page - 35;
    constexpr size_t least = (page - 12) * 32 / 255 - 23;
    size_t here = record.size();
    if (here > most) {
      here = least + (record.size() - least) % (page - 4);
      if (here > most)
        here = least;
    }
    std::string bytes = str(serial(record.size()), serial(row), record.substr(0, here));
    if (here == record.size())
      return bytes;
    std::string_view rest = record.substr(here);
    bytes += big_endian(pages_.size() + 1, 4);
    while (!rest.empty()) {
      const std::string_view part = rest.substr(0, page - 4);
      rest.remove_prefix(part.size());
      std::string overflow = str(big_endian(rest.empty() ? 0 : pages_.size() + 2, 4), part);
      overflow.resize(page);
      add(std::move(overflow));
    }
    return bytes;
  }

  static std::string leaf(size_t offset, const std::vector<std::string>& cells) {
    std::string content;
    std::string pointers;
    for (const std::string& one : cells) {
      content.insert(0, one);
      pointers += big_endian(page - content.size(), 2);
    }
    std::string bytes = str(std::string(offset, '\0'), '\x0d', big_endian(0, 2), big_endian(cells.size(), 2),
                            big_endian(page - content.size(), 2), std::string(1, '\0'), pointers);
    bytes.resize(page - content.size());
    return bytes + content;
  }

  static std::string interior(const std::vector<uint32_t>& children) {
    std::string content;
    std::string pointers;
    for (size_t i = 0; i + 1 < children.size(); ++i) {
      content.insert(0, str(big_endian(children[i], 4), serial(i + 1)));
      pointers += big_endian(page - content.size(), 2);
    }
    std::string bytes = str('\5', big_endian(0, 2), big_endian(children.empty() ? 0 : children.size() - 1, 2),
                            big_endian(page - content.size(), 2), std::string(1, '\0'),
                            big_endian(children.empty() ? 0 : children.back(), 4), pointers);
    bytes.resize(page - content.size());
    return bytes + content;
  }

  std::vector<std::string> pages_;
};

}  // namespace rescue
