// The FILE operands of a command that reads them; "-" is standard input, and is read where there is none.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/fd.h"
#include "lib/base/io.h"
#include "lib/base/options.h"

namespace rescue {

class Input {
 public:
  // Opens `name` for reading; "-" is the standard input of `io`.
  static Result<Input> open(std::string_view name, const Io& io);

  int fd() const { return fd_; }
  const std::string& name() const { return name_; }
  bool is_standard() const { return !owned_; }

  // Standard input is left open.
  Result<> close();

 private:
  UniqueFd owned_;
  int fd_ = 0;
  std::string name_;
};

// Opens one operand after another and gives it to `take`, then closes it. An error, of either, is warned of, and the
// next one's turn comes. No operands: standard input.
void each_input(Io& io, const Args& names, void* context, Result<> (*take)(void* context, Input& input));

template <typename Take>
void each_input(Io& io, const Args& names, Take take) {
  each_input(io, names, &take, [](void* context, Input& input) { return (*static_cast<Take*>(context))(input); });
}

}  // namespace rescue
