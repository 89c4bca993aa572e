// Sets of bytes as `tr` writes them: ranges, classes, repetitions and escapes.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace rescue {

class CharSet {
 public:
  static Result<CharSet> parse(std::string_view text);

  // One part of it.
  struct Part {
    enum class Kind : uint8_t { range, equivalence, character_class, repeat };

    Kind kind = Kind::range;
    uint8_t first = 0;  // of a range; the byte that is repeated or equivalent
    uint8_t last = 0;
    std::string_view name;           // of a class; one of the program's own texts
    std::optional<uint64_t> repeat;  // nothing: as often as it takes
  };
  const std::vector<Part>& parts() const { return parts_; }
  bool has(Part::Kind kind) const;

  // All bytes in order. `length` is what a repetition without a number fills up to.
  std::string bytes(size_t length = 0) const;

  // Which bytes it holds.
  std::bitset<256> members() const;

  // Where its classes [:upper:] and [:lower:] begin, in the order of bytes().
  struct CasePlace {
    size_t at;
    bool upper;
  };
  std::vector<CasePlace> case_places(size_t length) const;

 private:
  std::vector<Part> parts_;
};

// The bytes of a class in the C locale; nothing where there is no class of that name.
std::optional<std::string> class_bytes(std::string_view name);

}  // namespace rescue
