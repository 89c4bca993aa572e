#include "lib/health/package_db.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "lib/health/dpkg_db.h"
#include "tests/bundle/scratch.h"

namespace rescue { namespace {

constexpr std::string_view status =
    "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\nVersion: 2.36-9\n"
    "Description: one\n two\n .\nConffiles:\n /etc/ld.so.conf.d/x.conf d4e7a7b88a71b5ffd9e2644e71a0cfab\n"
    " /etc/a b 00000000000000000000000000000000 obsolete\n"
    "\n"
    "Package: libc6\nStatus: install ok installed\nArchitecture: i386\nSource: glibc (2.36-9)\nVersion: 2.36-9\n"
    "\n\n"
    "Package: dpkg\nStatus: install ok triggers-pending\nArchitecture: amd64\nVersion: 1.21\n"
    "\n"
    "Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 2:1-1\n"
    "\n"
    "Package: half\nStatus: install ok half-installed\nArchitecture: all\nConfig-Version: 7\n"
    "\n"
    "Package: never\nStatus: purge ok not-installed\nArchitecture: all\n";

constexpr std::string_view libc_list =
    "/.\n/lib\n/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu/libc.so.6\n/lib64\n/lib64/ld-linux-x86-64.so.2\n"
    "/usr\n/usr/share\n/usr/share/shared\n/etc/ld.so.conf.d/x.conf\n";
constexpr std::string_view libc_md5 = "33f1cb6525f26614bd3a334d63632484";

// A root with a merged /usr and that database.
void make_root(const test::Scratch& scratch) {
  for (const std::string_view dir : {"usr", "usr/lib", "usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/share", "etc",
                                     "var", "var/lib", "var/lib/dpkg", "var/lib/dpkg/info"})
    scratch.dir(dir);
  scratch.link("lib", "usr/lib");
  scratch.link("lib64", "/usr/lib64");
  scratch.file("var/lib/dpkg/status", status);
  scratch.file("var/lib/dpkg/info/libc6:amd64.list", libc_list);
  scratch.file("var/lib/dpkg/info/libc6:i386.list", "/usr\n/usr/share\n/usr/share/shared\n");
  scratch.file("var/lib/dpkg/info/libc6:amd64.md5sums",
               str(libc_md5, "  lib/x86_64-linux-gnu/libc.so.6\n00000000000000000000000000000001  usr/share/shared\n"));
  scratch.file("var/lib/dpkg/info/dpkg.list", "/usr/bin/dpkg\n/lib/x\n");
  scratch.file("var/lib/dpkg/info/gone.list", "/etc/gone\n");
  scratch.file("var/lib/dpkg/info/half.list", "");
}

TEST_CASE("dpkg: the packages of a status file, whatever their state") {
  const auto stanzas = dpkg::parse_status(status);
  REQUIRE(stanzas.size() == 5);
  CHECK(stanzas[0].package.name == "libc6");
  CHECK(stanzas[0].package.version == "2.36-9");
  CHECK(stanzas[0].package.architecture == "amd64");
  CHECK(stanzas[0].package.source == "glibc");
  CHECK(stanzas[0].package.installed);
  REQUIRE(stanzas[0].conffiles.size() == 2);
  CHECK(stanzas[0].conffiles[0] ==
        std::pair<std::string, std::string>("etc/ld.so.conf.d/x.conf", "d4e7a7b88a71b5ffd9e2644e71a0cfab"));
  CHECK(stanzas[0].conffiles[1].first == "etc/a b");
  CHECK(stanzas[1].package.source == "glibc");
  CHECK(stanzas[2].package.installed);
  CHECK(stanzas[2].package.source == "dpkg");
  CHECK(!stanzas[3].package.installed);
  CHECK(stanzas[4].package.version == "7");
  CHECK(stanzas[4].package.state == "install ok half-installed");
}

TEST_CASE("dpkg: every shorter status file, and every byte flipped") {
  for (size_t length = 0; length <= status.size(); ++length)
    CHECK(dpkg::parse_status(status.substr(0, length)).size() <= 6);
  std::string text(status);
  for (char& c : text) {
    c = static_cast<char>(c ^ 0x2a);
    for (const auto& stanza : dpkg::parse_status(text))
      CHECK(!stanza.package.name.empty());
    c = static_cast<char>(c ^ 0x2a);
  }
}

TEST_CASE("dpkg: md5sums by the whole path alone") {
  const std::string sums = str(libc_md5, "  lib/a\n", "00000000000000000000000000000002  usr/lib/a\n",
                               "zz000000000000000000000000000002  bad\n", "00000000000000000000000000000003  last");
  CHECK(dpkg::find_md5(sums, "lib/a") == libc_md5);
  CHECK(dpkg::find_md5(sums, "usr/lib/a") == "00000000000000000000000000000002");
  CHECK(dpkg::find_md5(sums, "last") == "00000000000000000000000000000003");
  CHECK(!dpkg::find_md5(sums, "bad"));
  CHECK(!dpkg::find_md5(sums, "a"));
  CHECK(!dpkg::find_md5("", "a"));
  const auto lines = dpkg::parse_md5sums(sums);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].path == "last");
  for (size_t length = 0; length <= sums.size(); ++length)
    CHECK(dpkg::parse_md5sums(std::string_view(sums).substr(0, length)).size() <= 3);
}

