#include "lib/bundle/info.h"

#include <doctest/doctest.h>

#include "lib/base/text.h"

namespace rescue { namespace {

BundleInfo sample() {
  BundleInfo info;
  info.name = "glibc";
  info.version = "2.36";
  info.arch = "x86_64";
  info.os_id = "debian";
  info.os_version_id = "12";
  info.interp = "/lib64/ld-linux-x86-64.so.2";
  info.glibc_version = "2.36";
  info.libc_build_id = "82ce4e6e4ef08fa58a3535f7437bd3e592db5ac0";
  info.source = "packages";
  info.packages = {{"libc6", "2.36-9+deb12u14", std::string(64, 'a')}, {"odd name=", "1:2(3)%", ""}};
  info.provides = {{"libc.so.6", {"GLIBC_2.2.5", "GLIBC_2.36"}}, {"lib,odd(1) %.so", {"A B,C)"}}, {"libempty.so", {}}};
  info.requires_ = {{"libc.so.6", {"GLIBC_2.34"}}};
  return info;
}

Result<BundleInfo> parse(std::string_view text) {
  return BundleInfo::parse(Bytes(text, "test.tzst"));
}

// The error's text; fails the test when there is none.
std::string error_of(std::string_view text) {
  const auto info = parse(text);
  REQUIRE_FALSE(info);
  CHECK(info.error().status() == Status::bad_data);
  return message(info.error());
}

constexpr std::string_view least = "FORMAT=1\nNAME=glibc\nARCH=x86_64\nSOURCE=root\n";

TEST_CASE("info: what is printed reads back the same") {
  const BundleInfo before = sample();
  const auto after = parse(before.print());
  REQUIRE(after);
  CHECK(after->print() == before.print());
  CHECK(after->name == "glibc");
  CHECK(after->interp == before.interp);
  CHECK(after->libc_build_id == before.libc_build_id);
  REQUIRE(after->packages.size() == 2);
  CHECK(after->packages[1].name == "odd name=");
  CHECK(after->packages[1].version == "1:2(3)%");
  CHECK(after->packages[0].sha256 == std::string(64, 'a'));
  CHECK(after->provides == before.provides);
  CHECK(after->requires_ == before.requires_);
}

TEST_CASE("info: values need quotes only where a shell would need them") {
  const std::string text = sample().print();
  CHECK(text.starts_with("FORMAT=1\nNAME=glibc\nVERSION=2.36\n"));
  CHECK(text.contains("\nREQUIRES=\"libc.so.6(GLIBC_2.34)\"\n"));
}

TEST_CASE("info: unknown keys, comments and all three ways of quoting are read") {
  const auto info = parse(
      "# made by hand\nFORMAT=1\nNAME='glibc'\nVERSION=\"2 \\\"x\\\" \\$\"\nARCH=x86_64\n\nSOURCE=root\n"
      "LATER=\"something new\"\n");
  REQUIRE(info);
  CHECK(info->name == "glibc");
  CHECK(info->version == "2 \"x\" $");
}

TEST_CASE("info: a later format is refused with the advice to use a newer kit") {
  CHECK(error_of("FORMAT=2\nNAME=glibc\nARCH=x86_64\nSOURCE=root\n").contains("newer kit"));
  CHECK(error_of("NAME=glibc\nARCH=x86_64\nSOURCE=root\n").contains("FORMAT"));
}

TEST_CASE("info: what is malformed or doubtful is refused") {
  CHECK(parse(least));
  for (const std::string_view line : {"no key",
                                      "lower=1",
                                      "=1",
                                      "NAME=other",
                                      "VERSION=\"open",
                                      "VERSION=a b",
                                      "VERSION=\"a\"b\"",
                                      "VERSION=a\\",
                                      "VERSION=\"a\tb\"",
                                      "VERSION=\"a\\\2b\"",
                                      "INTERP=lib/ld.so",
                                      "LIBC_BUILD_ID=xyz",
                                      "PROVIDES=\"libc.so.6\"",
                                      "PROVIDES=\"libc.so.6(A) libc.so.6(B)\"",
                                      "PROVIDES=\"libc.so.6(%4)\"",
                                      "PROVIDES=\"libc.so.6(A,,B)\"",
                                      "PROVIDES=\"(A)\"",
                                      "PROVIDES=\"a%00b(A)\"",
                                      "SOURCE_PACKAGES=\"libc6=2\"",
                                      "SOURCE_PACKAGES=\"libc6=2=12\""}) {
    CAPTURE(line);
    CHECK_FALSE(parse(str(least, line, "\n")));
  }
  error_of(str("FORMAT=1\nNAME=a\nARCH=b\nSOURCE=elsewhere\n"));
  error_of(std::string((1 << 20) + 1, '\n'));
}

TEST_CASE("info: every shorter text and every changed byte gives a value or an error") {
  const std::string text = sample().print();
  for (size_t length = 0; length < text.size(); ++length)
    (void)parse(std::string_view(text).substr(0, length));
  for (size_t i = 0; i < text.size(); ++i)
    for (const int bit : {0, 3, 7}) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      if (const auto info = parse(changed)) {
        const auto again = parse(info->print());
        REQUIRE(again);
        CHECK(again->print() == info->print());
      }
    }
}

}}  // namespace rescue
