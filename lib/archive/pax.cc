#include "lib/archive/pax.h"

#include <algorithm>

#include "lib/archive/tar_format.h"
#include "lib/base/base64.h"
#include "lib/base/text.h"
#include "lib/base/utf8.h"

namespace rescue {

namespace {

constexpr std::string_view schily_xattr = "SCHILY.xattr.";
constexpr std::string_view libarchive_xattr = "LIBARCHIVE.xattr.";

std::unexpected<Error> malformed(std::string_view detail) {
  return fail("", "", detail);
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character c = first_character(text);
    if (!c.valid)
      return false;
    text.remove_prefix(c.length);
  }
  return true;
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

}  // namespace

// GNU tar writes `=` and `%` of an attribute's name as %3D and %25, since `=` ends the key of a record; libarchive
// escapes whatever is not plain.
std::string pax_decode(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    const auto byte = text[0] == '%' && text.size() >= 3 ? from_hex(text.substr(1, 2)) : std::nullopt;
    name += byte ? *byte : std::string(text.substr(0, 1));
    text.remove_prefix(byte ? 3 : 1);
  }
  return name;
}

std::string pax_encode(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == '=')
      text += "%3D";
    else if (c == '%')
      text += "%25";
    else
      text += c;
  }
  return text;
}

// "1234.5678", "-1.25": seconds as a decimal fraction.
std::optional<PaxTime> parse_pax_time(std::string_view text) {
  const bool negative = text.starts_with('-');
  const size_t point = text.find('.');
  const auto whole = to_number<int64_t>(text.substr(0, point));
  if (!whole)
    return std::nullopt;
  uint32_t nanoseconds = 0;
  if (point != std::string_view::npos) {
    std::string digits(text.substr(point + 1, 9));
    digits.resize(9, '0');
    const auto fraction = to_number<uint32_t>(digits);
    if (!fraction)
      return std::nullopt;
    nanoseconds = *fraction;
  }
  if (!negative || nanoseconds == 0)
    return PaxTime{*whole, nanoseconds};
  if (*whole == INT64_MIN)
    return std::nullopt;
  return PaxTime{*whole - 1, 1'000'000'000 - nanoseconds};
}

std::string pax_time_text(int64_t seconds, uint32_t nanoseconds) {
  if (nanoseconds == 0)
    return str(seconds);
  const bool negative = seconds < 0;
  std::string digits = str(negative ? 1'000'000'000 - nanoseconds : nanoseconds);
  digits.insert(0, 9 - digits.size(), '0');
  while (digits.ends_with('0'))
    digits.pop_back();
  return str(negative ? "-" : "", negative ? -(seconds + 1) : seconds, '.', digits);
}

// A record names its own length, the digits of the length included.
std::string pax_record(std::string_view key, std::string_view value) {
  const size_t rest = key.size() + value.size() + 3;  // blank, `=`, newline
  size_t length = rest + 1;
  while (str(length).size() + rest != length)
    length = str(length).size() + rest;
  return str(length, ' ', key, '=', value, '\n');
}

Result<PaxRecord> take_pax_record(std::string_view& records) {
  const size_t blank = records.find(' ');
  const auto length = to_number<size_t>(records.substr(0, blank));
  if (!length || *length > records.size() || *length < blank + 3 || records[*length - 1] != '\n')
    return malformed("a record of its pax header is malformed");
  const std::string_view text = records.substr(blank + 1, *length - blank - 2);
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return malformed("a record of its pax header is malformed");
  records.remove_prefix(*length);
  return PaxRecord{text.substr(0, equals), text.substr(equals + 1)};
}

Result<> TarReader::Extra::add_xattr(std::string name, std::string value) {
  if (name.empty() || has_nul(name))
    return malformed("an extended attribute has no proper name");
  const auto place = std::ranges::lower_bound(xattrs, name, {}, &Xattr::name);
  if (place != xattrs.end() && place->name == name)
    place->value = std::move(value);
  else
    xattrs.insert(place, {std::move(name), std::move(value)});
  return {};
}

Result<> TarReader::Extra::set(std::string_view key, std::string_view value) {
  const auto number = [&](std::optional<uint64_t>& to) -> Result<> {
    to = to_number<uint64_t>(value);
    return to ? Result<>() : malformed(str("its ", key, " is not a number"));
  };
  const std::pair<std::string_view, std::optional<std::string>&> names[] = {
      {"path", path}, {"linkpath", link}, {"uname", user}, {"gname", group}};
  for (const auto& [name, text] : names) {
    if (key != name)
      continue;
    text = value;
    return has_nul(value) ? malformed("a name holds a zero byte") : Result<>();
  }
  if (key == "size")
    return number(size);
  if (key == "uid")
    return number(uid);
  if (key == "gid")
    return number(gid);
  if (key == "mtime") {
    mtime = parse_pax_time(value);
    return mtime ? Result<>() : malformed("its mtime is not a time");
  }
  if (key.starts_with(schily_xattr))
    return add_xattr(pax_decode(key.substr(schily_xattr.size())), std::string(value));
  if (key.starts_with(libarchive_xattr)) {
    // libarchive leaves the padding out.
    std::string text(value);
    text.append((4 - text.size() % 4) % 4, '=');
    auto bytes = from_base64(text);
    if (!bytes)
      return malformed("an extended attribute is not base64");
    return add_xattr(pax_decode(key.substr(libarchive_xattr.size())), *std::move(bytes));
  }
  if (key.starts_with("GNU.sparse."))
    return malformed("holds a sparse file, which is not supported in here");
  return {};
}

Result<> TarReader::Extra::apply(std::string_view records, const EntryLimits& limits) {
  while (!records.empty()) {
    const PaxRecord record = TRY(take_pax_record(records));
    TRY(set(record.key, record.value));
  }
  uint64_t total = 0;
  for (const Xattr& xattr : xattrs)
    total += xattr.name.size() + xattr.value.size();
  if (total > limits.xattrs)
    return malformed("its extended attributes are too large");
  return {};
}

bool fits_name(std::string_view name) {
  return name.size() <= tar::name_field.size;
}

bool fits_number(uint64_t number, size_t field_size) {
  return number >> (3 * (field_size - 1)) == 0;
}

bool fits_mtime(const Entry& entry) {
  return entry.mtime_ns == 0 && entry.mtime >= 0 &&
         fits_number(static_cast<uint64_t>(entry.mtime), tar::mtime_field.size);
}

std::string pax_records(const Entry& entry) {
  std::string text;
  const bool long_path = !fits_name(entry.path);
  const bool long_link = !fits_name(entry.link);
  // Names in pax headers are UTF-8; for others readers must be told not to convert them.
  if ((long_path && !is_utf8(entry.path)) || (long_link && !is_utf8(entry.link)))
    text += pax_record("hdrcharset", "BINARY");
  if (long_path)
    text += pax_record("path", entry.path);
  if (long_link)
    text += pax_record("linkpath", entry.link);
  if (!fits_number(entry.size, tar::size_field.size))
    text += pax_record("size", str(entry.size));
  if (!fits_number(entry.uid, tar::uid_field.size))
    text += pax_record("uid", str(entry.uid));
  if (!fits_number(entry.gid, tar::gid_field.size))
    text += pax_record("gid", str(entry.gid));
  if (!fits_mtime(entry))
    text += pax_record("mtime", pax_time_text(entry.mtime, entry.mtime_ns));
  for (const Xattr& xattr : entry.xattrs)
    text += pax_record(str(schily_xattr, pax_encode(xattr.name)), xattr.value);
  return text;
}

}  // namespace rescue
