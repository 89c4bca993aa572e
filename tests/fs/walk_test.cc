// Names, directories and the way down a tree: names.h, directory.h, descent.h, backup.h, mode.h.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include "lib/fs/backup.h"
#include "lib/fs/descent.h"
#include "lib/fs/directory.h"
#include "lib/fs/mode.h"
#include "lib/fs/names.h"
#include "tests/scratch.h"

namespace rescue {

namespace {

UniqueFd open_dir(const std::string& path) {
  auto fd = open_file(path, O_RDONLY | O_DIRECTORY);
  REQUIRE(fd);
  return *std::move(fd);
}

}  // namespace

TEST_CASE("names: the first line with a number or name counts, broken ones do not") {
  const Scratch scratch;
  scratch.write("passwd",
                "root:x:0:0:root:/root:/bin/sh\n\n# note\ntoor:x:0:0::/:\n:x:5:5::/:\nbad:x:no:1::/:\n"
                "short\ndaemon:x:1:1::/:\nroot:x:9:9::/:\nbig:x:4294967294:1\nhuge:x:4294967296:1\nlast:x:7:7");
  NameFile users(scratch.path("passwd"));
  CHECK(users.name_of(0) == "root");
  CHECK(users.name_of(0) == "root");
  CHECK(users.name_of(1) == "daemon");
  CHECK(users.name_of(5).empty());
  CHECK(users.name_of(7) == "last");
  CHECK(users.name_of(4294967294U) == "big");
  CHECK(users.id_of("root") == 0U);
  CHECK(users.id_of("toor") == 0U);
  CHECK_FALSE(users.id_of("bad"));
  CHECK_FALSE(users.id_of("huge"));
  CHECK(NameFile(scratch.path("nothing")).name_of(0).empty());
}

TEST_CASE("directory: every entry is given once, in a directory larger than the buffer") {
  const Scratch scratch;
  constexpr int count = 3000;
  const std::string stem(60, 'x');
  for (int i = 0; i < count; ++i)
    scratch.write(str(stem, i), "");
  const UniqueFd dir = open_dir(scratch.path(""));
  DirectoryReader reader(dir.get(), "dir");
  int files = 0;
  int dots = 0;
  while (true) {
    const auto more = reader.next();
    REQUIRE(more);
    if (!*more)
      break;
    if (is_dot_or_dot_dot(reader.name()))
      ++dots;
    else
      files += reader.name().starts_with(stem) ? 1 : 0;
  }
  CHECK(dots == 2);
  CHECK(files == count);
}

TEST_CASE("descent: a tree deeper than paths and descriptors go is walked down and up again") {
  const Scratch scratch;
  auto descent = Descent::start(open_dir(scratch.path("")), "top");
  REQUIRE(descent);
  const std::string name(200, 'd');
  constexpr size_t depth = 300;
  struct stat top{};
  REQUIRE(::fstat(descent->fd(), &top) == 0);
  for (size_t i = 0; i < depth; ++i) {
    REQUIRE(::mkdirat(descent->fd(), name.c_str(), 0700) == 0);
    REQUIRE(descent->enter(name, false, "below"));
  }
  CHECK(descent->depth() == depth);
  CHECK_FALSE(descent->is_inside_itself());
  CHECK(descent->contains(top.st_dev, top.st_ino));
  for (size_t i = 0; i < depth; ++i) {
    REQUIRE(descent->leave("up"));
    REQUIRE(::faccessat(descent->fd(), name.c_str(), F_OK, 0) == 0);
  }
  struct stat back{};
  REQUIRE(::fstat(descent->fd(), &back) == 0);
  CHECK(back.st_ino == top.st_ino);
}

TEST_CASE("descent: a link is followed only where asked to, and a circle is seen") {
  const Scratch scratch;
  REQUIRE(::symlink(".", scratch.path("self").c_str()) == 0);
  auto descent = Descent::start(open_dir(scratch.path("")), "top");
  REQUIRE(descent);
  CHECK_FALSE(descent->enter("self", false, "self"));
  REQUIRE(descent->enter("self", true, "self"));
  CHECK(descent->is_inside_itself());
  CHECK(descent->leave("top"));
}

TEST_CASE("backup: numbered where there are numbered ones, else simple") {
  const Scratch scratch;
  const auto name = [&](Backup kind) { return *backup_name(AT_FDCWD, scratch.path("f"), {kind, "~"}, "f"); };
  CHECK(name(Backup::existing) == scratch.path("f~"));
  CHECK(name(Backup::numbered) == scratch.path("f.~1~"));
  for (const char* const other : {"f.~9~", "f.~10~", "f.~011~", "f.~x~", "g.~50~", "f.~~"})
    scratch.write(other, "");
  CHECK(name(Backup::existing) == scratch.path("f.~11~"));
  CHECK(name(Backup::simple) == scratch.path("f~"));
}

TEST_CASE("mode: letters for every bit") {
  CHECK(mode_text(S_IFREG | 0644) == "-rw-r--r--");
  CHECK(mode_text(S_IFDIR | 01777) == "drwxrwxrwt");
  CHECK(mode_text(S_IFREG | 06755) == "-rwsr-sr-x");
  CHECK(mode_text(S_IFREG | 07000) == "---S--S--T");
  CHECK(mode_text(S_IFLNK | 0777) == "lrwxrwxrwx");
}

}  // namespace rescue
