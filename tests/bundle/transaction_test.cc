#include "lib/bundle/transaction.h"

#include <doctest/doctest.h>

#include "lib/bundle/settle.h"
#include "lib/crypto/digest.h"
#include "tests/bundle/scratch.h"

namespace rescue { namespace {

using test::Scratch;

Step put_file(std::string path, std::string_view content, NodeKind old) {
  Step step;
  step.path = std::move(path);
  step.kind = NodeKind::file;
  step.old_kind = old;
  step.attributes = {0755, ::geteuid(), ::getegid()};
  step.sha256 = Sha256::of(content);
  return step;
}

Step put_link(std::string path, std::string target, NodeKind old) {
  Step step;
  step.path = std::move(path);
  step.kind = NodeKind::link;
  step.old_kind = old;
  step.link = std::move(target);
  step.attributes = {0777, ::geteuid(), ::getegid()};
  return step;
}

Step put_dir(std::string path, NodeKind old) {
  Step step;
  step.path = std::move(path);
  step.kind = NodeKind::dir;
  step.old_kind = old;
  step.attributes = {0755, ::geteuid(), ::getegid()};
  return step;
}

void stage(Transaction& t, size_t i, std::string_view content) {
  auto fd = t.create_file(i);
  REQUIRE(fd);
  REQUIRE(write_all(fd->get(), content, "staged"));
  REQUIRE(::fchmod(fd->get(), 0755) == 0);
}

// A root with one of everything that a restore meets, and the steps that mend it.
struct Accident {
  Scratch disk;
  Root root = disk.root();
  std::string before;

  Accident() {
    disk.dir("usr");
    disk.dir("usr/lib");
    disk.dir("var");
    disk.dir("var/lib");
    disk.dir("var/lib/rescue", 0700);
    disk.file("usr/lib/libc.so.6", "broken");
    disk.link("usr/lib/libm.so.6", "nowhere");
    disk.dir("usr/lib/ld.so");
    disk.file("usr/lib/ld.so/inside", "a file in a directory where a file belongs");
    disk.dir("lib");
    disk.file("lib/stray", "stray");
    disk.file("gconv", "a file where a directory belongs");
    before = disk.listing();
  }

  std::vector<Step> steps() const {
    Step move;
    move.action = Action::move;
    move.path = "lib/stray";
    move.to = "usr/lib/stray";
    Step mode;
    mode.action = Action::attributes;
    mode.path = "usr";
    mode.old_attributes = {0755, ::geteuid(), ::getegid()};
    mode.attributes = {0711, ::geteuid(), ::getegid()};
    return {mode,
            put_dir("usr/lib/new", NodeKind::nothing),
            put_dir("gconv", NodeKind::file),
            move,
            put_link("lib", "usr/lib", NodeKind::dir),
            put_file("usr/lib/new/deep", "deep", NodeKind::nothing),
            put_link("usr/lib/libm.so.6", "libm-2.so", NodeKind::link),
            put_file("usr/lib/libc.so.6", "libc", NodeKind::file),
            put_file("usr/lib/ld.so", "loader", NodeKind::dir)};
  }

  Transaction staged() {
    auto t = Transaction::begin(root, "test.tzst", steps());
    REQUIRE(t);
    REQUIRE(t->create_dir(1));
    REQUIRE(t->create_dir(2));
    REQUIRE(t->create_link(4));
    stage(*t, 5, "deep");
    REQUIRE(t->create_link(6));
    stage(*t, 7, "libc");
    stage(*t, 8, "loader");
    return std::move(*t);
  }

