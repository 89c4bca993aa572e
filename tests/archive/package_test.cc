#include "lib/archive/package.h"

#include <doctest/doctest.h>

#include "tests/archive/samples.h"
#include "tests/scratch.h"

namespace rescue { namespace {

struct Package {
  PackageInfo info;
  std::vector<Sample> samples;
};

Result<Package> read_file(const Scratch& scratch, EntryLimits limits = {}) {
  const auto fd = TRY(open_file(scratch.path("package"), O_RDONLY));
  const auto reader = TRY(PackageReader::open(fd.get(), "package", limits));
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
  CHECK(package.error().status == Status::bad_data);
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
                                   rpm_of(plain_samples(), "gzip"), rpm_of(plain_samples(), "")}) {
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
  for (const std::string& bytes : {deb_of(plain_samples(), ""), deb_of(plain_samples(), ".zst"),
                                   deb_of(plain_samples(), ".lzma"), rpm_of(plain_samples(), "")})
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
