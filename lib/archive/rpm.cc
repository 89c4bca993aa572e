#include "lib/archive/rpm.h"

#include <array>
#include <optional>
#include <span>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue::rpm {

namespace {

constexpr uint64_t lead_size = 96;
constexpr uint64_t intro_size = 16;
constexpr uint64_t entry_size = 16;
constexpr std::string_view header_magic = "\x8e\xad\xe8\x01";

// As rpm's own limits.
constexpr uint32_t max_entries = 65535;
constexpr uint32_t max_store = 256 << 20;

constexpr uint32_t tag_name = 1000;
constexpr uint32_t tag_version = 1001;
constexpr uint32_t tag_release = 1002;
constexpr uint32_t tag_epoch = 1003;
constexpr uint32_t tag_arch = 1022;
constexpr uint32_t type_int32 = 4;
constexpr uint32_t type_string = 6;

std::unexpected<Error> bad(std::string_view path, std::string_view detail) {
  return with_status(corrupt("read package", path, detail).error(), Status::bad_data);
}

// A header structure: an index of entries, and a store that they point into.
struct Header {
  uint64_t offset;
  uint32_t entries;
  uint32_t store;
  uint64_t end() const { return offset + intro_size + entries * entry_size + store; }
};

Result<Header> read_intro(int fd, uint64_t offset, std::string_view path) {
  std::array<char, intro_size> buffer;
  const size_t count = TRY(pread_full(fd, buffer, offset, path));
  const Bytes intro({buffer.data(), count}, path, std::endian::big);
  if (count < intro_size || !intro.text().starts_with(header_magic))
    return bad(path, "a header is damaged or cut off");
  const Header header{offset, TRY(intro.read<uint32_t>(8, "header")), TRY(intro.read<uint32_t>(12, "header"))};
  if (header.entries > max_entries || header.store > max_store)
    return bad(path, "a header is larger than it can be");
  return header;
}

// One entry of the index, its value as text; nothing for types that are none.
class Index {
 public:
  explicit Index(const Bytes& bytes, uint32_t entries) : bytes_(bytes), entries_(entries) {}

  Result<std::string> text(uint32_t wanted) const {
    const uint64_t store = entries_ * entry_size;
    for (uint64_t at = 0; at < store; at += entry_size) {
      if (TRY(bytes_.read<uint32_t>(at, "tag")) != wanted)
        continue;
      const uint32_t type = TRY(bytes_.read<uint32_t>(at + 4, "type"));
      const uint64_t value = store + TRY(bytes_.read<uint32_t>(at + 8, "offset"));
      if (type == type_string)
        return std::string(TRY(bytes_.c_string(value, "text")));
      if (type == type_int32)
        return str(TRY(bytes_.read<uint32_t>(value, "number")));
    }
    return std::string();
  }

 private:
  const Bytes& bytes_;
  uint64_t entries_;
};

Result<> read_identity(const Index& index, PackageInfo& info) {
  info.name = TRY(index.text(tag_name));
  const std::string epoch = TRY(index.text(tag_epoch));
  info.version =
      str(epoch.empty() ? "" : str(epoch, ':'), TRY(index.text(tag_version)), '-', TRY(index.text(tag_release)));
  info.architecture = TRY(index.text(tag_arch));
  return {};
}

}  // namespace

Result<uint64_t> read_headers(int fd, uint64_t file_size, std::string_view path, PackageInfo& info) {
  const Header signature = TRY(read_intro(fd, lead_size, path));
  // The signature header alone is padded, to 8 bytes.
  const Header header = TRY(read_intro(fd, (signature.end() + 7) / 8 * 8, path));
  if (header.end() > file_size)
    return bad(path, "ends within a header; was it cut off?");
  std::string content(header.end() - header.offset - intro_size, '\0');
  if (TRY(pread_full(fd, content, header.offset + intro_size, path)) < content.size())
    return bad(path, "has become shorter meanwhile");
  const Bytes bytes(content, path, std::endian::big);
  if (auto done = read_identity(Index(bytes, header.entries), info); !done)
    return with_status(std::move(done).error(), Status::bad_data);
  info.kind = PackageKind::rpm;
  return header.end();
}

}  // namespace rescue::rpm
