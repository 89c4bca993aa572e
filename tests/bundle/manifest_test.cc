#include "lib/bundle/manifest.h"

#include <doctest/doctest.h>

#include "lib/base/text.h"

namespace rescue { namespace {

Result<Manifest> parse(std::string_view text) {
  return Manifest::parse(Bytes(text, "test.tzst"));
}

std::string error_of(std::string_view text) {
  const auto manifest = parse(text);
  if (manifest)
    return {};
  CHECK(manifest.error().status() == Status::bad_data);
  return message(manifest.error());
}

const std::string digest(64, 'a');
const std::string file_words = " type=file mode=0755 uid=0 gid=0 size=3 sha256digest=" + digest;
constexpr std::string_view dir_words = " type=dir mode=0755 uid=0 gid=0";

// A manifest of the directory `usr` and these lines.
std::string with_lines(std::string_view lines) {
  return str("#mtree\n./usr", dir_words, '\n', lines);
}

Manifest sample() {
  ManifestEntry dir{.path = "usr", .type = EntryKind::dir, .tier = Tier::loader, .mode = 0755};
  ManifestEntry file{.path = "usr/a b#c\\d*[e]=\xc3\xa4", .mode = 04755, .uid = 1, .gid = 4294967294, .size = 1234567};
  file.nlink = 2;
  file.privileged = true;
  file.sha256.fill(0xfe);
  ManifestEntry link{
      .path = "lib", .type = EntryKind::link, .tier = Tier::login, .mode = 0777, .link = "usr/a b\xc3\xa4#"};
  return {{dir, file, link}};
}

TEST_CASE("manifest: what is printed reads back the same") {
  const Manifest before = sample();
  const auto after = parse(before.print());
  REQUIRE(after);
  REQUIRE(after->entries.size() == 3);
  const ManifestEntry& file = after->entries[1];
  CHECK(file.path == before.entries[1].path);
  CHECK(file.type == EntryKind::file);
  CHECK(file.tier == Tier::rest);
  CHECK(file.mode == 04755);
  CHECK(file.uid == 1);
  CHECK(file.gid == 4294967294);
  CHECK(file.size == 1234567);
  CHECK(file.nlink == 2);
  CHECK(file.privileged);
  CHECK(file.sha256 == before.entries[1].sha256);
  CHECK(after->entries[2].link == before.entries[2].link);
  CHECK(after->entries[2].tier == Tier::login);
  CHECK(after->print() == before.print());
  CHECK(after->total_size() == 1234567);
  CHECK(after->find("lib") == &after->entries[2]);
  CHECK(after->find("bin") == nullptr);
}

TEST_CASE("manifest: names are one word of printable ASCII, free of mtree's wildcards") {
  const std::string text = sample().print();
  CHECK(
      text.contains("./usr/a\\040b\\043c\\134d\\052\\133e]\\075\\303\\244 type=file mode=04755 uid=1 gid=4294967294 "
                    "nlink=2 size=1234567 sha256digest=fefe"));
  CHECK(text.contains(" tags=t3,setid\n"));
  CHECK(text.contains("./lib type=link mode=0777 uid=0 gid=0 link=usr/a\\040b\\303\\244\\043 tags=t1\n"));
}

TEST_CASE("manifest: defaults, continued lines, comments and unknown keywords of mtree(5) are read") {
  const auto manifest =
      parse(str("#mtree\n# comment\n\n/set type=dir uid=7 gid=8 mode=0700\n./a time=1.5 flags=none\n"
                "/unset uid mode\n./a/b uid=9\\\n  mode=0640 type=file optional \\\n size=1 sha256=",
                digest, "\n/unset all\n./c type=link mode=777 uid=0 gid=0 link=a\n"));
  REQUIRE(manifest);
  REQUIRE(manifest->entries.size() == 3);
  CHECK(manifest->entries[0].uid == 7);
  CHECK(manifest->entries[0].mode == 0700);
  CHECK(manifest->entries[1].uid == 9);
  CHECK(manifest->entries[1].gid == 8);
  CHECK(manifest->entries[1].mode == 0640);
  CHECK(manifest->entries[2].link == "a");
}

TEST_CASE("manifest: a path that leaves the root or is not plain is refused") {
  for (const std::string_view path :
       {"/etc/x", "./../x", "./usr/../x", "./usr/..", ".//x", "./usr//x", "./usr/", "./", ".", "./usr/./x", "x",
        "./.rescue/info", "./a\\000b", "./a\\012b", "./a\\033[m", "./a\\377", "./a\\9", "./a\\", "./a\\400"}) {
    CAPTURE(path);
    CHECK(error_of(with_lines(str(path, file_words, '\n'))) != "");
  }
  CHECK(error_of(with_lines(str("./", std::string(256, 'a'), file_words, '\n'))).contains("too long"));
}

TEST_CASE("manifest: an entry must be what a bundle can hold") {
  CHECK(
      error_of(with_lines("./dev type=char mode=0600 uid=0 gid=0 device=native,1,3\n")).contains("files, directories"));
  CHECK(error_of(with_lines("./pipe type=fifo mode=0600 uid=0 gid=0\n")).contains("files, directories"));
  CHECK(error_of(with_lines("./x mode=0600 uid=0 gid=0\n")).contains("files, directories"));
  CHECK(error_of(with_lines("./x type=link mode=0777 uid=0 gid=0\n")).contains("link target is missing"));
  CHECK(error_of(with_lines("./x type=link mode=0777 uid=0 gid=0 link=a\\012\n")).contains("link target"));
  CHECK(error_of(with_lines("./x type=file mode=0755 uid=0 gid=0 size=1\n")).contains("sha256digest is missing"));
  CHECK(error_of(with_lines("./x type=file mode=0755 uid=0 gid=0 size=1 sha256digest=ab\n")).contains("no digest"));
  for (const std::string_view wrong : {"mode=u+x", "mode=010000", "uid=-1", "uid=root", "gid=4294967296", "size=1k"}) {
    CAPTURE(wrong);
    const std::string_view keyword = wrong.substr(0, wrong.find('=') + 1);
    std::string line = str("./x", file_words, '\n');
    const size_t at = line.find(keyword);
    line.replace(at, line.find(' ', at) - at, wrong);
    CHECK(error_of(with_lines(line)) != "");
  }
}

TEST_CASE("manifest: a set-id file must be tagged as meant by the recipe") {
  const auto line = [](std::string_view mode, std::string_view more) {
    return with_lines(str("./x type=file mode=", mode, " uid=0 gid=0 size=0 sha256digest=", digest, more, '\n'));
  };
  CHECK(error_of(line("4755", "")).contains("another user"));
  CHECK(error_of(line("2755", " tags=t1")).contains("another user"));
  CHECK(error_of(line("4755", " tags=t1,setid")) == "");
  CHECK(error_of(line("1755", "")) == "");
  // The tag of one entry does not carry over to the next.
  CHECK(
      error_of(line("4755", " tags=setid") + "./y type=file mode=4755 uid=0 gid=0 size=0 sha256digest=" + digest + "\n")
          .contains("another user"));
}

TEST_CASE("manifest: nothing is listed twice, before its directory, or below a file or a link") {
  CHECK(error_of(with_lines(str("./x", file_words, "\n./x", file_words, '\n'))).contains("twice"));
  CHECK(error_of(with_lines(str("./new/x", file_words, '\n'))).contains("not listed before"));
  CHECK(error_of(with_lines(str("./x", file_words, "\n./x/y", file_words, '\n'))).contains("no directory"));
  CHECK(error_of(with_lines(str("./l type=link mode=777 uid=0 gid=0 link=/etc\n./l/y", file_words, '\n')))
            .contains("no directory"));
}

TEST_CASE("manifest: sizes that add up to more than a file can have are refused") {
  const auto sized = [](std::string_view path, std::string_view size) {
    return str("./", path, " type=file mode=0755 uid=0 gid=0 sha256digest=", digest, " size=", size, '\n');
  };
  CHECK(error_of(with_lines(sized("a", "9223372036854775807"))) == "");
  CHECK(error_of(with_lines(sized("a", "9223372036854775807") + sized("b", "1"))).contains("add up"));
  CHECK(error_of(with_lines(sized("a", "18446744073709551616"))).contains("no number"));
}

TEST_CASE("manifest: a text that is none, breaks off or has endless lines is refused") {
  CHECK(error_of("").contains("#mtree"));
  CHECK(error_of("./usr type=dir\n").contains("#mtree"));
  CHECK(error_of("#mtree\n./usr type=dir mode=0755 uid=0 gid=0").contains("breaks off"));
  CHECK(error_of("#mtree\n./usr type=dir mode=0755 uid=0 gid=0\\\n").contains("breaks off"));
  CHECK(error_of(str("#mtree\n./", std::string(70000, 'a'), "\n")).contains("too long"));
  CHECK(error_of(with_lines("./x type=dir type=file mode=0755 uid=0 gid=0\n")).contains("twice"));
  CHECK(error_of(with_lines(str("./x", dir_words, " tags=t0,t1\n"))).contains("two tiers"));
  CHECK(error_of("#mtree\n") == "");
}

TEST_CASE("manifest: every shorter text and every changed byte gives a value or an error") {
  const std::string text = sample().print();
  for (size_t length = 0; length < text.size(); ++length)
    (void)parse(std::string_view(text).substr(0, length));
  for (size_t i = 0; i < text.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      if (const auto manifest = parse(changed)) {
        const auto again = parse(manifest->print());
        REQUIRE(again);
        CHECK(again->print() == manifest->print());
      }
    }
}

}}  // namespace rescue
