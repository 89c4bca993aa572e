#include "lib/archive/rpm_header.h"

#include <doctest/doctest.h>

#include "lib/archive/rpm_files.h"
#include "tests/archive/rpm_builder.h"

namespace rescue { namespace {

using rpm::Header;
using rpm::Tag;
using rpm::Type;

bool is_bad(const RpmHeaderBuilder& builder) {
  const std::string blob = builder.blob();
  const auto header = Header::parse(Bytes(blob, "test"));
  return !header && header.error().status() == Status::bad_data;
}

TEST_CASE("rpm header: every type of entry") {
  const std::string blob = sample_rpm_header().blob();
  const auto header = Header::parse(Bytes(blob, "test"));
  REQUIRE(header);
  CHECK(header->text(Tag::name) == "glibc");
  CHECK(header->text(Tag::summary) == "The GNU libc libraries");
  CHECK(header->texts(Tag::summary).size() == 2);
  CHECK(header->number(Tag::epoch) == 1);
  CHECK(header->binary(Tag::sig_openpgp) == "sixteen bytes ok");
  CHECK(header->numbers(Tag::file_modes) == std::vector<uint64_t>{0120777, 0100755});
  CHECK(version_of(*header) == "1:2.28-251.el8");
  CHECK(header->has(Tag::arch));
}

TEST_CASE("rpm header: what is not there, or of another type, is empty") {
  const std::string blob = sample_rpm_header().blob();
  const auto header = Header::parse(Bytes(blob, "test"));
  REQUIRE(header);
  CHECK_FALSE(header->has(Tag::vendor));
  CHECK(header->text(Tag::vendor).empty());
  CHECK(header->text(Tag::epoch).empty());
  CHECK(header->texts(Tag::epoch).empty());
  CHECK_FALSE(header->number(Tag::version));
  CHECK(header->numbers(Tag::version).empty());
  CHECK(header->binary(Tag::version).empty());
}

TEST_CASE("rpm header: the list of files") {
  const std::string blob = sample_rpm_header().blob();
  const auto header = Header::parse(Bytes(blob, "test"));
  REQUIRE(header);
  const auto files = rpm::read_files(*header, "test");
  REQUIRE(files);
  REQUIRE(files->size() == 2);
  CHECK((*files)[0].path == "/usr/lib64/libc.so.6");
  CHECK((*files)[0].link == "libc-2.28.so");
  CHECK((*files)[1].size == 5'000'000'000);
  CHECK((*files)[1].mode == 0100755);
  CHECK((*files)[1].user == "root");
  CHECK((*files)[1].digest == std::string(64, 'a'));
  CHECK(rpm::file_digest_algorithm(*header) == 8);
}

TEST_CASE("rpm header: old packages list whole paths, and MD5 without a word") {
  const std::string blob = RpmHeaderBuilder().texts(Tag::old_file_names, {"/bin/sh"}).blob();
  const auto header = Header::parse(Bytes(blob, "test"));
  REQUIRE(header);
  const auto files = rpm::read_files(*header, "test");
  REQUIRE(files);
  CHECK((*files)[0].path == "/bin/sh");
  CHECK(rpm::file_digest_algorithm(*header) == 1);
}

TEST_CASE("rpm header: lists of files that do not fit together are bad") {
  const auto files_of = [](const RpmHeaderBuilder& builder) {
    const std::string blob = builder.blob();
    const auto header = Header::parse(Bytes(blob, "test"));
    REQUIRE(header);
    return rpm::read_files(*header, "test").has_value();
  };
  CHECK_FALSE(files_of(RpmHeaderBuilder().texts(Tag::base_names, {"a"}).texts(Tag::dir_names, {"/"})));
  CHECK_FALSE(files_of(
      RpmHeaderBuilder().texts(Tag::base_names, {"a"}).texts(Tag::dir_names, {"/"}).numbers(Tag::dir_indexes, {1})));
  CHECK_FALSE(files_of(sample_rpm_header().numbers(Tag::file_mtimes, {1, 2, 3})));
}

TEST_CASE("rpm header: entries that lie outside are bad") {
  CHECK(is_bad(RpmHeaderBuilder()));  // no entry at all
  CHECK(is_bad(RpmHeaderBuilder().raw(Tag::name, Type::string, 0, 1)));
  CHECK(is_bad(RpmHeaderBuilder().add(Tag::name, Type::string, 1, "no zero")));
  CHECK(is_bad(RpmHeaderBuilder().add(Tag::name, Type::string, 2, std::string("a\0b\0", 4))));
  CHECK(is_bad(RpmHeaderBuilder().add(Tag::name, Type::string_array, 3, std::string("a\0b\0", 4))));
  CHECK(is_bad(RpmHeaderBuilder().add(Tag::epoch, Type::int32, 2, "1234567")));
  CHECK(is_bad(RpmHeaderBuilder().add(Tag::epoch, Type::int64, 0x20000001, "12345678")));
  CHECK(is_bad(RpmHeaderBuilder().text(Tag::name, "abcde").raw(Tag::epoch, Type::int32, 1, 1)));
  CHECK(is_bad(RpmHeaderBuilder().text(Tag::name, "abcde").raw(Tag::epoch, Type{10}, 0, 1)));
  CHECK(is_bad(RpmHeaderBuilder().text(Tag::name, "abcde").raw(Tag::epoch, Type::binary, 0xffffffff, 1)));
}

TEST_CASE("rpm header: a size that no header has is bad") {
  const auto size_of = [](uint32_t entries, uint32_t store) {
    return rpm::header_size(std::string("\x8e\xad\xe8\x01\0\0\0\0", 8) + RpmHeaderBuilder::big_endian(entries, 4) +
                                RpmHeaderBuilder::big_endian(store, 4),
                            "test");
  };
  CHECK(*size_of(3, 100) == 16 + 3 * 16 + 100);
  CHECK_FALSE(size_of(0, 100));
  CHECK_FALSE(size_of(65536, 100));
  CHECK_FALSE(size_of(3, (256 << 20) + 1));
  CHECK_FALSE(rpm::header_size("\x8e\xad\xe8\x02xxxxxxxxxxxx", "test"));
}

TEST_CASE("rpm header: every shorter length and every flipped byte is a value or an error") {
  const std::string whole = sample_rpm_header().blob();
  for (size_t length = 0; length < whole.size(); ++length)
    CHECK_FALSE(Header::parse(Bytes(std::string_view(whole).substr(0, length), "test")));
  for (size_t i = 0; i < whole.size(); ++i)
    for (const char mask : {'\x01', '\x80', '\xff'}) {
      std::string flipped = whole;
      flipped[i] = static_cast<char>(flipped[i] ^ mask);
      if (const auto header = Header::parse(Bytes(flipped, "test")); header)
        (void)rpm::read_files(*header, "test");
    }
}

}}  // namespace rescue
