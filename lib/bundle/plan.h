// What a restore would do to a root: every entry of a bundle compared with what stands at its place.
//
// Places are found through the root's own directory links: a bundle's usr/lib64/x goes to wherever the root's
// /usr/lib64 leads. Nothing is changed here.
#pragma once

#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/bundle/journal.h"
#include "lib/bundle/reader.h"
#include "lib/fs/root.h"

namespace rescue {

// What is done to one path, for people.
enum class Verb : uint8_t { create, replace, relink, clear, attributes, move, keep_config };

struct Change {
  Verb verb;
  std::string path;  // in the root
  std::string why;   // "its content differs", "is a directory"
};

struct Plan {
  std::vector<Step> steps;                  // in the order of the commit
  std::vector<int> entry_of_step;           // the manifest entry that gives a step its content; -1: none
  std::vector<std::string> place_of_entry;  // by manifest entry: its path in this root
  std::vector<Change> changes;              // for people, in the same order as the steps
  size_t kept = 0;                          // entries that are right already

  // Whether the root is as the bundle says.
  bool nothing_to_do() const { return steps.empty(); }
};

struct PlanOptions {
  bool replace_config = false;  // also configuration that differs from the bundle's but is not damaged
  Tier up_to = Tier::rest;      // leave out what is of a higher tier
};

// Compares. `bundle` must have been verified. Fails with status refused where the layouts contradict each other.
Result<Plan> make_plan(const Root& root, const Bundle& bundle, const PlanOptions& options);

}  // namespace rescue