TEST_CASE("dpkg: diversions and overrides") {
  const auto diversions = dpkg::parse_diversions("/bin/sh\n/bin/sh.distrib\ndash\n/a\n/b\n:\n/cut\n");
  REQUIRE(diversions.size() == 2);
  CHECK(diversions[0].from == "a");
  CHECK(diversions[0].package.empty());
  CHECK(diversions[1].to == "bin/sh.distrib");
  CHECK(diversions[1].package == "dash");
  const auto overrides = dpkg::parse_overrides("root ssh 2755 /usr/bin/ssh-agent\nroot root x /a\nroot root\n");
  REQUIRE(overrides.size() == 1);
  CHECK(overrides.begin()->first == "usr/bin/ssh-agent");
  CHECK(overrides.begin()->second.mode == 02755);
}

TEST_CASE("package database: whose a file is, by either spelling of its path") {
  const test::Scratch scratch;
  make_root(scratch);
  const Root root = scratch.root();
  const auto db = PackageDb::open(root);
  REQUIRE(db);
  REQUIRE(*db != nullptr);
  CHECK((*db)->kind() == PackageDbKind::dpkg);
  for (const std::string_view path : {"lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libc.so.6"}) {
    const auto owner = (*db)->owner(path);
    REQUIRE(owner);
    REQUIRE(*owner);
    CHECK((*db)->packages()[(*owner)->package].name == "libc6");
    CHECK((*owner)->file.path == "lib/x86_64-linux-gnu/libc.so.6");
    CHECK((*owner)->file.digest == FileDigest{DigestAlgorithm::md5, std::string(libc_md5)});
  }
  CHECK((*db)->owners("usr/share/shared")->size() == 2);
  CHECK((*(*db)->owner("usr/share/shared"))->file.digest.algorithm == DigestAlgorithm::md5);
  CHECK((*(*db)->owner("etc/ld.so.conf.d/x.conf"))->file.config);
  CHECK(!*(*db)->owner("usr/lib/libc.so.6"));
  CHECK(!*(*db)->owner(""));
  CHECK((*db)->glibc_version() == "2.36");
  CHECK((*db)->glibc_packages() == std::vector<size_t>{0, 1});
  CHECK((*db)->libc_package() == 0);
  CHECK((*db)->files(0)->size() == 9);
  CHECK((*db)->faults().empty());
}

TEST_CASE("package database: paths are the same where the link between them is lost") {
  const test::Scratch scratch;
  make_root(scratch);
  REQUIRE(::unlink(scratch.at("lib64").c_str()) == 0);
  const Root root = scratch.root();
  const auto db = PackageDb::open(root);
  REQUIRE(db);
  for (const std::string_view path : {"lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2"})
    CHECK((*db)->owner(path)->has_value());
}

TEST_CASE("package database: an unmerged system has two files of one name") {
  const test::Scratch scratch;
  make_root(scratch);
  REQUIRE(::unlink(scratch.at("lib").c_str()) == 0);
  scratch.dir("lib");
  scratch.file("var/lib/dpkg/info/half.list", "/usr/lib/x\n");
  const Root root = scratch.root();
  const auto db = PackageDb::open(root);
  REQUIRE(db);
  CHECK((*db)->packages()[(*(*db)->owner("lib/x"))->package].name == "dpkg");
  CHECK((*db)->packages()[(*(*db)->owner("usr/lib/x"))->package].name == "half");
}

TEST_CASE("package database: a diverted file is where it was diverted to") {
  const test::Scratch scratch;
  make_root(scratch);
  scratch.file("var/lib/dpkg/diversions", "/usr/bin/dpkg\n/usr/bin/dpkg.real\nhalf\n");
  scratch.file("var/lib/dpkg/statoverride", "root mail 2755 /usr/bin/dpkg.real\n");
  scratch.file("var/lib/dpkg/info/half.list", "/usr/bin/dpkg\n");
  const Root root = scratch.root();
  const auto db = PackageDb::open(root);
  REQUIRE(db);
  CHECK((*db)->packages()[(*(*db)->owner("usr/bin/dpkg"))->package].name == "half");
  const auto real = *(*db)->owner("usr/bin/dpkg.real");
  REQUIRE(real);
  CHECK((*db)->packages()[real->package].name == "dpkg");
  CHECK(real->file.mode == 02755U);
  CHECK(real->file.group == "mail");
}

TEST_CASE("package database: damage is told, and the rest is used") {
  const test::Scratch scratch;
  make_root(scratch);
  scratch.file("var/lib/dpkg/status-old", status);
  scratch.file("var/lib/dpkg/status", "");
  REQUIRE(::unlink(scratch.at("var/lib/dpkg/info/dpkg.list").c_str()) == 0);
  const Root root = scratch.root();
  const auto db = PackageDb::open(root);
  REQUIRE(db);
  CHECK((*db)->path() == "var/lib/dpkg/status-old");
  CHECK((*db)->owner("lib/x86_64-linux-gnu/libc.so.6")->has_value());
  CHECK((*db)->faults().size() == 2);
  scratch.file("var/lib/dpkg/status-old", "nothing of use\n");
  CHECK(!PackageDb::open(root));
  REQUIRE(::unlink(scratch.at("var/lib/dpkg/status").c_str()) == 0);
  REQUIRE(::unlink(scratch.at("var/lib/dpkg/status-old").c_str()) == 0);
  CHECK(*PackageDb::open(root) == nullptr);
}

TEST_CASE("package database: the upstream version") {
  CHECK(upstream_version("2:2.36-9+deb12u14") == "2.36");
  CHECK(upstream_version("2.36") == "2.36");
  CHECK(upstream_version("") == "");
}

}}  // namespace rescue
