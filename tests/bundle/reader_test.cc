#include "lib/bundle/reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "lib/base/text.h"
#include "lib/crypto/minisign.h"
#include "tests/bundle/forge.h"
#include "tests/scratch.h"

namespace rescue { namespace {

// Opens and verifies the bytes as a bundle.
Result<Bundle> check(const Scratch& scratch, std::string_view bytes, const TrustPolicy& trust = {}) {
  scratch.write("test.tzst", bytes);
  Bundle bundle = TRY(Bundle::open(scratch.path("test.tzst"), trust));
  TRY(bundle.verify());
  return bundle;
}

// The error's text; it must ask for the exit status of bad bundles.
std::string fault(const Scratch& scratch, std::string_view bytes, const TrustPolicy& trust = {}) {
  const auto bundle = check(scratch, bytes, trust);
  if (bundle)
    return {};
  CHECK(bundle.error().status() == Status::bad_data);
  return message(bundle.error());
}

// Writes down what comes.
struct Recorder : MemberSink {
  std::string text;
  bool wants_all = true;

  Result<bool> begin(const ManifestEntry& entry, const MemberExtras& extras) override {
    text += str('[', entry.path, extras.hard_link_to.empty() ? "" : " = ", extras.hard_link_to, ' ');
    return wants_all || entry.path.ends_with("su");
  }
  Result<> data(std::span<const char> piece) override {
    text.append(piece.data(), piece.size());
    return {};
  }
  Result<> end() override {
    text += ']';
    return {};
  }
};

TEST_CASE("reader: a whole bundle tells what it is, and gives its members in order") {
  const Scratch scratch;
  auto bundle = check(scratch, whole_bundle().bundle());
  REQUIRE(bundle);
  CHECK(bundle->path() == scratch.path("test.tzst"));
  CHECK(bundle->info().name == "glibc");
  CHECK(bundle->manifest().entries.size() == 7);
  CHECK_FALSE(bundle->signer());
  CHECK(bundle->extras(3).xattrs == Xattrs{{"user.note", "kept"}});
  CHECK(bundle->extras(3).mtime == 1000000);
  CHECK(bundle->extras(6).hard_link_to == "usr/lib/libc.so.6");
  const std::string expected =
      "[usr ][usr/lib ][lib ][usr/lib/libc.so.6 not really libc][usr/lib/empty ][usr/lib/su may do more]"
      "[usr/lib/other-name = usr/lib/libc.so.6 ]";
  Recorder recorder;
  REQUIRE(bundle->read_members(recorder));
  CHECK(recorder.text == expected);
  SUBCASE("without having been verified it is decoded and checked on the way") {
    auto fresh = Bundle::open(scratch.path("test.tzst"), {});
    REQUIRE(fresh);
    Recorder streamed;
    REQUIRE(fresh->read_members(streamed));
    CHECK(streamed.text == expected);
  }
  SUBCASE("what is not wanted is not given") {
    Recorder choosy;
    choosy.wants_all = false;
    REQUIRE(bundle->read_members(choosy));
    CHECK(choosy.text ==
          "[usr [usr/lib [lib [usr/lib/libc.so.6 [usr/lib/empty [usr/lib/su may do more]"
          "[usr/lib/other-name = usr/lib/libc.so.6 ");
  }
}

TEST_CASE("reader: a file too large for memory is decoded twice, with the same result") {
  const Scratch scratch;
  Forge forge = whole_bundle();
  // Random bytes do not shrink, so the bundle itself does not fit either.
  std::string large(70 << 20, '\0');
  uint64_t state = 88172645463325252;
  for (char& byte : large) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<char>(state);
  }
  forge.file("usr/large", large);
  auto bundle = check(scratch, forge.bundle());
  REQUIRE(bundle);
  struct Counter : MemberSink {
    uint64_t bytes = 0;
    Sha256 sha;
    Result<bool> begin(const ManifestEntry& entry, const MemberExtras&) override { return entry.path == "usr/large"; }
    Result<> data(std::span<const char> piece) override {
      bytes += piece.size();
      sha.update({piece.data(), piece.size()});
      return {};
    }
    Result<> end() override { return {}; }
  } counter;
  REQUIRE(bundle->read_members(counter));
  CHECK(counter.bytes == large.size());
  CHECK(counter.sha.finish() == Sha256::of(large));
  SUBCASE("a change of the file after it was verified is noticed") {
    const auto fd = open_file(scratch.path("test.tzst"), O_WRONLY);
    REQUIRE(fd);
    REQUIRE(::ftruncate(fd->get(), 1 << 20) == 0);
    const auto again = bundle->read_members(counter);
    REQUIRE_FALSE(again);
    CHECK(again.error().status() == Status::bad_data);
  }
}

TEST_CASE("reader: a member that is not what the manifest says is refused") {
  const Scratch scratch;
  Forge forge = whole_bundle();
  const auto libc = [&]() -> Entry& { return forge.member("usr/lib/libc.so.6"); };
  SUBCASE("mode") {
    libc().mode = 0777;
  }
  SUBCASE("owner") {
    libc().uid = 1;
  }
  SUBCASE("group") {
    libc().gid = 1;
  }
  SUBCASE("mode of a directory") {
    forge.member("usr").mode = 0777;
  }
  SUBCASE("type") {
    forge.member("lib").type = EntryType::directory;
  }
  SUBCASE("target") {
    forge.member("lib").link = "/etc";
  }
  SUBCASE("name") {
    forge.member("usr/lib/empty").path = "usr/lib/full";
  }
  SUBCASE("a name that only looks the same") {
    forge.member("usr/lib/empty").path = "./usr/lib/empty";
  }
  SUBCASE("content") {
    forge.members[3].content[0] = 'N';
  }
  SUBCASE("size") {
    forge.members[3].content += '!';
    libc().size = forge.members[3].content.size();
  }
  SUBCASE("a device") {
    forge.member("usr/lib/empty").type = EntryType::character;
  }
  SUBCASE("a FIFO") {
    forge.member("usr/lib/empty").type = EntryType::fifo;
  }
  SUBCASE("order") {
    std::swap(forge.members[3], forge.members[4]);
  }
  SUBCASE("one too few") {
    forge.members.pop_back();
  }
  SUBCASE("one too many") {
    forge.members.push_back({{.path = "usr/more", .mode = 0644}, ""});
  }
  SUBCASE("the same twice") {
    forge.members.insert(forge.members.begin() + 3, forge.members[3]);
  }
  SUBCASE("hard link of the wrong file") {
    forge.members[6].entry.link = "usr/lib/su";
  }
  SUBCASE("hard link of what is not there") {
    forge.members[6].entry.link = "etc/shadow";
  }
  SUBCASE("hard link through a link") {
    forge.members[6].entry.link = "lib/libc.so.6";
  }
  SUBCASE("a copy where the manifest has two names of one file") {
    forge.members[6] = {{.path = "usr/lib/other-name", .mode = 0755, .size = 15}, "not really libc"};
  }
  SUBCASE("capabilities that the recipe does not name") {
    libc().xattrs = {{"security.capability", "x"}};
  }
  SUBCASE("an attribute that steers overlayfs") {
    libc().xattrs = {{"trusted.overlay.opaque", "y"}};
  }
  CHECK(fault(scratch, forge.bundle()) != "");
}

TEST_CASE("reader: capabilities are fine where the recipe names the file") {
  const Scratch scratch;
  Forge forge = whole_bundle();
  forge.member("usr/lib/su").xattrs = {{"security.capability", "x"}};
  CHECK(fault(scratch, forge.bundle()) == "");
}

TEST_CASE("reader: a hostile manifest is refused before any member is read") {
  const Scratch scratch;
  Forge forge = whole_bundle();
  for (const std::string_view line :
       {"./../etc/passwd", "/etc/passwd", "./lib/x", "./usr/a\\012b", "./usr/\\377", "./usr/lib/su", "./new/x"}) {
    CAPTURE(line);
    forge.manifest_text = str(forge.manifest.print(), line,
                              " type=file mode=0644 uid=0 gid=0 size=0 sha256digest=", std::string(64, '0'), "\n");
    CHECK(fault(scratch, forge.bundle()).contains("manifest: line 10"));
  }
}

TEST_CASE("reader: a decompression bomb is refused") {
  const Scratch scratch;
  Forge forge = whole_bundle();
  SUBCASE("more bytes than the manifest's sizes add up to") {
    forge.members[3].content.assign(80 << 20, '\0');
    forge.member("usr/lib/libc.so.6").size = 80 << 20;
    CHECK(fault(scratch, forge.bundle()) != "");
  }
  SUBCASE("a manifest that claims more than the file can hold") {
    forge.manifest.entries[3].size = uint64_t{1} << 50;
    CHECK(fault(scratch, forge.bundle()).contains("claims to hold"));
  }
  SUBCASE("endless information") {
    forge.info += std::string(2 << 20, '\n');
    CHECK(fault(scratch, forge.bundle()).contains(".rescue/info is too long"));
  }
  SUBCASE("zeros behind the end of the archive") {
    CHECK(fault(scratch, Forge::compress(forge.tar() + std::string(80 << 20, '\0'))) != "");
  }
}

TEST_CASE("reader: what is no bundle is said to be none") {
  const Scratch scratch;
  CHECK(fault(scratch, "") != "");
  CHECK(fault(scratch, "hello") != "");
  CHECK(fault(scratch, Forge::compress("hello")) != "");
  CHECK(fault(scratch, whole_bundle().tar()) != "");
  std::string other;
  StringSink sink(other);
  TarWriter writer(sink);
  REQUIRE(writer.add({.path = "etc/passwd", .mode = 0644}, "root"));
  REQUIRE(writer.finish());
  CHECK(fault(scratch, Forge::compress(other)).contains("it is no bundle"));
  CHECK(fault(scratch, whole_bundle().bundle() + "more") != "");
  CHECK(fault(scratch, whole_bundle().bundle() + Forge::compress("more")) != "");
}

TEST_CASE("reader: what cannot be read twice is no bundle, and a missing file is no bad one") {
  const Scratch scratch;
  const auto missing = Bundle::open(scratch.path("none.tzst"), {});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code() == ENOENT);
  REQUIRE(::mkfifo(scratch.path("fifo").c_str(), 0600) == 0);
  CHECK_FALSE(Bundle::open(scratch.path("fifo"), {}));
  CHECK_FALSE(Bundle::open(scratch.path(""), {}));
}

