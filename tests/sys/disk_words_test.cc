#include "lib/sys/disk_words.h"

#include <doctest/doctest.h>

#include "tests/sys/disks.h"

namespace rescue { namespace {

std::string said(const std::string& bytes) {
  TextDisk disk(bytes);
  return disk_words(disk).value_or("nothing");
}

TEST_CASE("disk_words: a type, a UUID and a label") {
  CHECK(said(luks_disk()) == "crypto_LUKS data, UUID=123e4567-e89b-12d3-a456-426614174000, label \"secret\"");
  CHECK(said("nothing known") == "nothing");
}

// LUKS and LVM keep their UUID as text: whoever made the disk chose its bytes.
TEST_CASE("disk_words: no byte of a UUID or a label reaches a terminal as it is") {
  std::string disk = luks_disk();
  disk.replace(24, 6, "\x1b]0;x\x07");
  disk.replace(168, 36, "\r\x1b[2Jmore");
  for (const char c : said(disk))
    CHECK(static_cast<unsigned char>(c) >= ' ');
}

}}  // namespace rescue
