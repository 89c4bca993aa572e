#include "lib/text/patch_file.h"

#include <string>

#include <doctest/doctest.h>

#include "lib/text/line_diff.h"

namespace rescue {
namespace {

constexpr std::string_view unified =
    "Text before\n--- a/f\t2021-01-01\n+++ b/f\t2021-01-02\n@@ -1,3 +1,3 @@ head\n one\n-two\n+2\n three\n"
    "\\ No newline at end of file\n";
constexpr std::string_view context =
    "*** f\t2021\n--- f\t2022\n***************\n*** 1,3 ****\n  one\n! two\n  three\n--- 1,3 ----\n  one\n! 2\n  "
    "three\n";
constexpr std::string_view normal = "2c2\n< two\n---\n> 2\n5a6,7\n> x\n> y\n";

}  // namespace

TEST_CASE("patch: all forms are read into one") {
  const auto a = patch::parse(unified, patch::Form::unknown);
  REQUIRE(a);
  REQUIRE(a->files.size() == 1);
  const patch::Hunk& hunk = a->files[0].hunks.at(0);
  CHECK(a->files[0].old_name.path == "a/f");
  CHECK(hunk.lines.size() == 4);
  CHECK(hunk.heading == " head");
  CHECK(hunk.lines[3].text == "three");
  const auto b = patch::parse(context, patch::Form::unknown);
  REQUIRE(b);
  REQUIRE(b->files.at(0).hunks.at(0).lines.size() == 4);
  CHECK(b->files[0].hunks[0].lines[1].kind == '-');
  CHECK(b->files[0].hunks[0].lines[2].text == "2\n");
  const auto c = patch::parse(normal, patch::Form::unknown);
  REQUIRE(c);
  CHECK(c->files.at(0).hunks.size() == 2);
}

TEST_CASE("patch: a script for ed is refused, as is what makes no sense") {
  CHECK_FALSE(patch::parse("2c\nx\n.\n", patch::Form::unknown));
  CHECK_FALSE(patch::parse("--- f\n+++ f\n@@ -1,2 +1 @@\n one\n", patch::Form::unknown));
  CHECK_FALSE(patch::parse("--- f\n+++ f\n@@ -1 +1 @@\n*one\n", patch::Form::unknown));
  const auto garbage = patch::parse("hello\n", patch::Form::unknown);
  REQUIRE(garbage);
  CHECK(garbage->garbage_only);
}

TEST_CASE("patch: every shorter length and every flipped byte is a patch or an error") {
  for (const std::string_view whole : {unified, context, normal}) {
    for (size_t size = 0; size < whole.size(); ++size)
      (void)patch::parse(whole.substr(0, size), patch::Form::unknown);
    for (size_t i = 0; i < whole.size(); ++i) {
      std::string damaged(whole);
      damaged[i] = static_cast<char>(damaged[i] ^ 0xff);
      (void)patch::parse(damaged, patch::Form::unknown);
    }
  }
}

TEST_CASE("diff: changes are as small as they can be, and as far down") {
  const auto changes = [](std::string_view a, std::string_view b) {
    return compare_lines(lines_of(a), lines_of(b), {.horizon = 3});
  };
  CHECK(changes("a\nb\n", "a\nb\n").empty());
  const auto added = changes("a\nb\nb\nc\n", "a\nb\nb\nb\nc\n");
  REQUIRE(added.size() == 1);
  CHECK(added[0].new_at == 3);
  CHECK(added[0].new_count == 1);
  const auto both = changes("a\nb\nc\n", "x\nb\n");
  REQUIRE(both.size() == 2);
  CHECK(both[1].old_at == 2);
}

}  // namespace rescue
