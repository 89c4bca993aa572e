#include "lib/bundle/recipe.h"

#include <algorithm>
#include <optional>

#include <fcntl.h>

#include "lib/base/dense_text.h"
#include "lib/base/fd.h"
#include "lib/base/text.h"

namespace rescue {

namespace {

constexpr uint64_t max_recipe = 1 << 20;
constexpr int max_depth = 8;

// The recipes are part of the executable, so that it works alone, wherever it lies.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
constexpr char glibc_text[] = {
#embed "../../bundles/glibc.recipe"
};
constexpr char base_text[] = {
#embed "../../bundles/base.recipe"
};
#pragma clang diagnostic pop

// Without comments. Their lines' ends stay: lines are told by their numbers.
consteval size_t make_bare(std::string_view text, char* out) {
  size_t size = 0;
  bool skip = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool first = i == 0 || text[i - 1] == '\n';
    skip = (skip && text[i] != '\n') || (first && text[i] == '#');
    if (skip)
      continue;
    if (out != nullptr)
      out[size] = text[i];
    ++size;
  }
  return size;
}

template <auto& text>
constexpr auto bare = [] {
  FixedText<make_bare({text, sizeof text}, nullptr) + 1> result;
  make_bare({text, sizeof text}, result.bytes);
  return result;
}();

struct BuiltIn {
  std::string_view name;
  DenseText text;
};
constexpr BuiltIn built_in[] = {
    {"base", dense<bare<base_text>>},
    {"glibc", dense<bare<glibc_text>>},
};

std::optional<std::string> built_in_text(std::string_view name) {
  for (const BuiltIn& recipe : built_in)
    if (recipe.name == name)
      return recipe.text.text();
  return std::nullopt;
}

bool names_file(std::string_view name) {
  return name.contains('/') || name.ends_with(".recipe");
}

class Parser {
 public:
  explicit Parser(Recipe& recipe) : recipe_(recipe) {}

  Result<> read(std::string_view text, const std::string& file, int depth) {
    Tier tier = Tier::rest;
    unsigned number = 0;
    for (const std::string_view line : split(text, '\n'))
      TRY(take_line(line, {file, str(base_name(file), ':', ++number), depth}, tier));
    return {};
  }

 private:
  struct Place {
    const std::string& file;
    std::string shown;
    int depth;
  };

  static std::unexpected<Error> bad(const Place& place, std::string_view detail) {
    return fail("read recipe", place.shown, detail);
  }

