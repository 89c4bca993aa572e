// The numbers of the owners that an archive names.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "lib/archive/entry.h"
#include "lib/fs/names.h"
#include "lib/fs/root.h"

namespace rescue {

class OwnerNames {
 public:
  // By the files of the root that the entries go to, or by this system's where that has none.
  explicit OwnerNames(const Root& root);

  // Sets the numbers of an entry by its names. A name that is not known leaves the number as it is.
  void apply(Entry& entry);

  // "user sshd", "group tape": those that were not known, for people.
  const std::set<std::string>& unknown() const { return unknown_; }

 private:
  void apply(NameFile& file, std::string_view kind, const std::string& name, uint32_t& number);

  Names names_;
  std::set<std::string> unknown_;
};

}  // namespace rescue
