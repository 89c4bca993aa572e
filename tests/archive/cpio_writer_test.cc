#include "lib/archive/cpio_writer.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "lib/archive/cpio.h"
#include "tests/archive/samples.h"
#include "tests/scratch.h"

namespace rescue { namespace {

std::string archive_of(const std::vector<Sample>& samples) {
  std::string bytes;
  StringSink sink(bytes);
  CpioWriter writer(sink);
  for (const Sample& sample : samples) {
    if (sample.entry.type == EntryType::file)
      REQUIRE(writer.add(sample.entry, sample.data));
    else
      REQUIRE(writer.add(sample.entry));
  }
  REQUIRE(writer.finish());
  return bytes;
}

TEST_CASE("cpio writer: our own reader reads the same entries") {
  const auto samples = plain_samples();
  const std::string bytes = archive_of(samples);
  CHECK(bytes.size() % 512 == 0);
  CHECK(bytes == archive_of(samples));
  CpioReader reader(std::make_unique<MemorySource>(bytes, "cpio"), {});
  for (const Sample& sample : samples) {
    const auto entry = reader.next();
    REQUIRE(entry);
    REQUIRE(*entry != nullptr);
    CHECK((*entry)->path == sample.entry.path);
    CHECK((*entry)->mode == sample.entry.mode);
    CHECK((*entry)->link == sample.entry.link);
    CHECK(read_all(reader, 1 << 20) == sample.data);
  }
  const auto end = reader.next();
  REQUIRE(end);
  CHECK(*end == nullptr);
}

TEST_CASE("cpio writer: bsdtar reads every form") {
  for (const CpioFormat format : {CpioFormat::newc, CpioFormat::odc, CpioFormat::bin}) {
    Scratch scratch;
    std::string bytes;
    StringSink sink(bytes);
    CpioWriter writer(sink, format);
    CpioMember member;
    member.name = "odd";
    member.mode = S_IFREG | 0640;
    member.size = 5;
    member.inode = 70000;
    member.mtime = 1'000'000'000;
    REQUIRE(writer.add(member));
    REQUIRE(writer.write("12345"));
    member.name = "even name";
    member.size = 2;
    REQUIRE(writer.add(member));
    REQUIRE(writer.write("67"));
    REQUIRE(writer.finish());
    CHECK(writer.written() == bytes.size());
    scratch.write("archive", bytes);
    CHECK(scratch.output_of("bsdtar -xOf archive") == "1234567");
    CHECK(scratch.output_of("bsdtar -tf archive") == "odd\neven name\n");
  }
}

TEST_CASE("cpio writer: says what does not fit") {
  std::string bytes;
  StringSink sink(bytes);
  CpioWriter writer(sink, CpioFormat::odc);
  CpioMember member;
  CHECK_FALSE(writer.add(member));
  member.name = "x";
  member.uid = 1 << 20;
  CHECK_FALSE(writer.add(member));
  member.uid = 0;
  member.size = uint64_t{1} << 33;
  CHECK_FALSE(writer.add(member));
  member.size = 3;
  REQUIRE(writer.add(member));
  CHECK_FALSE(writer.write("four"));
  CHECK_FALSE(writer.finish());
}

}}  // namespace rescue