  static std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
      const size_t start = line.find_first_not_of(" \t");
      // A comment's mark stands after a blank, so that a name may hold one.
      if (start == std::string_view::npos || line[start] == '#')
        return words;
      const size_t end = std::min(line.find_first_of(" \t", start), line.size());
      words.push_back(line.substr(start, end - start));
      line.remove_prefix(end);
    }
  }

  Result<> take_line(std::string_view line, const Place& place, Tier& tier) {
    auto list = words_of(line);
    std::span<const std::string_view> words = list;
    if (words.empty())
      return {};
    if (words[0] == "tier" || words[0] == "include") {
      if (words.size() != 2)
        return bad(place, str(words[0], " takes one word"));
      return words[0] == "tier" ? set_tier(words[1], place, tier) : include(words[1], place);
    }
    return take_rules(words, place, tier);
  }

  static Result<> set_tier(std::string_view word, const Place& place, Tier& tier) {
    const auto number = to_number<uint8_t>(word);
    if (!number || *number > static_cast<uint8_t>(Tier::rest))
      return bad(place, "a tier is a number from 0 to 3");
    tier = static_cast<Tier>(*number);
    return {};
  }

  Result<> include(std::string_view name, const Place& place) {
    if (place.depth >= max_depth)
      return bad(place, "the recipes include each other without end");
    if (!names_file(name)) {
      const auto text = built_in_text(name);
      if (!text)
        return bad(place, str("there is no recipe called ", Printable(name)));
      return read(*text, str(name, ".recipe"), place.depth + 1);
    }
    const std::string file = name.starts_with('/') ? std::string(name) : str(dir_name(place.file), '/', name);
    return read_file(file, place.depth + 1);
  }

  Result<> take_rules(std::span<const std::string_view> words, const Place& place, Tier tier) {
    RecipeRule rule;
    rule.tier = tier;
    rule.place = place.shown;
    for (; !words.empty(); words = words.subspan(1)) {
      if (words[0] == "optional")
        rule.optional = true;
      else if (words[0] == "setid")
        rule.privileged = true;
      else
        break;
    }
    if (!words.empty() && words[0] == "loader") {
      if (words.size() != 1)
        return bad(place, "loader stands alone");
      rule.kind = RuleKind::loader;
      recipe_.rules.push_back(std::move(rule));
      return {};
    }
    if (!words.empty() && (words[0] == "soname" || words[0] == "closure")) {
      rule.kind = words[0] == "soname" ? RuleKind::soname : RuleKind::closure;
      words = words.subspan(1);
    }
    if (words.empty())
      return bad(place, "it says nothing to take");
    for (const std::string_view word : words) {
      TRY(check_word(rule.kind, word, place));
      recipe_.rules.push_back(rule);
      recipe_.rules.back().word = word;
    }
    return {};
  }

  static Result<> check_word(RuleKind kind, std::string_view word, const Place& place) {
    if (kind == RuleKind::soname) {
      if (word.contains('/') || word.contains('$'))
        return bad(place, str("a soname has no slash: ", Printable(word)));
      return {};
    }
    const bool in_libdir = word.starts_with("${LIBDIR}/");
    if (!in_libdir && !word.starts_with('/'))
      return bad(place, str("neither a known word nor an absolute path: ", Printable(word)));
    if (word.substr(in_libdir ? 9 : 0).contains("${"))
      return bad(place, str("only ${LIBDIR}, at the start, is known: ", Printable(word)));
    const auto parts = split(word, '/');
    if (std::ranges::contains(parts, "..") || std::ranges::contains(parts, "."))
      return bad(place, str("`.` and `..` have no place in a recipe: ", Printable(word)));
    return {};
  }

 public:
  Result<> read_file(const std::string& file, int depth) {
    const UniqueFd fd = TRY(open_file(file, O_RDONLY));
    return read(TRY(read_all(fd.get(), max_recipe, file)), file, depth);
  }

 private:
  Recipe& recipe_;
};

}  // namespace

Result<Recipe> Recipe::load(const std::string& name_or_file) {
  Recipe recipe;
  if (names_file(name_or_file)) {
    recipe.name = base_name(name_or_file);
    if (recipe.name.ends_with(".recipe"))
      recipe.name.resize(recipe.name.size() - 7);
    TRY(Parser(recipe).read_file(name_or_file, 0));
    return recipe;
  }
  const auto text = built_in_text(name_or_file);
  if (!text) {
    std::string known;
    for (const std::string_view name : recipe_names())
      known += str(known.empty() ? "" : ", ", name);
    return usage_error("no recipe is called '", Printable(name_or_file), "' (there are: ", known,
                       "); a recipe of your own is named with its path");
  }
  recipe.name = name_or_file;
  TRY(Parser(recipe).read(*text, str(name_or_file, ".recipe"), 0));
  return recipe;
}

Result<Recipe> Recipe::parse(std::string_view text, const std::string& file) {
  Recipe recipe;
  recipe.name = base_name(file);
  if (recipe.name.ends_with(".recipe"))
    recipe.name.resize(recipe.name.size() - 7);
  TRY(Parser(recipe).read(text, file, 0));
  return recipe;
}

std::vector<std::string_view> recipe_names() {
  std::vector<std::string_view> names;
  for (const BuiltIn& recipe : built_in)
    names.push_back(recipe.name);
  return names;
}

}  // namespace rescue
