// Root against the kernel's own answer, openat2(RESOLVE_IN_ROOT), for paths drawn at random in a tree full of links.
#include <random>

#include <doctest/doctest.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "lib/fs/root.h"
#include "tests/scratch.h"

namespace rescue {

namespace {

// Directories in one another, a file in each, and links that lead up, down, away, nowhere and in circles.
void make_tree(const Scratch& scratch) {
  scratch.output_of(R"(
    mkdir -p top/a/b/c/d top/usr/lib/x top/e && cd top
    for dir in . a a/b a/b/c a/b/c/d usr usr/lib usr/lib/x e; do echo . >$dir/f; done
    ln -s usr/lib lib; ln -s /usr/lib a/lib; ln -s ../../.. a/b/c/up; ln -s .. usr/lib/x/up; ln -s . a/b/here
    ln -s ../../../../../a/b/c a/b/c/d/far; ln -s /a/b/c/d/ e/slash; ln -s nowhere e/lost; ln -s f e/file
    ln -s ../x/f usr/lib/x/around; ln -s loop2 e/loop; ln -s loop e/loop2; ln -s d/.. a/b/c/back; ln -s / a/b/root)");
}

std::string random_path(std::mt19937& random) {
  static constexpr std::string_view names[] = {"a",    "b",    "c",    "d",    "usr",  "lib", "x",     "e",
                                               "f",    "up",   "here", "far",  "..",   ".",   "slash", "lost",
                                               "file", "loop", "back", "root", "none", "a/b", "a/b/c", "usr/lib"};
  std::string path = random() % 2 != 0 ? "/" : "";
  const size_t count = 1 + random() % 7;
  for (size_t i = 0; i < count; ++i)
    path = str(path, i == 0 ? "" : "/", names[random() % std::size(names)]);
  return str(path, random() % 8 == 0 ? "/" : "");
}

struct Answer {
  int error = 0;
  ino_t inode = 0;
};

Answer kernels_answer(const Root& root, const std::string& path, Last last) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | (last == Last::keep ? O_NOFOLLOW : 0);
  how.resolve = RESOLVE_IN_ROOT;
  const UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, root.fd(), path.c_str(), &how, sizeof how)));
  struct stat info{};
  if (!fd)
    return {errno, 0};
  REQUIRE(::fstat(fd.get(), &info) == 0);
  return {0, info.st_ino};
}

// What is found is also there by the directory and the name that are given, and its path has no links in it.
void check_found(const Root& root, const Found& found) {
  struct stat info{};
  REQUIRE(::fstatat(found.dir.get(), found.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0);
  CHECK(info.st_ino == found.info.st_ino);
  REQUIRE(::fstatat(root.fd(), found.path.empty() ? "." : found.path.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0);
  CHECK(info.st_ino == found.info.st_ino);
  CHECK(str('/', found.path, '/').find("/../") == std::string::npos);
}

}  // namespace

TEST_CASE("root: finds what the kernel finds, and fails as it does") {
  const Scratch scratch;
  make_tree(scratch);
  const auto root = Root::open(scratch.path("top"));
  REQUIRE(root);
  if (kernels_answer(*root, "a", Last::follow).error == ENOSYS)
    return;
  std::mt19937 random(1);
  int found_some = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string path = random_path(random);
    const Last last = random() % 2 != 0 ? Last::keep : Last::follow;
    CAPTURE(path);
    const Answer expected = kernels_answer(*root, path, last);
    const auto found = root->find_existing(path, last);
    if (!found) {
      CHECK(found.error().code() == expected.error);
      continue;
    }
    ++found_some;
    CHECK(expected.error == 0);
    CHECK(found->info.st_ino == expected.inode);
    check_found(*root, *found);
  }
  CHECK(found_some > 200);
}

TEST_CASE("root: `..` after a way of several directories goes back one of them") {
  const Scratch scratch;
  make_tree(scratch);
  const auto root = Root::open(scratch.path("top"));
  REQUIRE(root);
  const auto path_of = [&](std::string_view path) { return root->find_existing(path).value_or(Found{}).path; };
  CHECK(path_of("usr/lib/x/around") == "usr/lib/x/f");
  CHECK(path_of("a/b/c/back") == "a/b/c");
  CHECK(path_of("a/b/c/back/f") == "a/b/c/f");
  CHECK(path_of("a/b/c/up/e/f") == "e/f");
  CHECK(path_of("a/b/c/d/far/d/f") == "a/b/c/d/f");
  CHECK(path_of("a/b/c/d/../f") == "a/b/c/f");
  CHECK(path_of("e/slash/f") == "a/b/c/d/f");
  CHECK(path_of("lib/x/f") == "usr/lib/x/f");
}

}  // namespace rescue
