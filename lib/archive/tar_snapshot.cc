#include "lib/archive/tar_snapshot.h"

#include <optional>

#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr std::string_view head = "GNU tar-";

std::unexpected<Error> bad(std::string_view path, std::string_view detail) {
  return with_status(corrupt("read snapshot", path, detail).error(), Status::usage);
}

// Texts with a zero byte behind each.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }

  std::optional<std::string_view> text() {
    const size_t end = rest_.find('\0');
    if (end == std::string_view::npos)
      return std::nullopt;
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return field;
  }
  template <typename T>
  std::optional<T> number() {
    const auto field = text();
    return field ? to_number<T>(*field) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

void append(std::string& bytes, std::string_view text) {
  bytes += text;
  bytes += '\0';
}

}  // namespace

Result<TarSnapshot> TarSnapshot::parse(std::string_view bytes, std::string_view path) {
  TarSnapshot snapshot;
  if (bytes.empty())
    return snapshot;
  const size_t line = bytes.find('\n');
  if (!bytes.starts_with(head) || line == std::string_view::npos || !bytes.substr(0, line).ends_with("-2"))
    return bad(path, "is none of GNU tar's in format 2");
  Fields fields(bytes.substr(line + 1));
  const auto seconds = fields.number<int64_t>();
  const auto nanoseconds = fields.number<uint32_t>();
  if (!seconds || !nanoseconds)
    return bad(path, "is damaged");
  snapshot.start = {*seconds, *nanoseconds};
  snapshot.first = false;
  while (!fields.empty()) {
    Directory directory;
    const auto nfs = fields.text();
    const auto mtime = fields.number<int64_t>();
    const auto fraction = fields.number<uint32_t>();
    const auto device = fields.number<uint64_t>();
    const auto inode = fields.number<uint64_t>();
    const auto name = fields.text();
    if (!nfs || !mtime || !fraction || !device || !inode || !name)
      return bad(path, "is damaged");
    directory.nfs = *nfs == "1";
    directory.mtime = {*mtime, *fraction};
    directory.device = *device;
    directory.inode = *inode;
    while (true) {
      const auto entry = fields.text();
      if (!entry)
        return bad(path, "is damaged");
      if (entry->empty())
        break;
      append(directory.contents, *entry);
    }
    if (const auto end = fields.text(); !end || !end->empty())
      return bad(path, "is damaged");
    snapshot.directories[std::string(*name)] = std::move(directory);
  }
  return snapshot;
}

std::string TarSnapshot::text() const {
  std::string bytes = "GNU tar-1.34-2\n";
  append(bytes, str(start.seconds));
  append(bytes, str(start.nanoseconds));
  for (const auto& [name, directory] : directories) {
    append(bytes, directory.nfs ? "1" : "0");
    append(bytes, str(directory.mtime.seconds));
    append(bytes, str(directory.mtime.nanoseconds));
    append(bytes, str(directory.device));
    append(bytes, str(directory.inode));
    append(bytes, name);
    bytes += directory.contents;
    append(bytes, "");
    append(bytes, "");
  }
  return bytes;
}

}  // namespace rescue
