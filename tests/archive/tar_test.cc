#include "lib/archive/tar.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "lib/archive/zstd.h"
#include "tests/archive/samples.h"
#include "tests/scratch.h"

namespace rescue { namespace {

// Hands out at most `piece` bytes at a time, each time from memory of its own, which the next call takes away.
class PieceSource : public Source {
 public:
  PieceSource(std::string_view bytes, size_t piece) : bytes_(bytes), piece_(piece) {}
  Result<std::string_view> next() override {
    current_.assign(bytes_.substr(0, piece_));
    current_.shrink_to_fit();
    bytes_.remove_prefix(current_.size());
    return current_;
  }
  std::string_view path() const override { return "test.tar"; }

 private:
  std::string_view bytes_;
  size_t piece_;
  std::string current_;
};

Result<std::vector<Sample>> read_entries(EntryReader& reader) {
  std::vector<Sample> samples;
  while (const Entry* entry = TRY(reader.next())) {
    Sample sample{*entry, {}};
    sample.data = TRY(read_all(reader, 1 << 20));
    samples.push_back(std::move(sample));
  }
  return samples;
}

Result<std::vector<Sample>> read_tar(std::string_view bytes, EntryLimits limits = {}, size_t piece = 1 << 20) {
  TarReader reader(std::make_unique<PieceSource>(bytes, piece), limits);
  return read_entries(reader);
}

// The words of the error; fails the test where there is none, or where it is not the archive's fault.
std::string error_of(std::string_view bytes, EntryLimits limits = {}) {
  const auto samples = read_tar(bytes, limits);
  REQUIRE_FALSE(samples);
  CHECK(samples.error().status() == Status::bad_data);
  CHECK(samples.error().path() == "test.tar");
  return std::string(samples.error().detail());
}

void check_same(const std::vector<Sample>& found, const std::vector<Sample>& expected) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    INFO(expected[i].entry.path);
    CHECK(found[i].entry == expected[i].entry);
    CHECK(found[i].data == expected[i].data);
  }
}

// Corrects the checksum of the header at `offset` after a change.
void seal(std::string& tar, size_t offset = 0) {
  std::fill_n(tar.begin() + static_cast<ptrdiff_t>(offset) + 148, 8, ' ');
  unsigned sum = 0;
  for (const char c : tar.substr(offset, 512))
    sum += static_cast<uint8_t>(c);
  std::string digits = to_octal(sum);
  digits.insert(0, 6 - digits.size(), '0');
  tar.replace(offset + 148, 8, digits + '\0' + ' ');
}

std::string pax_member(std::string_view records) {
  Sample sample;
  sample.entry.path = "pax";
  sample.data = records;
  std::string tar = tar_of({sample});
  tar[156] = 'x';
  seal(tar);
  tar.resize(tar.size() - 1024);
  return tar;
}

TEST_CASE("tar: what is written reads back the same, whatever the blocks it comes in") {
  const auto samples = odd_samples();
  const std::string tar = tar_of(samples);
  CHECK(tar.size() % 512 == 0);
  for (const size_t piece : {1, 7, 511, 512, 513, 1000, 10240, 1 << 20}) {
    INFO(piece);
    const auto found = read_tar(tar, {}, piece);
    REQUIRE(found);
    check_same(*found, samples);
  }
}

TEST_CASE("tar: entries whose data is not read are passed over") {
  const std::string tar = tar_of(odd_samples());
  TarReader reader(std::make_unique<PieceSource>(tar, 1000));
  size_t count = 0;
  while (true) {
    const auto entry = reader.next();
    REQUIRE(entry);
    if (*entry == nullptr)
      break;
    ++count;
    if (count % 2 == 0)
      CHECK(reader.read());
  }
  CHECK(count == odd_samples().size());
  CHECK(*reader.next() == nullptr);
}

TEST_CASE("tar: same entries, same bytes") {
  CHECK(tar_of(odd_samples()) == tar_of(odd_samples()));
  auto samples = odd_samples();
  for (Sample& sample : samples)
    std::ranges::reverse(sample.entry.xattrs);
  CHECK(tar_of(samples) == tar_of(odd_samples()));
}

TEST_CASE("tar: a plain entry takes one block, without a pax header") {
  CHECK(tar_of(plain_samples()).size() == 512 * (3 + 1 + 2));
}

TEST_CASE("tar: what cannot be archived is refused") {
  std::string bytes;
  StringSink sink(bytes);
  const auto refused = [&](Entry entry) {
    TarWriter writer(sink);
    return !writer.add(entry);
  };
  CHECK(refused({.path = "s", .type = EntryType::socket}));
  CHECK(refused({.path = ""}));
  CHECK(refused({.path = "l", .type = EntryType::symlink}));
  CHECK(refused({.path = std::string("a\0b", 3)}));
  CHECK(refused({.path = "d", .type = EntryType::directory, .size = 1}));
  CHECK(refused({.path = "c", .type = EntryType::character, .device_major = 1 << 21}));
  TarWriter longer(sink);
  REQUIRE(longer.add(Entry{.path = "f", .size = 3}));
  CHECK_FALSE(longer.write("four"));
  TarWriter shorter(sink);
  REQUIRE(shorter.add(Entry{.path = "f", .size = 3}));
  REQUIRE(shorter.write("ab"));
  CHECK_FALSE(shorter.finish());
}

