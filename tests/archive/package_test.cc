#include "lib/archive/package.h"

#include <doctest/doctest.h>

#include "tests/archive/rpm_builder.h"
#include "tests/archive/samples.h"
#include "tests/scratch.h"

namespace rescue { namespace {

struct Package {
  PackageInfo info;
  std::vector<Sample> samples;
};

Result<Package> read_file(const Scratch& scratch, EntryLimits limits = {}, PathPatterns* patterns = nullptr) {
  const auto fd = TRY(open_file(scratch.path("package"), O_RDONLY));
  const auto reader = TRY(PackageReader::open(fd.get(), "package", limits, patterns));
  Package package{reader->info(), {}};
  while (const Entry* entry = TRY(reader->next())) {
    package.samples.push_back({*entry, {}});
    package.samples.back().data = TRY(read_all(*reader, 1 << 20));
  }
  return package;
}

Result<Package> read_bytes(const Scratch& scratch, std::string_view bytes, EntryLimits limits = {}) {
  scratch.write("package", bytes);
  return read_file(scratch, limits);
}

void check_same(const std::vector<Sample>& found, const std::vector<Sample>& expected) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    INFO(expected[i].entry.path);
    CHECK(found[i].entry == expected[i].entry);
    CHECK(found[i].data == expected[i].data);
  }
}

// No package, and the reason is the package.
void check_bad(const Result<Package>& package) {
  REQUIRE_FALSE(package);
  CHECK(package.error().status() == Status::bad_data);
}

TEST_CASE("package: deb with every compression") {
  Scratch scratch;
  for (const std::string_view ending : {"", ".gz", ".bz2", ".xz", ".lzma", ".zst"}) {
    INFO(ending);
    const auto package = read_bytes(scratch, deb_of(odd_samples(), ending));
    REQUIRE(package);
    CHECK(package->info.kind == PackageKind::deb);
    CHECK(package->info.name == "libc6");
    CHECK(package->info.version == "2.36-9");
    CHECK(package->info.architecture == "amd64");
    CHECK(package->info.fields.find("Description")->second == "one\ntwo\n.");
    CHECK(package->info.md5sums.find("dir/file")->second == "0123456789abcdef0123456789abcdef");
    check_same(package->samples, odd_samples());
  }
}

TEST_CASE("package: rpm with every compression") {
  Scratch scratch;
  for (const std::string_view filter : {"", "gzip", "bzip2", "xz", "lzma"}) {
    INFO(filter);
    const auto package = read_bytes(scratch, rpm_of(plain_samples(), filter));
    REQUIRE(package);
    CHECK(package->info.kind == PackageKind::rpm);
    CHECK(package->info.name == "glibc");
    CHECK(package->info.version == "2.28-251.el8");
    CHECK(package->info.architecture == "x86_64");
    check_same(package->samples, plain_samples());
  }
}

// Three names of one file, the last with the data; in the header of an RPM that has inodes.
std::string linked_rpm(bool stripped) {
  using rpm::Tag;
  RpmHeaderBuilder header;
  header.text(Tag::name, "x").text(Tag::version, "1").text(Tag::release, "1");
  header.texts(Tag::base_names, {"a", "b", "c", "ghost"}).texts(Tag::dir_names, {"/"});
  header.numbers(Tag::dir_indexes, {0, 0, 0, 0}).numbers(Tag::file_sizes, {4, 4, 4, 9});
  header.numbers(Tag::file_modes, {0100755, 0100755, 0100755, 0100644}, rpm::Type::int16);
  header.numbers(Tag::file_flags, {0, 1, 0, 64}).numbers(Tag::file_inodes, {1, 1, 1, 2});
  header.numbers(Tag::file_devices, {1, 1, 1, 1}).texts(Tag::file_caps, {"cap_kill=p", "cap_kill=p", "cap_kill=p", ""});
  std::string payload;
  for (uint32_t i = 0; i < 3; ++i) {
    const std::string_view size = i == 2 ? "00000004" : "00000000";
    if (stripped)
      payload += str("07070X0000000", i, std::string_view("\0\0", 2));
    else
      payload += str("07070100000001000081ed", std::string(16, '0'), "00000003", "00000000", size, std::string(32, '0'),
                     "00000004", "00000000", "./", "abc"[i], std::string_view("\0\0\0", 3));
    payload += i == 2 ? "data" : "";
  }
  payload += str("070701", std::string(88, '0'), "0000000b", "00000000", "TRAILER!!!", std::string(4, '\0'));
  return rpm_around(header.bytes(), payload);
}

