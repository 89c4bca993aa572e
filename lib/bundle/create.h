// Making a bundle from a root, or from packages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/bundle/collect.h"
#include "lib/bundle/info.h"
#include "lib/bundle/recipe.h"
#include "lib/fs/root.h"

namespace rescue {

// What the files come from.
struct BundleSource {
  const Root* root = nullptr;
  const Records* records = nullptr;     // with packages: what they say of modes and owners
  std::vector<SourcePackage> packages;  // none: the root itself is the source
  bool of_rpms = false;                 // they are, or some of them
};

struct CreateOptions {
  int level = 19;
  bool force = false;  // also from a root whose glibc is broken
  // Told from time to time how many bytes of how many are done.
  void (*progress)(void* context, uint64_t done, uint64_t total) = nullptr;
  void* context = nullptr;
};

struct CreateReport {
  BundleInfo info;
  size_t entries = 0;
  uint64_t content = 0;            // bytes of all files
  uint64_t size = 0;               // of the bundle
  std::vector<std::string> notes;  // what the person should know
};

// Writes the bundle `output`. The same files give the same bytes, wherever and whenever they are read. Refuses
// (status refused) a root whose glibc is not whole, unless forced, and an output among the root's libraries.
Result<CreateReport> create_bundle(const BundleSource& source, const Recipe& recipe, const std::string& output,
                                   const CreateOptions& options);

}  // namespace rescue
