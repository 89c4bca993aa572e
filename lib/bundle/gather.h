// Carries out a recipe on a root: finds all that its rules name, with the libraries that programs load.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/bundle/collect.h"
#include "lib/bundle/family.h"
#include "lib/bundle/recipe.h"
#include "lib/elf/search.h"

namespace rescue {

class Gatherer {
 public:
  // All must outlive this.
  Gatherer(Collector& collector, const GlibcFamily& family);

  Result<> apply(const Recipe& recipe);

  // What the rules ask for and the root has not, or has damaged, for people.
  const std::vector<std::string>& faults() const { return faults_; }
  // What is missing around programs that the recipe calls optional.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  Result<> apply(const RecipeRule& rule);
  Result<> take_loader(const RecipeRule& rule);
  Result<> take_soname(const RecipeRule& rule);
  Result<> take_matches(const RecipeRule& rule);
  Result<bool> take_one(const RecipeRule& rule, const std::string& path, bool in_library_dir);
  Result<> take_closure(const RecipeRule& rule, const std::string& path);
  Result<> take_top_links();
  Result<> check_libraries();
  void check_release(const std::string& path, const elf::Image& image);
  void missing(const RecipeRule& rule, std::string_view what);
  bool is_for_this_machine(std::string_view path) const;

  Collector& collector_;
  const GlibcFamily& family_;
  const elf::Image* machine_;
  elf::Resolver resolver_;
  std::set<std::string> closures_done_;
  std::vector<std::string> faults_;
  std::vector<std::string> notes_;
};

}  // namespace rescue
