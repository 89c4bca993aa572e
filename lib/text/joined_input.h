// Files read as if they were one, for those who dump them: `od`, `hexdump`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/text/input.h"

namespace rescue {

class JoinedInput {
 public:
  // No names: standard input. Both must outlive this.
  JoinedInput(Io& io, const Args& names) : io_(io), names_(names) {}

  // Fills the buffer as far as there is anything to read. What cannot be opened or read is warned of, and left out.
  size_t read(std::span<char> buffer);

  // Leaves out that many bytes; how many there were. Regular files are not read for it.
  uint64_t skip(uint64_t count);

 private:
  bool open_next();

  Io& io_;
  const Args& names_;
  size_t next_ = 0;
  std::optional<Input> input_;
};

}  // namespace rescue