std::string shown(const Package& package) {
  std::string text;
  for (const Sample& sample : package.samples)
    text += str(sample.entry.path, sample.entry.type == EntryType::hardlink ? " -> " : " = ",
                sample.entry.type == EntryType::hardlink ? sample.entry.link : sample.data, '\n');
  return text;
}

TEST_CASE("package: rpm with a payload without headers") {
  Scratch scratch;
  const auto package = read_bytes(scratch, stripped_rpm_of(plain_samples()));
  REQUIRE(package);
  check_same(package->samples, plain_samples());
}

TEST_CASE("package: rpm with hard links, capabilities and ghosts") {
  Scratch scratch;
  for (const bool stripped : {false, true}) {
    const auto package = read_bytes(scratch, linked_rpm(stripped));
    REQUIRE(package);
    CHECK(shown(*package) == "c = data\na -> c\nb -> c\n");
    CHECK(package->samples[0].entry.xattrs ==
          std::vector<Xattr>{{"security.capability", std::string("\0\0\0\2\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20)}});
  }
}

TEST_CASE("package: rpm with patterns: a name that is left out does not take the data along") {
  Scratch scratch;
  for (const bool stripped : {false, true}) {
    scratch.write("package", linked_rpm(stripped));
    PathPatterns patterns({"/a", "./b"});
    const auto package = read_file(scratch, {}, &patterns);
    REQUIRE(package);
    CHECK(shown(*package) == "a = data\nb -> a\n");
    CHECK(patterns.unmatched().empty());
  }
}

TEST_CASE("package: patterns take whole directories, and names anywhere") {
  PathPatterns patterns({"usr/lib*", "libc.so.?", "./etc/", "**/x"});
  CHECK(patterns.wants("./usr/lib64/a/b"));
  CHECK(patterns.wants("/lib64/libc.so.6"));
  CHECK(patterns.wants("etc/passwd"));
  CHECK(patterns.unmatched() == "**/x");
  CHECK(patterns.wants("a/b/x"));
  CHECK_FALSE(patterns.wants("usr/share/doc"));
  CHECK_FALSE(patterns.wants("opt/etc/x.conf"));
}

TEST_CASE("package: rpm whose header and payload contradict each other is bad") {
  Scratch scratch;
  const std::string good = stripped_rpm_of(plain_samples());
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string bytes = good;
    const size_t at = bytes.rfind(from);
    REQUIRE(at != std::string::npos);
    bytes.replace(at, from.size(), to);
    return read_bytes(scratch, bytes);
  };
  CHECK(changed("content\n", "CONTENT\n"));
  check_bad(changed("07070X00000001", "07070X00000000"));  // twice
  check_bad(changed("07070X00000001", "07070X00000003"));  // unknown
  check_bad(changed("dir/file", "dir/FILE"));              // another target
  std::vector<Sample> fewer = plain_samples();
  fewer.pop_back();
  const std::string short_payload = rpm_of(fewer, "");
  const std::string whole = rpm_of(plain_samples(), "");
  // A payload that lacks a file, or has one too many.
  check_bad(
      read_bytes(scratch, whole.substr(0, whole.find("070701")) + short_payload.substr(short_payload.find("070701"))));
  check_bad(
      read_bytes(scratch, short_payload.substr(0, short_payload.find("070701")) + whole.substr(whole.find("070701"))));
}

TEST_CASE("package: tar archives with every compression, and none") {
  Scratch scratch;
  for (const std::string_view filter : {"", "gzip", "bzip2", "xz", "lzma", "zst"}) {
    INFO(filter);
    const auto package = read_bytes(scratch, compressed(tar_of(odd_samples()), filter));
    REQUIRE(package);
    CHECK(package->info.kind == PackageKind::archive);
    check_same(package->samples, odd_samples());
  }
}

TEST_CASE("package: dpkg-deb's own, as it lists them") {
  Scratch scratch;
  scratch.output_of(
      "mkdir -p p/DEBIAN p/usr/lib && echo x >p/usr/lib/x && ln p/usr/lib/x p/usr/lib/y && "
      "printf 'Package: x\\nVersion: 1:2-3\\nArchitecture: all\\nMaintainer: x\\nDescription: x\\n' "
      ">p/DEBIAN/control");
  for (const std::string_view way : {"none", "gzip", "xz", "zstd"}) {
    INFO(way);
    if (scratch.run(str("dpkg-deb --root-owner-group -Z", way, " -b p package")) != 0) {
      // An older dpkg-deb does not know zstd.
      CHECK(way == "zstd");
      continue;
    }
    const auto package = read_file(scratch);
    REQUIRE(package);
    CHECK(package->info.version == "1:2-3");
    std::string names;
    for (const Sample& sample : package->samples)
      names += str(sample.entry.path, sample.entry.type == EntryType::directory ? "/\n" : "\n");
    CHECK(names == scratch.output_of("dpkg-deb --fsys-tarfile package | tar -t | sed 's,^\\./$,./,'"));
  }
}

TEST_CASE("package: of several names in cpio, the one with the data comes first") {
  Scratch scratch;
  scratch.output_of(
      "echo x >a && ln a b && ln a c && touch d && ln d e && echo z >f && ln f not-archived && "
      "printf '%s\\n' a d b e c f | bsdcpio -o -H newc >package");
  const auto package = read_file(scratch);
  REQUIRE(package);
  std::string found;
  for (const Sample& sample : package->samples)
    found += str(sample.entry.path, sample.entry.type == EntryType::hardlink ? " -> " : " = ",
                 sample.entry.type == EntryType::hardlink ? sample.entry.link : trim(sample.data.substr(0, 1)), '\n');
  CHECK(found == "e = \nd -> e\nc = x\na -> c\nb -> c\nf = z\n");
}

TEST_CASE("package: every shorter length is an error, save zeros behind the end") {
  Scratch scratch;
  const std::string zeros(512, '\0');
  for (const std::string& bytes : {deb_of(plain_samples(), ".xz"), deb_of(plain_samples(), ".gz"),
                                   rpm_of(plain_samples(), "gzip"), stripped_rpm_of(plain_samples())}) {
    const size_t end = bytes.find_last_not_of('\0') + 1;
    for (size_t length = 0; length < end; ++length) {
      INFO(length, " of ", bytes.size());
      const auto package = read_bytes(scratch, std::string_view(bytes).substr(0, length));
      // An odd member of ar ends with a filler byte that nobody needs.
      if (length + 1 < end || bytes[end - 1] != '\n')
        check_bad(package);
    }
  }
}

TEST_CASE("package: flipped bytes give a value or an error") {
  Scratch scratch;
  for (const std::string& bytes :
       {deb_of(plain_samples(), ""), deb_of(plain_samples(), ".zst"), deb_of(plain_samples(), ".lzma"),
        rpm_of(plain_samples(), ""), linked_rpm(true), stripped_rpm_of(plain_samples())})
    for (size_t i = 0; i < bytes.size(); i += 7) {
      std::string changed = bytes;
      changed[i] ^= '\x41';
      const auto package = read_bytes(scratch, changed);
      if (!package)
        CHECK_FALSE(message(package.error()).empty());
    }
}

TEST_CASE("package: bombs end at their limits") {
  Scratch scratch;
  std::vector<Sample> samples = {{Entry{.path = "zeros", .mode = 0644}, std::string(5'000'000, '\0')}};
  for (const std::string_view ending : {".gz", ".xz", ".bz2", ".zst"})
    check_bad(read_bytes(scratch, deb_of(samples, ending), {.entries = 100, .total_size = 1'000'000}));
}

TEST_CASE("package: what is no package is said so") {
  Scratch scratch;
  check_bad(read_bytes(scratch, "hello"));
  check_bad(read_bytes(scratch, ""));
  check_bad(read_bytes(scratch, ar_of({{"debian-binary", "2.0\n"}})));
  const auto directory = [] {
    const auto fd = open_file("/", O_RDONLY);
    REQUIRE(fd);
    return PackageReader::open(fd->get(), "/").has_value();
  };
  CHECK_FALSE(directory());
}

}}  // namespace rescue
