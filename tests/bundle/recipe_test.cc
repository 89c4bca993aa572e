#include "lib/bundle/recipe.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "lib/base/text.h"

namespace rescue { namespace {

std::string error_of(std::string_view text) {
  const auto recipe = Recipe::parse(text, "test.recipe");
  return recipe ? std::string() : message(recipe.error());
}

TEST_CASE("recipe: a line has a kind, words and marks, and the tier set above it") {
  const auto recipe = Recipe::parse(
      "# a comment\n/etc/first\ntier 0\nloader   # the loader\nsoname libc.so.6\tlibm.so.6\n\ntier 2\n"
      "optional setid closure /bin/su\noptional ${LIBDIR}/gconv/** /a#b\n",
      "some/test.recipe");
  REQUIRE(recipe);
  CHECK(recipe->name == "test");
  REQUIRE(recipe->rules.size() == 7);
  CHECK(recipe->rules[0].kind == RuleKind::pattern);
  CHECK(recipe->rules[0].tier == Tier::rest);
  CHECK_FALSE(recipe->rules[0].optional);
  CHECK(recipe->rules[1].kind == RuleKind::loader);
  CHECK(recipe->rules[1].tier == Tier::loader);
  CHECK(recipe->rules[1].place == "test.recipe:4");
  CHECK(recipe->rules[2].kind == RuleKind::soname);
  CHECK(recipe->rules[3].word == "libm.so.6");
  CHECK(recipe->rules[4].kind == RuleKind::closure);
  CHECK(recipe->rules[4].optional);
  CHECK(recipe->rules[4].privileged);
  CHECK(recipe->rules[4].tier == Tier::packages);
  CHECK_FALSE(recipe->rules[5].privileged);
  CHECK(recipe->rules[5].word == "${LIBDIR}/gconv/**");
  CHECK(recipe->rules[6].word == "/a#b");
}

TEST_CASE("recipe: an include keeps the tiers of both apart") {
  const auto recipe = Recipe::parse("tier 1\n/a\ninclude glibc\n/b\n", "test.recipe");
  REQUIRE(recipe);
  CHECK(recipe->rules.front().tier == Tier::login);
  CHECK(recipe->rules.back().tier == Tier::login);
  CHECK(std::ranges::contains(recipe->rules, "libc.so.6", &RecipeRule::word));
  CHECK(std::ranges::contains(recipe->rules, Tier::loader, &RecipeRule::tier));
}

TEST_CASE("recipe: what it cannot understand names the line") {
  for (const std::string_view line :
       {"tier", "tier 4", "tier x", "tier 1 2", "include", "include nothing", "relative/path", "soname", "soname a/b",
        "soname ${X}", "closure libc.so.6", "optional", "optional setid", "loader x", "/a/../b", "/a/./b",
        "/a/${LIBDIR}", "${HOME}/x", "unknown word"}) {
    CAPTURE(line);
    CHECK(error_of(str("\n", line, "\n")).starts_with("test.recipe:2: "));
  }
}

TEST_CASE("recipe: those that come with the kit are whole") {
  for (const std::string_view name : recipe_names()) {
    const auto recipe = Recipe::load(std::string(name));
    REQUIRE(recipe);
    CHECK(recipe->name == name);
    CHECK(recipe->rules.size() > 20);
    CHECK(recipe->rules[0].kind == RuleKind::loader);
    // They are kept without comments and dense: to the same effect, line by line.
    const auto file = Recipe::load(str("bundles/", name, ".recipe"));
    REQUIRE(file);
    CHECK(file->rules == recipe->rules);
  }
  const auto missing = Recipe::load("nothing");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().status() == Status::usage);
  CHECK(message(missing.error()).contains("base, glibc"));
}

TEST_CASE("recipe: a file that is not there is an error, and so are recipes that include each other") {
  CHECK_FALSE(Recipe::load("/nowhere/at/all.recipe"));
  CHECK(error_of("include /nowhere/at/all.recipe\n") != "");
}

}}  // namespace rescue
