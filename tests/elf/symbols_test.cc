#include "lib/elf/symbols.h"

#include <doctest/doctest.h>

#include "lib/elf/copy_closure.h"
#include "lib/elf/sweep.h"
#include "tests/bundle/scratch.h"
#include "tests/elf/builder.h"

namespace rescue::elf {

namespace {

using rescue::test::Scratch;

test::Elf library(const std::string& soname) {
  test::Elf elf;
  elf.soname = soname;
  return elf;
}

// A program and two libraries without a loader: the search falls back on the usual directories.
class System : public Scratch {
 public:
  System() {
    for (const char* name : {"usr", "usr/bin", "usr/lib", "lib64"})
      dir(name);
    link("lib", "usr/lib");
    put("lib64/ld-linux-x86-64.so.2", library("ld-linux-x86-64.so.2"));
  }
  void put(std::string_view name, const test::Elf& elf) const { file(name, elf.build(), 0755); }
};

test::Elf program() {
  test::Elf elf;
  elf.interpreter = "/lib64/ld-linux-x86-64.so.2";
  elf.flags_1 = DF_1_PIE;
  elf.needed = {"libone.so", "libtwo.so"};
  return elf;
}

}  // namespace

TEST_CASE("symbols: what no library defines is named, weak references apart") {
  System system;
  test::Elf one = library("libone.so");
  one.defined = {"here", "old@ONE_1"};
  one.version_definitions = {"ONE_1", "ONE_2"};
  system.put("usr/lib/libone.so", one);
  system.put("usr/lib/libtwo.so", library("libtwo.so"));
  test::Elf elf = program();
  elf.version_needs = {{"libone.so", {"ONE_1", "ONE_2"}}};
  elf.undefined = {"here", "gone", "?perhaps", "old@ONE_1", "old@ONE_2"};
  system.put("usr/bin/prog", elf);

  const Root root = system.root();
  Resolver resolver(root, {.hwcaps = Hwcaps{}});
  const auto closure = resolver.resolve("/usr/bin/prog");
  REQUIRE(closure);
  SymbolCheck check(root);
  const auto undefined = check.undefined(*closure);
  REQUIRE(undefined);
  REQUIRE(undefined->size() == 2);
  CHECK((*undefined)[0].name == "gone");
  CHECK((*undefined)[0].version.empty());
  CHECK((*undefined)[1].name == "old");
  CHECK((*undefined)[1].version == "ONE_2");
  CHECK((*undefined)[1].object == 0);
}

TEST_CASE("symbols: a library that gives the program nothing is unused") {
  System system;
  test::Elf one = library("libone.so"), two = library("libtwo.so");
  one.defined = {"both"};
  two.defined = {"both", "other"};
  system.put("usr/lib/libone.so", one);
  system.put("usr/lib/libtwo.so", two);
  test::Elf elf = program();
  elf.undefined = {"both"};
  system.put("usr/bin/prog", elf);

  const Root root = system.root();
  Resolver resolver(root, {.hwcaps = Hwcaps{}});
  const auto closure = resolver.resolve("/usr/bin/prog");
  REQUIRE(closure);
  SymbolCheck check(root);
  const auto unused = check.unused(*closure);
  REQUIRE(unused);
  REQUIRE(unused->size() == 1);
  CHECK(closure->objects[(*unused)[0]].name == "libtwo.so");
}

TEST_CASE("symbols: each shorter length and each changed byte gives a table or an error") {
  test::Elf elf = library("libone.so");
  elf.defined = {"here", "old@ONE_1"};
  elf.undefined = {"gone"};
  elf.version_definitions = {"ONE_1"};
  const std::string bytes = elf.build();
  const Scratch scratch;
  size_t tables = 0;
  const auto try_one = [&](const std::string& changed) {
    scratch.file("x", changed);
    const auto fd = open_file(scratch.at("x"), O_RDONLY);
    REQUIRE(fd);
    const auto image = Image::open(fd->get(), "x");
    if (!image)
      return;
    const auto table = SymbolTable::read(fd->get(), *image, "x");
    if (table)
      ++tables;
    else
      CHECK_FALSE(table.error().detail().empty());
  };
  for (size_t length = 0; length < bytes.size(); length += 3)
    try_one(bytes.substr(0, length));
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0xff);
    try_one(changed);
  }
  CHECK(tables > 0);
}

TEST_CASE("sweep: every ELF file below is read once, and nothing else") {
  System system;
  system.put("usr/bin/prog", program());
  ::link(system.at("usr/bin/prog").c_str(), system.at("usr/bin/same").c_str());
  system.link("usr/bin/link", "prog");
  system.file("usr/bin/script", "#!/bin/sh\n");
  system.file("usr/bin/broken", program().build().substr(0, 150));
  ::mkfifo(system.at("usr/bin/fifo").c_str(), 0644);
  test::Elf fixed;
  fixed.type = ET_EXEC;
  fixed.has_dynamic = false;
  system.put("usr/bin/static", fixed);
  const Root root = system.root();
  const Sweep swept = sweep(root, {"/usr/bin", "/none"});
  REQUIRE(swept.files.size() == 2);
  CHECK(swept.files[0]->path == "usr/bin/broken");
  CHECK(swept.files[0]->image.damage);
  CHECK(swept.files[1]->path == "usr/bin/prog");
  REQUIRE(swept.errors.size() == 1);
  CHECK(swept.errors[0].code() == ENOENT);
}

TEST_CASE("copy: a closure comes to lie where the loader looks for it, over nothing that is there") {
  System system;
  system.put("usr/lib/libone.so.1", library("libone.so"));
  system.link("usr/lib/libone.so", "libone.so.1");
  test::Elf elf = program();
  elf.needed = {"libone.so"};
  system.put("usr/bin/prog", elf);
  const Root root = system.root();
  Resolver resolver(root, {.hwcaps = Hwcaps{}});
  const auto closure = resolver.resolve("/usr/bin/prog");
  REQUIRE(closure);
  const Scratch target;
  auto copy = ClosureCopy::into(root, target.at("tree"));
  REQUIRE(copy);
  REQUIRE(copy->add(*closure, "/usr/bin/prog"));
  CHECK(target.what("tree/usr/bin/prog") == elf.build());
  CHECK(target.what("tree/lib/x86_64-linux-gnu") == "");
  CHECK(target.what("tree/lib/libone.so") == library("libone.so").build());
  CHECK(target.what("tree/lib64/ld-linux-x86-64.so.2") != "");
  REQUIRE(copy->add(*closure, "/usr/bin/prog"));  // the same again is no conflict

  auto second = ClosureCopy::into(root, target.at("tree"));
  REQUIRE(second);
  const auto refused = second->add(*closure, "/usr/bin/prog");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == EEXIST);
}

}  // namespace rescue::elf
