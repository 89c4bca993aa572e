#include "lib/archive/file_format.h"

#include <array>
#include <ctime>

#include "lib/base/text.h"

namespace rescue {

namespace {

// What a fixed text at a fixed place tells.
struct Magic {
  uint16_t offset;
  std::string_view bytes;
  std::string_view words;
  std::string_view mime = {};
};

constexpr Magic magics[] = {
    {0, "\x04\x22\x4d\x18", "LZ4 compressed data (v1.4+)", "application/x-lz4"},
    {0, "\x02\x21\x4c\x18", "LZ4 compressed data (v0.1-v0.9)", "application/x-lz4"},
    {0, "\x1f\x9d", "compress'd data", "application/x-compress"},
    {0, "LZIP", "lzip compressed data", "application/x-lzip"},
    {0, std::string_view("\x89LZO\0\r\n\x1a\n", 9), "lzop compressed data", "application/x-lzop"},
    {0, "7z\xbc\xaf\x27\x1c", "7-zip archive data", "application/x-7z-compressed"},
    {0, "070701", "ASCII cpio archive (SVR4 with no CRC)", "application/x-cpio"},
    {0, "070702", "ASCII cpio archive (SVR4 with CRC)", "application/x-cpio"},
    {0, "070707", "ASCII cpio archive (pre-SVR4 or odc)", "application/x-cpio"},
    {0, "\xc7\x71", "cpio archive", "application/x-cpio"},
    {0, "\x71\xc7", "byte-swapped cpio archive", "application/x-cpio"},
    {257, std::string_view("ustar  \0", 8), "POSIX tar archive (GNU)", "application/x-tar"},
    {257, std::string_view("ustar\0", 6), "POSIX tar archive", "application/x-tar"},
    {0, "!<arch>\n", "current ar archive", "application/x-archive"},
    {0, "!<thin>\n", "thin archive with 0 symbol entries", "application/x-archive"},
    {0, "SQLite format 3", "SQLite 3.x database", "application/vnd.sqlite3"},
    {12, std::string_view("\x61\x15\x06\0", 4), "Berkeley DB (Hash, native byte-order)"},
    {12, std::string_view("\x62\x31\x05\0", 4), "Berkeley DB (Btree, native byte-order)"},
    {0, "TZif", "timezone data"},
    {0, "LPKSHHRH", "Journal file"},
    {0, "\x89PNG\r\n\x1a\n", "PNG image data", "image/png"},
    {0, "\xff\xd8\xff", "JPEG image data", "image/jpeg"},
    {0, "GIF8", "GIF image data", "image/gif"},
    {0, "%PDF-", "PDF document", "application/pdf"},
    {0, "\xde\x12\x04\x95", "GNU message catalog (little endian)", "application/x-gettext-translation"},
    {0, "untrusted comment: m", "minisign text"},
    {0, "untrusted comment: s", "minisign signature"},
    {0, "-----BEGIN CERTIFICATE-----", "PEM certificate"},
    {0, "-----BEGIN PRIVATE KEY-----", "PEM private key"},
    {0, "-----BEGIN RSA PRIVATE KEY-", "PEM RSA private key"},
    {0, "-----BEGIN OPENSSH PRIVATE ", "OpenSSH private key"},
    {0, "-----BEGIN PGP PUBLIC KEY B", "PGP public key block", "application/pgp-keys"},
    {0, "-----BEGIN PGP SIGNATURE---", "PGP signature Signature (old)", "application/pgp-signature"},
};

constexpr size_t packed_size = [] {
  size_t size = 0;
  for (const Magic& magic : magics)
    size += 5 + magic.bytes.size() + magic.words.size() + magic.mime.size();
  return size;
}();

// The same without pointers, which would cost at every start of the program: the offset in two bytes, and three texts,
// each behind its length.
constexpr std::array<char, packed_size> packed = [] {
  std::array<char, packed_size> bytes{};
  size_t at = 0;
  for (const Magic& magic : magics) {
    bytes[at++] = static_cast<char>(magic.offset >> 8);
    bytes[at++] = static_cast<char>(magic.offset & 0xff);
    for (const std::string_view text : {magic.bytes, magic.words, magic.mime}) {
      bytes[at++] = static_cast<char>(text.size());
      for (const char c : text)
        bytes[at++] = c;
    }
  }
  return bytes;
}();

std::optional<FileFormat> by_magic(std::string_view start) {
  std::string_view rest(packed.data(), packed.size());
  const auto text = [&] {
    const std::string_view taken = rest.substr(1, static_cast<uint8_t>(rest[0]));
    rest.remove_prefix(1 + taken.size());
    return taken;
  };
  while (!rest.empty()) {
    const auto offset = static_cast<size_t>(static_cast<uint8_t>(rest[0]) << 8 | static_cast<uint8_t>(rest[1]));
    rest.remove_prefix(2);
    const std::string_view bytes = text();
    const std::string_view words = text();
    const std::string_view mime = text();
    if (start.size() < offset || !start.substr(offset).starts_with(bytes))
      continue;
    FileFormat format{std::string(words)};
    if (!mime.empty())
      format.mime = mime;
    return format;
  }
  return std::nullopt;
}

std::string date_words(uint32_t seconds) {
  const time_t when = seconds;
  struct tm parts{};
  char text[32];
  ::gmtime_r(&when, &parts);
  return {text, std::strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y", &parts)};
}

// RFC 1952. The name is the only field of any length.
Result<std::string> gzip_words(Bytes start) {
  static constexpr std::string_view systems[] = {"FAT filesystem (MS-DOS, OS/2, NT)", "Amiga", "VMS", "Unix"};
  const auto flags = TRY(start.read<uint8_t>(3, "flags"));
  const auto when = TRY(start.read<uint32_t>(4, "time"));
  const auto level = TRY(start.read<uint8_t>(8, "level"));
  const auto system = TRY(start.read<uint8_t>(9, "system"));
  std::string words = "gzip compressed data";
  uint64_t at = 10;
  if ((flags & 2) != 0)
    words += ", has CRC";
  if ((flags & 4) != 0) {
    words += ", extra field";
    at += 2 + TRY(start.read<uint16_t>(10, "extra field"));
  }
  if ((flags & 8) != 0)
    words += str(", was \"", Printable(TRY(start.c_string(at, "name"))), '"');
  if ((flags & 16) != 0)
    words += ", has comment";
  if (when != 0)
    words += str(", last modified: ", date_words(when));
  words += level == 2 ? ", max compression" : level == 4 ? ", max speed" : "";
  if (system < std::size(systems))
    words += str(", from ", systems[system]);
  return words;
}

Result<std::string> zip_words(Bytes start) {
  static constexpr std::string_view methods[] = {"store",     "shrinking", "reduce 1", "reduce 2", "reduce 3",
                                                 "reduce 4",  "implode",   "tokenize", "deflate",  "deflate64",
                                                 "imploding", "",          "bzip2"};
  const auto version = TRY(start.read<uint8_t>(4, "version"));
  const auto method = TRY(start.read<uint16_t>(8, "method"));
  std::string words = str("Zip archive data, at least v", version / 10, '.', version % 10, " to extract");
  if (method < std::size(methods))
    words += str(", compression method=", methods[method]);
  return words;
}

std::string xz_words(std::string_view start) {
  const int check = start.size() > 7 ? start[7] : 0;
  return str("XZ compressed data, checksum ", check == 1    ? "CRC32"
                                              : check == 4  ? "CRC64"
                                              : check == 10 ? "SHA-256"
                                                            : "NONE");
}

// The names of the two archives in a Debian package tell their compression.
Result<std::string> deb_words(Bytes start) {
  constexpr std::string_view what = "member";
  constexpr uint64_t header_size = 60;
  std::string words = str("Debian binary package (format ", Printable(trim(TRY(start.slice(68, 3, what)).text())), ')');
  uint64_t at = 72;
  const auto name = [&] {
    const auto field = start.slice(at, 16, what);
    const std::string_view text = field ? field->text() : std::string_view();
    return text.substr(0, text.find_first_of(" /"));
  };
  words += str(", with ", Printable(name()));
  const uint64_t size = to_number<uint32_t>(trim(TRY(start.slice(at + 48, 10, what)).text())).value_or(0);
  at += header_size + size + size % 2;
  const std::string_view data = name();
  if (data.starts_with("data.tar"))
    words += str(", data compression ", data.size() > 9 ? printable(data.substr(9)) : "none");
  return words;
}

Result<std::string> rpm_words(Bytes start) {
  const Bytes lead = start.with_order(std::endian::big);
  const auto type = TRY(lead.read<uint16_t>(6, "lead"));
  const auto machine = TRY(lead.read<uint16_t>(8, "lead"));
  const char version = static_cast<char>('0' + TRY(lead.read<uint8_t>(4, "lead")) % 10);
  return str("RPM v", version, ".0 ", type == 1 ? "src" : "bin",
             machine == 1    ? " i386/x86_64"
             : machine == 19 ? " AArch64"
                             : "",
             ' ', Printable(TRY(lead.c_string(10, "name"))));
}

// The version of the kernel, behind the boot sector.
Result<std::string> kernel_words(Bytes start) {
  const auto at = TRY(start.read<uint16_t>(0x20e, "version"));
  return str("Linux kernel x86 boot executable bzImage, version ",
             Printable(TRY(start.c_string(at + 0x200U, "version"))));
}

// A tar archive of the old kind has no magic: its header adds up.
bool is_old_tar(std::string_view start) {
  if (start.size() < 512 || start[0] == '\0')
    return false;
  const std::string_view field = start.substr(148, 8);
  const std::string_view digits = trim(field.substr(0, field.find('\0')));
  const auto told = to_number<uint32_t>(digits, 8);
  uint32_t sum = 8 * ' ';
  for (size_t i = 0; i < 512; ++i)
    if (i < 148 || i >= 156)
      sum += static_cast<uint8_t>(start[i]);
  return told == sum;
}

// The older form of xz: properties, the size of the dictionary, and that of the content or all ones.
std::optional<std::string> lzma_words(Bytes start) {
  const auto dictionary = start.read<uint32_t>(1, "header");
  const auto size = start.read<uint64_t>(5, "header");
  const bool fits =
      start.text().starts_with('\x5d') && dictionary && size && *dictionary >= 4096 && (*dictionary & 0xfff) == 0;
  if (!fits || (*size != UINT64_MAX && *size >> 40 != 0))
    return std::nullopt;
  return str("LZMA compressed data, ", *size == UINT64_MAX ? "streamed" : str("non-streamed, size ", *size));
}

FileFormat named(std::string_view plain, Result<std::string> words, std::string_view mime) {
  return {words ? *std::move(words) : std::string(plain), mime};
}

std::optional<FileFormat> by_reading(Bytes start) {
  const std::string_view text = start.text();
  if (text.starts_with("\x1f\x8b"))
    return named("gzip compressed data", gzip_words(start), "application/gzip");
  if (text.starts_with(std::string_view("\xfd"
                                        "7zXZ\0",
                                        6)))
    return FileFormat{xz_words(text), "application/x-xz"};
  if (text.starts_with("\x28\xb5\x2f\xfd"))
    return FileFormat{"Zstandard compressed data (v0.8+), Dictionary ID: None", "application/zstd"};
  if (text.starts_with("BZh") && text.size() > 3 && text[3] >= '1' && text[3] <= '9')
    return FileFormat{str("bzip2 compressed data, block size = ", text[3], "00k"), "application/x-bzip2"};
  if (text.starts_with("PK\x03\x04"))
    return named("Zip archive data", zip_words(start), "application/zip");
  if (text.starts_with("!<arch>\ndebian-binary"))
    return named("Debian binary package", deb_words(start), "application/vnd.debian.binary-package");
  if (text.starts_with("\xed\xab\xee\xdb"))
    return named("RPM", rpm_words(start), "application/x-rpm");
  if (text.size() > 0x210 && text.substr(0x202).starts_with("HdrS"))
    return named("Linux kernel x86 boot executable bzImage", kernel_words(start), "application/octet-stream");
  return std::nullopt;
}

std::optional<FileFormat> by_markup(std::string_view text) {
  if (text.starts_with("<?xml version=\"1."))
    return FileFormat{"XML 1.0 document", "text/xml", true};
  if (text.starts_with("<!DOCTYPE html") || text.starts_with("<html"))
    return FileFormat{"HTML document", "text/html", true};
  return std::nullopt;
}

}  // namespace

std::optional<FileFormat> file_format(Bytes start) {
  if (auto format = by_reading(start))
    return format;
  if (auto format = by_magic(start.text()))
    return format;
  if (is_old_tar(start.text()))
    return FileFormat{"tar archive", "application/x-tar"};
  if (auto words = lzma_words(start))
    return FileFormat{*std::move(words), "application/x-lzma"};
  return by_markup(start.text());
}

}  // namespace rescue