TEST_CASE("reader: every shorter bundle is refused, and so is every changed byte that changes anything") {
  const Scratch scratch;
  const std::string bytes = whole_bundle().bundle();
  for (size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK(fault(scratch, std::string_view(bytes).substr(0, length)) != "");
  }
  const std::string list = check(scratch, bytes)->manifest().print();
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    // A few bits of a zstd frame mean nothing; what comes out must be the same then.
    if (const auto bundle = check(scratch, changed))
      CHECK(bundle->manifest().print() == list);
  }
}

TEST_CASE("reader: every changed byte of the archive itself is noticed, or means nothing") {
  const Scratch scratch;
  const std::string tar = whole_bundle().tar();
  const std::string list = check(scratch, Forge::compress(tar))->manifest().print();
  for (size_t i = 0; i < tar.size(); i += 7) {
    std::string changed = tar;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    if (const auto bundle = check(scratch, Forge::compress(changed)))
      CHECK(bundle->manifest().entries.size() == 7);
  }
}

// --- Signatures

struct Signer {
  SecretKey key = *generate_key();

  std::string sign(std::string_view bytes) const {
    return signature_text(*rescue::sign(key, Blake2b512::of(bytes), "facts"));
  }
};

TEST_CASE("reader: a signature is checked where keys are given, and demanded where that is asked") {
  const Scratch scratch;
  const Signer signer, stranger;
  const std::string bytes = whole_bundle().bundle();
  scratch.write("keys.pub", public_key_text(signer.key.public_key()));
  const TrustPolicy trusting{.require_signature = false, .public_key_file = scratch.path("keys.pub")};
  const TrustPolicy demanding{.require_signature = true, .public_key_file = scratch.path("keys.pub")};

  CHECK(fault(scratch, bytes, trusting) == "");
  CHECK(fault(scratch, bytes, demanding).contains("a signature is required"));

  scratch.write("test.tzst.minisig", signer.sign(bytes));
  const auto good = check(scratch, bytes, demanding);
  REQUIRE(good);
  REQUIRE(good->signer());
  CHECK(*good->signer() == str("signed by key ", show_key_id(signer.key.id)));
  const auto unchecked = check(scratch, bytes, {});
  REQUIRE(unchecked);
  CHECK(unchecked->signer()->contains("not checked"));

  scratch.write("test.tzst.minisig", stranger.sign(bytes));
  CHECK(fault(scratch, bytes, trusting).contains("which is not in"));
  scratch.write("test.tzst.minisig", signer.sign(bytes + "x"));
  CHECK(fault(scratch, bytes, trusting) != "");
  scratch.write("test.tzst.minisig", "no signature\n");
  CHECK(fault(scratch, bytes, {}) != "");
}

TEST_CASE("reader: a signature that is required and cannot be checked is a refusal, not a bad bundle") {
  const Scratch scratch;
  scratch.write("test.tzst", whole_bundle().bundle());
  const auto bundle = Bundle::open(scratch.path("test.tzst"), {.require_signature = true, .public_key_file = ""});
  REQUIRE_FALSE(bundle);
  CHECK(bundle.error().status() == Status::refused);
}

}}  // namespace rescue
