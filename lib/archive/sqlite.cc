#include "lib/archive/sqlite.h"

#include <algorithm>

#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr uint8_t interior_table = 5;
constexpr uint8_t leaf_table = 13;
constexpr uint64_t file_head = 100;
constexpr int max_depth = 32;
constexpr uint64_t largest_record = 256 << 20;

constexpr uint32_t log_magic = 0x377f0682;  // the lowest bit: its sums are of big-endian words
constexpr uint64_t log_head = 32;
constexpr uint64_t frame_head = 24;

struct Varint {
  uint64_t value = 0;
  uint64_t length = 0;
};

// Seven bits a byte, the highest first; a ninth byte has eight.
Result<Varint> read_varint(const Bytes& bytes, uint64_t at) {
  Varint varint;
  while (varint.length < 9) {
    const auto byte = TRY(bytes.read<uint8_t>(at + varint.length, "number"));
    ++varint.length;
    if (varint.length == 9) {
      varint.value = varint.value << 8 | byte;
      break;
    }
    varint.value = varint.value << 7 | (byte & 0x7f);
    if ((byte & 0x80) == 0)
      break;
  }
  return varint;
}

// How many bytes a value of that serial type has.
uint64_t length_of(uint64_t type) {
  constexpr uint8_t lengths[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
  return type < 12 ? lengths[type] : (type - 12) / 2;
}

// The running sum of a log, over pairs of words.
struct LogSum {
  std::endian order;
  uint32_t first = 0;
  uint32_t second = 0;

  void add(std::string_view bytes) {
    const Bytes words(bytes, {}, order);
    for (uint64_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += words.read<uint32_t>(at, "log").value_or(0) + second;
      second += words.read<uint32_t>(at + 4, "log").value_or(0) + first;
    }
  }
};

}  // namespace

struct SqliteFile::Tree {
  std::vector<Row>& rows;
  std::vector<std::string>& faults;
  uint32_t visited = 0;
};

std::unexpected<Error> SqliteFile::bad(std::string_view detail) const {
  return with_status(corrupt("read database", path_, detail).error(), Status::bad_data);
}

Result<SqliteFile> SqliteFile::open(int fd, uint64_t size, std::string_view path, int log) {
  SqliteFile file(fd, path, log);
  TRY(file.read_head());
  file.pages_ = static_cast<uint32_t>(std::min<uint64_t>(size / file.page_size_, UINT32_MAX));
  if (log >= 0)
    TRY(file.read_log());
  return file;
}

Result<> SqliteFile::read_head() {
  std::string head(file_head, '\0');
  head.resize(TRY(pread_full(fd_, head, 0, path_)));
  const Bytes bytes(head, path_, std::endian::big);
  page_size_ = TRY(bytes.read<uint16_t>(16, "page size"));
  if (page_size_ == 1)
    page_size_ = 65536;
  if (page_size_ < 512 || (page_size_ & (page_size_ - 1)) != 0)
    return bad("its page size makes no sense");
  usable_ = page_size_ - TRY(bytes.read<uint8_t>(20, "reserved space"));
  if (usable_ < 480)
    return bad("its page size makes no sense");
  return {};
}

// A log is read up to its last commit; what was being written when the machine went down does not count.
Result<> SqliteFile::read_log() {
  std::string head(log_head, '\0');
  if (TRY(pread_full(log_, head, 0, path_)) < log_head)
    return {};
  const Bytes bytes(head, path_, std::endian::big);
  const uint32_t magic = TRY(bytes.read<uint32_t>(0, "log"));
  if ((magic & ~1U) != log_magic || TRY(bytes.read<uint32_t>(8, "log")) != page_size_)
    return {};
  LogSum sum{(magic & 1) != 0 ? std::endian::big : std::endian::little};
  sum.add(std::string_view(head).substr(0, 24));
  std::map<uint32_t, uint64_t> pending;
  const uint64_t in_file = pages_;
  std::string frame(frame_head + page_size_, '\0');
  for (uint64_t at = log_head; TRY(pread_full(log_, frame, at, path_)) == frame.size(); at += frame.size()) {
    const Bytes fields(frame, path_, std::endian::big);
    if (frame.compare(8, 8, head, 16, 8) != 0)
      break;
    sum.add(std::string_view(frame).substr(0, 8));
    sum.add(std::string_view(frame).substr(frame_head));
    if (sum.first != TRY(fields.read<uint32_t>(16, "log")) || sum.second != TRY(fields.read<uint32_t>(20, "log")))
      break;
    pending[TRY(fields.read<uint32_t>(0, "log"))] = at + frame_head;
    if (const uint32_t pages = TRY(fields.read<uint32_t>(4, "log")); pages != 0) {
      for (const auto& [number, offset] : pending)
        log_pages_[number] = offset;
      pending.clear();
      pages_ = static_cast<uint32_t>(std::min<uint64_t>(pages, in_file + log_pages_.size()));
    }
  }
  return {};
}

Result<std::string> SqliteFile::page(uint32_t number) const {
  if (number == 0 || number > pages_)
    return bad("points to a page that it does not have");
  std::string bytes(page_size_, '\0');
  const auto logged = log_pages_.find(number);
  const size_t count =
      TRY(logged != log_pages_.end() ? pread_full(log_, bytes, logged->second, path_)
                                     : pread_full(fd_, bytes, uint64_t{number - 1} * page_size_, path_));
  if (count < bytes.size())
    return bad("ends too early; was it cut off?");
  return bytes;
}

