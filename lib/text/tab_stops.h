// Where tabs lead: every so many columns, at places that are named, or both (`expand`, `unexpand`).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace rescue {

class TabStops {
 public:
  // Adds a list as -t takes it: "4", "3,9,20", with "/8" or "+8" for what comes after the last one.
  Result<> add(std::string_view list);

  // The list is complete.
  Result<> finish();

  // The stop behind the column; nothing where there is none.
  struct Stop {
    uint64_t column;
    bool last;  // there is none: a tab counts as one blank
  };
  Stop next(uint64_t column) const;

 private:
  std::vector<uint64_t> places_;
  uint64_t every_ = 0;      // N on its own, or the default
  uint64_t multiples_ = 0;  // /N
  uint64_t further_ = 0;    // +N
};

}  // namespace rescue
