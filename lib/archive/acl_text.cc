#include "lib/archive/acl_text.h"

#include <algorithm>
#include <array>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/sort.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr uint32_t list_version = 2;
constexpr size_t entry_size = 8;
constexpr uint32_t nobody = 0xffffffff;

// The kernel's tags, in the order in which its lists have them.
enum Tag : uint16_t { user_object = 1, user = 2, group_object = 4, group = 8, mask = 16, other = 32 };

struct AclEntry {
  uint16_t tag = 0;
  uint16_t permissions = 0;
  uint32_t id = nobody;
};

std::string_view word_of(uint16_t tag) {
  switch (tag) {
    case user_object:
    case user: return "user";
    case group_object:
    case group: return "group";
    case mask: return "mask";
    case other: return "other";
    default: return {};
  }
}

std::string id_text(const AclEntry& entry, Names* names) {
  if (entry.tag != user && entry.tag != group)
    return {};
  std::string_view name;
  if (names != nullptr)
    name = (entry.tag == user ? names->users : names->groups).name_of(entry.id);
  return name.empty() ? str(entry.id) : std::string(name);
}

std::optional<uint16_t> permissions_of(std::string_view text) {
  uint16_t bits = 0;
  for (const char c : text) {
    switch (c) {
      case 'r': bits |= 4; break;
      case 'w': bits |= 2; break;
      case 'x': bits |= 1; break;
      case '-': break;
      default: return std::nullopt;
    }
  }
  return bits;
}

// "user:daemon:r--", maybe with ":NUMBER" behind it, as some write.
std::optional<AclEntry> entry_of(std::string_view text, Names* names) {
  const auto parts = split(text, ':');
  AclEntry entry;
  const bool short_form =
      parts.size() == 2 && (parts[0] == "mask" || parts[0] == "m" || parts[0] == "other" || parts[0] == "o");
  if (parts.size() < 3 && !short_form)
    return std::nullopt;
  const std::string_view who = short_form ? std::string_view() : parts[1];
  const auto permissions = permissions_of(short_form ? parts[1] : parts[2]);
  if (!permissions)
    return std::nullopt;
  entry.permissions = *permissions;
  if (parts[0] == "user" || parts[0] == "u")
    entry.tag = who.empty() ? user_object : user;
  else if (parts[0] == "group" || parts[0] == "g")
    entry.tag = who.empty() ? group_object : group;
  else if (parts[0] == "mask" || parts[0] == "m")
    entry.tag = mask;
  else if (parts[0] == "other" || parts[0] == "o")
    entry.tag = other;
  else
    return std::nullopt;
  if (entry.tag != user && entry.tag != group)
    return entry;
  auto id = names != nullptr ? (entry.tag == user ? names->users : names->groups).id_of(who) : std::nullopt;
  if (!id)
    id = to_number<uint32_t>(who);
  if (!id && parts.size() > 3)
    id = to_number<uint32_t>(parts[3]);
  if (!id)
    return std::nullopt;
  entry.id = *id;
  return entry;
}

template <typename T>
void append(std::string& bytes, T number) {
  for (size_t i = 0; i < sizeof number; ++i)
    bytes += static_cast<char>(number >> (8 * i) & 0xff);
}

}  // namespace

std::optional<std::string> acl_to_text(std::string_view data, Names* names, char separator) {
  const Bytes bytes(data, "access control list");
  if (bytes.read<uint32_t>(0, "version") != list_version || data.size() % entry_size != 4)
    return std::nullopt;
  std::string text;
  for (uint64_t at = 4; at < data.size(); at += entry_size) {
    const AclEntry entry{.tag = *bytes.read<uint16_t>(at, "tag"),
                         .permissions = *bytes.read<uint16_t>(at + 2, "permissions"),
                         .id = *bytes.read<uint32_t>(at + 4, "id")};
    const std::string_view word = word_of(entry.tag);
    if (word.empty())
      return std::nullopt;
    const auto letter = [&](uint16_t bit, char c) { return (entry.permissions & bit) != 0 ? c : '-'; };
    if (!text.empty())
      text += separator;
    text += str(word, ':', id_text(entry, names), ':', letter(4, 'r'), letter(2, 'w'), letter(1, 'x'));
  }
  return text;
}

std::optional<std::string> acl_from_text(std::string_view text, Names* names) {
  std::vector<AclEntry> entries;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(",\n"), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    part = trim(part.substr(0, part.find('#')));
    if (part.starts_with("default:"))
      part.remove_prefix(8);
    if (part.empty())
      continue;
    const auto entry = entry_of(part, names);
    if (!entry)
      return std::nullopt;
    entries.push_back(*entry);
  }
  if (entries.empty())
    return std::nullopt;
  // As the kernel wants them.
  rescue::sort(entries,
               [](const AclEntry& a, const AclEntry& b) { return a.tag != b.tag ? a.tag < b.tag : a.id < b.id; });
  std::string bytes;
  append(bytes, list_version);
  for (const AclEntry& entry : entries) {
    append(bytes, entry.tag);
    append(bytes, entry.permissions);
    append(bytes, entry.id);
  }
  return bytes;
}

}  // namespace rescue
