#include "lib/archive/initramfs.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "lib/archive/lz4.h"
#include "tests/archive/samples.h"
#include "tests/scratch.h"

namespace rescue { namespace {

struct Member {
  std::string path;
  std::string data;
  bool operator==(const Member&) const = default;
};

Result<std::vector<Member>> read_file(const Scratch& scratch) {
  const auto fd = TRY(open_file(scratch.path("image"), O_RDONLY));
  const auto reader = TRY(InitramfsReader::open(fd.get(), "image", {.entries = 1000, .total_size = 1 << 20}));
  std::vector<Member> members;
  while (const Entry* entry = TRY(reader->next())) {
    Member member{entry->path, {}};
    member.data = TRY(read_all(*reader, 1 << 20));
    members.push_back(std::move(member));
  }
  return members;
}

// Two archives, as cpio makes them.
void make_archives(const Scratch& scratch) {
  REQUIRE(scratch.run("mkdir -p early main && printf microcode >early/code && head -c 5000 /dev/zero >main/libc &&"
                      "(cd early && echo code | cpio --quiet -o -H newc >../early.cpio) &&"
                      "(cd main && echo libc | cpio --quiet -o -H newc >../main.cpio)") == 0);
}

const std::vector<Member> expected = {{"code", "microcode"}, {"libc", std::string(5000, '\0')}};

TEST_CASE("initramfs: plain archives before a compressed one, with and without padding") {
  const Scratch scratch;
  make_archives(scratch);
  for (const std::string_view filter : {"", "gzip", "xz", "bzip2", "lzma", "zst"})
    for (const size_t padding : {0, 4, 512, 10000}) {
      INFO(filter, " ", padding);
      scratch.write("image", str(scratch.read("early.cpio"), std::string(padding, '\0'),
                                 compressed(scratch.read("main.cpio"), filter)));
      const auto members = read_file(scratch);
      REQUIRE(members);
      CHECK(*members == expected);
    }
}

TEST_CASE("initramfs: archives behind each other in one compressed stream") {
  const Scratch scratch;
  make_archives(scratch);
  const std::string both = str(scratch.read("early.cpio"), std::string(12, '\0'), scratch.read("main.cpio"));
  scratch.write("image", compressed(both, "gzip"));
  CHECK(read_file(scratch) == expected);
  // Two frames of one compression.
  scratch.write("image", str(zstd_of(scratch.read("early.cpio")), zstd_of(scratch.read("main.cpio"))));
  CHECK(read_file(scratch) == expected);
}

TEST_CASE("lz4: literals, and what is repeated from before") {
  // Three bytes as they are, nine from three back, then the last five as they are.
  const std::string_view block(
      "\x35"
      "abc\3\0"
      "\x50"
      "defgh",
      12);
  CHECK(decode_lz4_block(block, 100) == "abcabcabcabcdefgh");
  CHECK(decode_lz4_block(block, 17) == "abcabcabcabcdefgh");
  CHECK(!decode_lz4_block(block, 16));
  CHECK(!decode_lz4_block(std::string_view("\x35"
                                           "abc\4\0"
                                           "\x50"
                                           "defgh",
                                           12),
                          100));
  CHECK(!decode_lz4_block(std::string_view("\x35"
                                           "abc\0\0"
                                           "\x50"
                                           "defgh",
                                           12),
                          100));
  for (size_t length = 0; length < block.size(); ++length)
    CHECK(decode_lz4_block(block.substr(0, length), 100) != "abcabcabcabcdefgh");
  // 15 and 240 literals.
  CHECK(decode_lz4_block(std::string("\xf0\xf0") + std::string(255, 'x'), 300) == std::string(255, 'x'));
}

TEST_CASE("initramfs: as lz4 compresses it for the kernel") {
  const Scratch scratch;
  make_archives(scratch);
  REQUIRE(scratch.run("lz4 -q -l -9 main.cpio main.lz4") == 0);
  const std::string packed = scratch.read("main.lz4");
  for (const size_t padding : {0, 4, 512}) {
    scratch.write("image", str(scratch.read("early.cpio"), packed, std::string(padding, '\0')));
    CHECK(read_file(scratch) == expected);
  }
  for (size_t length = 5; length < packed.size(); ++length) {
    scratch.write("image", packed.substr(0, length));
    CHECK(read_file(scratch) != expected);
  }
  std::string damaged = packed;
  for (size_t i = 0; i < packed.size(); ++i) {
    damaged[i] = static_cast<char>(packed[i] ^ 0x81);
    scratch.write("image", damaged);
    (void)read_file(scratch);
    damaged[i] = packed[i];
  }
}

TEST_CASE("initramfs: every shorter length, and every byte flipped") {
  const Scratch scratch;
  make_archives(scratch);
  std::string bytes = str(scratch.read("early.cpio"), zstd_of(scratch.read("main.cpio")));
  for (size_t length = 0; length < bytes.size(); length += length < 700 ? 1 : 7) {
    scratch.write("image", std::string_view(bytes).substr(0, length));
    const auto members = read_file(scratch);
    CHECK((!members || *members != expected));
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(bytes[i] ^ 0x55);
    scratch.write("image", bytes);
    (void)read_file(scratch);
    bytes[i] = static_cast<char>(bytes[i] ^ 0x55);
  }
}

}}  // namespace rescue