  void check_mended() const {
    CHECK(disk.what("usr/lib/libc.so.6") == "libc");
    CHECK(disk.what("usr/lib/ld.so") == "loader");
    CHECK(disk.what("usr/lib/libm.so.6") == "->libm-2.so");
    CHECK(disk.what("lib") == "->usr/lib");
    CHECK(disk.what("usr/lib/stray") == "stray");
    CHECK(disk.what("usr/lib/new/deep") == "deep");
    CHECK(disk.what("gconv") == "dir");
    struct stat info{};
    REQUIRE(::stat(disk.at("usr").c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0711);
  }
};

TEST_CASE("transaction: staging touches nothing but its own directory, and abandoning leaves nothing") {
  Accident a;
  Transaction t = a.staged();
  CHECK(a.disk.what("usr/lib/libc.so.6") == "broken");
  CHECK(a.disk.what("var/lib/rescue/000001/staging") != "");
  t.abandon();
  CHECK(a.disk.listing() == a.before);
}

TEST_CASE("transaction: a commit puts everything in place, and undo brings back every path") {
  Accident a;
  Transaction t = a.staged();
  REQUIRE(t.commit());
  REQUIRE(t.finish());
  a.check_mended();
  const auto undone = undo_last(a.root, false);
  REQUIRE(undone);
  CHECK(undone->progress == Progress::done);
  CHECK(undone->what == "test.tzst");
  CHECK(a.disk.listing() == a.before);
}

TEST_CASE("transaction: a second undo finds nothing") {
  Accident a;
  Transaction t = a.staged();
  REQUIRE(t.commit());
  REQUIRE(t.finish());
  REQUIRE(undo_last(a.root, false));
  const auto again = undo_last(a.root, false);
  REQUIRE(again);
  CHECK(again->progress == Progress::none);
}

TEST_CASE("transaction: undo refuses when somebody has changed what was put, unless forced") {
  Accident a;
  Transaction t = a.staged();
  REQUIRE(t.commit());
  REQUIRE(t.finish());
  a.disk.file("usr/lib/libc.so.6", "newer libc of the package manager");
  const auto refused = undo_last(a.root, false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().status() == Status::refused);
  CHECK(a.disk.what("usr/lib/libc.so.6") == "newer libc of the package manager");
  REQUIRE(undo_last(a.root, true));
  CHECK(a.disk.listing() == a.before);
}

TEST_CASE("transaction: a staging that broke off is cleared by resume") {
  Accident a;
  {
    const Transaction t = a.staged();
  }
  CHECK(latest_transaction(a.root)->progress == Progress::staging);
  const auto resumed = resume(a.root);
  REQUIRE(resumed);
  CHECK(resumed->progress == Progress::staging);
  CHECK(a.disk.listing() == a.before);
}

TEST_CASE("transaction: a commit that fails in the middle is rolled back whole") {
  Accident a;
  Transaction t = a.staged();
  // The directory that a later step needs is gone by the time of the commit.
  ::rename(a.disk.at("var/lib/rescue/000001/new-5").c_str(), a.disk.at("taken").c_str());
  ::rename(a.disk.at("usr/lib/ld.so").c_str(), a.disk.at("usr/lib/ld.so.away").c_str());
  ::unlink(a.disk.at("taken").c_str());
  const auto committed = t.commit();
  REQUIRE_FALSE(committed);
  ::rename(a.disk.at("usr/lib/ld.so.away").c_str(), a.disk.at("usr/lib/ld.so").c_str());
  CHECK(a.disk.listing() == a.before);
}

TEST_CASE("transaction: a file put late is undone with the rest") {
  Accident a;
  a.disk.dir("etc");
  a.disk.file("etc/ld.so.cache", "old cache");
  a.before = a.disk.listing();
  Transaction t = a.staged();
  REQUIRE(t.commit());
  Step cache = put_file("etc/ld.so.cache", "new cache", NodeKind::file);
  cache.attributes.mode = 0644;
  REQUIRE(t.put_late(cache, "new cache"));
  REQUIRE(t.finish());
  CHECK(a.disk.what("etc/ld.so.cache") == "new cache");
  REQUIRE(undo_last(a.root, false));
  CHECK(a.disk.listing() == a.before);
}

TEST_CASE("transaction: without a usable /var/lib the state is kept in /.rescue, and undone from there") {
  Scratch disk;
  disk.dir("usr");
  disk.file("usr/x", "old");
  disk.link("var", "gone/away");
  const std::string before = disk.listing();
  const Root root = disk.root();
  auto t = Transaction::begin(root, "test", {put_file("usr/x", "new", NodeKind::file)});
  REQUIRE(t);
  stage(*t, 0, "new");
  REQUIRE(t->commit());
  REQUIRE(t->finish());
  CHECK(disk.what("usr/x") == "new");
  REQUIRE(undo_last(root, false));
  CHECK(disk.listing() == before);
}

TEST_CASE("transaction: a second writer is refused while the first holds the root") {
  Scratch disk;
  const Root root = disk.root();
  const auto first = lock_root(root);
  REQUIRE(first);
  const auto second = lock_root(root);
  REQUIRE_FALSE(second);
  CHECK(second.error().status() == Status::refused);
}

}  // namespace
}  // namespace rescue
