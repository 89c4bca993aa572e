#include "lib/text/patch_merge.h"

#include <string>

#include <doctest/doctest.h>

#include "lib/text/line_diff.h"

namespace rescue {
namespace {

constexpr std::string_view change = "--- f\n+++ f\n@@ -2,5 +2,5 @@\n 2\n 3\n-4\n+four\n 5\n 6\n";

struct Outcome {
  std::string text;
  std::string said;
  bool conflict = false;
};

Outcome merged(std::string_view text, std::string_view patch_text, patch::MergeStyle style) {
  Outcome outcome;
  const auto parsed = patch::parse(patch_text, patch::Form::unknown);
  patch::Progress to{.lines = lines_of(text)};
  if (parsed)
    for (const patch::FilePatch& file : parsed->files)
      for (const patch::Hunk& hunk : file.hunks) {
        const auto report = patch::merge_hunk(hunk, 0, style, true, to);
        outcome.said += report.text;
        outcome.conflict |= report.conflict;
      }
  to.copy_until(to.lines.size());
  outcome.text = std::move(to.out);
  return outcome;
}

}  // namespace

TEST_CASE("merge: what one side changed is taken over, what both changed stands between marks") {
  using enum patch::MergeStyle;
  const Outcome fits = merged("1\n2\n3\n4\n5\nsix\n7\n", change, merge);
  CHECK(fits.text == "1\n2\n3\nfour\n5\nsix\n7\n");
  CHECK(fits.said == "merged at 4");
  CHECK_FALSE(fits.conflict);
  const Outcome both = merged("1\n2\n3\nIV\n5\n6\n", change, merge);
  CHECK(both.text == "1\n2\n3\n<<<<<<<\nIV\n=======\nfour\n>>>>>>>\n5\n6\n");
  CHECK(both.said == "NOT MERGED at 4-8");
  CHECK(both.conflict);
  CHECK(merged("1\n2\n3\nIV\n5\n6\n", change, diff3).text ==
        "1\n2\n3\n<<<<<<<\nIV\n|||||||\n4\n=======\nfour\n>>>>>>>\n5\n6\n");
  const Outcome again = merged("1\n2\n3\nfour\n5\n6\n", change, merge);
  CHECK(again.text == "1\n2\n3\nfour\n5\n6\n");
  CHECK(again.said == "already applied at 4");
}

// Where GNU's loses its place: lines behind a change that is there already went to where they do not belong.
TEST_CASE("merge: with diff3, what comes behind a change that is there already stays in its place") {
  constexpr std::string_view two = "--- f\n+++ f\n@@ -1,6 +1,7 @@\n 1\n+x\n 2\n 3\n-4\n+four\n 5\n 6\n";
  CHECK(merged("1\nx\n2\n3\n4\n5\n6\n", two, patch::MergeStyle::diff3).text == "1\nx\n2\n3\nfour\n5\n6\n");
}

TEST_CASE("merge: a hunk for the end of the world, or for an empty file, ends") {
  constexpr std::string_view far = "--- f\n+++ f\n@@ -4611686018427387900,2 +1,2 @@\n 1\n-2\n+x\n";
  for (const std::string_view text : {"", "1\n", "1\n2\n", "no newline"})
    for (const auto style : {patch::MergeStyle::merge, patch::MergeStyle::diff3})
      CHECK_FALSE(merged(text, far, style).text.empty());
}

TEST_CASE("merge: every shorter and every flipped patch leaves each line of the text or a report") {
  constexpr std::string_view text = "1\n2\nthree\n4\n5\n6\n";
  for (size_t size = 0; size < change.size(); ++size)
    CHECK((merged(text, change.substr(0, size), patch::MergeStyle::merge).said.empty() || size > 30));
  for (size_t i = 0; i < change.size(); ++i) {
    std::string damaged(change);
    damaged[i] = static_cast<char>(damaged[i] ^ 0xff);
    const Outcome outcome = merged(text, damaged, patch::MergeStyle::diff3);
    CHECK((outcome.said.empty() ? outcome.text == text : outcome.text != text));
  }
}

}  // namespace rescue
