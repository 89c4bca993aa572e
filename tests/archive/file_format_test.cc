#include "lib/archive/file_format.h"

#include <string>

#include <doctest/doctest.h>

namespace rescue {
namespace {

std::string words_of(std::string_view bytes) {
  const auto format = file_format(Bytes(bytes, "file"));
  return format ? format->words : "";
}

std::string zeros(std::string text, size_t size) {
  text.resize(size);
  return text;
}

const std::string gzip("\x1f\x8b\x08\x08\x7f\xe0\x40\x60\x02\x03name\0rest", 19);
const std::string zip("PK\x03\x04\x14\0\0\0\x08\0rest", 14);
const std::string deb =
    "!<arch>\ndebian-binary   1600000000  0     0     100644  4         `\n2.0\n"
    "control.tar.xz  1600000000  0     0     100644  3         `\nabc\n"
    "data.tar.zst    1600000000  0     0     100644  3         `\nabc\n";
const std::string rpm = zeros(std::string("\xed\xab\xee\xdb\x03\0\0\0\0\x01glibc-2.36", 20), 96);

}  // namespace

TEST_CASE("file format: headers are put into words") {
  CHECK(words_of(gzip) ==
        "gzip compressed data, was \"name\", last modified: Thu Mar  4 13:28:31 2021, max compression, from Unix");
  CHECK(words_of(zip) == "Zip archive data, at least v2.0 to extract, compression method=deflate");
  CHECK(words_of(deb) == "Debian binary package (format 2.0), with control.tar.xz, data compression zst");
  CHECK(words_of(rpm) == "RPM v3.0 bin i386/x86_64 glibc-2.36");
  CHECK(words_of({"\xfd"
                  "7zXZ\0\0\x0a",
                  8}) == "XZ compressed data, checksum SHA-256");
  CHECK(words_of("BZh9") == "bzip2 compressed data, block size = 900k");
  CHECK(words_of({"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", 13}) == "LZMA compressed data, streamed");
  CHECK(words_of({"\x5d\0\0\x80\0\5\0\0\0\0\0\0\0", 13}) == "LZMA compressed data, non-streamed, size 5");
}

TEST_CASE("file format: a fixed text at its place tells it, and nowhere else") {
  CHECK(words_of("070701") == "ASCII cpio archive (SVR4 with no CRC)");
  CHECK(words_of("!<arch>\n") == "current ar archive");
  CHECK(words_of(zeros("x", 257) + std::string("ustar\0", 6)) == "POSIX tar archive");
  CHECK(words_of(zeros("x", 256) + std::string("ustar\0", 6)).empty());
  CHECK(words_of("-----BEGIN PGP SIGNATURE-----\n") == "PGP signature Signature (old)");
  CHECK(words_of("plain text").empty());
  CHECK(words_of("").empty());
}

TEST_CASE("file format: every shorter length and every flipped byte is told or is nothing") {
  for (const std::string& whole : {gzip, zip, deb, rpm})
    for (size_t i = 0; i < whole.size(); ++i) {
      (void)words_of(std::string_view(whole).substr(0, i));
      std::string flipped = whole;
      flipped[i] = static_cast<char>(~flipped[i]);
      for (const char c : words_of(flipped))
        CHECK(static_cast<unsigned char>(c) >= ' ');
    }
}

}  // namespace rescue
