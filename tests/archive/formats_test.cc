// The readers of archives as people have them: what they give, and what damage does to them.
#include <functional>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "lib/archive/acl_text.h"
#include "lib/archive/ar.h"
#include "lib/archive/ar_symbols.h"
#include "lib/archive/cpio_scan.h"
#include "lib/archive/name_transform.h"
#include "lib/archive/tar_scan.h"
#include "lib/archive/tar_snapshot.h"
#include "lib/archive/zip.h"
#include "tests/archive/samples.h"
#include "tests/scratch.h"

namespace rescue { namespace {

// Calls it with each shorter length of the bytes, and with each of them flipped.
void damage(std::string_view bytes, const std::function<void(std::string_view)>& read) {
  for (size_t length = 0; length < bytes.size(); ++length)
    read(bytes.substr(0, length));
  std::string flipped(bytes);
  for (char& byte : flipped) {
    byte = static_cast<char>(~byte);
    read(flipped);
    byte = static_cast<char>(~byte);
  }
}

// Names, and how many bytes each holds.
using Listing = std::vector<std::pair<std::string, uint64_t>>;

Result<Listing> scan_tar(std::string_view bytes) {
  TarScanner scanner(std::make_unique<MemorySource>(bytes, "tar"), false);
  Listing listing;
  while (const TarItem* item = TRY(scanner.next())) {
    listing.emplace_back(item->name, 0);
    while (true) {
      const auto piece = TRY(scanner.read());
      if (piece.data.empty())
        break;
      listing.back().second += piece.data.size();
    }
  }
  return listing;
}

Result<Listing> scan_cpio(std::string_view bytes) {
  CpioScanner scanner(std::make_unique<MemorySource>(bytes, "cpio"));
  Listing listing;
  while (const CpioItem* item = TRY(scanner.next())) {
    listing.emplace_back(item->name, 0);
    while (true) {
      const auto block = TRY(scanner.read());
      if (block.empty())
        break;
      listing.back().second += block.size();
    }
  }
  return listing;
}

Result<Listing> scan_zip(const Scratch& scratch, std::string_view bytes) {
  scratch.write("damaged", bytes);
  const UniqueFd fd = TRY(open_file(scratch.path("damaged"), O_RDONLY));
  Listing listing;
  for (const ZipMember& member : TRY(read_zip(fd.get(), "zip")).members) {
    const auto source = TRY(open_zip_member(fd.get(), "zip", member));
    listing.emplace_back(member.name, TRY(read_all(*source, 1 << 20)).size());
  }
  return listing;
}

void make_files(const Scratch& scratch) {
  scratch.write("one", "some content of the first file\n");
  scratch.write("two", std::string(3000, 'x'));
}

const Listing expected = {{"one", 31}, {"two", 3000}};

TEST_CASE("tar scanner: what GNU tar and bsdtar write, and what damage does to it") {
  const Scratch scratch;
  make_files(scratch);
  for (const char* const command : {"tar --format=gnu -cf - one two", "tar --format=pax -cf - one two",
                                    "tar --format=v7 -cf - one two", "bsdtar -cf - one two"}) {
    INFO(command);
    const std::string bytes = scratch.output_of(command);
    CHECK(scan_tar(bytes) == expected);
    damage(std::string_view(bytes).substr(0, 6000), [](std::string_view damaged) { (void)scan_tar(damaged); });
  }
}

TEST_CASE("tar scanner: each of GNU tar's sparse forms, and what damage does to their maps") {
  const Scratch scratch;
  (void)scratch.output_of(
      "truncate -s 10M s; for i in 1 3 5 7 9 11; do printf x | dd of=s bs=65536 seek=$i conv=notrunc; done");
  for (const char* const options : {"--format=gnu", "--posix --sparse-version=0.0", "--posix --sparse-version=0.1",
                                    "--posix --sparse-version=1.0"}) {
    INFO(options);
    const std::string bytes = scratch.output_of(str("tar -S ", options, " -cf - s"));
    TarScanner scanner(std::make_unique<MemorySource>(bytes, "tar"), false);
    const auto item = scanner.next();
    REQUIRE(item);
    REQUIRE(*item != nullptr);
    CHECK((*item)->name == "s");
    CHECK((*item)->sparse);
    CHECK((*item)->entry.size == 10 << 20);
    const auto piece = scanner.read();
    REQUIRE(piece);
    CHECK(piece->offset == 65536);
    CHECK(piece->data[0] == 'x');
    damage(std::string_view(bytes).substr(0, 3072), [](std::string_view damaged) { (void)scan_tar(damaged); });
  }
}

TEST_CASE("cpio scanner: every form, and what damage does to it") {
  const Scratch scratch;
  make_files(scratch);
  for (const char* const form : {"newc", "crc", "odc", "bin"}) {
    INFO(form);
    const std::string bytes = scratch.output_of(str("printf 'one\\ntwo\\n' | cpio --quiet -o -H ", form));
    CHECK(scan_cpio(bytes) == expected);
    for (size_t length = 0; length < 3100; ++length)
      CHECK_FALSE(scan_cpio(std::string_view(bytes).substr(0, length)));
    damage(std::string_view(bytes).substr(0, 400), [](std::string_view damaged) { (void)scan_cpio(damaged); });
  }
}

TEST_CASE("ar: names of both makers, and what damage does to it") {
  const Scratch scratch;
  make_files(scratch);
  (void)scratch.output_of("mv two a-name-longer-than-sixteen; ar rc x.ar one a-name-longer-than-sixteen");
  const std::string bytes = scratch.read("x.ar");
  const auto read = [&](std::string_view damaged) -> Result<Listing> {
    scratch.write("damaged", damaged);
    const UniqueFd fd = TRY(open_file(scratch.path("damaged"), O_RDONLY));
    Listing listing;
    for (const ArMember& member : TRY(read_ar(fd.get(), "ar")))
      listing.emplace_back(member.name, member.size);
    return listing;
  };
  CHECK(read(bytes) == Listing{{"one", 31}, {"a-name-longer-than-sixteen", 3000}});
  std::string bsd = "!<arch>\n#1/20           0           0     0     100644  23        `\n";
  bsd += std::string("a name of twenty\0\0\0\0abc\n", 24);
  CHECK(read(bsd) == Listing{{"a name of twenty", 3}});
  damage(std::string_view(bytes).substr(0, 400), [&](std::string_view damaged) { (void)read(damaged); });
}

TEST_CASE("ar: the symbols of an object, and what damage does to them") {
  const Scratch scratch;
  scratch.run(R"(printf '.globl f\nf: .byte 1\n.comm c,4\nh: .quad u\n' | as -o f.o)");
  const std::string object = scratch.read("f.o");
  const auto table_of = [](std::string_view bytes) {
    ArSymbols symbols;
    symbols.add(Bytes(bytes, "f.o"));
    return symbols.member({{.name = "f.o", .size = bytes.size()}}, 0, 0).value();
  };
  // Two symbols, both of the member behind the table.
  const std::string table = table_of(object);
  CHECK(table.substr(60) == std::string_view("\0\0\0\2\0\0\0\x54\0\0\0\x54"
                                             "f\0c\0",
                                             16));
  CHECK(table_of("no object").substr(60) == std::string_view("\0\0\0\0", 4));
  damage(object, [&](std::string_view bytes) { CHECK(table_of(bytes).size() >= 64); });
}

TEST_CASE("zip: what zip writes, and what damage does to it") {
  const Scratch scratch;
  make_files(scratch);
  (void)scratch.output_of("zip -q x.zip one two");
  const std::string bytes = scratch.read("x.zip");
  CHECK(scan_zip(scratch, bytes) == expected);
  damage(bytes, [&](std::string_view damaged) {
    const auto listing = scan_zip(scratch, damaged);
    // Names are not summed; everything else of the content is.
    if (listing)
      for (const auto& [name, size] : *listing)
        CHECK((size == 31 || size == 3000));
  });
}

TEST_CASE("tar snapshot: comes back as it was, and damage is told") {
  TarSnapshot snapshot;
  snapshot.start = {1'700'000'000, 5};
  snapshot.directories["dir"] = {.mtime = {12, 34}, .device = 5, .inode = 6, .contents = std::string("Ya\0Db\0", 6)};
  snapshot.directories["dir/b"] = {};
  const std::string text = snapshot.text();
  const auto again = TarSnapshot::parse(text, "snapshot");
  REQUIRE(again);
  CHECK(again->text() == text);
  CHECK(again->directories.size() == 2);
  for (size_t length = 1; length < text.size(); ++length)
    (void)TarSnapshot::parse(std::string_view(text).substr(0, length), "snapshot");
  CHECK_FALSE(TarSnapshot::parse(std::string_view(text).substr(0, text.size() - 1), "snapshot"));
  CHECK_FALSE(TarSnapshot::parse("nonsense", "snapshot"));
}

TEST_CASE("access control lists: to text and back, and damage is no list") {
  const std::string text = "user::rw-,user:1:r--,group::r--,group:7:rwx,mask::rwx,other::---";
  const auto bytes = acl_from_text(text, nullptr);
  REQUIRE(bytes);
  CHECK(bytes->size() == 4 + 6 * 8);
  CHECK(acl_to_text(*bytes, nullptr, ',') == text);
  CHECK(acl_from_text("u::6", nullptr) == std::nullopt);
  CHECK(acl_from_text("user:nobody-of-this-name:r--", nullptr) == std::nullopt);
  CHECK(acl_from_text("", nullptr) == std::nullopt);
  damage(*bytes, [](std::string_view damaged) { (void)acl_to_text(damaged, nullptr, ','); });
}

TEST_CASE("name transformation: sed's command s") {
  const auto changed = [](std::string_view rule, std::string name, NameScope scope = NameScope::member) {
    NameTransform transform;
    REQUIRE(transform.add(rule));
    return transform.apply(std::move(name), scope);
  };
  CHECK(changed("s/a/b/", "banana") == "bbnana");
  CHECK(changed("s/a/b/g", "banana") == "bbnbnb");
  CHECK(changed("s/a/b/2", "banana") == "banbna");
  CHECK(changed("s/a/b/2g", "banana") == "banbnb");
  CHECK(changed("s,^usr/,opt/,", "usr/lib") == "opt/lib");
  CHECK(changed("s/\\(.*\\)\\/\\(.*\\)/\\2 in \\1/", "a/b") == "b in a");
  CHECK(changed("s/(.)(.)/\\2\\1/x", "ab") == "ba");
  CHECK(changed("s/.*/\\U&/", "abc") == "ABC");
  CHECK(changed("s/.*/\\u&/", "abc") == "Abc");
  CHECK(changed("s/b*/x/g", "abc") == "xaxcx");
  CHECK(changed("s/a/b/;s/b/c/", "a") == "c");
  CHECK(changed("s/a/b/S", "a", NameScope::symbolic_link) == "a");
  CHECK(changed("s/a/b/H", "a", NameScope::hard_link) == "a");
  CHECK(changed("s/a/b/R", "a") == "a");
  NameTransform transform;
  for (const char* const bad : {"s", "x/a/b/", "s/a/b", "s/a/b/q", "s/\\(/b/"})
    CHECK_FALSE(transform.add(bad));
}

}}  // namespace rescue