Result<> SqliteFile::walk(uint32_t number, Tree& tree, int depth) const {
  if (depth > max_depth || ++tree.visited > pages_)
    return bad("its pages go in circles");
  const std::string content = TRY(page(number));
  const Bytes bytes(content, path_, std::endian::big);
  const uint64_t head = number == 1 ? file_head : 0;
  const uint8_t type = TRY(bytes.read<uint8_t>(head, "page"));
  const uint16_t cells = TRY(bytes.read<uint16_t>(head + 3, "page"));
  if (type == leaf_table) {
    if (cells > page_size_ / 4)
      return bad("a page has more rows than it can hold");
    for (uint16_t i = 0; i < cells; ++i)
      tree.rows.push_back({number, i});
    return {};
  }
  if (type != interior_table)
    return bad("a page is not of the kind that belongs there");
  // What lies behind a damaged page is lost; its neighbours are not.
  const auto go_to = [&](Result<uint32_t> child) {
    const auto done = child ? walk(*child, tree, depth + 1) : Result<>(std::unexpected(child.error()));
    if (!done && tree.faults.size() < 20)
      tree.faults.push_back(message(done.error()));
  };
  for (uint16_t i = 0; i < cells; ++i) {
    const auto at = bytes.read<uint16_t>(head + 12 + uint64_t{2} * i, "page");
    go_to(at ? bytes.read<uint32_t>(*at, "page") : Result<uint32_t>(std::unexpected(at.error())));
  }
  go_to(bytes.read<uint32_t>(head + 8, "page"));
  return {};
}

std::vector<SqliteFile::Row> SqliteFile::rows(uint32_t tree, std::vector<std::string>& faults) const {
  std::vector<Row> rows;
  Tree walked{rows, faults};
  if (const auto done = walk(tree, walked, 0); !done)
    faults.push_back(message(done.error()));
  return rows;
}

Result<std::string> SqliteFile::record(Row row) const {
  const std::string content = TRY(page(row.page));
  const Bytes bytes(content, path_, std::endian::big);
  const uint64_t head = row.page == 1 ? file_head : 0;
  return payload(bytes, TRY(bytes.read<uint16_t>(head + 8 + uint64_t{2} * row.cell, "row")));
}

// A cell of a leaf: the length of the record, the number of the row, and as much of the record as belongs on the page.
Result<std::string> SqliteFile::payload(const Bytes& page, uint64_t at) const {
  const Varint length = TRY(read_varint(page, at));
  at += length.length;
  at += TRY(read_varint(page, at)).length;
  if (length.value > largest_record || length.value > uint64_t{pages_} * page_size_)
    return bad("a row is larger than it can be");
  const uint64_t most = usable_ - 35;
  const uint64_t least = uint64_t{usable_ - 12} * 32 / 255 - 23;
  uint64_t here = length.value;
  if (here > most) {
    here = least + (length.value - least) % (usable_ - 4);
    if (here > most)
      here = least;
  }
  std::string record(TRY(page.slice(at, here, "row")).text());
  if (here == length.value)
    return record;
  record.reserve(length.value);
  uint32_t next = TRY(page.read<uint32_t>(at + here, "row"));
  while (record.size() < length.value) {
    const std::string content = TRY(this->page(next));
    const Bytes bytes(content, path_, std::endian::big);
    next = TRY(bytes.read<uint32_t>(0, "row"));
    record += TRY(bytes.slice(4, std::min<uint64_t>(usable_ - 4, length.value - record.size()), "row")).text();
  }
  return record;
}

Result<SqliteFile::Value> SqliteFile::column(std::string_view record, size_t index) const {
  const Bytes bytes(record, path_, std::endian::big);
  const Varint head = TRY(read_varint(bytes, 0));
  uint64_t at = head.length;
  uint64_t value = head.value;
  for (size_t i = 0; at < head.value; ++i) {
    const Varint type = TRY(read_varint(bytes, at));
    at += type.length;
    const uint64_t length = length_of(type.value);
    const Bytes found = TRY(bytes.slice(value, length, "column"));
    value += length;
    if (i < index)
      continue;
    if (type.value >= 12)
      return Value{found.text(), 0};
    if (type.value == 8 || type.value == 9)
      return Value{{}, static_cast<int64_t>(type.value - 8)};
    int64_t number = length > 0 && (found.data()[0] & 0x80) != 0 ? -1 : 0;
    for (const uint8_t byte : found.data())
      number = static_cast<int64_t>(static_cast<uint64_t>(number) << 8 | byte);
    return Value{{}, number};
  }
  return bad("a row has too few columns");
}

// The table of tables begins on the first page: type, name, table, page, words.
Result<std::optional<uint32_t>> SqliteFile::find_table(std::string_view name) const {
  std::vector<std::string> faults;
  for (const Row row : rows(1, faults)) {
    const auto content = record(row);
    if (!content)
      continue;
    const auto type = column(*content, 0);
    const auto table = column(*content, 1);
    const auto tree = column(*content, 3);
    if (type && table && tree && type->bytes == "table" && table->bytes == name && tree->number > 0 &&
        tree->number <= pages_)
      return static_cast<uint32_t>(tree->number);
  }
  if (!faults.empty())
    return bad("its table of tables cannot be read");
  return std::nullopt;
}

}  // namespace rescue
