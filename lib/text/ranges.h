// Lists of numbers such as "2,4-6,9-": the fields and bytes that `cut` takes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace rescue {

struct Range {
  uint64_t first = 1;
  uint64_t last = 1;  // the largest number where the end is open
};

// The ranges of the list, sorted, those that overlap joined; blanks divide as commas do. `what` names an item.
Result<std::vector<Range>> parse_ranges(std::string_view list, std::string_view what);

// All numbers from 1 on that are in none of the ranges.
std::vector<Range> complement(const std::vector<Range>& ranges);

}  // namespace rescue
