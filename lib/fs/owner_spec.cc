#include "lib/fs/owner_spec.h"

#include "lib/base/quote.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

// The highest number means "as it is" to the kernel, and is nobody's.
std::optional<uint32_t> parse_id(std::string_view text, NameFile& file) {
  if (!text.starts_with('+'))
    if (const auto id = file.id_of(text))
      return id;
  if (text.starts_with('+'))
    text.remove_prefix(1);
  const auto number = to_number<uint32_t>(text);
  return number && *number != UINT32_MAX ? number : std::nullopt;
}

// The fourth field of passwd(5).
std::optional<uint32_t> login_group(std::string_view user, Names& names) {
  const std::string_view line = names.users.line_of(user);
  const auto fields = split(line, ':');
  return fields.size() > 3 ? to_number<uint32_t>(fields[3]) : std::nullopt;
}

Result<OwnerSpec> parse_parts(std::string_view text, size_t separator, Names& names) {
  OwnerSpec spec;
  const std::string_view user = text.substr(0, separator);
  if (!user.empty()) {
    spec.user = TRY(parse_user(user, names));
    spec.user_text = user;
  }
  if (separator == std::string_view::npos)
    return spec;
  const std::string_view group = text.substr(separator + 1);
  if (!group.empty()) {
    spec.group = TRY(parse_group(group, names));
    spec.group_text = group;
  } else if (!user.empty()) {
    // A number has no login group.
    spec.group = user.starts_with('+') ? std::nullopt : login_group(user, names);
    if (!spec.group)
      return fail("owner", "", Quoted(text), " names no user with a group of its own");
    const std::string_view name = names.groups.name_of(*spec.group);
    spec.group_text = name.empty() ? str(*spec.group) : std::string(name);
  }
  return spec;
}

}  // namespace

Result<uint32_t> parse_user(std::string_view text, Names& names) {
  if (const auto id = parse_id(text, names.users))
    return *id;
  return fail("owner", "", Quoted(text), " is not a user");
}

Result<uint32_t> parse_group(std::string_view text, Names& names) {
  if (const auto id = parse_id(text, names.groups))
    return *id;
  return fail("group", "", Quoted(text), " is not a group");
}

Result<OwnerSpec> parse_owner(std::string_view text, Names& names) {
  const size_t colon = text.find(':');
  auto spec = parse_parts(text, colon, names);
  if (spec || colon != std::string_view::npos)
    return spec;
  // A name may have a dot in it, so this comes second.
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos)
    return spec;
  auto dotted = parse_parts(text, dot, names);
  if (!dotted)
    return spec;
  dotted->had_dot = true;
  return dotted;
}

}  // namespace rescue
