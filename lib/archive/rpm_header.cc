#include "lib/archive/rpm_header.h"

#include <algorithm>

#include "lib/base/text.h"

namespace rescue::rpm {

namespace {

constexpr std::string_view header_magic = "\x8e\xad\xe8\x01";
constexpr uint64_t counts_size = 8;
constexpr uint64_t entry_size = 16;

// As rpm's own limits.
constexpr uint32_t max_entries = 65535;
constexpr uint32_t max_store = 256 << 20;

std::unexpected<Error> bad(std::string_view path, std::string_view detail) {
  return with_status(corrupt("read RPM header", path, detail).error(), Status::bad_data);
}

// The bytes of one value; 0 for texts, whose length is told by their closing zeros.
uint32_t width_of(Type type) {
  switch (type) {
    case Type::character:
    case Type::int8:
    case Type::binary: return 1;
    case Type::int16: return 2;
    case Type::int32: return 4;
    case Type::int64: return 8;
    default: return 0;
  }
}

bool is_text(Type type) {
  return type == Type::string || type == Type::string_array || type == Type::i18n_string;
}

bool is_number(Type type) {
  return type >= Type::character && type <= Type::int64;
}

Result<> check_counts(uint32_t entries, uint32_t store, std::string_view path) {
  if (entries == 0 || entries > max_entries || store > max_store)
    return bad(path, "it claims a size that no header has");
  return {};
}

}  // namespace

Result<uint64_t> header_size(std::string_view intro, std::string_view path) {
  if (intro.size() < header_intro_size || !intro.starts_with(header_magic))
    return bad(path, "a header is damaged or cut off");
  const Bytes bytes(intro, path, std::endian::big);
  const auto entries = TRY(bytes.read<uint32_t>(header_magic_size, "header"));
  const auto store = TRY(bytes.read<uint32_t>(header_magic_size + 4, "header"));
  TRY(check_counts(entries, store, path));
  return header_intro_size + entries * entry_size + store;
}

Result<Header> Header::parse(const Bytes& blob) {
  const Bytes bytes = blob.with_order(std::endian::big);
  if (bytes.size() < counts_size)
    return bad(bytes.path(), "it is cut off");
  const auto count = TRY(bytes.read<uint32_t>(0, "header"));
  const auto store = TRY(bytes.read<uint32_t>(4, "header"));
  TRY(check_counts(count, store, bytes.path()));
  if (bytes.size() != counts_size + count * entry_size + store)
    return bad(bytes.path(), "it is cut off, or longer than it says");
  Header header;
  header.store_ = TRY(bytes.from(counts_size + count * entry_size, "header"));
  header.entries_.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t at = counts_size + i * entry_size;
    const Entry entry{Tag{TRY(bytes.read<uint32_t>(at, "tag"))}, Type{TRY(bytes.read<uint32_t>(at + 4, "type"))},
                      TRY(bytes.read<uint32_t>(at + 8, "offset")), TRY(bytes.read<uint32_t>(at + 12, "count"))};
    TRY(header.check(entry));
    header.entries_.push_back(entry);
  }
  return header;
}

Result<> Header::check(const Entry& entry) const {
  const auto wrong = [&](std::string_view detail) {
    return bad(store_.path(), str("its entry ", static_cast<uint32_t>(entry.tag), ' ', detail));
  };
  if (entry.type > Type::i18n_string)
    return wrong("is of no known type");
  if (entry.offset > store_.size())
    return wrong("lies outside of it");
  const uint64_t left = store_.size() - entry.offset;
  const uint32_t width = width_of(entry.type);
  if (width > 0 && (entry.offset % width != 0 || entry.count > left / width))
    return wrong("lies outside of it");
  if (!is_text(entry.type))
    return {};
  if (entry.type == Type::string && entry.count != 1)
    return wrong("is one text, and should be several");
  std::string_view rest = store_.text().substr(entry.offset);
  for (uint32_t i = 0; i < entry.count; ++i) {
    const size_t end = rest.find('\0');
    if (end == std::string_view::npos)
      return wrong("has no closing zero byte");
    rest.remove_prefix(end + 1);
  }
  return {};
}

const Header::Entry* Header::find(Tag tag) const {
  const auto found = std::ranges::find(entries_, tag, &Entry::tag);
  return found != entries_.end() ? &*found : nullptr;
}

std::string_view Header::text_at(size_t offset) const {
  const std::string_view rest = store_.text().substr(offset);
  return rest.substr(0, rest.find('\0'));
}

std::string_view Header::text(Tag tag) const {
  const Entry* const entry = find(tag);
  return entry != nullptr && is_text(entry->type) && entry->count > 0 ? text_at(entry->offset) : std::string_view();
}

std::vector<std::string_view> Header::texts(Tag tag) const {
  std::vector<std::string_view> texts;
  const Entry* const entry = find(tag);
  if (entry == nullptr || !is_text(entry->type))
    return texts;
  texts.reserve(entry->count);
  size_t offset = entry->offset;
  for (uint32_t i = 0; i < entry->count; ++i) {
    texts.push_back(text_at(offset));
    offset += texts.back().size() + 1;
  }
  return texts;
}

uint64_t Header::number_at(const Entry& entry, size_t index) const {
  const uint32_t width = width_of(entry.type);
  const std::string_view bytes = store_.text().substr(entry.offset + index * width, width);
  uint64_t number = 0;
  for (const char byte : bytes)
    number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

std::optional<uint64_t> Header::number(Tag tag) const {
  const Entry* const entry = find(tag);
  if (entry == nullptr || !is_number(entry->type) || entry->count == 0)
    return std::nullopt;
  return number_at(*entry, 0);
}

std::vector<uint64_t> Header::numbers(Tag tag) const {
  std::vector<uint64_t> numbers;
  const Entry* const entry = find(tag);
  if (entry == nullptr || !is_number(entry->type))
    return numbers;
  numbers.reserve(entry->count);
  for (uint32_t i = 0; i < entry->count; ++i)
    numbers.push_back(number_at(*entry, i));
  return numbers;
}

std::string_view Header::binary(Tag tag) const {
  const Entry* const entry = find(tag);
  return entry != nullptr && entry->type == Type::binary ? store_.text().substr(entry->offset, entry->count)
                                                         : std::string_view();
}

std::string version_of(const Header& header) {
  const auto epoch = header.number(Tag::epoch);
  return str(epoch ? str(*epoch, ':') : "", header.text(Tag::version), '-', header.text(Tag::release));
}

}  // namespace rescue::rpm
