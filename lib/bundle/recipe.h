// A recipe: the text that says which files of a root go into a bundle, `bundles/NAME.recipe`.
//
// One rule a line; `#` begins a comment, at the start of a line or after a blank. A line is
//
//   tier N                   the lines below belong to tier N, 0 to 3
//   include NAME             the rules of another recipe, with tiers of their own
//   loader                   the loader that the programs of the root name, and the links that lead to it
//   soname NAME...           libraries of these sonames in the library directories
//   closure PATTERN...       programs or libraries with everything that they load; scripts with their interpreter
//   PATTERN...               files, links or directories
//
// and may begin with `optional` (not every root has it) and `setid` (it may run with more rights than its caller's:
// set-id bits or file capabilities; without this word such a file is refused). A PATTERN is an absolute path of the
// root with `*`, `?`, `[set]` in a component, and `**` for any number of components; ${LIBDIR} stands for each of the
// directories that the root's loader looks into by itself. Hidden files match only a pattern that names the dot, and
// leftovers of package managers match none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/bundle/manifest.h"

namespace rescue {

enum class RuleKind : uint8_t { pattern, soname, closure, loader };

struct RecipeRule {
  RuleKind kind = RuleKind::pattern;
  std::string word;  // pattern or soname
  Tier tier = Tier::rest;
  bool optional = false;
  bool privileged = false;
  std::string place;  // "glibc.recipe:12", for messages
  bool operator==(const RecipeRule&) const = default;
};

struct Recipe {
  std::string name;  // "glibc"
  std::vector<RecipeRule> rules;

  // The recipe of that name that comes with the kit, or the file, where `name_or_file` has a slash or ends in
  // ".recipe". An `include` names one that comes with the kit, or a file beside the one that includes it.
  static Result<Recipe> load(const std::string& name_or_file);

  // The rules of a text; `file` names it in messages.
  static Result<Recipe> parse(std::string_view text, const std::string& file);
};

// The names of the recipes that come with the kit.
std::vector<std::string_view> recipe_names();

}  // namespace rescue