TEST_CASE("tar: every shorter length is an error") {
  const std::string tar = tar_of(plain_samples());
  // One block of zeros is an end mark too; only zeros are missing then.
  const size_t whole = tar.size() - 512;
  for (size_t length = 0; length < tar.size(); ++length) {
    INFO(length);
    const auto found = read_tar(std::string_view(tar).substr(0, length));
    CHECK(found.has_value() == (length >= whole));
  }
}

TEST_CASE("tar: every flipped byte of a header is an error, or makes no difference") {
  const auto samples = odd_samples();
  for (const Sample& sample : samples) {
    Sample small = sample;
    small.data.resize(std::min<size_t>(small.data.size(), 10));
    const std::string tar = tar_of({small});
    for (size_t i = 0; i < tar.size(); ++i)
      for (const char flip : {'\x01', '\x80'}) {
        std::string changed = tar;
        changed[i] ^= flip;
        (void)read_tar(changed);  // neither crash nor endless loop
        if (i < 512)
          seal(changed);
        (void)read_tar(changed);
      }
  }
  const std::string tar = tar_of(plain_samples());
  for (size_t i = 0; i < 512; ++i) {
    std::string changed = tar;
    changed[i] ^= '\x01';
    // The last byte of the checksum's own field is filler.
    CHECK(read_tar(changed).has_value() == (i == 155));
  }
}

TEST_CASE("tar: damage is named") {
  const std::string tar = tar_of(plain_samples());
  CHECK(error_of("") == "ends without its end mark; was it cut off?");
  CHECK(error_of(std::string(1000, 'x')) == "a header is damaged: its checksum is wrong");
  CHECK(error_of(tar + "x") == "there is something behind its end");
  CHECK(error_of(pax_member("9 path=x\n") + std::string(1024, '\0')) == "the last header belongs to no member");
  std::string sparse = tar;
  sparse[156] = 'S';
  seal(sparse);
  CHECK(error_of(sparse).contains("not supported"));
  CHECK(error_of(pax_member("22 GNU.sparse.major=1\n") + tar).contains("sparse"));
}

TEST_CASE("tar: malformed pax records are errors") {
  const std::string tar = tar_of(plain_samples());
  CHECK(read_tar(pax_member("9 path=x\n") + tar));
  for (const std::string_view records :
       {"9 path=x", "8 path=x\n", "11 path=x\n", "99999999999999999999 path=x\n", "-9 path=x\n", "5 =x\n", "2 ", "\n",
        "0 path=x\n", "4 a\n", "11 size=ab\n", "12 mtime=ab\n", "10 uid=-1\n", "18446744073709551615 p=x\n",
        "28 uid=99999999999999999999\n", "18 uid=4294967296\n", "27 LIBARCHIVE.xattr.a=?bad\n",
        "19 SCHILY.xattr.=x\n"}) {
    INFO(records);
    CHECK_FALSE(read_tar(pax_member(records) + tar));
  }
  CHECK_FALSE(read_tar(pax_member(std::string_view("11 path=a\0b\n", 12)) + tar));
}

TEST_CASE("tar: huge sizes are refused, not waited for") {
  const std::string tar = tar_of({{Entry{.path = "f"}, ""}});
  CHECK(error_of(pax_member("29 size=18446744073709551615\n") + tar) == "'f' is larger than it may be");
  CHECK(error_of(pax_member("28 size=9223372036854775807\n") + tar) == "'f' is larger than it may be");
  CHECK(error_of(pax_member("14 size=10000\n") + tar, {.entry_size = 9999}) == "'f' is larger than it may be");
  CHECK(error_of(tar_of(odd_samples()), {.total_size = 100100}).contains("is larger than it may be"));
  CHECK(error_of(tar_of(odd_samples()), {.entries = 5}) == "holds more than the 5 members that it may");
  CHECK(error_of(tar_of(odd_samples()), {.text = 99}).contains("longer than it can be"));
  CHECK(error_of(tar_of(odd_samples()), {.xattrs = 20}).contains("extended attributes are too large"));
  std::string header = pax_member("9 path=x\n");
  header.replace(124, 12, std::string("77777777777\0", 12));
  seal(header);
  CHECK(error_of(header).contains("longer than it can be"));
}

TEST_CASE("tar: content of what is no file is refused") {
  Sample sample{Entry{.path = "d"}, "content"};
  for (const char type : {'1', '2', '3', '5', '6'}) {
    std::string tar = tar_of({sample});
    tar[156] = type;
    tar[157] = 'x';
    seal(tar);
    CHECK(error_of(tar) == "'d' has content, and is no file");
  }
}

