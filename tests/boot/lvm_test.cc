#include "lib/boot/lvm.h"

#include <doctest/doctest.h>

#include "tests/boot/lvm_disk.h"

namespace rescue { namespace {

TEST_CASE("lvm: the disk of a group") {
  const std::string bytes = lvm_disk(lvm_metadata);
  TextDisk disk(bytes);
  const auto member = read_lvm_member(disk);
  REQUIRE(member);
  CHECK(member->id == "eVGCXvBN7EgAeGaYsL3rjFIfB8Tt3jcp");
  CHECK(member->metadata == lvm_metadata);
}

TEST_CASE("lvm: metadata that goes round within its area") {
  const std::string bytes = lvm_disk(lvm_metadata, lvm_area_size - 100);
  TextDisk disk(bytes);
  const auto member = read_lvm_member(disk);
  REQUIRE(member);
  CHECK(member->metadata == lvm_metadata);
}

TEST_CASE("lvm: where the blocks of a volume are") {
  const auto group = parse_lvm_group(lvm_metadata, "disk");
  REQUIRE(group);
  CHECK(group->name == "cent-os");
  CHECK(group->generation == 4);
  REQUIRE(group->volumes.size() == 4);
  const LvmVolume& root = group->volumes[0];
  CHECK(root.name == "root");
  CHECK(root.id == "r1Enbw3Gg92kpIJZ2YGO4L0Fp2KRb9XLLEp248wWMcZO1HsEjVN03qHxjHU9UFW6");
  CHECK(root.problem.empty());
  CHECK(root.writable);
  REQUIRE(root.segments.size() == 2);
  CHECK(root.segments[0].start == 0);
  CHECK(root.segments[0].length == 81920);
  REQUIRE(root.segments[0].areas.size() == 1);
  CHECK(root.segments[0].areas[0].start == 2048);
  CHECK(root.segments[1].start == 81920);
  CHECK(root.segments[1].areas[0].start == 2048 + 13 * 8192);
  const LvmVolume& wide = group->volumes[1];
  REQUIRE(wide.segments.size() == 1);
  CHECK(wide.segments[0].stripe == 128);
  REQUIRE(wide.segments[0].areas.size() == 2);
  CHECK(wide.segments[0].areas[1].member == "otherXBN7EgAeGaYsL3rjFIfB8Tt3jcp");
  CHECK_FALSE(wide.writable);
}

TEST_CASE("lvm: what is not understood is named, and gets no segments") {
  const auto group = parse_lvm_group(lvm_metadata, "disk");
  REQUIRE(group);
  CHECK(group->volumes[2].problem == "it is of type thin");
  CHECK(group->volumes[3].problem == "it has a snapshot");
  CHECK(group->volumes[2].segments.empty());
  CHECK(group->volumes[3].segments.empty());
}

TEST_CASE("lvm: a group of another machine is left alone") {
  std::string text(lvm_metadata);
  text.replace(text.find("RESIZEABLE"), 10, "EXPORTED");
  const auto group = parse_lvm_group(text, "disk");
  REQUIRE(group);
  for (const LvmVolume& volume : group->volumes)
    CHECK_FALSE(volume.problem.empty());
}

TEST_CASE("lvm: names become files, and lead nowhere else") {
  for (const std::string_view bad : {"../x", "a/b", ".x"}) {
    std::string text(lvm_metadata);
    text.replace(text.find("root {"), 4, bad);
    CHECK_FALSE(parse_lvm_group(text, "disk"));
  }
  CHECK(lvm_device_name("cent-os", "va-r") == "cent--os-va--r");
}

TEST_CASE("lvm: each shorter disk, each damaged byte") {
  const std::string whole = lvm_disk(lvm_metadata);
  for (size_t length = 0; length < whole.size(); length += length < 8192 ? 1 : 97) {
    TextDisk disk(std::string_view(whole).substr(0, length));
    const auto member = read_lvm_member(disk);
    CHECK((!member || member->metadata.size() <= lvm_metadata.size()));
  }
  std::string damaged = whole;
  for (size_t i = 0; i < whole.size(); i += i < 8192 ? 1 : 97) {
    damaged[i] = static_cast<char>(whole[i] ^ 0x55);
    TextDisk disk(damaged);
    // The sums tell: either an error, or the text as it was.
    if (const auto member = read_lvm_member(disk))
      CHECK(member->metadata == lvm_metadata);
    damaged[i] = whole[i];
  }
}

TEST_CASE("lvm: each shorter text, each damaged byte of it") {
  for (size_t length = 0; length < lvm_metadata.size(); ++length)
    (void)parse_lvm_group(lvm_metadata.substr(0, length), "disk");
  std::string text(lvm_metadata);
  for (char& c : text) {
    const char old = std::exchange(c, static_cast<char>(c ^ 0x15));
    if (const auto group = parse_lvm_group(text, "disk"))
      for (const LvmVolume& volume : group->volumes)
        CHECK((volume.problem.empty() || volume.segments.empty()));
    c = old;
  }
  CHECK_FALSE(parse_lvm_group(std::string(1000, '{'), "disk"));
  std::string deep;
  for (int i = 0; i < 10000; ++i)
    deep += "a {";
  CHECK_FALSE(parse_lvm_group(deep, "disk"));
}

}  // namespace
}  // namespace rescue
