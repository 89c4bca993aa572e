// A Berkeley DB hash, as rpm had it until 4.16 (CentOS 6 to 8).
//
// The hash itself is of no interest: every page of the file is looked at, and each pair of key and value that stands on
// a hash page is taken. A value as large as a header lies in a chain of overflow pages.
#include <algorithm>

#include "lib/archive/rpm_database.h"
#include "lib/base/bytes.h"

namespace rescue::rpm {

namespace {

constexpr uint32_t hash_magic = 0x061561;
constexpr uint64_t page_head = 26;
constexpr uint8_t page_hash_unsorted = 2;
constexpr uint8_t page_overflow = 7;
constexpr uint8_t page_hash = 13;
constexpr uint8_t item_inline = 1;
constexpr uint8_t item_off_page = 3;
// Number of entries, size of the store: what is shorter is no header, but the counter of packages.
constexpr uint64_t least_header = 8;

// The byte order is that of the machine that made it.
std::endian order_of(std::string_view start) {
  const auto magic = Bytes(start, {}).read<uint32_t>(12, "magic");
  return magic && *magic == hash_magic ? std::endian::little : std::endian::big;
}

class Bdb final : public Database {
 public:
  Bdb(int fd, uint64_t size, std::string_view path) : Database(fd, size, path) {}

  Result<> read_meta() {
    const std::string meta = TRY(bytes_at(0, 72));
    order_ = order_of(meta);
    const Bytes bytes(meta, path_, order_);
    page_size_ = TRY(bytes.read<uint32_t>(20, "page size"));
    if (page_size_ < 512 || page_size_ > 65536 || (page_size_ & (page_size_ - 1)) != 0)
      return bad("its page size makes no sense");
    if (TRY(bytes.read<uint8_t>(24, "encryption")) != 0)
      return bad("is encrypted");
    pages_ = static_cast<uint32_t>(std::min<uint64_t>(size_ / page_size_, UINT32_MAX));
    return {};
  }

  std::vector<uint64_t> headers() override {
    std::vector<uint64_t> found;
    for (uint32_t number = 1; number < pages_; ++number)
      if (const auto done = look_at(number, found); !done)
        faults_.push_back(message(done.error()));
    return found;
  }

  Result<std::string> read(uint64_t header) override {
    const std::string page = TRY(page_at(static_cast<uint32_t>(header >> 16)));
    const Item item = TRY(item_on(page, header & 0xffff));
    if (item.kind == item_inline)
      return std::string(item.bytes.substr(1));
    const Bytes bytes(item.bytes, path_, order_);
    return read_chain(TRY(bytes.read<uint32_t>(4, "overflow")), TRY(bytes.read<uint32_t>(8, "overflow")));
  }

 private:
  struct Item {
    uint8_t kind = 0;
    std::string_view bytes;  // with the kind before them
  };

  Result<std::string> page_at(uint32_t number) const { return bytes_at(uint64_t{number} * page_size_, page_size_); }

  // Values have odd numbers on their page.
  Result<> look_at(uint32_t number, std::vector<uint64_t>& found) const {
    const std::string page = TRY(page_at(number));
    const Bytes bytes(page, path_, order_);
    const uint8_t type = TRY(bytes.read<uint8_t>(25, "page"));
    if (type != page_hash && type != page_hash_unsorted)
      return {};
    const uint16_t items = TRY(bytes.read<uint16_t>(20, "page"));
    for (uint32_t i = 1; i < items; i += 2) {
      const Item item = TRY(item_on(page, i));
      if (item.kind == item_off_page || (item.kind == item_inline && item.bytes.size() > least_header))
        found.push_back(uint64_t{number} << 16 | i);
    }
    return {};
  }

  // Items stand at the end of the page, the first one last.
  Result<Item> item_on(std::string_view page, uint64_t i) const {
    const Bytes bytes(page, path_, order_);
    const uint16_t begin = TRY(bytes.read<uint16_t>(page_head + 2 * i, "item"));
    const uint64_t end = i == 0 ? page.size() : TRY(bytes.read<uint16_t>(page_head + 2 * (i - 1), "item"));
    if (begin >= end || end > page.size())
      return bad("an item on one of its pages is damaged");
    return Item{static_cast<uint8_t>(page[begin]), page.substr(begin, end - begin)};
  }

  Result<std::string> read_chain(uint32_t number, uint32_t length) const {
    if (length > largest_header || length > size_)
      return bad("a header is larger than it can be");
    std::string value;
    value.reserve(length);
    while (value.size() < length) {
      const std::string page = TRY(page_at(number));
      const Bytes bytes(page, path_, order_);
      const uint16_t used = TRY(bytes.read<uint16_t>(22, "overflow"));
      if (TRY(bytes.read<uint8_t>(25, "overflow")) != page_overflow || used == 0)
        return bad("the pages of a header do not follow each other");
      value += TRY(bytes.slice(page_head, std::min<uint64_t>(used, length - value.size()), "overflow")).text();
      number = TRY(bytes.read<uint32_t>(16, "overflow"));
    }
    return value;
  }

  std::endian order_ = std::endian::little;
  uint32_t page_size_ = 0;
  uint32_t pages_ = 0;
};

}  // namespace

bool looks_like_bdb(std::string_view start) {
  for (const std::endian order : {std::endian::little, std::endian::big})
    if (const auto magic = Bytes(start, {}, order).read<uint32_t>(12, "magic"); magic && *magic == hash_magic)
      return true;
  return false;
}

Result<std::unique_ptr<Database>> open_bdb(int fd, uint64_t size, std::string_view path) {
  auto database = std::make_unique<Bdb>(fd, size, path);
  TRY(database->read_meta());
  return database;
}

}  // namespace rescue::rpm