TEST_CASE("tar: numbers in base 256") {
  std::string tar = tar_of({{Entry{.path = "f"}, "abc"}});
  tar.replace(124, 12, std::string("\x80\0\0\0\0\0\0\0\0\0\0\3", 12));
  tar.replace(136, 12, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe");
  seal(tar);
  const auto found = read_tar(tar);
  REQUIRE(found);
  CHECK((*found)[0].data == "abc");
  CHECK((*found)[0].entry.mtime == -2);
  tar.replace(124, 12, std::string("\x80\1\0\0\0\0\0\0\0\0\0\0", 12));
  seal(tar);
  CHECK(error_of(tar) == "a header is damaged");
}

// With GNU tar and bsdtar, both ways.

// A tree with everything that can be made without being root.
constexpr std::string_view make_tree =
    "mkdir -p tree/dir && cd tree && echo content >dir/file && ln dir/file hard && ln -s dir/file link && "
    "mkfifo fifo && touch -d '1960-01-01 UTC' old && touch -d '2500-06-01 12:00:00.123456789 UTC' new && "
    "echo x >\"$(printf 'l%.0s' $(seq 180))\" && ln -s \"$(printf 't%.0s' $(seq 300))\" far && "
    "echo y >\"$(printf 'n\\351%.0s' $(seq 80))\" && echo z >\"$(printf 'latin\\351')\" && "
    "echo u >\"$(printf 'utf8-\\303\\251%.0s' $(seq 30))\" && chmod 4755 dir/file && chmod 1777 dir && cd ..";

// Type, mode, number of names, size, time, name and target of all files of a tree.
constexpr std::string_view list_tree =
    "find . ! -type d -printf '%y %m %n %s %T+ %p %l\\n' -o -printf '%y %m %p\\n' | sort";

TEST_CASE("tar: archives of GNU tar and bsdtar in all their formats") {
  Scratch scratch;
  scratch.output_of(make_tree);
  const std::string_view commands[] = {"tar --format=pax -cf a.tar -C tree .", "tar --format=gnu -cf a.tar -C tree .",
                                       "LC_ALL=C.UTF-8 bsdtar --format=pax -cf a.tar -C tree .",
                                       "bsdtar --format=gnutar -cf a.tar -C tree ."};
  for (const std::string_view command : commands) {
    INFO(command);
    // bsdtar warns of names that are no UTF-8, and archives them all the same.
    (void)scratch.run(command);
    const std::string archived = scratch.read("a.tar");
    const auto found = read_tar(archived);
    REQUIRE(found);
    // Written anew by us and unpacked by GNU tar, it is the same tree.
    std::string again;
    StringSink sink(again);
    TarWriter writer(sink);
    for (const Sample& sample : *found) {
      REQUIRE(writer.add(sample.entry));
      REQUIRE(writer.write(sample.data));
    }
    REQUIRE(writer.finish());
    scratch.write("b.tar", again);
    const std::string theirs =
        scratch.output_of(str("rm -rf x && mkdir x && tar -xpf a.tar -C x && cd x && ", list_tree));
    const std::string ours =
        scratch.output_of(str("rm -rf y && mkdir y && tar -xpf b.tar -C y && cd y && ", list_tree));
    CHECK(ours == theirs);
  }
}

TEST_CASE("tar: GNU tar and bsdtar unpack ours exactly") {
  Scratch scratch;
  scratch.output_of(make_tree);
  scratch.output_of("tar --format=pax -cf a.tar -C tree .");
  const auto found = read_tar(scratch.read("a.tar"));
  REQUIRE(found);
  const std::string again = tar_of(*found);
  scratch.write("b.tar", again);
  scratch.write("b.tzst", zstd_of(again));
  const std::string expected = scratch.output_of(str("cd tree && ", list_tree));
  for (const std::string_view command :
       {"tar -xpf b.tar -C x", "bsdtar -xpf b.tar -C x", "tar --zstd -xpf b.tzst -C x", "bsdtar -xpf b.tzst -C x"}) {
    INFO(command);
    CHECK(scratch.output_of(str("rm -rf x && mkdir x && ", command, " && cd x && ", list_tree)) == expected);
  }
}

TEST_CASE("tar: bsdtar and GNU tar read our extended attributes") {
  Scratch scratch;
  std::vector<Sample> samples = {{Entry{.path = "f", .mode = 0644, .xattrs = {{"user.rescue", "a=b\n"}}}, "x"}};
  scratch.write("a.tar", tar_of(samples));
  // Both keep the attributes of an archive that they copy or list.
  CHECK(scratch.output_of("tar --xattrs --xattrs-include='*' -tvvf a.tar").contains("user.rescue"));
  scratch.output_of("bsdtar --format=pax -cf b.tar @a.tar");
  const auto found = read_tar(scratch.read("b.tar"));
  REQUIRE(found);
  CHECK((*found)[0].entry.xattrs == samples[0].entry.xattrs);
}

}}  // namespace rescue
