#include "lib/elf/image.h"

#include <cstdio>

#include <doctest/doctest.h>

#include "lib/base/bytes.h"
#include "tests/elf/builder.h"

namespace rescue::elf {

namespace {

test::Elf full_program() {
  test::Elf elf;
  elf.interpreter = "/lib64/ld-linux-x86-64.so.2";
  elf.needed = {"libfoo.so.1", "libc.so.6"};
  elf.runpath = "$ORIGIN/../lib";
  elf.flags_1 = DF_1_PIE;
  elf.version_needs = {{"libc.so.6", {"GLIBC_2.2.5", "?GLIBC_2.38"}}, {"libfoo.so.1", {"FOO_1"}}};
  elf.version_definitions = {"MINE_1"};
  elf.build_id = "\x01\x02\xab\xff";
  elf.abi_tag = true;
  elf.isa = 2;
  elf.has_relr = true;
  return elf;
}

Result<Image> parse(const std::string& bytes) {
  return Image::parse(Bytes(bytes, "test"));
}

void check_full(const Image& image) {
  CHECK(image.interpreter == "/lib64/ld-linux-x86-64.so.2");
  CHECK(image.needed == std::vector<std::string>{"libfoo.so.1", "libc.so.6"});
  CHECK(image.runpath == "$ORIGIN/../lib");
  CHECK(image.has_runpath);
  CHECK_FALSE(image.has_rpath);
  REQUIRE(image.version_needs.size() == 2);
  CHECK(image.version_needs[0].library == "libc.so.6");
  REQUIRE(image.version_needs[0].versions.size() == 2);
  CHECK(image.version_needs[0].versions[0].name == "GLIBC_2.2.5");
  CHECK_FALSE(image.version_needs[0].versions[0].weak);
  CHECK(image.version_needs[0].versions[1].weak);
  CHECK(image.version_needs[1].versions[0].name == "FOO_1");
  REQUIRE(image.version_definitions.size() == 2);
  CHECK(image.version_definitions[0].base);
  CHECK(image.version_definitions[1].name == "MINE_1");
  CHECK(image.build_id == "0102abff");
  CHECK(image.abi_tag == "3.2.0");
  CHECK(image.abi_kernel == 0x030200);
  CHECK(image.has_relr);
  CHECK_FALSE(image.truncated());
  CHECK_FALSE(image.damage);
}

}  // namespace

TEST_CASE("elf: all that the loader reads is read, in both classes and both byte orders") {
  for (const bool is64 : {false, true}) {
    for (const auto order : {std::endian::little, std::endian::big}) {
      test::Elf elf = full_program();
      elf.is64 = is64;
      elf.order = order;
      const auto image = parse(elf.build());
      REQUIRE(image);
      CHECK(image->is64 == is64);
      CHECK(image->order == order);
      CHECK(image->x86_isa_needed == std::optional<uint32_t>(2));
      check_full(*image);
      CHECK(image->linkage() == Linkage::dynamic_program);
      CHECK(image->c_library() == CLibrary::glibc);
    }
  }
}

TEST_CASE("elf: a file is read to the same end through its descriptor") {
  const std::string bytes = full_program().build();
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  REQUIRE(std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
  std::fflush(file);
  const auto image = Image::open(::fileno(file), "test");
  REQUIRE(image);
  check_full(*image);
  std::fclose(file);
}

TEST_CASE("elf: each shorter length of a file gives an error or says that it is cut short") {
  const std::string bytes = full_program().build();
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::string shorter = bytes.substr(0, length);
    const auto image = parse(shorter);
    if (image)
      CHECK(image->truncated());
    const auto salvaged = Image::salvage(Bytes(shorter, "test"));
    CHECK(salvaged.has_value() == (length >= 64));
    if (salvaged)
      CHECK((salvaged->damage || salvaged->truncated()));
  }
}

TEST_CASE("elf: a file with any byte changed gives a value or an error") {
  const std::string bytes = full_program().build();
  size_t errors = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int mask : {0x01, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ mask);
      const auto image = parse(changed);
      errors += image ? 0 : 1;
      if (!image)
        CHECK_FALSE(image.error().detail().empty());
    }
  }
  CHECK(errors > 0);
}

TEST_CASE("elf: what is no ELF file is refused with the reason") {
  CHECK(parse("").error().detail() == "the file is too short");
  CHECK(parse("#!/bin/sh\necho hello there\n").error().detail() == "not an ELF file");
  CHECK(parse("\x7f"
              "ELF\x02\x01\x01")
            .error()
            .detail() == "the file is too short");
}

TEST_CASE("elf: what is left of a cut file still tells what it was") {
  test::Elf elf = full_program();
  elf.rodata = std::string(8192, 'x');  // the dynamic section lies behind this
  const std::string bytes = elf.build().substr(0, 4096);
  CHECK_FALSE(parse(bytes));
  const auto image = Image::salvage(Bytes(bytes, "test"));
  REQUIRE(image);
  CHECK(image->truncated());
  CHECK(image->damage);
  CHECK(image->build_id == "0102abff");
  CHECK(image->interpreter == "/lib64/ld-linux-x86-64.so.2");
}

TEST_CASE("elf: static, static-pie, library and musl programs are told apart") {
  test::Elf elf;
  elf.type = ET_EXEC;
  elf.has_dynamic = false;
  CHECK(parse(elf.build())->linkage() == Linkage::static_program);

  elf.type = ET_DYN;
  elf.has_dynamic = true;
  elf.flags_1 = DF_1_PIE;
  CHECK(parse(elf.build())->linkage() == Linkage::static_pie);

  elf.flags_1 = 0;
  elf.soname = "libc.so.6";
  CHECK(parse(elf.build())->linkage() == Linkage::library);
  elf.interpreter = "/lib64/ld-linux-x86-64.so.2";  // as libc.so.6 has one
  CHECK(parse(elf.build())->linkage() == Linkage::library);

  elf.soname.clear();
  elf.interpreter = "/lib/ld-musl-x86_64.so.1";
  elf.needed = {"libc.musl-x86_64.so.1"};
  CHECK(parse(elf.build())->linkage() == Linkage::dynamic_program);
  CHECK(parse(elf.build())->c_library() == CLibrary::musl);
}

TEST_CASE("elf: a version is defined only if its hash agrees too") {
  test::Elf elf;
  elf.soname = "libfoo.so.1";
  elf.version_definitions = {"FOO_1", "FOO_2"};
  const auto image = parse(elf.build());
  REQUIRE(image);
  CHECK(image->defines({.name = "FOO_2", .hash = test::version_hash("FOO_2")}));
  CHECK_FALSE(image->defines({.name = "FOO_2", .hash = 7}));
  CHECK_FALSE(image->defines({.name = "FOO_3", .hash = test::version_hash("FOO_3")}));
}

TEST_CASE("elf: a count of records that the file cannot hold ends in an error") {
  test::Elf elf;
  elf.version_needs = {{"libc.so.6", {"GLIBC_2.2.5"}}};
  std::string bytes = elf.build();
  // The only record of a version need: let it say that it is followed by itself, over and over.
  const std::string record_start("\x01\x00\x01\x00", 4);
  const size_t record = bytes.find(record_start, 64 + 2 * 56);
  REQUIRE(record != std::string::npos);
  bytes[record + 2] = '\xff';
  bytes[record + 3] = '\xff';
  bytes[record + 16 + 12] = 1;
  CHECK_FALSE(parse(bytes));
}

}  // namespace rescue::elf
