#include "lib/bundle/journal.h"

#include <doctest/doctest.h>

#include "lib/base/text.h"

namespace rescue { namespace {

Journal sample() {
  Journal journal;
  journal.what = "glibc 2.36=x.tzst";
  journal.made = {"var", "var/lib"};
  journal.areas = {"var/lib/rescue/000001", "usr/.rescue/000001"};
  Step put;
  put.path = "usr/lib/odd name\n\xff=\\x";
  put.kind = NodeKind::file;
  put.old_kind = NodeKind::dir;
  put.attributes = {04755, 1, 2};
  put.sha256[0] = 0xab;
  put.area = 1;
  Step link;
  link.path = "lib64";
  link.kind = NodeKind::link;
  link.link = "usr/lib64";
  Step mode;
  mode.action = Action::attributes;
  mode.path = "usr";
  mode.attributes = {0755, 0, 0};
  mode.old_attributes = {0, 5, 6};
  Step move;
  move.action = Action::move;
  move.path = "lib/modules";
  move.to = "usr/lib/modules";
  Step remove;
  remove.action = Action::remove;
  remove.path = "etc/ld.so.cache";
  remove.old_kind = NodeKind::file;
  Step flags;
  flags.action = Action::flags;
  flags.path = "usr/lib";
  flags.flags = 0x10;
  journal.steps = {put, link, mode, move, remove, flags};
  return journal;
}

Result<Journal> parse(std::string_view text) {
  return Journal::parse(Bytes(text, "journal"));
}

TEST_CASE("journal: what is written is what is read") {
  const std::string text = sample().print();
  const auto journal = parse(text);
  REQUIRE(journal);
  CHECK(journal->print() == text);
  CHECK(journal->what == "glibc 2.36=x.tzst");
  CHECK(journal->made.size() == 2);
  REQUIRE(journal->steps.size() == 6);
  CHECK(journal->steps[0].path == "usr/lib/odd name\n\xff=\\x");
  CHECK(journal->steps[0].old_kind == NodeKind::dir);
  CHECK(journal->steps[0].attributes == Attributes{04755, 1, 2});
  CHECK(journal->steps[0].sha256[0] == 0xab);
  CHECK(journal->steps[1].link == "usr/lib64");
  CHECK(journal->steps[2].old_attributes == Attributes{0, 5, 6});
  CHECK(journal->steps[3].to == "usr/lib/modules");
  CHECK(journal->steps[5].flags == 0x10);
}

TEST_CASE("journal: one that is cut off at any place is refused") {
  const std::string text = sample().print();
  for (size_t length = 0; length < text.size(); ++length)
    CHECK_FALSE(parse(text.substr(0, length)));
}

TEST_CASE("journal: one with any bit turned is refused") {
  const std::string text = sample().print();
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    CHECK_FALSE(parse(damaged));
  }
}

TEST_CASE("journal: a path that leads out of the root is refused") {
  for (const char* const path : {"../etc/passwd", "usr/../../etc", "/etc/passwd", "a//b", ".", "a/./b", ""}) {
    Journal journal = sample();
    journal.steps[0].path = path;
    CHECK_FALSE(parse(journal.print()));
    journal = sample();
    journal.steps[3].to = path;
    CHECK_FALSE(parse(journal.print()));
    journal = sample();
    journal.areas[0] = path;
    CHECK_FALSE(parse(journal.print()));
  }
}

TEST_CASE("journal: a step in an area that is not listed is refused") {
  Journal journal = sample();
  journal.steps[0].area = 2;
  CHECK_FALSE(parse(journal.print()));
}

}  // namespace
}  // namespace rescue
