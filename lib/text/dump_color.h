// The colours of `hexdump`: the list behind a conversion, `_L[COLOR:VALUE@OFFSET,...]`, of which each unit may hold for
// some values or places only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace rescue {

struct DumpColor {
  std::string_view code;  // "31"
  bool negated = false;
  std::optional<uint64_t> value;
  std::optional<std::string> text;
  std::optional<uint64_t> first;
  uint64_t last = 0;

  // Whether it holds for what a conversion shows: the bytes from `address` on, or the address where there are none.
  bool holds(std::string_view bytes, uint64_t address) const;

 private:
  std::optional<std::string_view> tested(std::string_view bytes, uint64_t address) const;
};

// The units of a list behind a conversion that takes `bytes` bytes (0: an address). A list with an unknown colour in it
// has none, as in util-linux's hexdump.
Result<std::vector<DumpColor>> parse_dump_colors(std::string_view list, size_t bytes);

}  // namespace rescue
