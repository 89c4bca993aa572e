// The table of symbols in front of a static library, by which a linker finds the member that defines a name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/archive/ar.h"
#include "lib/base/bytes.h"

namespace rescue {

class ArSymbols {
 public:
  // Adds what the next member defines for others. What is no ELF file, or a damaged one, defines nothing.
  void add(const Bytes& content);

  // Whether there was an object file at all: without one there is no table.
  bool any() const { return any_; }

  // The table as a member, for members that `skip` bytes stand before (the table of long names). `time` is its own.
  Result<std::string> member(const std::vector<ArMember>& members, uint64_t skip, int64_t time) const;

 private:
  bool read(const Bytes& file);

  std::string names_;             // each with a zero behind it
  std::vector<uint32_t> counts_;  // by member
  bool any_ = false;
};

}  // namespace rescue
