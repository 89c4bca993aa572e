#include "lib/archive/deb.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "lib/archive/package_file.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue::deb {

namespace {

using Texts = TextsByName;

constexpr uint64_t global_header_size = 8;
constexpr uint64_t header_size = 60;
// A package has three members; dpkg allows more, whose names begin with `_`.
constexpr int max_members = 100;
// All that the control archive holds.

std::unexpected<Error> bad(std::string_view path, std::string_view detail) {
  return with_status(corrupt("read package", path, detail).error(), Status::bad_data);
}

struct Member {
  std::string name;
  Range content;
};

std::string_view strip(std::string_view field) {
  const size_t end = field.find_last_not_of(' ');
  return field.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

// The member whose header is at `offset`; nothing at the end of the file.
Result<std::optional<Member>> read_member(int fd, uint64_t offset, std::string_view path) {
  std::array<char, header_size> bytes;
  const size_t count = TRY(pread_full(fd, bytes, offset, path));
  if (count == 0)
    return std::nullopt;
  const std::string_view header(bytes.data(), bytes.size());
  const auto size = to_number<uint64_t>(strip(header.substr(48, 10)));
  if (count < header_size || header.substr(58) != "`\n" || !size)
    return bad(path, "its outer archive is damaged or cut off");
  std::string_view name = strip(header.substr(0, 16));
  // Some writers of ar end a name with a slash.
  if (name.size() > 1 && name.ends_with('/'))
    name.remove_suffix(1);
  return Member{std::string(name), {offset + header_size, *size}};
}

bool is_digest(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string field(const Texts& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found != fields.end() ? found->second : std::string();
}

}  // namespace

Result<Layout> read_layout(int fd, std::string_view path) {
  (void)TRY(package_file_size(fd, path));
  Layout layout;
  uint64_t offset = global_header_size;
  for (int i = 0; i < max_members; ++i) {
    const auto member = TRY(read_member(fd, offset, path));
    if (!member)
      break;
    if (i == 0 && member->name != "debian-binary")
      return bad(path, "is not a Debian package");
    if (member->name.starts_with("control.tar") && layout.control.offset == 0)
      layout.control = member->content;
    if (member->name.starts_with("data.tar") && layout.data.offset == 0)
      layout.data = member->content;
    // Ten digits: the sum cannot wrap. Members begin at even offsets.
    offset = member->content.offset + member->content.size + member->content.size % 2;
  }
  if (layout.control.offset == 0 || layout.data.offset == 0)
    return bad(path, "lacks control.tar or data.tar; was it cut off?");
  return layout;
}

Result<Texts> parse_control(std::string_view text, std::string_view path) {
  Texts fields;
  std::string* last = nullptr;
  for (std::string_view line : split(text, '\n')) {
    if (trim(line).empty())
      continue;
    if (line[0] == ' ' || line[0] == '\t') {
      if (last == nullptr)
        return bad(path, "its control file begins in the middle of a field");
      *last += str('\n', line.substr(1));
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos)
      return bad(path, "its control file is malformed");
    last = &fields[std::string(line.substr(0, colon))];
    *last = trim(line.substr(colon + 1));
  }
  return fields;
}

Result<Texts> parse_md5sums(std::string_view text, std::string_view path) {
  Texts sums;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty())
      continue;
    if (line.size() < 35 || !is_digest(line.substr(0, 32)) || line[32] != ' ')
      return bad(path, "its md5sums are malformed");
    sums[std::string(without_start(line.substr(34)))] = line.substr(0, 32);
  }
  return sums;
}

Result<> read_info(EntryReader& control, std::string_view path, PackageInfo& info) {
  uint64_t left = control_limits.total_size;
  while (const Entry* entry = TRY(control.next())) {
    const std::string_view name = without_start(entry->path);
    if (entry->type != EntryType::file)
      continue;
    std::string text = TRY(read_all(control, left));
    left -= text.size();
    if (name == "control")
      info.fields = TRY(parse_control(text, path));
    else if (name == "md5sums")
      info.md5sums = TRY(parse_md5sums(text, path));
    info.control_files[std::string(name)] = std::move(text);
  }
  info.kind = PackageKind::deb;
  info.name = field(info.fields, "Package");
  info.version = field(info.fields, "Version");
  info.architecture = field(info.fields, "Architecture");
  if (info.name.empty() || info.version.empty() || info.architecture.empty())
    return bad(path, "its control file does not name package, version and architecture");
  return {};
}

}  // namespace rescue::deb
