// Packages put side by side in a temporary directory, as their files would lie in a root: so that a bundle can be made
// of them as of a root, without being root and without a package manager.
//
// Scripts are never run. What they or the installer would have done that matters for glibc is known: the links of a
// merged /usr (`/lib64` -> usr/lib64), which no package of the libraries contains.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/bundle/collect.h"
#include "lib/bundle/info.h"
#include "lib/fs/root.h"

namespace rescue {

// Whether /bin, /lib and the like are links into /usr on the systems that the packages are for.
enum class UsrMerge : uint8_t { by_package, yes, no };

class UnpackedPackages {
 public:
  // Unpacks into a new directory beside `output`. Damaged and hostile packages give errors of status bad_data.
  static Result<UnpackedPackages> unpack(const std::vector<std::string>& files, const std::string& output,
                                         UsrMerge merge);
  UnpackedPackages(UnpackedPackages&&) noexcept;
  UnpackedPackages& operator=(UnpackedPackages&&) = delete;
  ~UnpackedPackages();  // removes the directory

  const Root& root() const;
  const Records& records() const;
  const std::vector<SourcePackage>& packages() const;
  bool any_rpm() const;
  // What was done for lack of a package that says it.
  const std::vector<std::string>& notes() const;

 private:
  friend class Unpacker;
  struct State;
  explicit UnpackedPackages(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rescue
