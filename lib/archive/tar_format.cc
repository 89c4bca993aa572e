#include "lib/archive/tar_format.h"

#include "lib/base/text.h"

namespace rescue::tar {

// A field's text ends at its first zero byte, or with the field.
std::string_view text_of(Field field, std::string_view header) {
  const std::string_view text = field.of(header);
  return text.substr(0, text.find('\0'));
}

// Octal digits with blanks around them; an empty field counts as zero.
std::optional<uint64_t> octal_of(Field field, std::string_view header) {
  const std::string_view digits = trim(text_of(field, header));
  return digits.empty() ? 0 : to_number<uint64_t>(digits, 8);
}

// Numbers too large for octal digits: GNU tar sets the first bit and writes them big-endian, in two's complement.
static std::optional<int64_t> binary_of(Field field, std::string_view header) {
  const std::string_view bytes = field.of(header);
  // The sign is the second bit of the first byte.
  const bool negative = (static_cast<uint8_t>(bytes[0]) & 0x40) != 0;
  uint64_t number = negative ? ~uint64_t{0} : 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(i == 0 ? (bytes[0] & 0x7f) | (negative ? 0x80 : 0) : bytes[i]);
    if (number >> 55 != (negative ? 0x1ff : 0))
      return std::nullopt;
    number = number << 8 | byte;
  }
  return static_cast<int64_t>(number);
}

std::optional<int64_t> signed_number_of(Field field, std::string_view header) {
  if ((header[field.offset] & '\x80') != 0)
    return binary_of(field, header);
  const auto number = octal_of(field, header);
  return number && *number <= INT64_MAX ? std::optional(static_cast<int64_t>(*number)) : std::nullopt;
}

std::optional<uint64_t> number_of(Field field, std::string_view header) {
  const auto number = signed_number_of(field, header);
  return number && *number >= 0 ? std::optional(static_cast<uint64_t>(*number)) : std::nullopt;
}

bool checksum_is_right(std::string_view header) {
  const auto expected = octal_of(checksum_field, header);
  uint64_t sum = ' ' * checksum_field.size;
  for (size_t i = 0; i < header.size(); ++i)
    if (i < checksum_field.offset || i >= checksum_field.offset + checksum_field.size)
      sum += static_cast<uint8_t>(header[i]);
  return expected == sum;
}

bool all_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

std::string path_of(std::string_view header) {
  const std::string_view name = text_of(name_field, header);
  // GNU's own magic is "ustar  ": there other fields are where POSIX has the prefix.
  const bool posix = magic_field.of(header).starts_with(posix_magic);
  const std::string_view prefix = posix ? text_of(prefix_field, header) : "";
  return prefix.empty() ? std::string(name) : str(prefix, '/', name);
}

}  // namespace rescue::tar
